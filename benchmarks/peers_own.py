"""Time this project's own scorer by itself: many given pairs, or one record after the other.

    python benchmarks/peers_own.py pairs RECORDS POPULATION --pairs PAIRS.parquet
    python benchmarks/peers_own.py online RECORDS POPULATION

`pairs` weighs the pairs of a file (left_id, right_id), read and packed beforehand; `online` links one record among 200
candidates, explanation included, call after call. Each prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching import kernel
from matching.child_workspace import ChildWorkspace
from matching.dates import read_birth_date
from matching.ethnicity import read_ethnicity
from matching.identity import Identity, Parent, Scheme, Sex
from matching.linkage import Linker
from matching.names import read_name
from matching.numbers import read_number, read_parent_paper
from matching.places import read_unit
from matching.weights import Model
from matching.workspace import Side

_YEAR: Final = 2026
_CANDIDATES: Final = 200
_CALLS: Final = 3_000
_ROUNDS: Final = 5
_SEXES: Final = {"1": Sex.MALE, "male": Sex.MALE, "Nam": Sex.MALE, "2": Sex.FEMALE, "female": Sex.FEMALE}
_SEXES["Nữ"] = Sex.FEMALE


def _read(options: argparse.Namespace) -> tuple[ChildWorkspace, list[pa.Array]]:
    """Read both files; return the workspace and the ids of both sides."""
    workspace = ChildWorkspace(Model.load("child_vn"), year=_YEAR)
    ids = []
    for side, path in ((Side.LEFT, options.left), (Side.RIGHT, options.right)):
        names = []
        for batch in pq.ParquetFile(path).iter_batches(200_000):
            table = pa.Table.from_batches([batch])
            workspace.add(side, table)
            names.append(table["record_id"].combine_chunks())
        ids.append(pa.concat_arrays(names))
    workspace.finish()
    return workspace, ids


def pairs(options: argparse.Namespace) -> dict[str, float]:
    """Weigh the pairs of a file several times; return the figures of the fastest time."""
    workspace, (left_ids, right_ids) = _read(options)
    given = pq.read_table(options.pairs)
    record = np.asarray(pc.index_in(given["left_id"], value_set=left_ids)).astype(np.int32)
    person = np.asarray(pc.index_in(given["right_id"], value_set=right_ids)).astype(np.int32)
    order = np.argsort(record, kind="stable")
    record, person = record[order], person[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(record)) + 1, [len(record)]]).astype(np.int64)
    workspace.weigh(starts, record, person)  # whatever is made at the first call is not counted
    best = (float("inf"), float("inf"))
    for _ in range(_ROUNDS):
        began, used = time.perf_counter(), time.process_time()
        workspace.weigh(starts, record, person)
        best = min(best, (time.process_time() - used, time.perf_counter() - began))
    return {"pairs": len(record), "predict_cpu_seconds": best[0], "seconds": best[1]}


def _parent(row: dict[str, Any], parent: str) -> Parent | None:
    year = row[f"{parent}_birth_year"]
    known = Parent(
        name=read_name(row[f"{parent}_name"])[0],
        number=read_parent_paper(row[f"{parent}_number"]),
        birth_year=int(year) if year else None,
    )
    return known if known != Parent() else None


def _identities(path: Path, count: int) -> Iterator[Identity]:
    batch = next(pq.ParquetFile(path).iter_batches(count))
    for row in batch.to_pylist():
        scheme = row["commune_scheme"]
        yield Identity(
            name=read_name(row["full_name"])[0],
            sex=_SEXES.get(row["sex"] or ""),
            birth=read_birth_date(row["birth_date"])[0],
            number=read_number(row["personal_number"])[0],
            unit=read_unit(row["commune_code"], Scheme(scheme) if scheme else None),
            ethnicity=read_ethnicity(row["ethnicity"]),
            mother=_parent(row, "mother"),
            father=_parent(row, "father"),
        )


def online(options: argparse.Namespace) -> dict[str, float]:
    """Link one record after the other; return how long the calls took."""
    workspace, _ = _read(options)
    records = list(_identities(options.left, _CALLS))
    linker = Linker(workspace.model, workspace.frequencies)
    strangers = list(_identities(options.right, 50 * _CANDIDATES))
    people = linker.pack([*strangers, *records])  # each record finds one to explain: itself
    rng = np.random.default_rng(0)
    while not kernel.ready():
        time.sleep(0.05)
    taken = []
    for place, record in enumerate(records):
        places = rng.choice(len(strangers), _CANDIDATES, replace=False).astype(np.int32)
        places[-1] = len(strangers) + place
        began = time.perf_counter()
        linker.link_one(record, people, places)
        taken.append(time.perf_counter() - began)
    p50, p99 = np.quantile(taken, (0.5, 0.99))
    return {"calls": len(taken), "candidates": _CANDIDATES, "p50_seconds": float(p50), "p99_seconds": float(p99)}


def main() -> None:
    """Read the options and run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {"pairs": pairs, "online": online}
    parser.add_argument("command", choices=tuple(commands))
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path)
    parser.add_argument("--pairs", type=Path)
    options = parser.parse_args()
    print(json.dumps(commands[options.command](options)))


if __name__ == "__main__":
    main()
