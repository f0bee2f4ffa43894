"""The names of one pair's parents, compiled; `matching.relations` says the same of whole arrays."""

from __future__ import annotations

from typing import Final

from matching.forms import SPELLED
from matching.kernel import codes
from matching.kernel.forms import Integers, Words
from matching.kernel.inlining import inlined
from matching.kernel.names import FOLDED, slips
from matching.packed import FACTS, FATHER_JOINED, MARKS_SHIFT, MOTHER, MOTHER_COUNT_SHIFT, MOTHER_JOINED

_ROLES: Final = 8  # words from one role's syllables to the next's
_BITS: Final = 4  # from one role's count to the next's


@inlined
def _count(rows: Integers, row: int, role: int) -> int:
    return (int(rows[row, FACTS]) >> (MOTHER_COUNT_SHIFT + (role - MOTHER) // _ROLES * _BITS)) & 15


@inlined
def _holds(rows: Integers, j: int, at: int, code: int) -> bool:
    """Return whether a folded syllable stands in the person's whole name; where there is no syllable stands NONE."""
    first = (rows[j, at] == code) | (rows[j, at + 1] == code) | (rows[j, at + 2] == code) | (rows[j, at + 3] == code)
    return bool(
        first
        | (rows[j, at + 4] == code)
        | (rows[j, at + 5] == code)
        | (rows[j, at + 6] == code)
        | (rows[j, at + 7] == code)
    )


@inlined
def _lacking(rows: Integers, n: int, j: int, at: int, enough: int) -> int:
    """Return how many of the record's syllables do not stand in the person's name; at `enough` counting stops."""
    lacking, place = 0, n
    while place > 0 and lacking < enough:
        place -= 1
        lacking += int(not _holds(rows, j, at, rows[0, at + place]))
    return lacking


@inlined
def _alike(parts: Integers, words: Words, rows: Integers, j: int, at: int, role: int) -> int:
    """Return the level, among names with marks, of two names that are not the same when written together."""
    n, k = _count(rows, 0, role), _count(rows, j, role)
    given = rows[0, at + n - 1] == rows[j, at + k - 1]
    if n != k and not given:
        return codes.PARENT_DIFFERENT
    lacking = _lacking(rows, n, j, at, 2 if n == k else n)
    if n == k and lacking == 0:
        return codes.PARENT_SAME
    if n == k and lacking == 1 and slips(parts, words, rows, j, (at, at + n, at, at + k)) == 1:
        return codes.PARENT_TYPO
    fewer = min(n, k)
    part = n != k and n - lacking == fewer and fewer > 1
    return (codes.PARENT_PART if part else codes.PARENT_GIVEN_SAME) if given else codes.PARENT_DIFFERENT


@inlined
def _plain(level: int) -> int:
    """Return the level, among names without marks, that stands for `level` among names with them."""
    if level == codes.PARENT_SAME:
        return codes.PARENT_PLAIN_SAME
    if level == codes.PARENT_TYPO:
        return codes.PARENT_PLAIN_TYPO
    if level == codes.PARENT_PART:
        return codes.PARENT_PLAIN_PART
    return codes.PARENT_PLAIN_GIVEN_SAME if level == codes.PARENT_GIVEN_SAME else codes.PARENT_PLAIN_DIFFERENT


@inlined
def _short_level(parts: Integers, called: int, given: int) -> int:
    same = called == given or parts[called, SPELLED] == parts[given, SPELLED]
    return codes.PARENT_SHORT_SAME if same else codes.PARENT_SHORT_DIFFERENT


@inlined
def _known_level(parts: Integers, words: Words, rows: Integers, j: int, role: int) -> int:
    """Return the level, among names with marks, of two names that are known; the record's is not a single word."""
    joined = MOTHER_JOINED + (role - MOTHER) // _BITS
    if rows[0, joined] == rows[j, joined]:
        return codes.PARENT_SAME
    return _alike(parts, words, rows, j, FOLDED + role, role)


@inlined
def parent_level(parts: Integers, words: Words, rows: Integers, j: int, role: int) -> int:
    """Return the level of the names of two mothers, or of two fathers."""
    n, k = _count(rows, 0, role), _count(rows, j, role)
    if n == 1 and k > 1:
        return _short_level(parts, rows[0, FOLDED + role], rows[j, FOLDED + role + k - 1])
    level = _known_level(parts, words, rows, j, role) if n > 0 and k > 0 else codes.MISSING
    joined = MOTHER_JOINED + (role - MOTHER) // _BITS
    if level != codes.PARENT_SAME and n > 1 and rows[0, joined] == rows[j, _OTHER_JOINED - joined]:
        return codes.PARENT_SWAPPED
    if level == codes.MISSING:
        return codes.MISSING
    if (rows[0, FACTS] & rows[j, FACTS]) >> (MARKS_SHIFT + role // _ROLES) & 1 == 0:
        return _plain(level)
    marks = rows[0, joined + 1] == rows[j, joined + 1]
    return codes.PARENT_OTHER_MARKS if level == codes.PARENT_SAME and not marks else level


_OTHER_JOINED: Final = MOTHER_JOINED + FATHER_JOINED  # less one parent's word: the other's
