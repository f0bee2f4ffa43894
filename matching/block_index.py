"""The block index: the keys of one side in a table, the other side streamed past it, with a cap on every block.

Memory, in bytes: for each key of the indexed side 36 to 60 (table, sieve, lists), and 8 for each person kept in a
block, at most the cap a block. A block that grows beyond its cap is emptied, so that one name borne by ten million
people costs a count and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching import block_table
from matching.block_table import Integers, Longs
from matching.workspace import Keys

# A child may have several records in a source, but not many: a block with more than so many records for each person
# that it may hold is one of a filler value, not of children.
RECORDS_PER_PERSON: Final = 10
_ROOM: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """The blocks of one kind that were too large to say anything."""

    kind: str
    cap: int  # people
    blocks: int
    pairs: int  # that were not compared for this block; another may bring some of them together


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Rows of the streamed side that are in blocks of the indexed side."""

    block: Integers
    row: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Who shares a block with each record: those of record i from `starts[i]` up to `starts[i + 1]`, sorted."""

    starts: Longs
    person: Integers

    def __len__(self) -> int:
        return len(self.starts) - 1

    def record_of_pairs(self) -> Integers:
        """Return for each pair its record, as its place among these."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.starts))


class BlockIndex:
    """The blocks of some records, to be filled with the people who share them."""

    def __init__(self, records: int, keys: Mapping[str, Keys], *, caps: Mapping[str, int]) -> None:
        """Index records by their keys.

        Args: `keys` and `caps` by kind; rows of `keys` are places among the `records`.
        """
        self._kinds = tuple(keys)
        self._caps = [caps[kind] for kind in self._kinds]
        entries = sum(len(each.key) for each in keys.values())
        self._table = block_table.empty_table(entries)
        row, block, kind_of_block = self._insert(keys, entries)
        members = np.bincount(block, minlength=len(kind_of_block))
        self._kind_of_block, self._records_of_block = kind_of_block, members.astype(np.int32)
        cap = np.array([*self._caps, 0], dtype=np.int32)[kind_of_block]
        self._limit = np.where(members > cap.astype(np.int64) * RECORDS_PER_PERSON, 0, cap).astype(np.int32)
        self._people = np.zeros(len(kind_of_block), dtype=np.int64)
        self._blocks = _grouped(row, block, records)
        self._kept = np.empty(_ROOM, dtype=np.int32), np.empty(_ROOM, dtype=np.int32)
        self._count = 0
        self._members: tuple[Longs, Integers] | None = None

    def _insert(self, keys: Mapping[str, Keys], entries: int) -> tuple[Integers, Integers, Integers]:
        """Return the record and the block of every key, and the kind of every block."""
        block = np.empty(entries, dtype=np.int32)
        kinds: list[Integers] = [np.empty(0, dtype=np.int32)]
        begin, blocks = 0, 0
        for place, each in enumerate(keys.values()):
            end = begin + len(each.key)
            known = blocks
            blocks = block_table.insert(each.key, self._table, blocks, block[begin:end])
            kinds.append(np.full(blocks - known, place, dtype=np.int32))
            begin = end
        row = np.concatenate([np.empty(0, dtype=np.int32), *(each.row for each in keys.values())])
        return row.astype(np.int32, copy=False), block, np.concatenate(kinds)

    def look_up(self, keys: Keys) -> Hits:
        """Return which blocks rows of the other side are in. Several threads may ask at once."""
        block = np.empty(len(keys.key) + 1, dtype=np.int32)
        row = np.empty(len(keys.key), dtype=np.int32)
        count = block_table.look_up(keys.key, keys.row, self._table, block, row)
        return Hits(block[:count].copy(), row[:count].copy())

    def keep(self, hits: Hits) -> None:
        """Put rows of the other side into their blocks; one thread at a time, and the order is that of the rows."""
        needed = self._count + len(hits.block)
        if needed > len(self._kept[0]):
            self._count = block_table.compact(self._people, self._limit, self._kept, self._count)
            needed = self._count + len(hits.block)
            if needed > len(self._kept[0]) // 2:
                more = max(needed, 2 * len(self._kept[0])) - self._count
                room = np.empty(more, dtype=np.int32)
                block, row = (np.concatenate([each[: self._count], room]) for each in self._kept)
                self._kept = block, row
        self._count = block_table.keep(hits.block, hits.row, self._people, self._limit, self._kept, self._count)
        self._members = None

    def _sealed(self) -> tuple[Longs, Integers]:
        """Return the people of every block as (starts, people)."""
        if self._members is None:
            self._count = block_table.compact(self._people, self._limit, self._kept, self._count)
            block, row = (each[: self._count] for each in self._kept)
            self._members = _grouped(block, row, len(self._limit))
        return self._members

    def most_pairs(self) -> Longs:
        """Return for each record how many candidates it has at most: a person in two of its blocks counts twice."""
        starts, _ = self._sealed()
        before = np.concatenate([[0], np.cumsum(np.diff(starts)[self._blocks[1]])])
        most: Longs = np.diff(before[self._blocks[0]])
        return most

    def candidates(self, begin: int, end: int) -> Candidates:
        """Return the candidates of the records from `begin` up to `end`."""
        members = self._sealed()
        first, last = self._blocks[0][begin], self._blocks[0][end]
        room = int(np.diff(members[0])[self._blocks[1][first:last]].sum())
        starts = np.zeros(end - begin + 1, dtype=np.int64)
        person = np.empty(room, dtype=np.int32)
        count = block_table.union(self._blocks, members, begin, starts, person)
        return Candidates(starts, person[:count])

    def steps(self, pairs_at_once: int) -> Iterator[range]:
        """Cut the records into runs of at most so many pairs; a record is never cut."""
        total = np.cumsum(self.most_pairs())
        begin, records = 0, len(total)
        while begin < records:
            before = total[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(total, before + pairs_at_once, side="right")))
            yield range(begin, end)
            begin = end

    def crowded(self) -> npt.NDArray[np.bool_]:
        """Return for each record whether one of its blocks was left out."""
        starts, blocks = self._blocks
        over = np.concatenate([[0], np.cumsum((self._people > self._limit)[blocks])])
        some: npt.NDArray[np.bool_] = np.diff(over[starts]) > 0
        return some

    def left_out(self) -> list[LeftOut]:
        """Return what the caps have left out, by kind; kinds of which nothing was left out are not named."""
        out = []
        over = self._people > self._limit
        pairs = self._people * self._records_of_block
        for place, kind in enumerate(self._kinds):
            mine = over & (self._kind_of_block == place)
            if mine.any():
                count = int(np.count_nonzero(mine))
                out.append(LeftOut(kind=kind, cap=self._caps[place], blocks=count, pairs=int(pairs[mine].sum())))
        return out


