"""The compiled loops of the block index: an open-addressing table of keys, and lists in one array each."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

EMPTY: Final = -1
_SHORT: Final = 32  # entries up to which sorting by insertion is quicker
_WORD: Final = np.uint64(63)
_ONE: Final = np.uint64(1)
_HALF: Final = np.uint64(32)
_BYTE: Final = np.uint64(6)


class Table(NamedTuple):
    """Distinct keys and the block that each stands for."""

    key: Hashes  # a power of two of places
    block: Integers  # EMPTY: nothing stands here
    sieve: Hashes  # one bit a key, by other bits of it: most keys of the big side end here


def empty_table(keys: int) -> Table:
    """Return a table with room for `keys` keys: at most half full, its sieve one eighth."""
    places = 1 << max(6, (2 * keys - 1).bit_length())
    bits = 1 << max(6, (8 * keys - 1).bit_length())
    block = np.full(places, EMPTY, dtype=np.int32)
    return Table(np.zeros(places, dtype=np.uint64), block, np.zeros(bits >> 6, dtype=np.uint64))


@compiled
def _bit(key: np.uint64, sieve: Hashes) -> np.uint64:
    """Return which bit of the sieve stands for a key."""
    return (key >> _HALF) & np.uint64(len(sieve) * 64 - 1)


@compiled
def _place(key: np.uint64, table: Table) -> np.int64:
    """Return where a key stands in the table, or the empty place where it would."""
    mask = np.int64(len(table.key) - 1)
    place = np.int64(key & np.uint64(mask))
    while table.block[place] != EMPTY and table.key[place] != key:
        place = (place + 1) & mask
    return place


@compiled
def insert(keys: Hashes, table: Table, blocks: int, block: Integers) -> int:
    """Write the block of every key into `block`, giving new keys the next free ones; return how many there are now."""
    for entry in range(len(keys)):
        key = keys[entry]
        place = _place(key, table)
        if table.block[place] == EMPTY:
            table.key[place] = key
            table.block[place] = blocks
            bit = _bit(key, table.sieve)
            table.sieve[np.int64(bit >> _BYTE)] |= _ONE << (bit & _WORD)
            blocks += 1
        block[entry] = table.block[place]
    return blocks


@compiled
def look_up(keys: Hashes, row: Integers, table: Table, out_block: Integers, out_row: Integers) -> int:
    """Write the block and the row of every key that the table has; return how many there are."""
    count = np.int64(0)
    for entry in range(len(keys)):  # first the sieve alone: the reads do not wait for each other
        bit = _bit(keys[entry], table.sieve)
        out_block[count] = entry
        count += np.int64((table.sieve[np.int64(bit >> _BYTE)] >> (bit & _WORD)) & _ONE)
    found = 0
    for passed in range(count):
        entry = out_block[passed]
        block = table.block[_place(keys[entry], table)]
        if block != EMPTY:
            out_block[found] = block
            out_row[found] = row[entry]
            found += 1
    return found


@compiled
def keep(
    block: Integers, row: Integers, people: Longs, limit: Integers, kept: tuple[Integers, Integers], count: int
) -> int:
    """Count the people of every block and keep those within its limit; return how many are kept in all."""
    kept_block, kept_row = kept
    for entry in range(len(block)):
        here = block[entry]
        people[here] += 1
        if people[here] <= limit[here]:
            kept_block[count] = here
            kept_row[count] = row[entry]
            count += 1
    return count


@compiled
def compact(people: Longs, limit: Integers, kept: tuple[Integers, Integers], count: int) -> int:
    """Drop what is kept of blocks that have grown beyond their limit; return how many are left."""
    kept_block, kept_row = kept
    left = 0
    for entry in range(count):
        here = kept_block[entry]
        if people[here] <= limit[here]:
            kept_block[left] = here
            kept_row[left] = kept_row[entry]
            left += 1
    return left


@compiled
def group(label: Integers, value: Integers, starts: Longs, out: Integers) -> None:
    """Put values behind each other by label, in the order given: those of label i from `starts[i]` on."""
    place = starts.copy()
    for entry in range(len(label)):
        out[place[label[entry]]] = value[entry]
        place[label[entry]] += 1


@compiled
def _sort(values: Integers, begin: int, end: int) -> None:
    if end - begin > _SHORT:
        values[begin:end].sort()
        return
    for place in range(begin + 1, end):
        value = values[place]
        before = place - 1
        while before >= begin and values[before] > value:
            values[before + 1] = values[before]
            before -= 1
        values[before + 1] = value


@compiled
def union(
    records: tuple[Longs, Integers],
    blocks: tuple[Longs, Integers],
    begin: int,
    out_starts: Longs,
    out: Integers,
) -> int:
    """Write for each record from `begin` on the distinct members of all its blocks, sorted; return how many in all.

    Args: both sides as (starts, members): the blocks of a record, and the people of a block.
    """
    count = 0
    for record in range(len(out_starts) - 1):
        first = count
        for place in range(records[0][begin + record], records[0][begin + record + 1]):
            block = records[1][place]
            for member in range(blocks[0][block], blocks[0][block + 1]):
                out[count] = blocks[1][member]
                count += 1
        _sort(out, first, count)
        end = first
        for place in range(first, count):
            if end == first or out[end - 1] != out[place]:
                out[end] = out[place]
                end += 1
        count = end
        out_starts[record + 1] = count
    return count
