"""Relative pairs: whether two children who were found together are related, and which facts they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.hash_counts import Longs
from matching.key_sample import LARGEST_GROUP
from matching.packed import Rows
from matching.relative_rows import (
    BORN,
    COMMUNES,
    DOORS,
    ETHNIC,
    FAMILIES,
    FATHERS_NAME,
    FATHERS_NUMBER,
    GIVEN_LETTERS,
    GIVEN_MARKED,
    HOMES,
    LENGTH,
    MOTHERS_NAME,
    MOTHERS_NUMBER,
    OWN_NUMBER,
    PARTS,
    PROVINCE,
    SEX,
)
from matching.vocabulary import MOST_LETTERS, NONE

Row = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]

FACTS_OF_PAIRS: Final = (
    *("given", "given_folded", "given_near", "surname", "middle", "middle_part"),
    *("year", "year_near", "year_far", "sex", "commune", "province", "ethnicity"),
)
_SURNAME: Final = 3
_YEAR: Final = 6
_OTHERS: Final = 9

_NONE: Final = -1  # not related
_APART: Final = 0  # siblings; namesakes
_TOGETHER: Final = 1  # twins

_LEAST_GAP: Final = 3  # days: twins may be born on either side of midnight
_MOST_GAP: Final = 200  # days after a birth in which its mother has no other


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What was added up over the pairs of one kind; the first place is that of siblings, or namesakes, then twins."""

    children: float
    pairs: Longs  # looked at
    weight: Reals  # pairs that they stand for
    known: Reals  # of these, pairs whose fact is known
    shared: Reals


@compiled
def _same_number(a: Row, b: Row, at: int) -> bool:
    return bool(a[at] == b[at] and a[at + 1] == b[at + 1])


@compiled
def _both_known(a: Row, b: Row, at: int) -> bool:
    return bool(a[at] != NONE and b[at] != NONE)


@compiled
def _parent(a: Row, b: Row, number: int, name: int) -> int:
    """Return 1 where a parent is the same, -1 where it is another, 0 where that is not known."""
    if _both_known(a, b, number):
        return 1 if _same_number(a, b, number) else -1
    if a[name] != 0 and b[name] != 0:
        return 1 if a[name] == b[name] else -1
    return 0


