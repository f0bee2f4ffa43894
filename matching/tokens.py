"""Columns of names, read at the speed of memory: each written word is looked at once, however many people bear it.

A word between spaces is plain when it is letters only and reads as one syllable wherever it stands. A name of plain
words is the row of its words' codes; its joined hashes follow from theirs. Every other name ('Con bà …', a word for
'unknown', a damaged text) is left to `matching.names`, which is the definition of both ways.
"""

from __future__ import annotations

import unicodedata
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching import names, syllables
from matching.child_columns import LONGEST_NAME
from matching.compiling import compiled
from matching.known import clans_behind
from matching.packed import FACTS, MOST_PARTS, Rows
from matching.text_columns import Texts
from matching.vocabulary import Syllables, text_hash, text_power

Slots = npt.NDArray[np.uint64]
Letters = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
States = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

# How a name was read.
READ: Final = 0
SLOW: Final = 1  # to be read by `matching.names`
UNKNOWN_WORD: Final = 2  # to be read again when its words are known

_SPACE: Final = 32
_HALF: Final = 8
_LONGEST_WORD: Final = 2 * _HALF  # bytes; a name with a longer one is left to `matching.names`
_LONGEST_NAME: Final = LONGEST_NAME  # bytes, so surely not more letters
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_START_SLOTS: Final = 1 << 14
_MOST_NEW: Final = 1 << 14  # words that one reading of a column collects; names with further ones are read once more

# The eight words of a slot, one cache line: the written word in two (both 0: free), what is known of it, its hashes.
_LOW: Final = 0
_HIGH: Final = 1
_KNOWN: Final = 2
_MARKED: Final = 3
_MARKED_POWER: Final = 4
_FOLDED: Final = 5
_FOLDED_POWER: Final = 6
_SLOT: Final = 8

# What is known of a written word: the code of its syllable, and one bit each above it.
_CODE: Final = (1 << 32) - 1
_PLAIN: Final = 1 << 32  # reads as one syllable
_HAS_MARKS: Final = 1 << 33
_NEVER_FIRST: Final = 1 << 34  # a name that begins so may be none
_NEVER: Final = 1 << 35  # a name that holds it may be none

# First words of 'not known' and forms of address, with marks and without; see `names.read_name`.
_OPENERS: Final = frozenset(
    ("không", "khong", "chưa", "chua", "khuyết", "khuyet", "vô", "unknown", "not", "no", "noname", "none", "null", "n")
) | frozenset(("nan", "bé", "be", "em", "cháu", "chau", "trẻ", "tre", "con", "cu", "bà", "chị"))
_CHILD_OF: Final = frozenset({"con", "cb", "c"})  # without marks: one of them stands in every 'Con bà …'


class Role(NamedTuple):
    """Where the name of one role stands in a packed row."""

    parts: int  # the first of MOST_PARTS words
    joined: int  # the word of the hash; behind it that of the marked form
    count_shift: int
    marks_shift: int


class NewWords(NamedTuple):
    """Written words that were met and are not known yet, each once."""

    words: Slots  # (_MOST_NEW, 2)
    places: Integers  # an open-addressed table of places in `words`; -1: free
    size: Places  # one number: how many there are


class Column(NamedTuple):
    """A column of names on its way into packed rows."""

    rows: Rows
    role: Role
    states: States  # UNKNOWN_WORD: still to be read


def _new_words() -> NewWords:
    places = np.full(4 * _MOST_NEW, -1, dtype=np.int32)
    return NewWords(np.zeros((_MOST_NEW, 2), dtype=np.uint64), places, np.zeros(1, dtype=np.int64))


@compiled
def _slot_of(low: np.uint64, high: np.uint64, size: int) -> np.int64:
    """Return where a word is looked for first in a table of `size` slots, a power of two."""
    mixed = (low ^ (high * _MIX)) * _MIX
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))


