"""Blocking on Spark: the keys of both sides meet sorted by key, and every block gives its pairs or is left out.

The caps are those of `matching.block_index`. A sieve of the records' keys is sent to every task first, so that of the
population only what may meet a record is shuffled; a block that explodes is counted and never held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.broadcast import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.taskcontext import TaskContext

from matching.block_index import RECORDS_PER_PERSON, LeftOut
from matching.candidates import StageLeftOut
from matching.engines.spark_counts import workspace_of
from matching.engines.spark_files import MARK
from matching.engines.spark_session import Batches, silent
from matching.weights import Model, Stage
from matching.workspace import Side

Longs = npt.NDArray[np.int64]
Small = npt.NDArray[np.int16]

_PERSON: Final = 1 << 10  # in place of the kind of a record's key; sorts behind every kind
_KEYS: Final = "key long, kind short, row long"
_PAIRS: Final = "record long, person long, blocks long, task int"
_PAIRS_AT_ONCE: Final = 500_000
_MOST_SIEVED: Final = 4_000_000  # records: half a gigabyte of keys at the driver
_NOBODY: Final = -1  # in place of the person: the record is in a block that was left out
_SPARE: Final = 8  # bits for each key
_MOST_BITS: Final = 28

Sieve = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """Rows that are in blocks, sorted by key, then records by kind, then people."""

    key: Longs
    kind: Small
    row: Longs

    def part(self, chosen: slice | npt.NDArray[np.bool_]) -> _Entries:
        return _Entries(self.key[chosen], self.kind[chosen], self.row[chosen])


@dataclass(frozen=True, slots=True)
class Blocking:
    """What is looked up together."""

    model: Model
    year: int
    stages: tuple[Stage, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of keys; the place of one is its number here."""
        return tuple(kind for stage in self.stages for kind in stage.kinds)

    @property
    def caps(self) -> tuple[int, ...]:
        """How many people a block of each kind may hold."""
        return tuple(stage.cap for stage in self.stages for _ in stage.kinds)


def blocks(spark: SparkSession, blocking: Blocking, left: DataFrame, right: DataFrame, *, records: int) -> DataFrame:
    """Return the pairs that share a block, some of them several times, and rows that tell what was left out.

    Args: `left` and `right`: MARK and the columns of the model; `records`: rows of `left`.
    """
    keys_of = silent(partial(_keys, blocking=blocking))
    own = left.mapInArrow(keys_of, _KEYS)
    sieve = _sieve_of(spark, own) if records <= _MOST_SIEVED else None
    people = right.mapInArrow(silent(partial(_peoples_keys, blocking=blocking, sieve=sieve)), _KEYS)
    entries = own.union(people).repartition("key").sortWithinPartitions("key", "kind", "row")
    return entries.mapInArrow(silent(partial(_pairs, caps=blocking.caps)), _PAIRS)


def left_out(found: DataFrame, blocking: Blocking) -> list[StageLeftOut]:
    """Return which blocks were left out, by kind."""
    stages = [stage.name for stage in blocking.stages for _ in stage.kinds]
    told = found.where(sql.col("record") < 0).groupBy("record").agg(sql.sum("person"), sql.sum("blocks")).toArrow()
    out = []
    for record, pairs, count in sorted(zip(*(column.to_pylist() for column in told.columns), strict=True))[::-1]:
        kind = -1 - record
        each = LeftOut(kind=blocking.kinds[kind], cap=blocking.caps[kind], blocks=count, pairs=pairs)
        out.append(StageLeftOut(stage=stages[kind], blocks=each))
    return out


def pairs_of(found: DataFrame) -> DataFrame:
    """Return the pairs alone."""
    return found.where((sql.col("record") >= 0) & (sql.col("person") != _NOBODY)).select("record", "person")


def crowded(found: DataFrame) -> DataFrame:
    """Return the records of which a block was left out."""
    return found.where((sql.col("record") >= 0) & (sql.col("person") == _NOBODY)).select("record")


