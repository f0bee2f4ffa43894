"""The compiled loops that turn facts of packed rows into block keys, one kind at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from matching.compiling import compiled
from matching.packed import (
    BIRTH,
    FACTS,
    FATHER_NUMBER,
    FORMER,
    MOST_FORMER,
    MOTHER_NUMBER,
    NOT_OWN_NUMBER_SHIFT,
    NUMBER,
    OLD_CARD,
    Longs,
    Rows,
)
from matching.row_facts import Hashes, joint
from matching.vocabulary import Integers

Whole = int | np.int64

GENERATION: Final = 6  # years, as in `matching.blocking`
GENERATION_OF_NUMBER: Final = 12
MOST_NUMBER_KEYS: Final = 2 * (1 + MOST_FORMER)  # of one row

# What a key is bound to beside the fact that it names.
ONE_DAY: Final = 0
EACH_YEAR: Final = 1  # that the birth may be in
GENERATIONS: Final = 2  # both that the year of birth is in
ANY_TIME: Final = 3

_MILLION: Final = 1_000_000
_NOTHING: Final = np.uint64(0)


class Bounds(NamedTuple):
    """When and where each person of some rows was born: what the keys of facts are bound to."""

    day: Hashes
    year: Hashes
    doubt: Hashes
    first_unit: Integers  # the person's communes are those of `communes` from here on
    units: Integers  # how many they are
    communes: Integers


@compiled
def _generation(year: Whole, which: int, years: int) -> np.uint64:
    """Return the first or the second of the two overlapping generations, of so many years, that a year is in."""
    return np.uint64((year + which * (years // 2)) // years * 2 + which)


@compiled
def _times(bounds: Bounds, row: int, bound_to: int) -> tuple[Whole, Whole]:
    """Return the first moment that the keys of a row are bound to, and how many moments there are."""
    if bound_to == ONE_DAY:
        return np.int64(bounds.day[row]), 1 if bounds.day[row] > _NOTHING else 0
    if bound_to == ANY_TIME:
        return 0, 1
    year = np.int64(bounds.year[row])
    if year == 0:
        return 0, 0
    if bound_to == GENERATIONS:
        return year, 2
    doubt = np.int64(bounds.doubt[row])
    return year - doubt, 2 * doubt + 1


@compiled
def keys_in_time(
    fact: Hashes, bounds: Bounds, seed: np.uint64, bound_to: int, out_row: Integers, out_key: Hashes
) -> int:
    """Write the keys of a fact, bound to time; return how many there are."""
    count = 0
    for row in range(len(fact)):
        if fact[row] == _NOTHING:
            continue
        first, moments = _times(bounds, row, bound_to)
        own = joint(seed, fact[row])
        for moment in range(moments):
            time = _generation(first, moment, GENERATION) if bound_to == GENERATIONS else np.uint64(first + moment)
            out_row[count] = row
            out_key[count] = joint(own, time)
            count += 1
    return count


@compiled
def keys_in_place(
    fact: Hashes, bounds: Bounds, seed: np.uint64, bound_to: int, out_row: Integers, out_key: Hashes
) -> int:
    """Write the keys of a fact, bound to time and to each commune that a row's place may be; return how many."""
    count = 0
    for row in range(len(fact)):
        if fact[row] == _NOTHING or bounds.units[row] == 0:
            continue
        first, moments = _times(bounds, row, bound_to)
        own = joint(seed, fact[row])
        for moment in range(moments):
            time = _generation(first, moment, GENERATION) if bound_to == GENERATIONS else np.uint64(first + moment)
            then = joint(own, time)
            for unit in range(bounds.first_unit[row], bounds.first_unit[row] + bounds.units[row]):
                out_row[count] = row
                out_key[count] = joint(then, np.uint64(bounds.communes[unit]))
                count += 1
    return count


@compiled
def _number_at(rows: Rows, row: int, place: int) -> Whole:
    """Return the number whose two words begin at `place`; below 0: not known."""
    first = np.int64(rows[row, place])
    return first * _MILLION + np.int64(rows[row, place + 1]) if first >= 0 else np.int64(-1)


@compiled
def _coded_year(number: Whole) -> Whole:
    """Return the birth year that a twelve-digit number carries; 0: it carries none."""
    first = number // _MILLION
    if first >= OLD_CARD:
        return 0
    return 1900 + first // 100 % 10 // 2 * 100 + first % 100


@compiled
def _put_once(key: np.uint64, row: int, first: int, count: int, out_row: Integers, out_key: Hashes) -> int:
    """Put a key behind the others unless it is among those from `first` on; return how many there are now."""
    for place in range(first, count):
        if out_key[place] == key:
            return count
    out_row[count] = row
    out_key[count] = key
    return count + 1


@compiled
def keys_of_number(rows: Rows, former: Longs, seed: np.uint64, out_row: Integers, out_key: Hashes) -> int:
    """Write the keys of own and former numbers, each bound to two generations; return how many there are."""
    count = 0
    for row in range(len(rows)):
        begin, born = count, np.int64(rows[row, BIRTH] >> 9)
        not_own = (rows[row, FACTS] >> NOT_OWN_NUMBER_SHIFT) & 1
        for place in range(-1, MOST_FORMER):
            number: Whole = np.int64(-1)
            if place < 0 and not_own == 0:
                number = _number_at(rows, row, NUMBER)
            if place >= 0 and rows[row, FORMER] >= 0:
                number = former[rows[row, FORMER], place]
            if number >= 0:
                year = born if born > 0 else _coded_year(number)
                own = joint(seed, np.uint64(number))
                count = _put_once(
                    joint(own, _generation(year, 0, GENERATION_OF_NUMBER)), row, begin, count, out_row, out_key
                )
                count = _put_once(
                    joint(own, _generation(year, 1, GENERATION_OF_NUMBER)), row, begin, count, out_row, out_key
                )
    return count


@compiled
def keys_of_parents_numbers(rows: Rows, seed: np.uint64, out_row: Integers, out_key: Hashes) -> int:
    """Write the keys of a parent's number, wherever in the row it stands; return how many there are."""
    count = 0
    for row in range(len(rows)):
        begin = count
        not_own = (rows[row, FACTS] >> NOT_OWN_NUMBER_SHIFT) & 1
        for place in (NUMBER, MOTHER_NUMBER, FATHER_NUMBER):
            number = _number_at(rows, row, place)
            if number >= 0 and (place != NUMBER or not_own == 1):
                count = _put_once(joint(seed, np.uint64(number)), row, begin, count, out_row, out_key)
    return count