@compiled
def _find(slots: Slots, low: np.uint64, high: np.uint64) -> np.int64:
    """Return the slot of a word; -1 when it is not known."""
    at = _slot_of(low, high, len(slots))
    while slots[at, _LOW] != 0 or slots[at, _HIGH] != 0:
        if slots[at, _LOW] == low and slots[at, _HIGH] == high:
            return at
        at = (at + 1) & (len(slots) - 1)
    return np.int64(-1)


@compiled
def _collect(new: NewWords, low: np.uint64, high: np.uint64) -> None:
    """Note a word that is not known, unless it is noted already or there is no room."""
    at = _slot_of(low, high, len(new.places))
    while new.places[at] >= 0:
        seen = new.places[at]
        if new.words[seen, 0] == low and new.words[seen, 1] == high:
            return
        at = (at + 1) & (len(new.places) - 1)
    if new.size[0] < len(new.words):
        new.places[at] = new.size[0]
        new.words[new.size[0], 0] = low
        new.words[new.size[0], 1] = high
        new.size[0] += 1


@compiled
def _next_word(letters: Letters, start: int, end: int) -> tuple[int, np.uint64, np.uint64]:
    """Return where the written word that begins at `start` ends, and its first sixteen bytes as two numbers."""
    low, high = np.uint64(0), np.uint64(0)
    at, shift = start, np.uint64(0)
    while at < end and letters[at] != _SPACE:
        if at - start < _HALF:
            low |= np.uint64(letters[at]) << shift
        else:
            high |= np.uint64(letters[at]) << (shift & np.uint64(63))
        shift += np.uint64(8)
        at += 1
    return at, low, high


