"""What an attacker who knows the method and the p-table can make of a published table, but not the secret."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import pytest

from registry.exports.published import Status
from registry.statistics import catalogue
from registry.statistics.cell_key import D5V3JS2, PTable
from registry.statistics.cube import add_up
from tests.registry.statistics.invented import TABLE, a_frame, published

EMPTY = 0.84  # share of cells without children in a table by commune, age, sex and ethnic group
LARGEST = 400
RATIOS = [0.945, 0.96, 0.975, 0.99]  # of the log-series: from half to a third of the occupied cells hold 1 or 2
WITHOUT_GAP = PTable(id="D5V3js0", d=5, v=3.0, js=0)


def the_sizes(ratio: float) -> list[float]:
    """Return the share of cells of each size that the attacker expects: log-series above 0."""
    weights = [0.0, *(ratio**size / size for size in range(1, LARGEST))]
    total = sum(weights)
    return [EMPTY, *((1 - EMPTY) * weight / total for weight in weights[1:])]


def recovered(sizes: Sequence[float], table: PTable) -> tuple[float, float]:
    """Return the share of true 1s and 2s that the best guess names, and the share named with 90 % certainty."""
    chances = [dict(table.row(size)) for size in range(len(sizes))]
    exact = certain = 0.0
    for result in {result for row in chances for result in row}:
        joint = [share * row.get(result, 0.0) for share, row in zip(sizes, chances, strict=True)]
        guess = max(range(len(joint)), key=joint.__getitem__)
        if guess in (1, 2):
            exact += joint[guess]
            certain += joint[guess] if joint[guess] >= 0.9 * sum(joint) else 0.0
    small = sizes[1] + sizes[2]
    return exact / small, certain / small


@pytest.mark.parametrize("ratio", RATIOS)
def test_at_most_a_fifth_of_the_1s_and_2s_can_be_guessed(ratio: float) -> None:
    exact, certain = recovered(the_sizes(ratio), D5V3JS2)
    assert exact <= 0.20
    assert certain == 0


@pytest.mark.parametrize("ratio", RATIOS)
def test_without_the_gap_at_1_and_2_more_than_a_fifth_are_guessed(ratio: float) -> None:
    exact, _ = recovered(the_sizes(ratio), WITHOUT_GAP)
    assert exact > 0.20


def test_a_0_is_more_likely_nobody_than_somebody_but_never_surely() -> None:
    sizes = the_sizes(0.975)
    joint = [share * dict(D5V3JS2.row(size)).get(0, 0.0) for size, share in enumerate(sizes)]
    assert joint[0] < sum(joint)
    assert joint[0] > sum(joint[1:])


def test_no_two_or_three_shown_cells_isolate_a_few_children() -> None:
    """Any gap between shown cells that holds 1 to 4 children is made of cells that are shown themselves."""
    frame = list(a_frame(provinces=("01", "04"), a_year={"female": 3, "male": 4, None: 1}))
    bits = {(cell.province, cell.age, cell.sex): 1 << place for place, cell in enumerate(frame)}
    sizes = [cell.count for cell in frame]
    table = published(frame)
    definition = catalogue.load(TABLE)
    sets: dict[tuple[str, ...], int] = {}
    for cell in frame:
        values = {"province": cell.province, "age": cell.age, "sex": cell.sex}
        for codes in product(*(variable.codes_by_value[values[variable.name]] for variable in definition.variables)):
            sets[codes] = sets.get(codes, 0) | bits[cell.province, cell.age, cell.sex]
    shown = {members for codes, members in sets.items() if table.cell(*codes).status is not Status.HIDDEN}

    def few(members: int) -> bool:
        return 1 <= sum(size for place, size in enumerate(sizes) if members >> place & 1) <= 4

    def made_of_shown(members: int) -> bool:
        covered = 0
        for part in shown:
            if part & ~members == 0:
                covered |= part
        return covered == members

    gaps = {whole & ~part for whole, part in permutations(shown, 2) if part & ~whole == 0}
    gaps |= {gap & ~part for gap in tuple(gaps) for part in shown if part & ~gap == 0}
    assert len(gaps) > 100
    assert [gap for gap in gaps if few(gap) and not made_of_shown(gap)] == []


def test_a_cell_that_does_not_change_is_never_drawn_again() -> None:
    frame = list(a_frame(a_year={"female": 30, "male": 33}))
    first = published(frame)
    months = [published([*frame, *a_frame(provinces=("08",), a_year={"male": size})]) for size in range(10, 22)]
    for later in months:
        for codes in add_up(catalogue.load(TABLE), frame):
            if codes[0] in ("01", "04"):
                assert later.cell(*codes) == first.cell(*codes)