def _keys(batches: Batches, *, blocking: Blocking) -> Batches:
    """Return the keys of records with their kinds."""
    for entries in _entries_of(batches, [(kind,) for kind in blocking.kinds], blocking):
        yield _batch(entries)


def _peoples_keys(batches: Batches, *, blocking: Blocking, sieve: Broadcast[Sieve] | None) -> Batches:
    """Return the keys of people that may be those of a record."""
    for entries in _entries_of(batches, [blocking.kinds], blocking):
        people = _Entries(entries.key, np.full_like(entries.kind, _PERSON), entries.row)
        yield _batch(people if sieve is None else people.part(_passes(people.key, sieve.value)))


def _entries_of(batches: Batches, kinds: Sequence[Sequence[str]], blocking: Blocking) -> Iterator[_Entries]:
    for batch in batches:
        if not len(batch):
            continue
        workspace = workspace_of(blocking.model, year=blocking.year)
        table = pa.Table.from_batches([batch])
        rows = workspace.add(Side.LEFT, table.select(list(blocking.model.schema.columns)))
        found = [workspace.keys(Side.LEFT, rows, some) for some in kinds]
        kind = np.repeat(np.arange(len(found), dtype=np.int16), [len(each.key) for each in found])
        row = table[MARK].to_numpy()[np.concatenate([each.row for each in found])]
        yield _Entries(np.concatenate([each.key for each in found]).view(np.int64), kind, row)


def _batch(entries: _Entries) -> pa.RecordBatch:
    columns = [pa.array(entries.key), pa.array(entries.kind), pa.array(entries.row)]
    return pa.RecordBatch.from_arrays(columns, names=["key", "kind", "row"])


def _sieve_of(spark: SparkSession, records: DataFrame) -> Broadcast[Sieve]:
    """Return a sieve that all keys of the records pass, and few others."""
    keys = records.select("key").toArrow()["key"].to_numpy().view(np.uint64)
    bits = min(max((_SPARE * len(keys)).bit_length(), 10), _MOST_BITS)
    sieve: Sieve = np.zeros(1 << (bits - 3), dtype=np.uint8)
    byte, bit = _places(keys, bits)
    np.bitwise_or.at(sieve, byte, bit)
    return spark.sparkContext.broadcast(sieve)


def _places(keys: npt.NDArray[np.uint64], bits: int) -> tuple[npt.NDArray[np.intp], Sieve]:
    place = keys >> np.uint64(64 - bits)
    return (place >> np.uint64(3)).astype(np.intp), (1 << (place & np.uint64(7))).astype(np.uint8)


def _passes(keys: Longs, sieve: Sieve) -> npt.NDArray[np.bool_]:
    byte, bit = _places(keys.view(np.uint64), (8 * len(sieve) - 1).bit_length())
    passes: npt.NDArray[np.bool_] = (sieve[byte] & bit) != 0
    return passes


class _LeftOutBlocks:
    """The blocks above their caps, by kind."""

    def __init__(self, kinds: int) -> None:
        self._pairs = np.zeros(kinds, dtype=np.int64)
        self._blocks = np.zeros(kinds, dtype=np.int64)

    def note(self, kinds: Small, records: Longs, people: Longs) -> None:
        np.add.at(self._pairs, kinds, records * people)
        np.add.at(self._blocks, kinds, 1)

    def batch(self) -> pa.RecordBatch:
        """Return a row a kind; the number of the task keeps rows of several tasks apart."""
        kinds = np.flatnonzero(self._blocks)
        context = TaskContext.get()
        return _told(-1 - kinds, self._pairs[kinds], self._blocks[kinds], context.partitionId() if context else 0)


def _told(record: Longs, person: Longs, blocks_left_out: Longs, task: int) -> pa.RecordBatch:
    columns = [pa.array(record, pa.int64()), pa.array(person, pa.int64()), pa.array(blocks_left_out, pa.int64())]
    columns.append(pa.array(np.full(len(record), task, dtype=np.int32)))
    return pa.RecordBatch.from_arrays(columns, names=["record", "person", "blocks", "task"])


