"""The loop over pairs, compiled: both rows are read once, compared, weighed and forgotten."""

from __future__ import annotations

from typing import Final

import numpy as np

from matching.kernel import codes
from matching.kernel.facts import (
    birth_level,
    commune_level,
    ethnicity_level,
    number_level,
    parent_number_level,
    parent_year_level,
    replaced,
    sex_level,
)
from matching.kernel.forms import BLOCK, Codes, Integers, Longs, Reals, Room, Truths, Words
from matching.kernel.inlining import inlined, uncounted
from matching.kernel.names import FOLDED, given_level, middle_level, order_level, reading_of, surname_level
from matching.kernel.parents import parent_level
from matching.kernel.scoring import hold, odds_of
from matching.packed import (
    FACTS,
    FATHER,
    FATHER_NUMBER,
    FORMER,
    MOTHER,
    MOTHER_NUMBER,
    PARENT_YEARS,
    PLACE,
    WORDS,
)

_SYLLABLES: Final = 24

_Forms = tuple[Integers, Integers, Words, Integers]
_Weights = tuple[Reals, Integers, Reals, Reals, Truths, Reals, Reals, float]
_Sides = tuple[Integers, Longs, Integers, Longs]
_Asked = tuple[Longs, Integers, Integers]
_Answer = tuple[Codes, Reals, Integers, Truths]
_Room = tuple[Integers, Longs]


def room() -> Room:
    """Return the room that one thread works in."""
    rows = np.empty((1 + BLOCK, FOLDED + _SYLLABLES), dtype=np.int32)
    return Room(rows, np.zeros(1, dtype=np.int64))


@inlined
def _fetch(rows: Integers, row: int, folded: Integers, wide: Integers, j: int) -> None:
    """Copy a row, and the folded forms of its syllables behind it."""
    for word in range(WORDS):
        wide[j, word] = rows[row, word]
    for word in range(_SYLLABLES):
        wide[j, FOLDED + word] = folded[np.uint32(rows[row, word] + 1)]


@inlined
def _compare_child(parts: Integers, words: Words, rows: Integers, j: int, levels: Codes, p: int) -> None:
    """Fill in the levels of the child's name; all are worked out before any is written, which keeps rows at hand."""
    reading = reading_of(rows, j)
    given, surname = given_level(parts, words, rows, j, reading), surname_level(parts, words, rows, j, reading)
    order, middle = order_level(rows, j, reading), codes.MISSING
    # Who writes another given name writes another child's whole name: the middle name then says nothing more.
    if given != codes.GIVEN_DIFFERENT and given != codes.GIVEN_PLAIN_DIFFERENT:
        middle = middle_level(parts, words, rows, j, reading)
    levels[p, codes.GIVEN], levels[p, codes.MIDDLE] = given, middle
    levels[p, codes.SURNAME], levels[p, codes.ORDER] = surname, order


@inlined
def _compare_facts(places: Integers, rows: Integers, j: int, levels: Codes, p: int) -> None:
    mine, theirs = rows[0, FACTS], rows[j, FACTS]
    number, birth = number_level(rows, j), birth_level(rows, j)
    sex, ethnicity = sex_level(mine, theirs), ethnicity_level(mine, theirs)
    commune = commune_level(places, rows[0, PLACE], rows[j, PLACE])
    levels[p, codes.NUMBER], levels[p, codes.BIRTH] = number, birth
    levels[p, codes.SEX], levels[p, codes.COMMUNE], levels[p, codes.ETHNICITY] = sex, commune, ethnicity


@inlined
def _compare_parents(parts: Integers, words: Words, rows: Integers, j: int, levels: Codes, p: int) -> None:
    mother, father = parent_level(parts, words, rows, j, MOTHER), parent_level(parts, words, rows, j, FATHER)
    her_number, his_number = parent_number_level(rows, j, MOTHER_NUMBER), parent_number_level(rows, j, FATHER_NUMBER)
    a, b = rows[0, PARENT_YEARS], rows[j, PARENT_YEARS]
    her_year = parent_year_level(a & 0xFFFF, b & 0xFFFF) if her_number == codes.MISSING else codes.MISSING
    his_year = parent_year_level(a >> 16, b >> 16) if his_number == codes.MISSING else codes.MISSING
    levels[p, codes.MOTHER], levels[p, codes.FATHER] = mother, father
    levels[p, codes.MOTHER_NUMBER], levels[p, codes.FATHER_NUMBER] = her_number, his_number
    levels[p, codes.MOTHER_YEAR], levels[p, codes.FATHER_YEAR] = her_year, his_year


@inlined
def _touch(rows: Integers, row: int) -> int:
    """Read a word of each cache line of a row, so that it is on its way when it is needed."""
    return int(rows[row, 0]) + int(rows[row, WORDS // 3]) + int(rows[row, 2 * WORDS // 3]) + int(rows[row, WORDS - 1])


@uncounted
def weigh_groups(
    forms: _Forms, weights: _Weights, sides: _Sides, asked: _Asked, answer: _Answer, room: _Room, cut: tuple[int, int]
) -> None:
    """Compare and weigh the pairs of the groups of one cut: from the first up to the last.

    Args: plain tuples of what the named ones of `matching.kernel.forms` hold: they are taken apart ten times faster.
    """
    folded, parts, words, places = forms
    cells, signs, few, parents, unions, power, rates, prior = weights
    left, mine, right, theirs = sides
    starts, record, person = asked
    levels, odds, traits, held = answer
    rows, touched = room
    numbers, standing, ahead = (cells, signs, power, rates, few, parents), -1, 0
    begin, end = starts[cut[0]], starts[cut[1]]
    for block in range(begin, end, BLOCK):
        top = min(block + BLOCK, end)
        for p in range(block, top):
            ahead += _touch(right, person[p])
        for p in range(block, top):
            _fetch(right, person[p], folded, rows, p - block + 1)
        for p in range(block, top):
            j = p - block + 1
            if record[p] != standing:
                standing = record[p]
                _fetch(left, standing, folded, rows, 0)
            _compare_facts(places, rows, j, levels, p)
            if (rows[0, FORMER] >= 0 or rows[j, FORMER] >= 0) and replaced(rows, j, mine, theirs):
                levels[p, codes.NUMBER] = codes.NUMBER_FORMER
            _compare_child(parts, words, rows, j, levels, p)
            _compare_parents(parts, words, rows, j, levels, p)
            odds[p], traits[p] = odds_of(numbers, prior, levels, p, rows, j)
    touched[0] = ahead
    hold(unions, starts, traits, held, cut[0], cut[1])
