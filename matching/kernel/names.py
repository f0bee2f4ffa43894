"""One pair's names, compiled; `matching.comparisons` and `matching.relations` say the same of whole arrays.

In `rows` the record stands first; it is compared with the person at `j`. Behind each row stand the folded forms of its
syllables.
"""

from __future__ import annotations

from typing import Final

from matching.forms import IN_USE, SPELLED
from matching.kernel import codes
from matching.kernel.forms import Integers, Words
from matching.kernel.inlining import inlined
from matching.kernel.syllables import close, near
from matching.packed import (
    CHILD,
    CHILD_JOINED,
    CHILD_JOINED_MARKED,
    COUNT_SHIFT,
    FACTS,
    MARKS_SHIFT,
    WORDS,
)

FOLDED: Final = WORDS  # where the folded forms begin
_FIRST: Final = FOLDED + CHILD

# How the record's name of the child is to be read.
_UNKNOWN: Final = -1
_AS_WRITTEN: Final = 0
_GIVEN_FIRST: Final = 1
_SURNAME_LAST: Final = 2
_CALLED: Final = 3  # by one word

_PLAIN: Final = codes.GIVEN_PLAIN_DIFFERENT - codes.GIVEN_DIFFERENT  # the same for spelling, typo and near


@inlined
def _count(rows: Integers, row: int) -> int:
    return (int(rows[row, FACTS]) >> COUNT_SHIFT) & 15


@inlined
def _whole(rows: Integers, j: int) -> bool:
    return bool(rows[0, CHILD_JOINED] == rows[j, CHILD_JOINED])


@inlined
def reading_of(rows: Integers, j: int) -> int:
    """Return how the record's name of the child is to be read beside the person's."""
    n, k = _count(rows, 0), _count(rows, j)
    if n == 0 or k == 0:
        return _UNKNOWN
    if n == 1 and k > 1:
        return _CALLED
    if n == 1 or k == 1 or _whole(rows, j):
        return _AS_WRITTEN
    return _turned(rows, n, rows[j, _FIRST], rows[j, _FIRST + k - 1])


@inlined
def _turned(rows: Integers, n: int, surname: int, given: int) -> int:
    first, last = rows[0, _FIRST], rows[0, _FIRST + n - 1]
    if first == surname and last == given:
        return _AS_WRITTEN
    if first == given and rows[0, _FIRST + 1] == surname:
        return _GIVEN_FIRST
    return _SURNAME_LAST if last == surname and rows[0, _FIRST + n - 2] == given else _AS_WRITTEN


@inlined
def given_level(parts: Integers, words: Words, rows: Integers, j: int, reading: int) -> int:
    """Return the level of the given names."""
    if reading == _UNKNOWN:
        return codes.MISSING
    given = 0 if reading == _GIVEN_FIRST else _count(rows, 0) - 1 - int(reading == _SURNAME_LAST)
    last = _count(rows, j) - 1
    a, b, written = rows[0, _FIRST + given], rows[j, _FIRST + last], rows[0, CHILD + given]
    same, marked = a == b or _whole(rows, j), (rows[0, FACTS] & rows[j, FACTS]) >> MARKS_SHIFT & 1 == 1
    if reading == _CALLED:
        called = same or parts[a, SPELLED] == parts[b, SPELLED]
        return codes.GIVEN_CALL_SAME if called else codes.GIVEN_CALL_OTHER
    if same and not marked:
        return codes.GIVEN_PLAIN_SAME
    if same:
        marks = written == rows[j, CHILD + last] or rows[0, CHILD_JOINED_MARKED] == rows[j, CHILD_JOINED_MARKED]
        borne = codes.GIVEN_OTHER_MARKS if parts[written, IN_USE] else codes.GIVEN_TYPO
        return codes.GIVEN_SAME if marks else borne
    level = _other_given(parts, words, a, b, written)
    return level if marked else level + _PLAIN


@inlined
def _other_given(parts: Integers, words: Words, a: int, b: int, written: int) -> int:
    """Return the level, among names with marks, of given names that are not the same."""
    spelling = parts[a, SPELLED] == parts[b, SPELLED]
    if not (spelling or near(parts, words, a, b)):
        return codes.GIVEN_DIFFERENT
    if not parts[written, IN_USE]:
        return codes.GIVEN_TYPO
    return codes.GIVEN_SPELLING if spelling else codes.GIVEN_NEAR