def _grouped(label: Integers, value: Integers, labels: int) -> tuple[Longs, Integers]:
    """Return values by label as (starts, values)."""
    starts = np.zeros(labels + 1, dtype=np.int64)
    np.cumsum(np.bincount(label, minlength=labels), out=starts[1:])
    out = np.empty(len(label), dtype=np.int32)
    block_table.group(label, value, starts[:-1], out)
    return starts, out


def merged(one: Candidates, other: Candidates) -> Candidates:
    """Return the candidates of either for the same records, each once and sorted."""
    pairs = [each.record_of_pairs().astype(np.int64) << 32 | each.person for each in (one, other)]
    codes = np.union1d(pairs[0], pairs[1])
    starts = np.zeros(len(one) + 1, dtype=np.int64)
    np.cumsum(np.bincount(codes >> 32, minlength=len(one)), out=starts[1:])
    return Candidates(starts, (codes & 0xFFFFFFFF).astype(np.int32))


def without(candidates: Candidates, dropped: npt.NDArray[np.bool_]) -> Candidates:
    """Return the candidates but for those of the pairs `dropped`."""
    before = np.concatenate([[0], np.cumsum(~dropped)])
    return Candidates(before[candidates.starts], candidates.person[~dropped])


def chosen(candidates: Candidates, records: npt.NDArray[np.bool_]) -> Candidates:
    """Return the candidates of the records that are chosen."""
    counts = np.diff(candidates.starts)
    starts = np.concatenate([[0], np.cumsum(counts[records])])
    return Candidates(starts, candidates.person[np.repeat(records, counts)])


def together(parts: Sequence[Candidates]) -> Candidates:
    """Return the candidates of consecutive runs of records as one."""
    starts = np.concatenate([[0], *(np.diff(part.starts) for part in parts)]).cumsum()
    return Candidates(starts, np.concatenate([np.empty(0, dtype=np.int32), *(part.person for part in parts)]))
