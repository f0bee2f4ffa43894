"""The two sides on Spark: read as text, numbered as they stand in their files, checked and counted in one pass.

Spark says which part of the file a row comes from and the how-manieth it is there. That is the row's number within
Spark; `Numbering` turns it into the row of the file, which is what the local engine and all messages name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from matching.bad_file import BadFile
from matching.columns.workspace import UnreadValues as UnreadColumn
from matching.engines.spark_counts import counting
from matching.engines.spark_files import FAULT, FILE, MARK, START, rows_of_file
from matching.engines.spark_session import Batches, silent
from matching.files import LONGEST, check_unique
from matching.unread_values import UnreadValues
from matching.weights import Model

Longs = npt.NDArray[np.int64]

_WITHIN: Final = 33  # bits of the number of a row within its part
_MOST_ROWS: Final = 1 << 31
_FIRST_ROWS: Final = 5
_SURVEY: Final = "part long, said string, counts binary"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.+)", re.DOTALL)


class ChangedFile(RuntimeError):
    """A file has other rows than when it was read first."""


def address_of(place: Path | str) -> str | None:
    """Return the address of a file that Spark alone can open, such as hdfs://cluster/people; None: it is a local path.

    A `Path` keeps one slash behind the scheme; what follows is taken to be the authority, and for `file` the path.
    """
    if isinstance(place, str):
        return place if _SCHEME.fullmatch(place) else None
    match = _SCHEME.fullmatch(str(place))
    if match is None:
        return None
    return f"file:///{match[2]}" if match[1] == "file" else f"{match[1]}://{match[2]}"


@dataclass(frozen=True, slots=True, eq=False)
class Numbering:
    """Which rows of the file Spark's numbers stand for: runs of consecutive rows."""

    marks: Longs  # Spark's number of the first row of each run, ascending
    rows: Longs  # its row in the file, from 0
    lengths: Longs

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return int(self.lengths.sum())

    def rows_of(self, marks: Longs) -> Longs:
        """Return the rows of the file that Spark's numbers stand for.

        Raises: ChangedFile: no row had such a number when the file was read first.
        """
        run = np.searchsorted(self.marks, marks, side="right") - 1
        past = marks - self.marks[run]
        if len(marks) and (run.min() < 0 or (past >= self.lengths[run]).any()):
            msg = "a file has changed while it was read"
            raise ChangedFile(msg)
        rows: Longs = self.rows[run] + past
        return rows

    def marks_of(self, rows: npt.NDArray[np.integer]) -> Longs:
        """Return Spark's numbers of rows of the file."""
        order = np.argsort(self.rows)
        run = order[np.searchsorted(self.rows[order], rows, side="right") - 1]
        return np.asarray(self.marks[run] + rows - self.rows[run], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class SparkSide:
    """One side, read and checked."""

    rows: DataFrame  # MARK, and the columns of the model as texts
    numbering: Numbering
    unread: Sequence[Any]
    counts: tuple[bytes, ...]  # of its parts, in the order of the file; none where nothing was counted
    all_ids: pa.Array | None  # in the order of the file; None: they stay with the executors

    def ids(self, column: str, wanted: DataFrame) -> tuple[Longs, pa.Array]:
        """Return rows of the file in ascending order, and their ids.

        Args: `wanted`: a frame of the MARKs to look up.
        """
        return _ids(self.rows.select(MARK, column).join(wanted, MARK, "left_semi"), self.numbering)


def _ids(rows: DataFrame, numbering: Numbering) -> tuple[Longs, pa.Array]:
    """Return rows of the file in ascending order, and their ids; `rows` has MARK and the ids."""
    found = rows.toArrow()
    places = numbering.rows_of(found[MARK].to_numpy())
    order = np.argsort(places)
    return places[order], found.column(1).combine_chunks().cast(pa.large_string()).take(pa.array(order))


def read_side(
    spark: SparkSession, place: Path | str, *, model: Model, year: int, counted: bool, persisted: list[DataFrame]
) -> SparkSide:
    """Read, check and number a side.

    Args:
        counted: this is the population: it is counted, and its ids stay with the executors.
        persisted: told which frames to forget at the end.

    Raises: BadFile: see `matching.files.read_batches` and `matching.files.check_unique`.
    """
    frame, kept = rows_of_file(spark, place, address=address_of(place), schema=model.schema)
    if kept is not None:
        persisted.append(kept)
    survey = partial(_survey, model=model, year=year, counted=counted, place=str(place))
    table = frame.mapInArrow(silent(survey), _SURVEY).toArrow()
    said = [json.loads(text) for text in table["said"].to_pylist()]
    parts = sorted(zip(table["part"].to_pylist(), said, table["counts"].to_pylist(), strict=True), key=lambda p: p[0])
    _check(parts, place)
    numbering, order = _numbering(parts)
    rows, column = frame.select(MARK, *model.schema.columns), model.schema.id_column
    if counted:
        _check_ids(rows, numbering, parts, place=str(place), column=column)
    all_ids = None if counted else _ids(rows.select(MARK, column), numbering)[1]
    if all_ids is not None:
        check_unique([all_ids], path=Path(place), column=column)
    return SparkSide(
        rows=rows,
        numbering=numbering,
        unread=_unread(parts, numbering),
        counts=tuple(count for count in (parts[each][2] for each in order) if count is not None),
        all_ids=all_ids,
    )


Part = tuple[int, dict[str, Any], bytes | None]


def _survey(batches: Batches, *, model: Model, year: int, counted: bool, place: str) -> Batches:
    """Say of a part which rows of which files it has, what is wrong with them, and count them."""
    count, part, rows = counting(model, year=year), -1, 0
    runs: list[list[Any]] = []
    faults: list[str] = []
    empty: int | None = None
    for batch in batches:
        if not len(batch):
            continue
        part = int(batch.column(MARK)[0].as_py()) >> _WITHIN
        table = pa.Table.from_batches([batch])
        faults = faults or list(_faults(table, model.schema.columns, place))
        _add_runs(runs, table)
        ids = table[model.schema.id_column]
        if empty is None and ids.null_count:
            empty = rows + pc.index(pc.is_null(ids), value=True).as_py()
        if not faults:
            count.add(table.select(list(model.schema.columns)))
        rows += len(table)
    if part < 0:
        return
    unread = [[type(each).__module__, each.column, each.rule, each.count, each.first_rows] for each in count.unread()]
    said = {"runs": runs, "fault": next(iter(faults), None), "empty": empty, "unread": unread}
    counts = count.to_bytes() if counted and not faults else None
    columns = [pa.array([part], pa.int64()), pa.array([json.dumps(said)]), pa.array([counts], pa.binary())]
    yield pa.RecordBatch.from_arrays(columns, names=["part", "said", "counts"])


def _faults(table: pa.Table, columns: Sequence[str], place: str) -> Iterator[str]:
    yield from pc.drop_null(table[FAULT].combine_chunks()).slice(0, 1).to_pylist()
    for name in columns:
        try:
            table[name].validate(full=True)
        except pa.ArrowInvalid:
            yield f"{place}: column {name} has a value that is no text in UTF-8 and no whole day"
            return
        if (pc.max(pc.binary_length(table[name])).as_py() or 0) > LONGEST:
            yield f"{place}: column {name} has a value of more than {LONGEST} bytes; is a quotation mark never closed?"


def _add_runs(runs: list[list[Any]], table: pa.Table) -> None:
    """Add the rows of a batch to the runs of one block of one file each."""
    blocks = table[FILE].combine_chunks().dictionary_encode()
    file, start = blocks.indices.to_numpy(), table[START].to_numpy()
    ends = np.flatnonzero((np.diff(file) != 0) | (np.diff(start) != 0)) + 1
    bounds = [0, *ends.tolist(), len(table)]
    for begin, end in pairwise(bounds):
        block = [blocks.dictionary[int(file[begin])].as_py(), int(start[begin])]
        if runs and runs[-1][:2] == block:
            runs[-1][2] += end - begin
        else:
            runs.append([*block, end - begin])


def _check(parts: Sequence[Part], place: Path | str) -> None:
    fault = next((said["fault"] for _, said, _ in parts if said["fault"] is not None), None)
    if fault is not None:
        raise BadFile(fault)
    rows = sum(run[2] for _, said, _ in parts for run in said["runs"])
    if not rows:
        msg = f"{place}: the file has no rows"
        raise BadFile(msg)
    if rows >= _MOST_ROWS:
        msg = f"{place}: the file has {_MOST_ROWS} rows or more; what is larger must be linked in pieces"
        raise BadFile(msg)


def _numbering(parts: Sequence[Part]) -> tuple[Numbering, list[int]]:
    """Return the numbering, and the places of the parts in the order of the file."""
    runs = []
    for number, (part, said, _) in enumerate(parts):
        mark = part << _WITHIN
        for file, start, rows in said["runs"]:
            runs.append((file, start, mark, rows, number))
            mark += rows
    runs.sort()
    lengths = np.array([run[3] for run in runs], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    marks = np.array([run[2] for run in runs], dtype=np.int64)
    order = np.argsort(marks)
    return Numbering(marks[order], first[order], lengths[order]), list(dict.fromkeys(run[4] for run in runs))


def _unread(parts: Sequence[Part], numbering: Numbering) -> list[Any]:
    """Return what could not be read, over all parts, as the workspace of the model tells it."""
    found: dict[tuple[str, str, str], tuple[int, list[int]]] = {}
    for part, said, _ in parts:
        for module, column, rule, count, rows in said["unread"]:
            marks = (part << _WITHIN) + np.array(rows, dtype=np.int64) - 1
            before, first = found.get((module, column, rule), (0, []))
            found[module, column, rule] = before + count, [*first, *(numbering.rows_of(marks) + 1).tolist()]
    return [
        _unread_values(module)(column, rule, count, tuple(sorted(rows)[:_FIRST_ROWS]))
        for (module, column, rule), (count, rows) in sorted(found.items())
    ]


def _unread_values(module: str) -> type[UnreadValues] | type[UnreadColumn]:
    return UnreadColumn if module == UnreadColumn.__module__ else UnreadValues


def _check_ids(rows: DataFrame, numbering: Numbering, parts: Sequence[Part], *, place: str, column: str) -> None:
    """Check that every row has an id of its own; of one that stands in several rows the first and the last are told."""
    empty = [(part << _WITHIN) + said["empty"] for part, said, _ in parts if said["empty"] is not None]
    if empty:
        row = int(numbering.rows_of(np.array(empty, dtype=np.int64)).min()) + 1
        msg = f"{place}: column {column} is empty in row {row}"
        raise BadFile(msg)
    ids = rows.groupBy(column).agg(
        sql.count(MARK).alias("times"), sql.min(MARK).alias("one"), sql.max(MARK).alias("other")
    )
    twice = ids.where(sql.col("times") > 1).select("one", "other").limit(1000).toArrow()
    if len(twice):
        pairs = [numbering.rows_of(twice[name].to_numpy()) + 1 for name in ("one", "other")]
        first, last = np.sort(np.stack(pairs, axis=1), axis=1).tolist()[int(np.argmin(np.maximum(*pairs)))]
        msg = f"{place}: column {column} has the same value in rows {first} and {last}"
        raise BadFile(msg)


def frame_of(spark: SparkSession, **columns: Longs) -> DataFrame:
    """Return numbers as a frame."""
    return spark.createDataFrame(pa.table({name: pa.array(each, pa.int64()) for name, each in columns.items()}))
