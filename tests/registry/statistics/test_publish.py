"""Publishing: the gates, the margins, and that no true count gets out."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import registry
from registry.exports.metadata import metadata_of
from registry.exports.published import Cell, Status
from registry.exports.sheet import csv_of
from registry.model.frame import BaseCell
from registry.statistics import catalogue
from registry.statistics.catalogue import Mark
from registry.statistics.cell_key import D5V3JS2, UnfitSecret, perturb
from registry.statistics.cube import BrokenFrame, add_up, base_cells
from registry.statistics.publish import publish
from tests.registry.statistics.invented import DAY, SECRET, TABLE, a_cell, a_fact, a_frame, drawn, places, published

DEFINITION = catalogue.load(TABLE)
HIDDEN = Cell(Status.HIDDEN)


@st.composite
def frames(draw: st.DrawFn) -> list[BaseCell]:
    """Draw a frame of small and middling base cells."""
    combinations = st.tuples(
        st.sampled_from(["01", "79", None]), st.integers(0, 15), st.sampled_from(["female", "male", None])
    )
    chosen = draw(st.lists(combinations, unique=True, max_size=60))
    sizes = draw(st.lists(st.integers(1, 40), min_size=len(chosen), max_size=len(chosen)))
    return [a_cell(size, province=p, age=a, sex=s) for (p, a, s), size in zip(chosen, sizes, strict=True)]


@given(frame=frames())
@settings(max_examples=40, deadline=None)
def test_no_table_holds_a_1_or_a_2_or_a_row_below_the_least(frame: list[BaseCell]) -> None:
    table = published(frame)
    assert all(cell.shown not in (1, 2) for cell in table.cells.values())
    for codes, cell in table.cells.items():
        row, area = table.cell(codes[0], codes[1], "_T"), table.cell(codes[0], "_T", "_T")
        assert (row.shown or 0) >= 10 or cell == HIDDEN
        assert (area.shown or 0) >= 100 or cell == HIDDEN


@given(frame=frames(), data=st.data())
@settings(max_examples=20, deadline=None)
def test_the_order_of_adding_changes_nothing(frame: list[BaseCell], data: st.DataObject) -> None:
    assert published(data.draw(st.permutations(frame))) == published(frame)


def test_every_number_comes_from_the_sum_and_the_joined_keys_of_its_children() -> None:
    frame = list(a_frame(a_year={"female": 12, "male": 15, None: 1}))
    table = published(frame)
    for codes, total in add_up(DEFINITION, frame).items():
        assert table.cell(*codes).shown == perturb(total.count, total.key, secret=SECRET, table=D5V3JS2)
    girls = [cell for cell in frame if cell.sex == "female" and cell.province == "04" and cell.age in (3, 4, 5)]
    key = girls[0].key ^ girls[1].key ^ girls[2].key
    assert table.cell("04", "Y3T5", "F").shown == perturb(36, key, secret=SECRET, table=D5V3JS2)


def test_a_margin_is_not_the_sum_of_its_shown_cells() -> None:
    table = published(a_frame(a_year={"female": 30, "male": 30}))
    ages = [entry.code for entry in DEFINITION.variables[1].codes if entry.kind == "value"]
    gaps = [
        (table.cell("01", age, "_T").shown or 0)
        - sum(table.cell("01", age, sex).shown or 0 for sex in ("F", "M", "_U"))
        for age in ages
    ]
    assert any(gaps)


def test_equal_sets_of_children_have_equal_numbers_wherever_they_stand() -> None:
    table = published(a_frame(provinces=("01",), a_year={"female": 20}))
    for age in ("_T", "Y0", "Y1T2", "Y15"):
        same = {table.cell(province, age, sex) for province in ("_T", "01") for sex in ("_T", "F")}
        assert len(same) == 1


def test_facts_and_base_cells_tell_the_same() -> None:
    facts = [a_fact(number, age=number % 16, sex=("female", "male", None)[number % 3]) for number in range(400)]
    cells = base_cells(facts)
    keys = {fact.record_key for fact in facts if fact.age == 5 and fact.sex == "male"}
    chosen = next(cell for cell in cells if cell.age == 5 and cell.sex == "male")
    joined = 0
    for key in keys:
        joined ^= key
    assert (chosen.count, chosen.key) == (len(keys), joined)
    assert published(base_cells(reversed(facts))) == published(cells)


def test_a_child_who_stands_twice_is_refused() -> None:
    with pytest.raises(BrokenFrame, match="one fact a child"):
        base_cells([a_fact(1), a_fact(2), a_fact(1)])


@pytest.mark.parametrize("seed", range(20))
def test_a_row_of_nine_is_withheld_whatever_the_noise(seed: int) -> None:
    frame = [*a_frame(a_year={"female": 20}, seed=seed), a_cell(8, province="08", age=15), a_cell(200, province="08")]
    frame.append(a_cell(1, province="08", age=15, sex="male"))
    table = published(frame)
    assert {table.cell("08", "Y15", sex) for sex in ("_T", "F", "M", "_U")} == {HIDDEN}
    assert table.cell("08", "Y6T10", "F").status is Status.SHOWN


def test_a_row_whose_shown_total_is_below_ten_is_withheld_too() -> None:
    keys = range(1, 200)
    low = next(key for key in keys if perturb(11, key, secret=SECRET, table=D5V3JS2) < 10)
    high = next(key for key in keys if perturb(11, key, secret=SECRET, table=D5V3JS2) >= 10)
    tables = [
        published([*a_frame(a_year={"male": 20}), a_cell(300, province="08", age=0), cell])
        for cell in (a_cell(11, province="08", age=15, key=low), a_cell(11, province="08", age=15, key=high))
    ]
    assert [table.cell("08", "Y15", "F").status for table in tables] == [Status.HIDDEN, Status.SHOWN]


def test_an_area_with_too_few_children_is_withheld_whole() -> None:
    table = published([*a_frame(a_year={"female": 20}), a_cell(60, province="08"), a_cell(30, province="08", age=2)])
    assert {cell for codes, cell in table.cells.items() if codes[0] == "08"} == {HIDDEN}
    assert table.cell("_T", "Y6T10", "F").status is Status.SHOWN


def test_an_area_whose_cells_are_mostly_1_or_2_is_withheld_whole() -> None:
    few = [
        a_cell(size, province="08", age=age, sex=sex)
        for age in (0, 1, 3, 6, 11, 15)
        for sex, size in (("female", 40), ("male", 1), (None, 2))
    ]
    enough = [replace(cell, count=9) if cell.sex == "male" else cell for cell in few]
    frame = list(a_frame(a_year={"female": 20, "male": 20}))
    assert {cell for codes, cell in published([*frame, *few]).cells.items() if codes[0] == "08"} == {HIDDEN}
    assert published([*frame, *enough]).cell("08", "Y6T10", "F").status is Status.SHOWN


def test_nobody_and_too_few_look_the_same() -> None:
    one = next(key for key in range(100) if perturb(1, key, secret=SECRET, table=D5V3JS2) == 0)
    frame = [*a_frame(provinces=("01",), a_year={"female": 20}), a_cell(1, age=15, sex="male", key=one)]
    table = published(frame)
    assert table.cell("01", "Y15", "M") == table.cell("01", "Y0", "M") == Cell(Status.NONE_OR_FEW, 0)


def test_what_is_not_known_has_a_code_of_its_own() -> None:
    table = published(a_frame(provinces=("01", None), a_year={"female": 20, None: 20}))
    assert table.cell("_U", "Y0", "F").status is Status.SHOWN
    assert table.cell("01", "Y0", "_U").status is Status.SHOWN


def test_a_frame_without_children_shows_no_number() -> None:
    assert set(published([]).cells.values()) == {HIDDEN}


def test_marked_cells_never_hold_a_number() -> None:
    mark = Mark(status=Status.NOT_AVAILABLE, where={"province": ("04",), "sex": ("_U", "M")})
    definition = DEFINITION.model_copy(update={"marks": (mark,)})
    table = publish(definition, a_frame(a_year={"male": 20, "female": 20}), secret=SECRET, frame_date=DAY)
    assert table.cell("04", "Y0", "M") == Cell(Status.NOT_AVAILABLE)
    assert table.cell("04", "Y0", "F").status is Status.SHOWN
    assert table.cell("01", "Y0", "M").status is Status.SHOWN


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([a_cell(20), a_cell(31_337)], "one base cell a combination, field province, age, sex, at base cell 2"),
        ([a_cell(31_337, province="10")], "code list 2025-07-01, field province, at base cell 1"),
        ([a_cell(20), a_cell(31_337, age=16)], "field age, at base cell 2"),
        ([a_cell(31_337, sex="31337")], "field sex, at base cell 1"),
        ([a_cell(0)], "at least one child, field count"),
    ],
)
def test_a_broken_frame_is_refused_and_the_message_tells_no_value(frame: list[BaseCell], message: str) -> None:
    with pytest.raises(BrokenFrame, match=message) as refused:
        published(frame)
    assert "31337" not in str(refused.value) + repr(refused.value) + str(refused.value.problem())


def test_a_short_secret_is_refused_before_any_number() -> None:
    with pytest.raises(UnfitSecret):
        published(a_frame(a_year={"male": 20}), secret=b"short")


def test_no_true_count_leaves_in_any_form() -> None:
    frame = [
        a_cell(100_000 + drawn(province, age, sex) % 800_000, province=province, age=age, sex=sex)
        for province in ("01", "79")
        for age in range(16)
        for sex in ("female", "male")
    ]
    table = published(frame)
    shown = {cell.shown for cell in table.cells.values()}
    sums = add_up(DEFINITION, frame)
    true = {str(total.count) for total in sums.values() if total.count not in shown}
    keys = {str(total.key) for total in sums.values()} | {str(cell.key) for cell in frame}
    sheet = csv_of(table, language="vi", places=places())
    beside = metadata_of(table, sheet=sheet, url="table.csv", language="vi")
    said = " ".join([sheet.decode(), beside.decode(), repr(table), repr(list(table.cells.items())), repr(frame[0])])
    numbers = set(re.findall(r"-?\d+", said + repr(sums)))
    assert len(true) > 40
    assert numbers.isdisjoint(true)
    assert numbers.isdisjoint(keys)
    stored = pickle.dumps(dict(table.cells))
    assert not any(int(count).to_bytes(4, "little") in stored for count in true)


def test_another_day_changes_no_number() -> None:
    frame = list(a_frame(a_year={"female": 20}))
    later = publish(DEFINITION, frame, secret=SECRET, frame_date=DAY.replace(year=2027))
    assert later == replace(published(frame), frame_date=DAY.replace(year=2027))


def test_nothing_but_publish_makes_a_published_table() -> None:
    root = Path(registry.__file__).parent
    makers = [file.relative_to(root).as_posix() for file in root.rglob("*.py") if "PublishedTable(" in file.read_text()]
    assert makers == ["statistics/publish.py"]
