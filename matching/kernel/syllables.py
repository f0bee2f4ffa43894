"""Two syllables, compiled: are they spellings or slips of each other? `matching.similarity` says it of whole arrays."""

from __future__ import annotations

from typing import Final

import numpy as np

from matching.forms import LENGTH, SPELLED
from matching.kernel.forms import Integers, Words
from matching.kernel.inlining import inlined
from matching.similarity import SHORTEST

_ONE_WORD: Final = 8  # letters
_LETTER = np.uint64(8)  # bits
_LOWEST = np.uint64(0xFF)
_NO_BITS = np.uint64(0)
_ONE = np.uint64(1)
_TO_FLAG = np.uint64(0x7F7F7F7F7F7F7F7F)  # added to letters, which are below 128, it sets a flag where there is one
_FLAGS = np.uint64(0x8080808080808080)
_FLAG = np.uint64(7)  # its bit


@inlined
def near(parts: Integers, words: Words, a: int, b: int) -> bool:
    """Return whether two folded syllables differ by one letter at most, or by two exchanged neighbours."""
    mine, theirs = parts[a, LENGTH], parts[b, LENGTH]
    longest = max(mine, theirs)
    if abs(mine - theirs) > 1 or longest < SHORTEST:
        return False
    if longest > _ONE_WORD:
        return _near_long(words, a, b, mine, theirs)
    x, y = words[a, 0], words[b, 0]
    flags = ((x ^ y) + _TO_FLAG) & _FLAGS
    if mine != theirs:
        return _one_more(x, y, flags) if mine > theirs else _one_more(y, x, flags)
    others = flags & (flags - _ONE)
    return bool(others == _NO_BITS) or _exchanged(x, y, flags, others)


@inlined
def _one_more(longer: np.uint64, shorter: np.uint64, flags: np.uint64) -> bool:
    """Return whether taking out the first letter that differs makes the longer word the shorter."""
    first = flags & (~flags + _ONE)
    before = (first >> _FLAG) - _ONE
    return bool((longer & before) | ((longer >> _LETTER) & ~before) == shorter)


@inlined
def _exchanged(x: np.uint64, y: np.uint64, flags: np.uint64, others: np.uint64) -> bool:
    """Return whether only two neighbours differ, and are exchanged."""
    first = flags & (~flags + _ONE)
    if others != first << _LETTER:
        return False
    letter = (first >> _FLAG) * _LOWEST
    return bool(
        (x & letter) << _LETTER == y & (letter << _LETTER) and (y & letter) << _LETTER == x & (letter << _LETTER)
    )


@inlined
def _letter(words: Words, code: int, place: int) -> int:
    return int((words[code, place >> 3] >> np.uint64((place & 7) << 3)) & _LOWEST)


@inlined
def _near_long(words: Words, a: int, b: int, mine: int, theirs: int) -> bool:
    """Return the same of syllables of more than eight letters."""
    begin = 0
    while begin < min(mine, theirs) and _letter(words, a, begin) == _letter(words, b, begin):
        begin += 1
    while min(mine, theirs) > begin and _letter(words, a, mine - 1) == _letter(words, b, theirs - 1):
        mine, theirs = mine - 1, theirs - 1
    if max(mine, theirs) - begin <= 1:
        return True
    if mine - begin != 2 or theirs - begin != 2:
        return False
    there, here = _letter(words, b, begin), _letter(words, a, begin)
    return here == _letter(words, b, begin + 1) and there == _letter(words, a, begin + 1)


@inlined
def close(parts: Integers, words: Words, a: int, b: int) -> bool:
    """Return whether two folded syllables are spellings or slips of each other."""
    return bool(parts[a, SPELLED] == parts[b, SPELLED]) or near(parts, words, a, b)
