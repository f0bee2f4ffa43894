"""What an attacker gets out of the shipped table, and what the noise costs its readers. All children are invented.

Run: python benchmarks/disclosure.py [SEED]

The attacker knows the method, the p-table and every published number, and how counts are usually spread. He does
not know the secret.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from itertools import product
from random import Random
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from registry.exports.published import PublishedTable, Status
from registry.model.frame import BaseCell
from registry.statistics import catalogue
from registry.statistics.cell_key import D5V3JS2, PTable, perturb
from registry.statistics.cube import CellSum, add_up
from registry.statistics.publish import publish

TABLE = "children-by-province-age-sex"
DAY = date(2026, 11, 1)
EMPTY = 0.84  # share of empty cells in a table by commune, age, sex and ethnic group
OTHERS = (PTable("D5V3js0", 5, 3.0, 0), PTable("D2V1js0", 2, 1.0, 0), PTable("D8V6js2", 8, 6.0, 2))
TARGETS = 5_000
DRAWS = 20_000

Codes = tuple[str, ...]
Floats = NDArray[np.float64]


def main(seed: int) -> None:
    """Print every figure."""
    draw = Random(seed)
    secret = blake2b(b"an invented secret %d" % seed, digest_size=32).digest()
    print(f"p-table {D5V3JS2.id}: D={D5V3JS2.d} V={D5V3JS2.v:g} js={D5V3JS2.js}, seed {seed}\n")
    guess_small_cells()
    frame = invented_frame(draw)
    definition = catalogue.load(TABLE)
    table = publish(definition, frame, secret=secret, frame_date=DAY)
    sums = add_up(definition, frame)
    usefulness(table, sums)
    guess_from_margins(draw, secret)
    average(draw, secret)
    recode_freely(draw, secret)
    differ_by_one_child(draw, secret)
    subtract_shown_cells(draw, secret)


def guess_small_cells() -> None:
    """Print how often the best guess at a true 1 or 2 is right: exact sums over the p-table, no simulation."""
    spreads: Mapping[str, Callable[[int], float]] = {
        "log-series, 39 % of occupied cells hold 1-2": lambda size: 0.975**size / size,
        "log-series, half of occupied cells hold 1-2": lambda size: 0.94**size / size,
        "power law 1.2, 37 % of occupied cells hold 1-2": lambda size: float(size**-1.2),
    }
    print("Best guess at true 1s and 2s from one number: exact / named with 90 % certainty (goal <= 20 % / 0)")
    for label, weight in spreads.items():
        for empty, which in ((EMPTY, "84 % of cells empty"), (0.0, "attacker knows the cell is not empty")):
            expected = spread(weight, empty=empty)
            for noise in (D5V3JS2, *OTHERS):
                exact, certain = recovered(expected, noise)
                print(f"  {noise.id:8} {exact:6.1%} / {certain:4.1%}   {label}; {which}")
    print()


def spread(weight: Callable[[int], float], *, empty: float) -> list[float]:
    """Return the expected share of cells of each size."""
    weights = [weight(size) for size in range(1, 400)]
    return [empty, *((1 - empty) * value / sum(weights) for value in weights)]


def recovered(sizes: Sequence[float], noise: PTable) -> tuple[float, float]:
    """Return the share of 1s and 2s guessed exactly, and the share named with at least 90 % certainty."""
    chances = [dict(noise.row(size)) for size in range(len(sizes))]
    exact = certain = 0.0
    for result in {result for row in chances for result in row}:
        joint = [share * row.get(result, 0.0) for share, row in zip(sizes, chances, strict=True)]
        guess = max(range(len(joint)), key=joint.__getitem__)
        if guess in (1, 2):
            exact += joint[guess]
            certain += joint[guess] if joint[guess] >= 0.9 * sum(joint) else 0.0
    return exact / (sizes[1] + sizes[2]), certain / (sizes[1] + sizes[2])


def invented_frame(draw: Random) -> list[BaseCell]:
    """Return the base cells of an invented nation: 34 provinces of very different size, few unknown values."""
    entries = catalogue.load(TABLE).variables[0].codes
    provinces = [entry.code for entry in entries if entry.kind == "value"]
    cells: list[BaseCell] = []
    for province in (*provinces, None):
        a_year = draw.lognormvariate(6.5, 1.3) if province else 25.0
        for age, (sex, share) in product(range(16), (("female", 0.48), ("male", 0.515), (None, 0.001))):
            count = poisson(draw, a_year * share)
            if count:
                cells.append(BaseCell(province=province, age=age, sex=sex, count=count, key=a_key(draw)))
    return cells


def poisson(draw: Random, mean: float) -> int:
    """Return a Poisson number."""
    return int(np.random.default_rng(draw.getrandbits(64)).poisson(mean))


def a_key(draw: Random) -> int:
    """Return a random cell key."""
    return draw.getrandbits(64) - 2**63


def usefulness(table: PublishedTable, sums: Mapping[Codes, CellSum]) -> None:
    """Print bias, mean error, relative error of larger cells, gap of the margins and the share withheld."""
    shown = {codes: cell.shown for codes, cell in table.cells.items() if cell.shown is not None}
    occupied = {codes: total.count for codes, total in sums.items() if codes in shown}
    errors = [shown[codes] - count for codes, count in occupied.items()]
    relative = [abs(shown[codes] - count) / count for codes, count in occupied.items() if count >= 100]
    exact_bias = max(abs(sum(share * (result - size) for result, share in D5V3JS2.row(size))) for size in range(9))
    keys = Random(0)
    drawn = [perturb(1000, a_key(keys), secret=bytes(32), table=D5V3JS2) - 1000 for _ in range(DRAWS * 10)]
    gaps = [abs(shown[("_T", *rest)] - parts) for rest, parts in sums_over_provinces(shown) if ("_T", *rest) in shown]
    hidden = sum(cell.status is Status.HIDDEN for cell in table.cells.values())
    print(f"Usefulness: {len(shown)} cells shown, {hidden} of {len(table.cells)} withheld")
    print(f"  bias of the p-table, worst row           {exact_bias:.1e}   (goal < 0.01)")
    print(f"  bias over {DRAWS * 10} draws              {fmean(drawn):+.4f}")
    print(f"  mean absolute error, occupied cells      {fmean(map(abs, errors)):.2f}   (goal <= 1.5)")
    print(f"  mean relative error, cells >= 100        {fmean(relative):.2%}   (goal <= 0.5 %)")
    print(f"  provinces added up against the nation    {fmean(gaps):.1f} on average, {max(gaps)} at most\n")


def sums_over_provinces(shown: Mapping[Codes, int]) -> Iterator[tuple[Codes, int]]:
    """Yield the codes of age and sex with the sum of the shown cells of all provinces."""
    rests = {codes[1:] for codes in shown}
    for rest in rests:
        yield rest, sum(count for codes, count in shown.items() if codes[1:] == rest and codes[0] != "_T")


def chances(noise: PTable, sizes: int) -> Floats:
    """Return the probability of each result (columns) for each true size (rows)."""
    filled = np.zeros((sizes, sizes + noise.d))
    for size in range(sizes):
        for result, share in noise.row(size):
            filled[size, result] = share
    return filled


def guess_from_margins(draw: Random, secret: bytes) -> None:
    """Print how much three shown neighbours and their total add to a small cell: full Bayes over both."""
    limit = 40
    prior = np.array(spread(lambda size: 0.975**size / size, empty=EMPTY)[:limit])
    direct = chances(D5V3JS2, limit)
    wide = np.zeros(2 * D5V3JS2.d + 1)
    for result, share in D5V3JS2.row(1000):
        wide[result - 1000 + D5V3JS2.d] = share
    indirect = np.convolve(np.convolve(wide, wide), wide)  # the noise of total - first - second
    right = np.zeros(2)
    for _ in range(TARGETS):
        size = draw.choices((1, 2), weights=(prior[1], prior[2]))[0]
        seen = perturb(size, a_key(draw), secret=secret, table=D5V3JS2)
        rest = sum(perturb(1000, a_key(draw), secret=secret, table=D5V3JS2) - 1000 for _ in range(3)) + size
        alone = prior * direct[:, seen]
        offsets = rest - np.arange(limit) + 3 * D5V3JS2.d
        inside = (offsets >= 0) & (offsets < len(indirect))
        both = alone * np.where(inside, indirect[np.clip(offsets, 0, len(indirect) - 1)], 0.0)
        right += (int(alone.argmax()) == size, int(both.argmax()) == size)
    print(f"Small cell beside its row total and two large neighbours, {TARGETS} targets of 1-2 children, Bayes")
    print(
        f"  from the cell alone {right[0] / TARGETS:.1%} exact, with total minus neighbours {right[1] / TARGETS:.1%}\n"
    )


def average(draw: Random, secret: bytes) -> None:
    """Print what adding up the parts of a province total in every way the table allows tells about it."""
    hits = np.zeros(4)
    for _ in range(TARGETS):
        cells = [[(draw.randint(10, 60), a_key(draw)) for _ in range(3)] for _ in range(6)]
        by_age = [joined(row) for row in cells]
        by_sex = [joined(column) for column in zip(*cells, strict=True)]
        every = [cell for row in cells for cell in row]
        whole = joined(every)
        sums = [shown_sum(parts, secret) for parts in ([whole], by_age, by_sex, every)]
        weights = [1, 1 / 6, 1 / 3, 1 / 18]
        best = sum(weight * value for weight, value in zip(weights, sums, strict=True)) / sum(weights)
        likely = likeliest(sums)
        hits += [guess == whole[0] for guess in (sums[0], round(fmean(sums)), round(best), likely)]
    one, plain, weighted, full = hits / TARGETS
    print(f"Averaging over all partitions of the closed lists, {TARGETS} province totals (goal: gain <= 2 points)")
    print(f"  the number itself {one:.1%} exact, plain mean {plain:.1%} ({100 * (plain - one):+.1f} points),")
    print(
        f"  inverse-variance mean {weighted:.1%} ({100 * (weighted - one):+.1f}), greatest likelihood {full:.1%}",
        end="",
    )
    print(f" ({100 * (full - one):+.1f})\n")


def joined(parts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return the count and key of disjoint sets together."""
    count = key = 0
    for part, part_key in parts:
        count, key = count + part, key ^ part_key
    return count, key


