"""Measure how many pairs the kernel compares and weighs in a second of one core.

    python benchmarks/kernel.py FOLDER [--json]

FOLDER holds records.parquet and population.parquet with the columns of child_vn, such as `hard_set.py` writes. Shown
are pairs that share a block and pairs drawn at random, by the compiled loop and by its twin in numpy, and one record
among 200 candidates, explanation included. Rates are those of the quickest tenth of many short runs: what others do on
the same machine meanwhile is not the kernel's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching import kernel
from matching.block_index import BlockIndex
from matching.census import Census
from matching.child_columns import COLUMNS
from matching.files import read_batches
from matching.frequencies import Frequencies
from matching.kernel import twin, weighing
from matching.kernel.forms import Asked, Sides
from matching.keys import child_keys
from matching.packed import MOST_FORMER, WORDS, Packed
from matching.shares import look_up_shares
from matching.table_packing import TablePacker
from matching.vocabulary import Vocabulary
from matching.weights import Model

YEAR = 2026
PAIRS_A_RUN = 20_000
RUNS = 120
QUICKEST = 0.1
RANDOM_PAIRS = 1_000_000
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """Both sides, packed, and what they are weighed with."""

    left: Packed
    right: Packed
    vocabulary: Vocabulary
    frequencies: Frequencies
    tables: kernel.Tables


def packed(path: Path, vocabulary: Vocabulary) -> Packed:
    """Return a file as packed rows, each of which begins with a cache line."""
    packer = TablePacker(vocabulary, year=YEAR)
    parts = [packer.pack(table) for table in read_batches(path, columns=COLUMNS, required=("record_id",))]
    people = sum(len(part) for part in parts)
    room = np.empty(people * WORDS + 16, dtype=np.int32)
    begin = -room.ctypes.data % 64 // 4
    rows = room[begin : begin + people * WORDS].reshape(people, WORDS)
    np.concatenate([part.rows for part in parts], out=rows)
    return Packed(rows, np.zeros((0, MOST_FORMER), dtype=np.int64))


def sample(folder: Path) -> Sample:
    """Read and pack both files."""
    vocabulary = Vocabulary()
    left, right = packed(folder / "records.parquet", vocabulary), packed(folder / "population.parquet", vocabulary)
    census = Census(vocabulary)
    census.add(right.rows)
    frequencies = census.finish()
    look_up_shares(right.rows, vocabulary, frequencies)
    tables = kernel.Tables.of(Model.load("child_vn"), vocabulary=vocabulary, frequencies=frequencies)
    return Sample(left, right, vocabulary, frequencies, tables)


def blocked(of: Sample) -> Asked:
    """Return the pairs that share a strong block."""
    stage = of.tables.model.stages[0]
    keys = {kind: child_keys(of.left, of.vocabulary, kinds=[kind]) for kind in stage.kinds}
    index = BlockIndex(len(of.left), keys, caps=dict.fromkeys(stage.kinds, stage.cap))
    for begin in range(0, len(of.right), 200_000):
        rows = range(begin, min(begin + 200_000, len(of.right)))
        index.keep(index.look_up(child_keys(of.right, of.vocabulary, kinds=stage.kinds, rows=rows)))
    found = index.candidates(0, len(of.left))
    record = np.repeat(np.arange(len(of.left), dtype=np.int32), np.diff(found.starts))
    return Asked(found.starts, record, found.person)


def at_random(of: Sample) -> Asked:
    """Return pairs of anybody with anybody."""
    chance = np.random.default_rng(1)
    record = np.sort(chance.integers(0, len(of.left), RANDOM_PAIRS)).astype(np.int32)
    person = chance.integers(0, len(of.right), RANDOM_PAIRS).astype(np.int32)
    starts = np.searchsorted(record, np.arange(len(of.left) + 1)).astype(np.int64)
    return Asked(starts, record, person)


def runs(asked: Asked, pairs: int) -> Iterator[Asked]:
    """Cut the pairs into runs of about so many, over and over again."""
    cuts = np.searchsorted(asked.starts, np.arange(0, len(asked.record), pairs))
    for first, last in itertools.pairwise(cuts):
        begin, end = asked.starts[first], asked.starts[last]
        yield Asked(asked.starts[first : last + 1] - begin, asked.record[begin:end], asked.person[begin:end])


def rate(weigh: Callable[[Asked], object], asked: Asked, *, pairs: int, count: int) -> float:
    """Return millions of pairs a second of processor time."""
    seconds: list[float] = []
    while len(seconds) < count:
        for run in runs(asked, pairs):
            begin = time.thread_time()
            weigh(run)
            seconds.append((time.thread_time() - begin) / len(run.record))
    return float(1e-6 / np.quantile(seconds[:count] if count < len(seconds) else seconds, QUICKEST))


def measured(of: Sample) -> dict[str, float]:
    """Return every figure by its name."""

    def compiled(asked: Asked) -> object:
        return kernel.weigh(
            of.tables, of.left, of.right, starts=asked.starts, record=asked.record, person=asked.person, threads=1
        )

    def plain(asked: Asked) -> object:
        answer = weighing.empty_answer(len(asked.record))
        sides = Sides(of.left.rows, of.left.former, of.right.rows, of.right.former)
        twin.weigh_groups(of.tables.book.current(), of.tables.weights, sides, asked, answer)
        return answer

    kernel.wait_until_ready()
    figures = {}
    for name, asked in (("blocked", blocked(of)), ("random", at_random(of))):
        figures[f"{name} pairs"] = float(len(asked.record))
        figures[f"{name}, compiled, M pairs/s and core"] = rate(compiled, asked, pairs=PAIRS_A_RUN, count=RUNS)
        figures[f"{name}, numpy, M pairs/s and core"] = rate(plain, asked, pairs=PAIRS_A_RUN, count=5)
    return figures | one_record(of, compiled)


def one_record(of: Sample, weigh: Callable[[Asked], object]) -> dict[str, float]:
    """Return the milliseconds of the kernel alone for one record and its candidates."""
    chance = np.random.default_rng(2)
    starts, seconds = np.array([0, CANDIDATES], dtype=np.int64), []
    for record in chance.integers(0, len(of.left), 2000):
        person = chance.integers(0, len(of.right), CANDIDATES).astype(np.int32)
        asked = Asked(starts, np.full(CANDIDATES, record, dtype=np.int32), person)
        begin = time.perf_counter()
        weigh(asked)
        seconds.append(time.perf_counter() - begin)
    quantiles: npt.NDArray[np.float64] = np.quantile(seconds[100:], [0.5, 0.99]) * 1000
    return {"200 candidates, kernel alone, p50 ms": float(quantiles[0]), "p99 ms": float(quantiles[1])}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    figures = measured(sample(options.folder))
    if options.json:
        json.dump(figures, sys.stdout)
        return
    for name, figure in figures.items():
        print(f"{name:44} {figure:12,.3f}")


if __name__ == "__main__":
    main()
