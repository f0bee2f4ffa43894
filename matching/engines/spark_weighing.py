"""Weighing on Spark: a record comes with all its candidates and is decided by the code of the local engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.broadcast import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql

from matching.block_index import Candidates
from matching.block_table import Integers
from matching.constraints import NOBODY
from matching.engines.spark_counts import AnyFrequencies, workspace_of
from matching.engines.spark_files import MARK
from matching.engines.spark_session import Batches, silent
from matching.engines.spark_sides import Numbering
from matching.outcomes import Outcomes, decide_records
from matching.weights import Model
from matching.workspace import Side

Longs = npt.NDArray[np.int64]

_ITSELF: Final = -1  # the row of a record among those of its candidates; sorts before them
_ROWS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """What all tasks are told."""

    model: Model
    year: int
    frequencies: Broadcast[AnyFrequencies]
    left: Numbering
    right: Numbering
    bound: Broadcast[Integers]  # for every record the person it is bound to; NOBODY: none


def decided(weighing: Weighing, left: DataFrame, right: DataFrame, pairs: DataFrame) -> list[Outcomes]:
    """Return what is decided of the records of `left`, each of which competes with all its candidates.

    Args: `left` and `right`: MARK and the columns of the model; `pairs`: record and person, each pair once.
    """
    columns = weighing.model.schema.columns
    records = left.select(sql.col(MARK).alias("record"), sql.lit(_ITSELF).cast("long").alias("person"), *columns)
    people = right.withColumnRenamed(MARK, "person").join(pairs.select("record", "person"), "person")
    both = records.union(people.select("record", "person", *columns))
    groups = both.repartition("record").sortWithinPartitions("record", "person")
    found = groups.mapInArrow(silent(partial(_decide, weighing=weighing)), "outcomes binary").toArrow()
    return [_read(each) for each in found["outcomes"].to_pylist()]


def _decide(batches: Batches, *, weighing: Weighing) -> Batches:
    for table in _whole_records(batches):
        outcomes = _outcomes(table, weighing)
        yield pa.RecordBatch.from_arrays([pa.array([_written(outcomes)], pa.binary())], names=["outcomes"])


def _whole_records(batches: Batches) -> Iterator[pa.Table]:
    """Yield records with all their candidates, many at a time."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += len(batch)
        if rows < _ROWS_AT_ONCE:
            continue
        table = pa.Table.from_batches(waiting)
        last = int(np.flatnonzero(table["person"].to_numpy() == _ITSELF)[-1])
        if last:
            yield table.slice(0, last)
        waiting = table.slice(last).to_batches()
        rows -= last
    if rows:
        yield pa.Table.from_batches(waiting)


def _outcomes(table: pa.Table, weighing: Weighing) -> Outcomes:
    """Return what is decided of whole records, by rows of the files."""
    columns = list(weighing.model.schema.columns)
    itself = table["person"].to_numpy() == _ITSELF
    people, once, person = np.unique(
        weighing.right.rows_of(table["person"].to_numpy()[~itself]), return_index=True, return_inverse=True
    )
    texts = table.select(columns)
    workspace = workspace_of(weighing.model, year=weighing.year, frequencies=weighing.frequencies.value)
    workspace.add(Side.LEFT, texts.filter(pa.array(itself)))
    workspace.add(Side.RIGHT, texts.filter(pa.array(~itself)).take(pa.array(once)))
    workspace.finish()
    record = weighing.left.rows_of(table["record"].to_numpy()[itself])
    found = decide_records(
        workspace,
        np.arange(len(record), dtype=np.int32),
        _candidates(itself, person),
        bound=weighing.bound.value[record] != NOBODY,
    )
    return _of_files(found, record, people)


def _candidates(itself: npt.NDArray[np.bool_], person: npt.NDArray[np.intp]) -> Candidates:
    """Return the candidates of each record in the order of their rows, as the local engine has them."""
    place = (np.cumsum(itself) - 1)[~itself]
    starts = np.zeros(int(itself.sum()) + 1, dtype=np.int64)
    np.cumsum(np.bincount(place, minlength=len(starts) - 1), out=starts[1:])
    return Candidates(starts, person[np.lexsort((person, place))].astype(np.int32))


def _of_files(found: Outcomes, record: Longs, people: Longs) -> Outcomes:
    return replace(found, record=record.astype(np.int32), person=people[found.person].astype(np.int32))


def _written(outcomes: Outcomes) -> bytes:
    buffer = BytesIO()
    arrays = {each.name: getattr(outcomes, each.name) for each in fields(Outcomes)}
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _read(written: bytes) -> Outcomes:
    return Outcomes(**np.load(BytesIO(written), allow_pickle=False))
