"""Invent a population of children and records about them that are hard to link, with the truth beside them.

    python benchmarks/hard_set.py OUT_DIR --children 1000000 --records 100000 --seed 1 --strength usual

Siblings, twins, namesakes, cousins, moved families, missing parents, lost marks; 15 % of the records are of children
who are not in the population. The same seed gives the same files. Memory does not grow with the population: it is made
and written in blocks of households.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from hard_set_habits import Strength, of_seed
from hard_set_names import NameBook
from hard_set_people import World
from hard_set_places import places_of
from hard_set_tables import Piece, Writer

_BLOCK = 250_000
_WRITERS: dict[str, Writer] = {}  # one for each process


def _prepare(seed: int, children: int, records: int, strength: str) -> None:
    habits = of_seed(seed)
    blocks = max(1, -(-children // _BLOCK))
    world = World(seed, blocks, habits, places_of(seed, children), NameBook(seed, habits))
    _WRITERS["own"] = Writer(world, children=children, records=records, strength=Strength(strength))


def _piece(index: int) -> Piece:
    return _WRITERS["own"].piece(index)


def pieces(*, seed: int, children: int, records: int, strength: Strength, processes: int) -> Iterator[Piece]:
    """Yield the blocks of a set in their order; they are the same for any number of processes."""
    arguments = (seed, children, records, strength.value)
    _prepare(*arguments)
    blocks = range(_WRITERS["own"].world.blocks)
    if processes < 2 or len(blocks) < 2:
        yield from map(_piece, blocks)
        return
    with get_context("spawn").Pool(min(processes, len(blocks)), _prepare, arguments) as pool:
        for begin in range(0, len(blocks), processes):  # never more blocks in memory than processes
            yield from pool.map(_piece, blocks[begin : begin + processes], chunksize=1)


def _write_all(folder: Path, made: Iterator[Piece], *, table_format: str) -> tuple[pa.Table, pa.Table]:
    """Write population and people block by block; return records and truth."""
    records, truth = [], []
    with ExitStack() as files:
        population: pq.ParquetWriter | pv.CSVWriter | None = None
        people: pv.CSVWriter | None = None
        for piece in made:
            if population is None or people is None:
                path = folder / f"population.{table_format}"
                kind = pq.ParquetWriter if table_format == "parquet" else pv.CSVWriter
                population = files.enter_context(kind(path, piece.population.schema))
                people = files.enter_context(pv.CSVWriter(folder / "people.csv", piece.people.schema))
            population.write_table(piece.population)
            people.write_table(piece.people)
            records.append(piece.records)
            truth.append(piece.truth)
    return pa.concat_tables(records), pa.concat_tables(truth)


def write_set(
    folder: Path,
    *,
    children: int,
    records: int,
    seed: int,
    strength: Strength,
    table_format: str = "parquet",
    processes: int = 1,
) -> None:
    """Write a set into a folder.

    Args:
        folder: made if it is not there.
        children: how many are in the population.
        records: how many are written about them and about absent children.
        seed: the same seed gives the same set.
        strength: how badly records are damaged.
        table_format: "parquet" or "csv".
        processes: how many make blocks at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = pieces(seed=seed, children=children, records=records, strength=strength, processes=processes)
    left, truth = _write_all(folder, made, table_format=table_format)
    order = np.random.default_rng([seed, 7]).permutation(left.num_rows)
    names = pa.array([f"R{place:08d}" for place in range(left.num_rows)])
    left = left.take(pa.array(order)).set_column(0, "record_id", names)
    truth = truth.take(pa.array(order)).set_column(0, "left_id", names)
    if table_format == "parquet":
        pq.write_table(left, folder / "records.parquet")
    else:
        pv.write_csv(left, folder / "records.csv")
    pv.write_csv(truth, folder / "truth.csv")


def main() -> None:
    """Read the options and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="OUT_DIR")
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strength", type=Strength, choices=list(Strength), default=Strength.USUAL)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", dest="table_format")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    write_set(
        options.folder,
        children=options.children,
        records=options.records,
        seed=options.seed,
        strength=options.strength,
        table_format=options.table_format,
        processes=options.processes,
    )
    print(f"{options.children} children, {options.records} records in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
