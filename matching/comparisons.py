"""Comparisons of what is said of the child: each gives every pair of descriptions a level.

`matching.kernel` says the same of one pair at a time, compiled; a level is added here, there and in `matching.levels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.levels import Codes, Field, choose
from matching.people import Integers, People, Truths
from matching.similarity import Similarity
from matching.vocabulary import NONE


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a record and a person, side by side: row i of one is compared with row i of the other."""

    records: People
    people: People
    similarity: Similarity

    def __len__(self) -> int:
        return len(self.records)


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


def _pick(table: Integers, place: Integers) -> Integers:
    found = np.take_along_axis(table, np.maximum(place, 0)[:, None].astype(np.intp), axis=1)[:, 0]
    return np.where(place >= 0, found, NONE).astype(np.int32)


def last_part(table: Integers, count: Integers) -> Integers:
    """Return the last of `count` parts of each row; NONE where there is none."""
    return _pick(table, count - 1)


def align(pairs: Pairs) -> Aligned:
    """Find the surname and the given name in both names of each pair, in whatever order the record has them."""
    mine, theirs = pairs.records.child, pairs.people.child
    n, k = mine.count, theirs.count
    known = (n > 0) & (k > 0)
    person_given, person_surname = last_part(theirs.parts, k), theirs.parts[:, 0]
    first, second = mine.parts[:, 0], mine.parts[:, 1]
    last, before_last = _pick(mine.parts, n - 1), _pick(mine.parts, n - 2)
    whole = known & (mine.joined == theirs.joined)
    as_written = whole | ((last == person_given) & (first == person_surname))
    several = known & (n > 1) & (k > 1) & ~as_written
    given_first = several & (first == person_given) & (second == person_surname)
    surname_last = several & ~given_first & (last == person_surname) & (before_last == person_given)
    given = np.where(given_first, 0, np.where(surname_last, n - 2, n - 1)).astype(np.int32)
    surname = np.where(given_first, 1, np.where(surname_last, n - 1, 0)).astype(np.int32)
    middle_from = np.where(given_first, 2, np.where(surname_last, 0, 1)).astype(np.int32)
    middle_to = np.where(given_first, n, np.where(surname_last, n - 2, n - 1)).astype(np.int32)
    single = known & (n == 1) & (k > 1)
    return Aligned(known, single, given_first | surname_last, given, surname, middle_from, middle_to, whole)


