"""Measure the block keys on a set with a truth: pairs completeness and pairs per record, by kind, by stage and by cap.

    python benchmarks/blocking.py FOLDER [--stages KINDS/KINDS] [--cap 200] [--out OUT] [--lost 20]

FOLDER holds records.parquet, population.parquet and truth.csv. A kind's own figures are for that kind alone; those
of the stages are for all kinds of a stage together, the second one for every record as if none had a link yet.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from matching.block_index import BlockIndex
from matching.candidates import blocks_of, passes
from matching.child_columns import COLUMNS, REQUIRED
from matching.constraints import NOBODY, rows_of
from matching.files import read_batches, read_whole
from matching.keys import child_keys
from matching.packed import Packed
from matching.table_packing import TablePacker
from matching.vocabulary import Vocabulary
from matching.weights import Model, Stage
from matching.workspace import Keys, Side

YEAR = 2026
Integers = npt.NDArray[np.int32]


class Packs:
    """As much of a workspace as blocking needs."""

    def __init__(self, folder: Path) -> None:
        self.vocabulary = Vocabulary()
        packer = TablePacker(self.vocabulary, year=YEAR)
        self.sides: dict[Side, Packed] = {}
        self.ids: dict[Side, pa.Array] = {}
        for side, name in ((Side.LEFT, "records"), (Side.RIGHT, "population")):
            begin = time.perf_counter()
            tables = list(read_batches(folder / f"{name}.parquet", columns=COLUMNS, required=REQUIRED))
            packs = [packer.pack(table) for table in tables]
            self.sides[side] = Packed(
                np.concatenate([pack.rows for pack in packs]), np.concatenate([pack.former for pack in packs])
            )
            ids = pa.chunked_array([chunk for table in tables for chunk in table["record_id"].chunks])
            self.ids[side] = pa.concat_arrays(ids.chunks)
            print(f"{name}: {len(self.sides[side])} rows packed in {time.perf_counter() - begin:.1f} s")

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        """Return the block keys of rows."""
        return child_keys(self.sides[side], self.vocabulary, kinds=kinds, rows=rows)


@dataclass(frozen=True)
class Truth:
    """The true person of each record; NOBODY: not in the population."""

    person: Integers
    damage: npt.NDArray[np.object_]

    @classmethod
    def read(cls, path: Path, packs: Packs) -> Truth:
        """Read who is who."""
        table = arrow_csv.read_csv(
            path,
            convert_options=arrow_csv.ConvertOptions(column_types={"left_id": pa.string(), "right_id": pa.string()}),
        )
        record = rows_of(table["left_id"], packs.ids[Side.LEFT])
        right = rows_of(table["right_id"], packs.ids[Side.RIGHT])
        person = np.full(len(packs.sides[Side.LEFT]), NOBODY, dtype=np.int32)
        person[record] = right
        damage = np.full(len(person), "", dtype=object)
        damage[record] = table["damage"].to_numpy(zero_copy_only=False)
        return cls(person, damage)


def found_by(index: BlockIndex, truth: Truth) -> tuple[npt.NDArray[np.bool_], int]:
    """Return for each record whether its person is a candidate, and the number of pairs."""
    candidates = index.candidates(0, len(truth.person))
    record = candidates.record_of_pairs()
    found = np.zeros(len(truth.person), dtype=np.bool_)
    found[record[candidates.person == truth.person[record]]] = True
    return found, len(candidates.person)


def measure(packs: Packs, truth: Truth, stages: Sequence[Stage], name: str) -> npt.NDArray[np.bool_]:
    """Print the figures of some stages together."""
    records = np.arange(len(truth.person), dtype=np.int32)
    begin = time.perf_counter()
    index = blocks_of(packs, records, stages=stages, people=len(packs.sides[Side.RIGHT]))
    found, pairs = found_by(index, truth)
    seconds = time.perf_counter() - begin
    true = truth.person != NOBODY
    complete = np.count_nonzero(found & true) / np.count_nonzero(true)
    left_out = index.left_out()
    over = sum(each.blocks for each in left_out)
    print(
        f"{name:32} {complete:8.4f} {pairs / len(records):8.2f} {seconds:6.1f} s {over:7} keys over"
        f" {sum(each.pairs for each in left_out):12} pairs avoided"
    )
    complete_pairs: npt.NDArray[np.bool_] = found & true
    return complete_pairs


def as_run(packs: Packs, truth: Truth, stages: Sequence[Stage], out: Path) -> None:
    """Print the completeness of a run: later stages count for those records alone that have no link in its result."""
    table = read_whole(out, columns=("left_id", "right_id", "decision"), required=("left_id", "decision"))
    linked = table.filter(pc.equal(table["decision"], "link"))
    record = rows_of(linked["left_id"], packs.ids[Side.LEFT])
    right = rows_of(linked["right_id"], packs.ids[Side.RIGHT]) == truth.person[record]
    everybody = np.arange(len(truth.person), dtype=np.int32)
    people = len(packs.sides[Side.RIGHT])
    found, _ = found_by(blocks_of(packs, everybody, stages=passes(stages)[0], people=people), truth)
    any_stage, _ = found_by(blocks_of(packs, everybody, stages=stages, people=people), truth)
    unresolved = np.ones(len(everybody), dtype=np.bool_)
    unresolved[record] = False
    found |= any_stage & unresolved
    found[record[right]] = True
    true = truth.person != NOBODY
    print(f"{'as run':32} {np.count_nonzero(found & true) / np.count_nonzero(true):8.4f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="child_vn")
    parser.add_argument("--cap", type=int)
    parser.add_argument("--stages", default="", help="kinds by stage, as name_date,date_commune/mother_year")
    parser.add_argument("--out", type=Path, help="what `link` wrote of this set: who needed the later stages")
    parser.add_argument("--lost", type=int, default=0, help="print so many damages of records that nothing finds")
    args = parser.parse_args()
    packs = Packs(args.folder)
    truth = Truth.read(args.folder / "truth.csv", packs)
    if args.stages:
        stages = [
            Stage(name=f"stage{n}", kinds=tuple(each.split(",")), cap=args.cap or 200, unresolved_only=n > 0)
            for n, each in enumerate(args.stages.split("/"))
        ]
    else:
        stages = list(Model.load(args.model).stages)
    if args.cap:
        stages = [replace(stage, cap=args.cap) for stage in stages]
    print(f"{'':32} complete pairs/record")
    union = np.zeros(len(truth.person), dtype=np.bool_)
    true = np.count_nonzero(truth.person != NOBODY)
    for stage in stages:
        for kind in stage.kinds:
            found = measure(packs, truth, [replace(stage, kinds=(kind,))], f"{stage.name} {kind}")
            gained = np.count_nonzero(found & ~union)
            union |= found
            print(f"{'':32} {np.count_nonzero(union) / true:8.4f} with the kinds before, {gained} more")
    for stage in stages:
        measure(packs, truth, [stage], f"stage {stage.name}")
    found = measure(packs, truth, stages, "all stages for everybody")
    if args.out is not None:
        as_run(packs, truth, stages, args.out)
    lost = np.flatnonzero(~found & (truth.person != NOBODY))
    names, counts = np.unique(truth.damage[lost].astype(str), return_counts=True)
    for place in np.argsort(-counts)[: args.lost]:
        print(f"{counts[place]:6} lost with damage {names[place]}")


if __name__ == "__main__":
    main()