@compiled
def _letter(row: Row, place: int) -> int:
    return int(row[GIVEN_LETTERS + place // 4] >> (place % 4 * 8) & 255) if place < MOST_LETTERS else 0


@compiled
def _one_slip(a: Row, b: Row) -> bool:
    """Return whether at most one letter of the given names is another, missing or too many, or two are swapped."""
    first = 0
    while first < MOST_LETTERS and _letter(a, first) == _letter(b, first):
        first += 1
    mine = theirs = MOST_LETTERS
    while mine > first and _letter(a, mine - 1) == 0:
        mine -= 1
    while theirs > first and _letter(b, theirs - 1) == 0:
        theirs -= 1
    while mine > first and theirs > first and _letter(a, mine - 1) == _letter(b, theirs - 1):
        mine -= 1
        theirs -= 1
    more, fewer = max(mine, theirs) - first, min(mine, theirs) - first
    if more <= 1:
        return True
    swapped = _letter(a, first) == _letter(b, first + 1) and _letter(a, first + 1) == _letter(b, first)
    return bool(more == fewer == 2 and swapped)


@compiled
def _born_together(a: Row, b: Row) -> bool:
    return bool(a[BORN] == b[BORN] and a[BORN] & 31 != 0)


@compiled
def _same_given(a: Row, b: Row) -> bool:
    return bool(a[LENGTH] > 0 and b[LENGTH] > 0 and a[PARTS + a[LENGTH] - 1] == b[PARTS + b[LENGTH] - 1])


@compiled
def _siblings(a: Row, b: Row) -> int:
    """Return how two children found under the same parents are related; one child who stands there twice is not."""
    if _parent(a, b, MOTHERS_NUMBER, MOTHERS_NAME) < 0 or _parent(a, b, FATHERS_NUMBER, FATHERS_NAME) < 0:
        return _NONE
    if _both_known(a, b, OWN_NUMBER):
        if _same_number(a, b, OWN_NUMBER):
            return _NONE
    elif a[LENGTH] == 0 or b[LENGTH] == 0 or _same_given(a, b) or _one_slip(a, b):
        return _NONE
    return _TOGETHER if _born_together(a, b) else _APART


@compiled
def _namesakes(a: Row, b: Row) -> int:
    """Return whether two children of one name are two, of other parents."""
    mother = _parent(a, b, MOTHERS_NUMBER, MOTHERS_NAME)
    father = _parent(a, b, FATHERS_NUMBER, FATHERS_NAME)
    if mother > 0 or father > 0:
        return _NONE
    if _both_known(a, b, OWN_NUMBER):
        return _NONE if _same_number(a, b, OWN_NUMBER) else _APART
    return _APART if mother < 0 or father < 0 else _NONE


@compiled
def _relation(a: Row, b: Row, kind: int) -> int:
    if kind in (FAMILIES, HOMES):
        return _siblings(a, b)
    if kind == DOORS and _born_together(a, b):
        return _NONE
    return _namesakes(a, b)


@compiled
def _add(known: Reals, shared: Reals, fact: int, weight: float, same: bool) -> None:  # noqa: FBT001 - a loop's inside
    known[fact] += weight
    if same:
        shared[fact] += weight


@compiled
def _shares_a_part(a: Row, b: Row) -> bool:
    for mine in range(PARTS + 1, PARTS + a[LENGTH] - 1):
        for theirs in range(PARTS + 1, PARTS + b[LENGTH] - 1):
            if a[mine] == b[theirs]:
                return True
    return False


@compiled
def _same_middle(a: Row, b: Row) -> bool:
    same = bool(a[LENGTH] == b[LENGTH])
    for place in range(PARTS + 1, PARTS + a[LENGTH] - 1):
        same = same and bool(a[place] == b[place])
    return same


@compiled
def _add_names(a: Row, b: Row, weight: float, known: Reals, shared: Reals) -> None:
    if a[LENGTH] < 2 or b[LENGTH] < 2:
        return
    if _both_known(a, b, OWN_NUMBER) or _same_given(a, b):  # else they were taken for two by their given names
        given = _same_given(a, b)
        marked = given and a[GIVEN_MARKED] == b[GIVEN_MARKED]
        _add(known, shared, 0, weight, marked)
        _add(known, shared, 1, weight, given and not marked)
        _add(known, shared, 2, weight, not given and _one_slip(a, b))
    middle = _same_middle(a, b)
    _add(known, shared, _SURNAME, weight, a[PARTS] == b[PARTS])
    _add(known, shared, _SURNAME + 1, weight, middle)
    _add(known, shared, _SURNAME + 2, weight, not middle and _shares_a_part(a, b))


@compiled
def _add_facts(a: Row, b: Row, weight: float, known: Reals, shared: Reals) -> None:
    _add_names(a, b, weight, known, shared)
    if a[BORN] != 0 and b[BORN] != 0:
        apart = abs((a[BORN] >> 9) - (b[BORN] >> 9))
        for years in range(3):
            _add(known, shared, _YEAR + years, weight, apart == years)
    if a[SEX] and b[SEX]:
        _add(known, shared, _OTHERS, weight, a[SEX] == b[SEX])
    if a[COMMUNES] and b[COMMUNES]:
        _add(known, shared, _OTHERS + 1, weight, a[COMMUNES] == b[COMMUNES])
    if a[PROVINCE] != NONE and b[PROVINCE] != NONE:
        _add(known, shared, _OTHERS + 2, weight, a[PROVINCE] == b[PROVINCE])
    if a[ETHNIC] and b[ETHNIC]:
        _add(known, shared, _OTHERS + 3, weight, a[ETHNIC] == b[ETHNIC])


@compiled
def _days(born: int) -> float:
    return ((born >> 9) * 12 + (born >> 5 & 15)) * 30.44 + (born & 31)


@compiled
def _is_no_family(rows: Rows, first: int, last: int) -> bool:
    """Return whether two of the children were born too soon after one another for one mother."""
    for mine in range(first, last):
        for theirs in range(first, mine):
            a, b = rows[mine, BORN], rows[theirs, BORN]
            if a & 31 and b & 31 and _LEAST_GAP <= abs(_days(a) - _days(b)) <= _MOST_GAP:
                return True
    return False


@compiled
def _add_group(
    rows: Rows, first: int, last: int, weight: float, kind: int, pairs: Longs, weights: Reals, sums: Reals
) -> None:
    for mine in range(first, last):
        for theirs in range(first, mine):
            relation = _relation(rows[theirs], rows[mine], kind)
            if relation != _NONE:
                pairs[relation] += 1
                weights[relation] += weight
                _add_facts(rows[theirs], rows[mine], weight, sums[0, relation], sums[1, relation])


@compiled
def _add_groups(rows: Rows, starts: Longs, sizes: Longs, kind: int, pairs: Longs, weights: Reals, sums: Reals) -> float:
    children = 0.0
    for group in range(len(sizes)):
        first, last, size = starts[group], starts[group + 1], sizes[group]
        kept = min(size, LARGEST_GROUP)
        family = kind in (FAMILIES, HOMES)
        if first == last or (family and size > LARGEST_GROUP):
            continue
        if kind == HOMES and _is_no_family(rows, first, last):
            continue
        children += (last - first) * (size / kept)
        if kept > 1:
            weight = size * (size - 1) / (kept * (kept - 1))
            _add_group(rows, first, last, weight, kind, pairs, weights, sums)
    return children


def add_groups(rows: Rows, starts: Longs, sizes: Longs, chosen: npt.NDArray[np.bool_], *, kind: int) -> Sums:
    """Add up what the pairs of every group share.

    A group larger than a family can be is an error of the source. Of a larger group of namesakes some were kept, which
    stand for all.

    Args:
        rows: relative rows; those from `starts[i]` up to `starts[i + 1]` have one key.
        sizes: how many rows of each key there were, kept or not.
        chosen: rows to look at.
    """
    before = np.concatenate([[0], np.cumsum(chosen)])
    pairs, weights = np.zeros(2, dtype=np.int64), np.zeros(2)
    sums = np.zeros((2, 2, len(FACTS_OF_PAIRS)))
    children = _add_groups(rows[chosen], before[starts], sizes, kind, pairs, weights, sums)
    return Sums(children, pairs, weights, sums[0], sums[1])
