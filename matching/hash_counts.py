"""Hash counts: how often each of many 64-bit keys was seen, in one open-addressing table that grows.

Whoever counts in a compiled loop works on the `Table` itself and stops when it is full; `HashCounts` makes it larger.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled

Hashes = npt.NDArray[np.uint64]
Longs = npt.NDArray[np.int64]

_ONE = np.uint64(1)
_EMPTY = np.uint64(0)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LEAST_SLOTS = 1 << 10


class Table(NamedTuple):
    """A power of two of slots; a key is in the first slot from its last bits on that is not another's."""

    keys: Hashes  # 0: empty
    counts: Longs
    filled: Longs  # one number: slots in use


@compiled
def mix(number: np.uint64) -> np.uint64:
    """Return another number of 64 bits, each of which depends on all of `number`; never 0.

    Source: the finaliser of the SplitMix64 generator (Steele, Lea and Flood 2014).
    """
    number = (number ^ (number >> _SHIFTS[0])) * _FACTORS[0]
    number = (number ^ (number >> _SHIFTS[1])) * _FACTORS[1]
    number = number ^ (number >> _SHIFTS[2])
    return number if number != _EMPTY else _ONE


@compiled
def slot_of(keys: Hashes, key: np.uint64) -> np.int64:
    """Return the slot of `key`, or the empty one where it belongs."""
    last = np.uint64(len(keys) - 1)
    slot = key & last
    while keys[slot] != _EMPTY and keys[slot] != key:
        slot = (slot + _ONE) & last
    return np.int64(slot)


@compiled
def count(table: Table, key: np.uint64, by: int) -> int:
    """Count `key` another `by` times and return how often it was counted; the table must have an empty slot."""
    slot = slot_of(table.keys, key)
    if table.keys[slot] == _EMPTY:
        table.keys[slot] = key
        table.filled[0] += 1
    table.counts[slot] += by
    return int(table.counts[slot])


@compiled
def counted(table: Table, key: np.uint64) -> int:
    """Return how often `key` was counted."""
    return int(table.counts[slot_of(table.keys, key)])


@compiled
def is_full(table: Table, coming: int) -> bool:
    """Return whether `coming` more keys would crowd the table."""
    return bool((table.filled[0] + coming) * 5 > len(table.keys) * 3)


@compiled
def _count_all(table: Table, keys: Hashes, counts: Longs) -> None:
    for place in range(len(keys)):
        if keys[place] != _EMPTY:
            count(table, keys[place], counts[place])


@compiled
def _look_up(table: Table, keys: Hashes, found: Longs) -> None:
    for place in range(len(keys)):
        found[place] = counted(table, keys[place])


def _empty(slots: int) -> Table:
    return Table(np.zeros(slots, dtype=np.uint64), np.zeros(slots, dtype=np.int64), np.zeros(1, dtype=np.int64))


def _slots_for(keys: int) -> int:
    return max(_LEAST_SLOTS, 1 << (2 * keys - 1).bit_length()) if keys else _LEAST_SLOTS


class HashCounts:
    """Counts of keys that `mix` has made; a key takes 27 to 54 bytes."""

    def __init__(self) -> None:
        self.table = _empty(_LEAST_SLOTS)

    @classmethod
    def of_table(cls, table: Table) -> HashCounts:
        """Return the counts of a table."""
        counts = cls()
        counts.table = table
        return counts

    def __len__(self) -> int:
        return int(self.table.filled[0])

    def make_room(self, coming: int) -> None:
        """Make the table large enough for `coming` more keys."""
        if is_full(self.table, coming):
            self._move(_slots_for(len(self) + coming))

    def add(self, keys: Hashes, counts: Longs) -> None:
        """Count each of `keys` as many times more as `counts` says."""
        self.make_room(len(keys))
        _count_all(self.table, keys, counts)

    def of(self, keys: Hashes) -> Longs:
        """Return how often each of `keys` was counted."""
        found = np.zeros(len(keys), dtype=np.int64)
        _look_up(self.table, keys, found)
        return found

    def entries(self) -> tuple[Hashes, Longs]:
        """Return the keys in rising order, and their counts."""
        used = np.flatnonzero(self.table.keys)
        used = used[np.argsort(self.table.keys[used])]
        return self.table.keys[used], self.table.counts[used]

    def keep(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Forget the keys of the slots that are not `chosen`."""
        keys, counts = self.table.keys[chosen], self.table.counts[chosen]
        self.table = _empty(_slots_for(int(np.count_nonzero(keys))))
        _count_all(self.table, keys, counts)

    def _move(self, slots: int) -> None:
        old = self.table
        self.table = _empty(slots)
        _count_all(self.table, old.keys, old.counts)