def _pairs(batches: Batches, *, caps: tuple[int, ...]) -> Batches:
    """Return the pairs of every block that is no larger than its cap."""
    most = np.array(caps, dtype=np.int64)
    over = _LeftOutBlocks(len(caps))
    for entries, more_people in _whole_blocks(batches, most=int(most.max())):
        yield from _pairs_of(entries, more_people, most, over)
    yield over.batch()


def _whole_blocks(batches: Batches, *, most: int) -> Iterator[tuple[_Entries, int]]:
    """Yield runs of whole blocks, and how many more people than these there are in a run of one block.

    A block that goes beyond what any cap allows is cut to that as it grows, and the rest of its people only counted.
    """
    waiting, more = _Entries(np.empty(0, np.int64), np.empty(0, np.int16), np.empty(0, np.int64)), 0
    for batch in batches:
        if not len(batch):
            continue
        waiting = _joined(waiting, _Entries(*(batch.column(name).to_numpy() for name in ("key", "kind", "row"))))
        first = int(np.searchsorted(waiting.key, waiting.key[0], side="right"))
        if more and first < len(waiting.key):
            yield waiting.part(slice(0, first)), more
            waiting, more = waiting.part(slice(first, None)), 0
        last = int(np.searchsorted(waiting.key, waiting.key[-1], side="left"))
        if last:
            yield waiting.part(slice(0, last)), 0
            waiting = waiting.part(slice(last, None))
        enough = int(np.searchsorted(waiting.kind, _PERSON, side="left")) + most + 1
        more += max(0, len(waiting.key) - enough)
        waiting = waiting.part(slice(0, enough))
    if len(waiting.key):
        yield waiting, more


def _joined(one: _Entries, other: _Entries) -> _Entries:
    return _Entries(
        np.concatenate([one.key, other.key]),
        np.concatenate([one.kind, other.kind]),
        np.concatenate([one.row, other.row]),
    )


def _pairs_of(entries: _Entries, more_people: int, caps: Longs, over: _LeftOutBlocks) -> Batches:
    first = np.concatenate([[0], np.flatnonzero(np.diff(entries.key)) + 1])
    ends = np.append(first[1:], len(entries.key))
    people = np.add.reduceat((entries.kind == _PERSON).astype(np.int64), first)
    records = ends - first - people
    both = (people > 0) & (records > 0)
    kind = entries.kind[first[both]]
    first, people, records = first[both], people[both], records[both]
    cap = np.where(records > caps[kind] * RECORDS_PER_PERSON, 0, caps[kind])
    fits = people + more_people <= cap
    over.note(kind[~fits], records[~fits], people[~fits] + more_people)
    yield _in_blocks_left_out(entries.row, first[~fits], records[~fits])
    yield from _crossed(entries.row, first[fits], records[fits], people[fits])


def _in_blocks_left_out(row: Longs, first: Longs, records: Longs) -> pa.RecordBatch:
    within = np.arange(int(records.sum())) - np.repeat(np.cumsum(records) - records, records)
    record = np.unique(row[np.repeat(first, records) + within])
    return _told(record, np.full(len(record), _NOBODY, dtype=np.int64), np.zeros(len(record), dtype=np.int64), 0)


def _crossed(row: Longs, first: Longs, records: Longs, people: Longs) -> Batches:
    """Return every record of each block with every person of it, a bounded number of pairs at a time."""
    sizes = records * people
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(sizes):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _PAIRS_AT_ONCE, side="right")))
        some = slice(begin, end)
        block = np.repeat(np.arange(begin, end), sizes[some])
        within = np.arange(len(block)) - np.repeat(ends[some] - sizes[some] - before, sizes[some])
        record = row[first[block] + within // people[block]]
        person = row[first[block] + records[block] + within % people[block]]
        yield _told(record, person, np.zeros(len(block), dtype=np.int64), 0)
        begin = end
