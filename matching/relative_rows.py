"""Relative rows: the keys under which relatives and namesakes are found, and the facts of a child that they may share.

A row here needs no vocabulary: its texts are hashes, so that rows of several parts of a population can be compared.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.hash_counts import Hashes, Longs, mix
from matching.packed import (
    BIRTH,
    CHILD,
    CHILD_JOINED,
    COUNT_SHIFT,
    ETHNICITY_SHIFT,
    FACTS,
    FATHER,
    FATHER_COUNT_SHIFT,
    FATHER_JOINED,
    FATHER_NUMBER,
    MOTHER,
    MOTHER_COUNT_SHIFT,
    MOTHER_JOINED,
    MOTHER_NUMBER,
    NUMBER,
    PLACE,
    SEX_SHIFT,
    Rows,
)
from matching.value_counts import write_middles
from matching.vocabulary import MOST_LETTERS, MOST_UNITS, NONE, PlaceTables, SyllableTables

Row = npt.NDArray[np.int32]

# Who is found together: children of the same parents' numbers; of parents of the same full names in one commune;
# of the same full name and day of birth; of the same full name in one commune.
FAMILIES: Final = 0
HOMES: Final = 1
NAMES: Final = 2
DOORS: Final = 3
KINDS: Final = 4

# Where each fact stands in a row.
PARTS: Final = 0  # eight hashes of folded syllables, 0 to the right
GIVEN_MARKED: Final = 8
GIVEN_LETTERS: Final = 9  # four words: the folded letters, byte by byte
LENGTH: Final = 13  # syllables of the name
BORN: Final = 14  # as in a packed row
SEX: Final = 15
ETHNIC: Final = 16
COMMUNES: Final = 17  # hash of all of them; 0: not known
COMMUNE: Final = 18  # the only one; NONE: not known, or several
PROVINCE: Final = 19
OWN_NUMBER: Final = 20  # two words, as in a packed row
MOTHERS_NUMBER: Final = 22
FATHERS_NUMBER: Final = 24
MOTHERS_NAME: Final = 26  # as in a packed row; 0: not known
FATHERS_NAME: Final = 27
WIDTH: Final = 28

PARENTS: Final = 28  # in rows of HOMES: six hashes of two words, see `parents_parts`
WIDTH_OF_HOMES: Final = 40

_NO_KEY = np.uint64(0)
_HALF = np.uint64(32)
_HIGH = np.uint64(33)
_LOW = np.uint64(0x7FFFFFFF)


@compiled
def _two(high: int, low: int) -> np.uint64:
    """Return the number of two words."""
    return np.uint64(np.int64(high) & 0xFFFFFFFF) << _HALF | np.uint64(np.int64(low) & 0xFFFFFFFF)


@compiled
def _short(number: np.uint64) -> np.int32:
    """Return 31 bits of a hash."""
    return np.int32((number ^ number >> _HIGH) & _LOW)


@compiled
def _only_commune(row: Row, places: PlaceTables) -> int:
    place = row[PLACE]
    if place == NONE or places.communes[place, 1] != NONE:
        return NONE
    return int(places.communes[place, 0])


@compiled
def _family_key(row: Row) -> np.uint64:
    if row[MOTHER_NUMBER] == NONE or row[FATHER_NUMBER] == NONE:
        return _NO_KEY
    mother = _two(row[MOTHER_NUMBER], row[MOTHER_NUMBER + 1])
    return mix(mix(mother) + _two(row[FATHER_NUMBER], row[FATHER_NUMBER + 1]))


@compiled
def _home_key(row: Row, commune: int) -> np.uint64:
    mothers, fathers = row[FACTS] >> MOTHER_COUNT_SHIFT & 15, row[FACTS] >> FATHER_COUNT_SHIFT & 15
    if mothers < 2 or fathers < 2 or commune == NONE:
        return _NO_KEY
    return mix(mix(_two(row[MOTHER_JOINED], row[FATHER_JOINED])) + np.uint64(commune))


@compiled
def _name_key(row: Row) -> np.uint64:
    if row[FACTS] >> COUNT_SHIFT & 15 < 2 or row[BIRTH] & 31 == 0:
        return _NO_KEY
    return mix(mix(_two(0, row[CHILD_JOINED])) + np.uint64(row[BIRTH]))


@compiled
def _door_key(row: Row, commune: int) -> np.uint64:
    if row[FACTS] >> COUNT_SHIFT & 15 < 2 or commune == NONE:
        return _NO_KEY
    return mix(mix(_two(1, row[CHILD_JOINED])) + np.uint64(commune))


@compiled
def _write_keys(rows: Rows, places: PlaceTables, keys: Hashes) -> None:
    for place in range(len(rows)):
        row = rows[place]
        commune = _only_commune(row, places)
        keys[FAMILIES, place] = _family_key(row)
        keys[HOMES, place] = _home_key(row, commune)
        keys[NAMES, place] = _name_key(row)
        keys[DOORS, place] = _door_key(row, commune)


def relative_keys(rows: Rows, places: PlaceTables) -> Hashes:
    """Return (KINDS, rows): the key of each row in each kind, 0 where a fact that it needs is not known."""
    keys = np.zeros((KINDS, len(rows)), dtype=np.uint64)
    _write_keys(rows, places, keys)
    return keys


@compiled
def _describe_name(row: Row, words: SyllableTables, out: Row) -> None:
    length = row[FACTS] >> COUNT_SHIFT & 15
    out[LENGTH] = length
    for place in range(length):
        out[PARTS + place] = _short(mix(words.hash_folded[row[CHILD + place]]))
    if length:
        last = row[CHILD + length - 1]
        out[GIVEN_MARKED] = _short(mix(words.hash_marked[last]))
        for place in range(MOST_LETTERS):
            out[GIVEN_LETTERS + place // 4] |= np.int32(words.letters[last, place]) << (place % 4 * 8)


@compiled
def _describe_place(row: Row, places: PlaceTables, out: Row) -> None:
    out[COMMUNE] = _only_commune(row, places)
    out[PROVINCE] = NONE
    place = row[PLACE]
    if place == NONE:
        return
    out[PROVINCE] = places.province[place]
    number = _NO_KEY
    for unit in range(MOST_UNITS):
        if places.communes[place, unit] != NONE:
            number = mix(number + np.uint64(places.communes[place, unit] + 1))
    out[COMMUNES] = _short(number)


@compiled
def _describe(rows: Rows, chosen: Longs, words: SyllableTables, places: PlaceTables, out: Rows) -> None:
    for place in range(len(chosen)):
        row, line = rows[chosen[place]], out[place]
        _describe_name(row, words, line)
        _describe_place(row, places, line)
        line[BORN] = row[BIRTH]
        line[SEX] = row[FACTS] >> SEX_SHIFT & 3
        line[ETHNIC] = row[FACTS] >> ETHNICITY_SHIFT & 127
        for word in range(2):
            line[OWN_NUMBER + word] = row[NUMBER + word]
            line[MOTHERS_NUMBER + word] = row[MOTHER_NUMBER + word]
            line[FATHERS_NUMBER + word] = row[FATHER_NUMBER + word]
        line[MOTHERS_NAME] = row[MOTHER_JOINED]
        line[FATHERS_NAME] = row[FATHER_JOINED]


def _parents_parts(rows: Rows, words: SyllableTables) -> Hashes:
    out = np.zeros((len(rows), 6), dtype=np.uint64)
    for first, start, shift in ((0, MOTHER, MOTHER_COUNT_SHIFT), (3, FATHER, FATHER_COUNT_SHIFT)):
        length = rows[:, FACTS] >> shift & 15
        middles = np.zeros(len(rows), dtype=np.uint64)
        write_middles(rows, start, shift, words, middles)
        out[:, first] = words.hash_folded[rows[np.arange(len(rows)), start + length - 1]]
        out[:, first + 1] = words.hash_folded[rows[:, start]]
        out[:, first + 2] = middles
    return out


def relative_rows(rows: Rows, chosen: Longs, words: SyllableTables, places: PlaceTables, *, kind: int) -> Rows:
    """Return what the `chosen` of packed rows may share with relatives."""
    out = np.zeros((len(chosen), WIDTH), dtype=np.int32)
    _describe(rows, chosen, words, places, out)
    if kind != HOMES:
        return out
    return np.concatenate([out, _parents_parts(rows[chosen], words).view(np.int32)], axis=1)


def parents_parts(rows: Rows) -> Hashes:
    """Return (rows, 6) of rows of HOMES: hashes of given name, surname and middle names of mother and father."""
    return np.ascontiguousarray(rows[:, PARENTS:WIDTH_OF_HOMES]).view(np.uint64)