def compare_given(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the given names."""
    mine, theirs = pairs.records.child, pairs.people.child
    a, b = _pick(mine.parts, aligned.given), last_part(theirs.parts, theirs.count)
    written = _pick(mine.marks, aligned.given)
    same = (a == b) | aligned.whole
    marks = (written == last_part(theirs.marks, theirs.count)) | (mine.joined_marks == theirs.joined_marks)
    spelling, near = pairs.similarity.spelling(a, b), pairs.similarity.near(a, b)
    slip = ~pairs.similarity.borne(written) & (same | spelling | near)
    single = aligned.single
    marked = aligned.known & ~single & mine.has_marks & theirs.has_marks
    plain = aligned.known & ~single & ~marked
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


def _both_have_surnames(pairs: Pairs, aligned: Aligned) -> Truths:
    return aligned.known & ~aligned.single & (pairs.people.child.count > 1)


def compare_surname(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the surnames."""
    a, b = _pick(pairs.records.child.parts, aligned.surname), pairs.people.child.parts[:, 0]
    known = _both_have_surnames(pairs, aligned)
    return choose(
        Field.SURNAME,
        (known & ((a == b) | aligned.whole), "same"),
        (known & (pairs.similarity.near(a, b) | pairs.similarity.spelling(a, b)), "typo"),
        (known, "different"),
    )


def compare_order(pairs: Pairs, aligned: Aligned) -> Codes:
    """Say whether the record has the words of the name in another order."""
    known = _both_have_surnames(pairs, aligned)
    return choose(Field.ORDER, (aligned.swapped, "swapped"), (known, "as_written"))


def shared_parts(a: Integers, b: Integers) -> Integers:
    """Return how many parts of each row of `a` stand in the same row of `b`."""
    equal = (a[:, :, None] == b[:, None, :]) & (a[:, :, None] != NONE)
    return np.asarray(equal.any(axis=2).sum(axis=1), dtype=np.int32)


def near_parts(pairs: Pairs, a: Integers, b: Integers) -> Integers:
    """Return how many parts of each row of `a` that stand nowhere in `b` are a slip of one that stands only there."""
    filled = (a[:, :, None] != NONE) & (b[:, None, :] != NONE)
    equal = (a[:, :, None] == b[:, None, :]) & filled
    near = np.zeros(a.shape, dtype=np.bool_)
    rows, left, right = np.nonzero(filled & ~equal.any(axis=2)[:, :, None] & ~equal.any(axis=1)[:, None, :])
    mine, theirs = a[rows, left], b[rows, right]
    slip = pairs.similarity.near(mine, theirs) | pairs.similarity.spelling(mine, theirs)
    near[rows[slip], left[slip]] = True
    return np.asarray(near.sum(axis=1), dtype=np.int32)


def _span(table: Integers, begin: Integers | int, end: Integers) -> Integers:
    """Return the parts in [begin, end) of each row, NONE elsewhere."""
    places = np.arange(table.shape[1])[None, :]
    return np.where((places >= np.reshape(begin, (-1, 1))) & (places < end[:, None]), table, NONE).astype(np.int32)


def compare_middle(pairs: Pairs, aligned: Aligned) -> Codes:
    """Compare the words between surname and given name, whatever their order."""
    mine, theirs = pairs.records.child, pairs.people.child
    a = _span(mine.parts, aligned.middle_from, aligned.middle_to)
    b = _span(theirs.parts, 1, theirs.count - 1)
    n, k = (a != NONE).sum(axis=1), (b != NONE).sum(axis=1)
    fewer, exact, near = np.minimum(n, k), shared_parts(a, b), near_parts(pairs, a, b)
    known = _both_have_surnames(pairs, aligned)
    some, none = known & (n > 0), known & (n == 0)
    return choose(
        Field.MIDDLE,
        (none & (k == 0), "none_both"),
        (none, "omitted"),
        (some & (aligned.whole | ((exact == n) & (n == k))), "same"),
        (some & (k == 0), "dropped"),
        (some & (exact == fewer), "part"),
        (some & (exact + near >= fewer) & (near == 1), "typo"),
        (some & (exact > 0), "overlap"),
        (some, "different"),
    )


def compare_birth(pairs: Pairs) -> Codes:
    """Compare the birth dates as far as they are known."""
    mine, theirs = pairs.records, pairs.people
    a, b = mine.birth, theirs.birth
    known = (a[:, 0] > 0) & (b[:, 0] > 0)
    estimated = known & ((mine.tolerance > 0) | (theirs.tolerance > 0))
    whole = known & ~estimated & (a[:, 2] > 0) & (b[:, 2] > 0)
    jan1 = whole & (mine.jan1 | theirs.jan1)
    full, year = whole & ~jan1, known & ~estimated & ~whole
    apart = np.abs(a[:, 0] - b[:, 0])
    months = (a[:, 1] == b[:, 1]) | (a[:, 1] == 0) | (b[:, 1] == 0)
    same = a == b
    one_digit = (apart > 1) & ((apart == 10) | (a[:, 0] // 10 == b[:, 0] // 10))
    return choose(
        Field.BIRTH,
        (full & same.all(axis=1), "exact"),
        (full & same[:, 0] & (a[:, 1] == b[:, 2]) & (a[:, 2] == b[:, 1]), "swapped"),
        (full & (apart == 1) & same[:, 1] & same[:, 2], "year_shift"),
        (full & one_digit & same[:, 1] & same[:, 2], "year_digit"),
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
    known = (a > 0) & (b > 0)
    return choose(field, (known & (a == b), "same"), (known, "different"))


def compare_commune(pairs: Pairs) -> Codes:
    """Compare the communes in today's list; an old commune that was split may be any of its parts."""
    a, b = pairs.records.communes, pairs.people.communes
    here, there = pairs.records.province, pairs.people.province
    known = (a[:, 0] != NONE) & (b[:, 0] != NONE)
    split = known & ((a[:, 1] != NONE) | (b[:, 1] != NONE))
    shared = shared_parts(a, b) > 0
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
