"""What the block keys of packed rows are made of, as columns of 64-bit numbers: the compiled loop behind them.

A number stands for a text or a figure itself, never for a code of a vocabulary, so every process on every machine
gives the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.packed import (
    BIRTH,
    CHILD,
    COUNT_SHIFT,
    FACTS,
    FATHER,
    FATHER_COUNT_SHIFT,
    MOTHER,
    MOTHER_COUNT_SHIFT,
    TOLERANCE_SHIFT,
    Rows,
)
from matching.vocabulary import SyllableTables

Hashes = npt.NDArray[np.uint64]

# The columns; 0 stands for what is not known.
DAY: Final = 0  # whole dates only; day and month in the order of size
YEAR: Final = 1
DOUBT: Final = 2  # years either way
NAME: Final = 3  # folded syllables in any order; this and the next three of names of two syllables or more
LAST: Final = 4  # the last two
ENDS: Final = 5  # the first and the last
SOUNDS: Final = 6  # the sounds of all syllables in any order
MOTHER_NAME: Final = 7  # folded, without spaces
FATHER_NAME: Final = 8
COLUMNS: Final = 9

# Where each number of a syllable stands in the table of the syllables.
_FOLDED: Final = 0
_POWER: Final = 1
_FOLDED_MIXED: Final = 2
_SOUND_MIXED: Final = 3

_NOTHING: Final = np.uint64(0)
_SHIFT_1: Final = np.uint64(30)
_SHIFT_2: Final = np.uint64(27)
_SHIFT_3: Final = np.uint64(31)
_FACTOR_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_FACTOR_2: Final = np.uint64(0x94D049BB133111EB)


@compiled
def mixed(number: np.uint64) -> np.uint64:
    """Return `number` with every bit depending on all bits.

    Source: the finaliser of SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, 2014, section 4).
    """
    number = (number ^ (number >> _SHIFT_1)) * _FACTOR_1
    number = (number ^ (number >> _SHIFT_2)) * _FACTOR_2
    return number ^ (number >> _SHIFT_3)


@compiled
def joint(first: np.uint64, second: np.uint64) -> np.uint64:
    """Return one number for two in this order."""
    return mixed(mixed(first) + second)


def all_mixed(numbers: Hashes) -> Hashes:
    """Return `mixed` of every number."""
    numbers = (numbers ^ (numbers >> _SHIFT_1)) * _FACTOR_1
    numbers = (numbers ^ (numbers >> _SHIFT_2)) * _FACTOR_2
    return numbers ^ (numbers >> _SHIFT_3)


def all_joint(first: Hashes, second: Hashes) -> Hashes:
    """Return `joint` of every two numbers, 0 where either of them is."""
    both = all_mixed(all_mixed(first) + second)
    both[(first == _NOTHING) | (second == _NOTHING)] = _NOTHING
    return both


def syllables_table(tables: SyllableTables) -> Hashes:
    """Return what keys need of every syllable, side by side in memory."""
    columns = (tables.hash_folded, tables.power_folded, all_mixed(tables.hash_folded), all_mixed(tables.hash_sound))
    return np.ascontiguousarray(np.stack(columns, axis=1))


@compiled
def _whole_name(rows: Rows, row: int, begin: int, count: int, syllables: Hashes) -> np.uint64:
    """Return the hash of a folded name without spaces; 0: no name."""
    number = _NOTHING
    for place in range(begin, begin + count):
        code = rows[row, place]
        number = number * syllables[code, _POWER] + syllables[code, _FOLDED]
    return number


@compiled
def _day(birth: int, doubt: int) -> np.uint64:
    """Return a whole date with day and month in the order of size; 0: not whole."""
    month, day = (birth >> 5) & 15, birth & 31
    if month == 0 or day == 0 or doubt > 0:
        return _NOTHING
    return np.uint64((birth >> 9) << 10 | min(month, day) << 5 | max(month, day))


@compiled
def _read_name(rows: Rows, row: int, count: int, syllables: Hashes, out: Hashes) -> None:
    name, sounds = _NOTHING, _NOTHING
    for place in range(CHILD, CHILD + count):
        name += syllables[rows[row, place], _FOLDED_MIXED]
        sounds += syllables[rows[row, place], _SOUND_MIXED]
    if count > 1:
        own = syllables[rows[row, CHILD + count - 1], _FOLDED_MIXED]
        out[NAME, row] = name
        out[LAST, row] = own + syllables[rows[row, CHILD + count - 2], _FOLDED_MIXED]
        out[ENDS, row] = own + syllables[rows[row, CHILD], _FOLDED_MIXED]
        out[SOUNDS, row] = sounds


@compiled
def read_facts(rows: Rows, syllables: Hashes, out: Hashes) -> None:
    """Fill the columns of `out`, which is all 0 and has a place for every row."""
    for row in range(len(rows)):
        facts, birth = rows[row, FACTS], rows[row, BIRTH]
        doubt = (facts >> TOLERANCE_SHIFT) & 7
        out[DAY, row] = _day(birth, doubt)
        out[YEAR, row] = birth >> 9
        out[DOUBT, row] = doubt
        count = (facts >> COUNT_SHIFT) & 15
        if count > 0:
            _read_name(rows, row, count, syllables, out)
        out[MOTHER_NAME, row] = _whole_name(rows, row, MOTHER, (facts >> MOTHER_COUNT_SHIFT) & 15, syllables)
        out[FATHER_NAME, row] = _whole_name(rows, row, FATHER, (facts >> FATHER_COUNT_SHIFT) & 15, syllables)