@compiled
def _row_hash(number: np.uint64) -> np.int64:
    """Return the form of a 64-bit hash that rows hold; see `matching.packed.joined_hash`."""
    mixed = np.int64((number ^ (number >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
    if mixed == 0:
        return np.int64(1)
    return mixed - 4294967296 if mixed >= 2147483648 else mixed


@compiled
def _find_words(letters: Letters, start: int, end: int, slots: Slots, new: NewWords, found: Places) -> int:
    """Write the slot of each word of a name into `found` and return how many there are.

    Returns: -SLOW or -UNKNOWN_WORD where the slots do not say what the name is.
    """
    if end - start > _LONGEST_NAME:
        return -SLOW
    at, count, unknown = start, 0, False
    while at < end:
        stop, low, high = _next_word(letters, at, end)
        if stop - at > _LONGEST_WORD:
            return -SLOW
        if stop > at:
            found[count] = _find(slots, low, high)
            if found[count] < 0:
                _collect(new, low, high)
                unknown = True
            count += 1
        at = stop + 1
    return -UNKNOWN_WORD if unknown else count


@compiled
def _are_a_name(slots: Slots, found: Places, count: int) -> bool:
    """Tell whether the words of a name, put side by side, are sure to be all there is to it."""
    for place in range(count):
        known = np.int64(slots[found[place], _KNOWN])
        if not known & _PLAIN or known & _NEVER or (place == 0 and known & _NEVER_FIRST):
            return False
    return True


@compiled
def _write_name(slots: Slots, found: Places, count: int, rows: Rows, at: int, role: Role) -> None:
    """Write a name of plain words into the row at `at`."""
    marked, folded, marks = np.uint64(0), np.uint64(0), np.int64(0)
    for place in range(count):
        slot = found[place]
        known = np.int64(slots[slot, _KNOWN])
        marks |= known
        if place < MOST_PARTS:
            rows[at, role.parts + place] = known & _CODE
        marked = marked * slots[slot, _MARKED_POWER] + slots[slot, _MARKED]
        folded = folded * slots[slot, _FOLDED_POWER] + slots[slot, _FOLDED]
    rows[at, role.joined] = _row_hash(folded)
    rows[at, role.joined + 1] = _row_hash(marked)
    facts = min(count, MOST_PARTS) << role.count_shift
    rows[at, FACTS] |= facts | (1 << role.marks_shift if marks & _HAS_MARKS else 0)


@compiled
def _read_names(texts: Texts, column: Column, slots: Slots, new: NewWords) -> None:
    """Read the names that are still to be read into their rows, and say of each how."""
    letters, starts = texts
    rows, role, states = column
    found = np.empty(_LONGEST_NAME, dtype=np.int64)
    for place in range(len(states)):
        if states[place] != UNKNOWN_WORD:
            continue
        count = _find_words(letters, starts[place], starts[place + 1], slots, new, found)
        if count < 0:
            states[place] = -count
        elif not _are_a_name(slots, found, count):
            states[place] = SLOW
        else:
            states[place] = READ
            if count:
                _write_name(slots, found, count, rows, place, role)


@compiled
def _insert(slots: Slots, entries: Slots) -> None:
    """Put words with what is known of them into a table that has room for them."""
    for entry in range(len(entries)):
        low, high = entries[entry, _LOW], entries[entry, _HIGH]
        if low == 0 and high == 0:
            continue
        at = _slot_of(low, high, len(slots))
        while (slots[at, _LOW] != 0 or slots[at, _HIGH] != 0) and (slots[at, _LOW] != low or slots[at, _HIGH] != high):
            at = (at + 1) & (len(slots) - 1)
        slots[at] = entries[entry]


def _syllable_of(written: str) -> str | None:
    """Return the one syllable, with marks, that a written word is wherever it stands in a name; None if it is none."""
    cleaned = names.clean(written)
    letters = cleaned.replace("'", "")
    if cleaned.endswith("'"):  # belongs to the word behind it, as in 'H' Hen'
        return None
    if not all(char.isalpha() or unicodedata.combining(char) for char in letters):
        return None
    try:
        names.read_name(written)
    except names.NotAName:
        return None
    return names.marked(written) or None


class Tokens:
    """The written words of one linkage; several threads may read names by them at once."""

    def __init__(self, known: Syllables, lock: Lock) -> None:
        """Begin without a word.

        Args: lock: held by whoever adds to `known`.
        """
        self._syllables = known
        self._lock = lock
        self._slots: Slots = np.zeros((_START_SLOTS, _SLOT), dtype=np.uint64)
        self._count = 0

    def read(self, texts: Texts, rows: Rows, role: Role) -> Places:
        """Read a column of names into packed rows, and return the places of those that `matching.names` must read."""
        column = Column(rows, role, np.full(len(rows), UNKNOWN_WORD, dtype=np.uint8))
        while (column.states == UNKNOWN_WORD).any():
            new = _new_words()
            _read_names(texts, column, self._slots, new)
            self._learn(new.words[: new.size[0]])
        return np.flatnonzero(column.states == SLOW)

    def _learn(self, words: Slots) -> None:
        """Look up new words; whoever reads meanwhile has the table of before."""
        if not len(words):
            return
        entries = np.zeros((len(words), _SLOT), dtype=np.uint64)
        with self._lock:
            for entry, (low, high) in zip(entries, words.tolist(), strict=True):
                entry[:] = self._entry(low, high)
            room = len(self._slots)
            while 2 * (self._count + len(words)) > room:
                room *= 2
            slots = np.zeros((room, _SLOT), dtype=np.uint64)
            _insert(slots, self._slots)
            _insert(slots, entries)
            self._slots = slots
            self._count += len(words)

    def _entry(self, low: int, high: int) -> list[int]:
        written = (low.to_bytes(8, "little") + high.to_bytes(8, "little")).rstrip(b"\0").decode(errors="replace")
        marked = _syllable_of(written)
        if marked is None:
            return [low, high, 0, 0, 0, 0, 0, 0]
        folded = syllables.fold(marked)
        known = self._syllables.code(marked) | _PLAIN
        known |= _HAS_MARKS if folded != marked else 0
        known |= _NEVER_FIRST if marked in _OPENERS or folded == "y" else 0  # 'Y Thịnh Niê': see `matching.known`
        known |= _NEVER if folded in _CHILD_OF or folded in clans_behind() else 0
        return [low, high, known, text_hash(marked), text_power(marked), text_hash(folded), text_power(folded), 0]
