"""Comparisons of what is said of the child: each gives every pair of descriptions a level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.encode import NONE, Integers, Truths
from matching.levels import Codes, Field, Pairs, choose


@dataclass(frozen=True, slots=True)
class Aligned:
    """The places of surname and given name in the child's two names of each pair."""

    known: Truths
    single: Truths  # the record's name is one word
    swapped: Truths
    given: Integers  # place of the given name in the record's name
    surname: Integers
    middle_from: Integers  # the record's middle words stand in [middle_from, middle_to)
    middle_to: Integers
    whole: Truths  # the names are equal when written together


def _pick(table: Integers, row: npt.NDArray[np.intp], place: Integers) -> Integers:
    return np.where(place >= 0, table[row, np.maximum(place, 0)], NONE).astype(np.int32)


def last_part(table: Integers, row: npt.NDArray[np.intp], count: Integers) -> Integers:
    """Return the last of `count` parts of each row; NONE where there is none."""
    return _pick(table, row, count - 1)


def align(pairs: Pairs) -> Aligned:
    """Find the surname and the given name in both names of each pair, in whatever order the record has them."""
    mine, theirs = pairs.records.child, pairs.people.child
    i, j = pairs.record, pairs.person
    n, k = mine.count[i], theirs.count[j]
    known = (n > 0) & (k > 0)
    single = known & (n == 1) & (k > 1)
    person_given = last_part(theirs.parts, j, k)
    person_surname = theirs.parts[j, 0]
    first, second = mine.parts[i, 0], mine.parts[i, 1]
    last, before_last = _pick(mine.parts, i, n - 1), _pick(mine.parts, i, n - 2)
    whole = known & (mine.joined[i] == theirs.joined[j])
    as_written = whole | ((last == person_given) & (first == person_surname))
    several = known & (n > 1) & (k > 1) & ~as_written
    given_first = several & (first == person_given) & (second == person_surname)
    surname_last = several & ~given_first & (last == person_surname) & (before_last == person_given)
    given = np.where(given_first, 0, np.where(surname_last, n - 2, n - 1)).astype(np.int32)
    surname = np.where(given_first, 1, np.where(surname_last, n - 1, 0)).astype(np.int32)
    middle_from = np.where(given_first, 2, np.where(surname_last, 0, 1)).astype(np.int32)
    middle_to = np.where(given_first, n, np.where(surname_last, n - 2, n - 1)).astype(np.int32)
    swapped = given_first | surname_last
    return Aligned(known, single, swapped, given, surname, middle_from, middle_to, whole)