@inlined
def _has_surnames(rows: Integers, j: int, reading: int) -> bool:
    return _UNKNOWN < reading < _CALLED and _count(rows, j) > 1


@inlined
def order_level(rows: Integers, j: int, reading: int) -> int:
    """Return the level of the order of words."""
    if not _has_surnames(rows, j, reading):
        return codes.MISSING
    return codes.ORDER_AS_WRITTEN if reading == _AS_WRITTEN else codes.ORDER_SWAPPED


@inlined
def surname_level(parts: Integers, words: Words, rows: Integers, j: int, reading: int) -> int:
    """Return the level of the surnames."""
    if not _has_surnames(rows, j, reading):
        return codes.MISSING
    place = 1 if reading == _GIVEN_FIRST else _count(rows, 0) - 1 if reading == _SURNAME_LAST else 0
    a, b = rows[0, _FIRST + place], rows[j, _FIRST]
    if a == b or _whole(rows, j):
        return codes.SURNAME_SAME
    return codes.SURNAME_TYPO if close(parts, words, a, b) else codes.SURNAME_DIFFERENT


@inlined
def _stands_in(rows: Integers, code: int, row: int, begin: int, end: int) -> bool:
    found = False
    for place in range(begin, end):
        found |= rows[row, place] == code
    return bool(found)


@inlined
def shared(rows: Integers, begin: int, end: int, j: int, first: int, last: int) -> int:
    """Return how many of the record's words in [begin, end) are among the person's in [first, last)."""
    exact = 0
    for place in range(begin, end):
        exact += int(_stands_in(rows, rows[0, place], j, first, last))
    return exact


@inlined
def _slips_of(parts: Integers, words: Words, rows: Integers, code: int, j: int, here: tuple[int, int, int, int]) -> int:
    """Return 1 if a word of the record is a slip of one that stands at the person only."""
    for place in range(here[2], here[3]):
        other = rows[j, place]
        if not _stands_in(rows, other, 0, here[0], here[1]) and close(parts, words, code, other):
            return 1
    return 0


@inlined
def slips(parts: Integers, words: Words, rows: Integers, j: int, here: tuple[int, int, int, int]) -> int:
    """Return how many words that stand at the record only are a slip of one that stands at the person only.

    Args: `here`: begin and end of the record's words, begin and end of the person's.
    """
    found = 0
    for place in range(here[0], here[1]):
        if not _stands_in(rows, rows[0, place], j, here[2], here[3]):
            found += _slips_of(parts, words, rows, rows[0, place], j, here)
    return found


@inlined
def middle_level(parts: Integers, words: Words, rows: Integers, j: int, reading: int) -> int:
    """Return the level of the words between surname and given name."""
    if not _has_surnames(rows, j, reading):
        return codes.MISSING
    n, k = _count(rows, 0) - 2, _count(rows, j) - 2
    if n <= 0:
        return codes.MIDDLE_NONE_BOTH if k == 0 else codes.MIDDLE_OMITTED
    if _whole(rows, j):
        return codes.MIDDLE_SAME
    if k == 0:
        return codes.MIDDLE_DROPPED
    begin = _FIRST + (2 if reading == _GIVEN_FIRST else 0 if reading == _SURNAME_LAST else 1)
    return _middle_shared(parts, words, rows, j, (begin, begin + n, _FIRST + 1, _FIRST + 1 + k))


@inlined
def _middle_shared(parts: Integers, words: Words, rows: Integers, j: int, here: tuple[int, int, int, int]) -> int:
    """Return the level of middle words, of which both have some."""
    n, k = here[1] - here[0], here[3] - here[2]
    exact, fewer = shared(rows, here[0], here[1], j, here[2], here[3]), min(n, k)
    if exact == n and n == k:
        return codes.MIDDLE_SAME
    if exact == fewer:
        return codes.MIDDLE_PART
    if exact + 1 >= fewer and slips(parts, words, rows, j, here) == 1:
        return codes.MIDDLE_TYPO
    return codes.MIDDLE_OVERLAP if exact > 0 else codes.MIDDLE_DIFFERENT