def shown_sum(parts: Iterable[tuple[int, int]], secret: bytes) -> int:
    """Return the sum of the shown numbers of the parts."""
    return sum(perturb(count, key, secret=secret, table=D5V3JS2) for count, key in parts)


def likeliest(sums: Sequence[int]) -> int:
    """Return the true total that makes these four sums likeliest: of 1, 6, 3 and 18 independent noises."""
    best, height = sums[0], -np.inf
    row = {result - 1000: share for result, share in D5V3JS2.row(1000)}
    for total in range(sums[0] - D5V3JS2.d, sums[0] + D5V3JS2.d + 1):
        rest = sum((value - total) ** 2 / parts for value, parts in zip(sums[1:], (6, 3, 18), strict=True))
        tried = np.log(row[sums[0] - total]) - rest / (2 * D5V3JS2.v)
        if tried > height:
            best, height = total, tried
    return best


def recode_freely(draw: Random, secret: bytes) -> None:
    """Print what the same attacker gets where anybody may draw groups of his own: what the closed lists prevent."""
    targets, splits = 500, 100
    hits = 0
    for _ in range(targets):
        keys = [a_key(draw) for _ in range(draw.randint(20, 400))]
        whole = joined((1, key) for key in keys)
        values = []
        for _ in range(splits):
            sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
            for key in keys:
                sides[draw.getrandbits(1)].append((1, key))
            values.append(shown_sum((joined(side) for side in sides), secret))
        hits += round(fmean(values)) == whole[0]
    print(f"If groups could be drawn freely: {splits} random splits, {targets} targets: {hits / targets:.1%} exact\n")