def compare_given(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the given names."""
    mine, theirs = pairs.records.child, pairs.people.child
    i, j = pairs.record, pairs.person
    last = theirs.count[j] - 1
    a, b = _pick(mine.parts, i, aligned.given), _pick(theirs.parts, j, last)
    same = (a == b) | aligned.whole
    marks = (_pick(mine.marks, i, aligned.given) == _pick(theirs.marks, j, last)) | (
        mine.joined_marks[i] == theirs.joined_marks[j]
    )
    spelling, near = pairs.similarity.spelling(a, b), pairs.similarity.near(a, b)
    in_use = pairs.similarity.in_use[_pick(mine.marks, i, aligned.given)]
    known, single = aligned.known, aligned.single
    marked = known & ~single & mine.has_marks[i] & theirs.has_marks[j]
    plain = known & ~single & ~marked
    slip = ~in_use & (same | spelling | near)
    return choose(
        Field.GIVEN,
        (marked & same & marks, "same"),
        (marked & slip, "typo"),
        (marked & same, "other_marks"),
        (marked & spelling, "spelling"),
        (marked & near, "near"),
        (marked, "different"),
        (plain & same, "plain_same"),
        (plain & slip, "plain_typo"),
        (plain & spelling, "plain_spelling"),
        (plain & near, "plain_near"),
        (plain, "plain_different"),
        (single & (same | spelling), "call_same"),
        (single, "call_other"),
    )


def compare_surname(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the surnames."""
    a = _pick(pairs.records.child.parts, pairs.record, aligned.surname)
    b = pairs.people.child.parts[pairs.person, 0]
    known = aligned.known & ~aligned.single
    return choose(
        Field.SURNAME,
        (known & ((a == b) | aligned.whole), "same"),
        (known & (pairs.similarity.near(a, b) | pairs.similarity.spelling(a, b)), "typo"),
        (known, "different"),
    )


def compare_order(aligned: Aligned) -> Codes:
    """Say whether the record has the words of the name in another order."""
    known = aligned.known & ~aligned.single
    return choose(Field.ORDER, (aligned.swapped, "swapped"), (known, "as_written"))


def shared_parts(pairs: Pairs, a: Integers, b: Integers) -> tuple[Integers, Integers]:
    """Return how many parts of each row of `a` stand in the same row of `b`, exactly and by one slip."""
    filled = (a[:, :, None] != NONE) & (b[:, None, :] != NONE)
    equal = (a[:, :, None] == b[:, None, :]) & filled
    exact = equal.any(axis=2)
    near = np.zeros_like(exact)
    rows, left, right = np.nonzero(filled & ~exact[:, :, None] & ~equal.any(axis=1)[:, None, :])
    if len(rows):
        slip = pairs.similarity.near(a[rows, left], b[rows, right]) | pairs.similarity.spelling(
            a[rows, left], b[rows, right]
        )
        near[rows[slip], left[slip]] = True
    return exact.sum(axis=1).astype(np.int32), near.sum(axis=1).astype(np.int32)


def _span(table: Integers, rows: npt.NDArray[np.intp], begin: Integers, end: Integers) -> Integers:
    """Return the parts in [begin, end) of each row, NONE elsewhere."""
    places = np.arange(table.shape[1])[None, :]
    return np.where((places >= begin[:, None]) & (places < end[:, None]), table[rows], NONE).astype(np.int32)


def compare_middle(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the words between surname and given name, whatever their order."""
    mine, theirs = pairs.records.child, pairs.people.child
    i, j = pairs.record, pairs.person
    begin = np.ones(len(pairs), dtype=np.int32)
    a = _span(mine.parts, i, aligned.middle_from, aligned.middle_to)
    b = _span(theirs.parts, j, begin, theirs.count[j] - 1)
    n, k = (a != NONE).sum(axis=1), (b != NONE).sum(axis=1)
    exact, near = shared_parts(pairs, a, b)
    known = aligned.known & ~aligned.single & (theirs.count[j] > 1)
    some, none = known & (n > 0), known & (n == 0)
    return choose(
        Field.MIDDLE,
        (none & (k == 0), "none_both"),
        (none, "omitted"),
        (some & (aligned.whole | ((exact == n) & (n == k))), "same"),
        (some & (k == 0), "dropped"),
        (some & (exact == np.minimum(n, k)), "part"),
        (some & (exact + near >= np.minimum(n, k)) & (near == 1), "typo"),
        (some & (exact > 0), "overlap"),
        (some, "different"),
    )


def compare_birth(pairs: Pairs) -> Codes:
    """Compare the birth dates as far as they are known."""
    a, b = pairs.records.birth[pairs.record], pairs.people.birth[pairs.person]
    known = (a[:, 0] != NONE) & (b[:, 0] != NONE)
    estimated = known & ((pairs.records.tolerance[pairs.record] > 0) | (pairs.people.tolerance[pairs.person] > 0))
    whole = known & ~estimated & (a[:, 2] != NONE) & (b[:, 2] != NONE)
    jan1 = whole & (pairs.records.jan1[pairs.record] | pairs.people.jan1[pairs.person])
    full, year = whole & ~jan1, known & ~estimated & ~whole
    apart = np.abs(a[:, 0] - b[:, 0])
    months = (a[:, 1] == b[:, 1]) | (a[:, 1] == NONE) | (b[:, 1] == NONE)
    same = a == b
    return choose(
        Field.BIRTH,
        (full & same.all(axis=1), "exact"),
        (full & same[:, 0] & (a[:, 1] == b[:, 2]) & (a[:, 2] == b[:, 1]), "swapped"),
        (full & (apart == 1) & same[:, 1] & same[:, 2], "year_shift"),
        (full & same[:, 0] & (same[:, 1] | same[:, 2]), "one_part"),
        (full & same[:, 0], "same_year"),
        (full & (apart == 1), "near_year"),
        (full, "different"),
        (jan1 & same.all(axis=1), "jan1_exact"),
        (jan1 & same[:, 0], "jan1_same_year"),
        (jan1 & (apart == 1), "jan1_near_year"),
        (jan1, "jan1_different"),
        (year & same[:, 0] & months, "year_same"),
        (year & (apart <= 1), "year_near"),
        (year, "year_different"),
        (estimated & (apart == 0), "estimate_same"),
        (estimated & (apart == 1), "estimate_near"),
        (estimated & (apart == 2), "estimate_far"),
        (estimated, "estimate_different"),
    )


def compare_codes(field: Field, a: Integers, b: Integers) -> Codes:
    """Compare two columns of codes that are the same or different: sex, ethnic group."""
    known = (a != NONE) & (b != NONE)
    return choose(field, (known & (a == b), "same"), (known, "different"))


def compare_commune(pairs: Pairs) -> Codes:
    """Compare the communes in today's list; an old commune that was split may be any of its parts."""
    a, b = pairs.records.communes[pairs.record], pairs.people.communes[pairs.person]
    here, there = pairs.records.province[pairs.record], pairs.people.province[pairs.person]
    known = (a[:, 0] != NONE) & (b[:, 0] != NONE)
    split = known & (pairs.records.split[pairs.record] | pairs.people.split[pairs.person])
    shared = ((a[:, :, None] == b[:, None, :]) & (a != NONE)[:, :, None]).any(axis=(1, 2))
    near = (here == there) & (here != NONE)
    exact = known & ~split
    return choose(
        Field.COMMUNE,
        (exact & shared, "same"),
        (exact & near, "same_province"),
        (exact, "elsewhere"),
        (split & shared, "split_overlap"),
        (split & near, "split_same_province"),
        (split, "split_elsewhere"),
    )
