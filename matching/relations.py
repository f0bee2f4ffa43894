"""Comparisons of the numbers and of the parents: what two descriptions say of a child's place among people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.comparisons import (
    Pairs,
    align,
    compare_birth,
    compare_codes,
    compare_commune,
    compare_given,
    compare_middle,
    compare_order,
    compare_surname,
    last_part,
    near_parts,
    shared_parts,
)
from matching.levels import Codes, Field, choose, code_of
from matching.packed import Longs
from matching.people import Integers, NameColumns, Truths
from matching.vocabulary import NONE

_POWERS = 10 ** np.arange(12, dtype=np.int64)
_OLD_CARD = 10**12  # codes from here on are nine-digit numbers of old identity cards


def digits_apart(a: Longs, b: Longs) -> tuple[npt.NDArray[np.int64], Truths]:
    """Return in how many of twelve digits two numbers differ, and whether they differ by one exchange of neighbours."""
    left, right = a[:, None] // _POWERS % 10, b[:, None] // _POWERS % 10
    differ = left != right
    count = differ.sum(axis=1)
    exchanged = differ[:, :-1] & differ[:, 1:] & (left[:, :-1] == right[:, 1:]) & (left[:, 1:] == right[:, :-1])
    return count, (count == 2) & exchanged.any(axis=1)


def _both_known(a: Longs, b: Longs) -> Truths:
    """Return where two numbers can be compared; a nine-digit card says nothing about a twelve-digit number."""
    known: Truths = (a != NONE) & (b != NONE) & ((a >= _OLD_CARD) == (b >= _OLD_CARD))
    return known


def compare_number(pairs: Pairs) -> Codes:
    """Compare the personal numbers; a parent's number typed for the child is no number of the child's."""
    mine, theirs = pairs.records, pairs.people
    a, b = mine.number, theirs.number
    of_parent = (a != NONE) & ((a == theirs.mother_number) | (a == theirs.father_number))
    known = _both_known(a, b) & ~mine.not_own_number
    replaced = (theirs.former == a[:, None]).any(axis=1) | (mine.former == b[:, None]).any(axis=1)
    apart, exchanged = digits_apart(a, b)
    return choose(
        Field.NUMBER,
        ((a == b) & (a != NONE), "same"),  # also a number that does not fit the year: some right ones do not
        (known & replaced, "former"),
        (of_parent, "of_parent"),
        (known & exchanged, "transposed"),
        (known & (apart == 1), "one_digit"),
        (known, "different"),
    )


def compare_parent(pairs: Pairs, field: Field, mine: NameColumns, theirs: NameColumns, *, other: NameColumns) -> Codes:
    """Compare the names of two mothers, or of two fathers, by their parts; `other` are their partners' names."""
    n, k = mine.count, theirs.count
    known = (n > 0) & (k > 0)
    short = known & (n == 1) & (k > 1)
    marked = known & ~short & mine.has_marks & theirs.has_marks
    plain = known & ~short & ~marked
    exact, fewer = shared_parts(mine.parts, theirs.parts), np.minimum(n, k)
    joined = mine.joined == theirs.joined
    same = joined | ((exact == n) & (n == k))
    typo = (n == k) & (exact == n - 1)
    at = np.flatnonzero(typo)
    typo[at] = near_parts(pairs, mine.parts[at], theirs.parts[at]) == 1
    a, b = last_part(mine.parts, n), last_part(theirs.parts, k)
    given = a == b
    part = given & (exact == fewer) & (fewer > 1)
    marks = mine.joined_marks == theirs.joined_marks
    swapped = (n > 1) & (mine.joined == other.joined) & ~(known & same)
    return choose(
        field,
        (swapped, "swapped"),
        (short & (given | pairs.similarity.spelling(a, b)), "short_same"),
        (short, "short_different"),
        (marked & same & marks, "same"),
        (marked & same, "other_marks"),
        (marked & typo, "typo"),
        (marked & part, "part"),
        (marked & given, "given_same"),
        (marked, "different"),
        (plain & same, "plain_same"),
        (plain & typo, "plain_typo"),
        (plain & part, "plain_part"),
        (plain & given, "plain_given_same"),
        (plain, "plain_different"),
    )


def compare_parent_number(field: Field, a: Longs, b: Longs) -> Codes:
    """Compare two parents' numbers of one kind."""
    known = _both_known(a, b)
    apart, exchanged = digits_apart(a, b)
    return choose(field, (known & (a == b), "same"), (known & (exchanged | (apart == 1)), "near"), (known, "different"))


def compare_parent_year(field: Field, a: Integers, b: Integers, *, numbered: Truths) -> Codes:
    """Compare the birth years of two parents, where their numbers do not already say it."""
    known = (a > 0) & (b > 0) & ~numbered
    apart = np.abs(a - b)
    return choose(field, (known & (apart == 0), "same"), (known & (apart == 1), "near"), (known, "different"))


def _compare_parents(pairs: Pairs, levels: Codes) -> None:
    """Fill in the levels of both parents' names, numbers and birth years."""
    mine, theirs = pairs.records, pairs.people
    levels[:, Field.MOTHER] = compare_parent(pairs, Field.MOTHER, mine.mother, theirs.mother, other=theirs.father)
    levels[:, Field.FATHER] = compare_parent(pairs, Field.FATHER, mine.father, theirs.father, other=theirs.mother)
    mothers = compare_parent_number(Field.MOTHER_NUMBER, mine.mother_number, theirs.mother_number)
    fathers = compare_parent_number(Field.FATHER_NUMBER, mine.father_number, theirs.father_number)
    levels[:, Field.MOTHER_NUMBER], levels[:, Field.FATHER_NUMBER] = mothers, fathers
    levels[:, Field.MOTHER_YEAR] = compare_parent_year(
        Field.MOTHER_YEAR, mine.mother_year, theirs.mother_year, numbered=mothers != 0
    )
    levels[:, Field.FATHER_YEAR] = compare_parent_year(
        Field.FATHER_YEAR, mine.father_year, theirs.father_year, numbered=fathers != 0
    )


def compare(pairs: Pairs) -> Codes:
    """Return the level of every field (columns as in `Field`) of every pair (rows)."""
    mine, theirs = pairs.records, pairs.people
    aligned = align(pairs)
    levels = np.zeros((len(pairs), len(Field)), dtype=np.int8)
    levels[:, Field.NUMBER] = compare_number(pairs)
    levels[:, Field.GIVEN] = compare_given(pairs, aligned)
    levels[:, Field.MIDDLE] = compare_middle(pairs, aligned)
    levels[:, Field.SURNAME] = compare_surname(pairs, aligned)
    levels[:, Field.ORDER] = compare_order(pairs, aligned)
    levels[:, Field.BIRTH] = compare_birth(pairs)
    levels[:, Field.SEX] = compare_codes(Field.SEX, mine.sex, theirs.sex)
    levels[:, Field.COMMUNE] = compare_commune(pairs)
    levels[:, Field.ETHNICITY] = compare_codes(Field.ETHNICITY, mine.ethnicity, theirs.ethnicity)
    _compare_parents(pairs, levels)
    # Who writes another given name writes another child's whole name: the middle name then says nothing more.
    other = (code_of(Field.GIVEN, "different"), code_of(Field.GIVEN, "plain_different"))
    levels[np.isin(levels[:, Field.GIVEN], other), Field.MIDDLE] = 0
    return levels