def differ_by_one_child(draw: Random, secret: bytes) -> None:
    """Print how often one more child changes the number: a change proves somebody, so gaps must stay closed."""
    changed = 0
    for _ in range(DRAWS):
        key = a_key(draw)
        count = draw.randint(20, 400)
        first = perturb(count, key, secret=secret, table=D5V3JS2)
        changed += first != perturb(count + 1, key ^ a_key(draw), secret=secret, table=D5V3JS2)
    print(f"Two sets that differ by one child: numbers differ in {changed / DRAWS:.1%}")


def subtract_shown_cells(draw: Random, secret: bytes) -> None:
    """Print how many gaps between two nested shown cells hold 1 to 4 children beyond what is shown itself."""
    definition = catalogue.load(TABLE)
    frame = [cell for cell in invented_frame(draw) if cell.province in ("01", "04", "08", "11", None)]
    table = publish(definition, frame, secret=secret, frame_date=DAY)
    sets: dict[Codes, int] = {}
    for place, cell in enumerate(frame):
        values = {"province": cell.province, "age": cell.age, "sex": cell.sex}
        for codes in product(*(variable.codes_by_value[values[variable.name]] for variable in definition.variables)):
            sets[codes] = sets.get(codes, 0) | 1 << place
    shown = {members for codes, members in sets.items() if table.cell(*codes).status is not Status.HIDDEN}
    gaps = {whole & ~part for whole in shown for part in shown if part & ~whole == 0 and part != whole}
    few = [gap for gap in gaps if sum(cell.count for place, cell in enumerate(frame) if gap >> place & 1) < 5]
    isolating = [gap for gap in few if not made_of(gap, shown)]
    print(f"Nested shown cells, five areas: {len(gaps)} gaps, {len(few)} with 1-4 children,", end=" ")
    print(f"{len(isolating)} of them not made of shown cells (goal 0)")


def made_of(members: int, shown: Iterable[int]) -> bool:
    """Return whether a set is a union of shown ones."""
    covered = 0
    for part in shown:
        if part & ~members == 0:
            covered |= part
    return covered == members


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
