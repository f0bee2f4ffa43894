"""Vocabulary: the syllables and places that the two sides of a linkage share, each under a small number.

A name of a few syllables becomes a few numbers, and what comparing needs to know of a syllable (its form without
marks, its letters, its sound) is worked out once for the syllable, not once for each person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching import syllables
from matching.identity import Unit

NONE: Final = -1
MOST_LETTERS: Final = 16  # longer syllables are cut; no name in the census has one
MOST_UNITS: Final = 6  # no unit of 2024 was split into more than five of 2025

_HASH_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that every power of it can be undone
_MASK: Final = (1 << 64) - 1

Integers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]


def text_hash(text: str) -> int:
    """Return a 64-bit number for `text`, the same on every machine.

    The number of two texts put together follows from theirs (see `text_power`), so that a name's number follows from
    its syllables' without looking at letters again. It is no secret and hides nothing.
    """
    number = 0
    for char in text:
        number = (number * _HASH_BASE + ord(char) + 1) & _MASK
    return number


def text_power(text: str) -> int:
    """Return what a hash is multiplied by when `text` is put behind: hash(ab) = hash(a) power(b) + hash(b)."""
    return pow(_HASH_BASE, len(text), 1 << 64)


class SyllableTables(NamedTuple):
    """What is known of every syllable, at the place of its code; the syllable itself is marked and in lower case."""

    folded: Integers  # code of the form without marks, which is a syllable of its own
    letters: npt.NDArray[np.uint8]  # (syllables, MOST_LETTERS) of the folded form, 0 to the right
    length: Integers  # letters of the folded form
    spelled: Integers  # code of the folded form with i for y
    hash_marked: Hashes
    power: Hashes  # of the marked form
    hash_folded: Hashes
    power_folded: Hashes
    hash_sound: Hashes  # of the sound class of the folded form


class PlaceTables(NamedTuple):
    """What is known of every place, at the place of its code."""

    communes: Integers  # (places, MOST_UNITS), today's codes as numbers, NONE to the right
    province: Integers  # today's code as a number, NONE where it is not known


@dataclass(frozen=True, slots=True)
class _Row:
    folded: int
    spelled: int
    text: str
    folded_text: str


class Syllables:
    """A dictionary of syllables: one gets the next free code when it is first seen, and so do its folded forms."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._rows: list[_Row] = []
        self._tables: SyllableTables | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def code(self, marked: str) -> int:
        """Return the code of a syllable in lower case, with its marks, giving it one if it is new."""
        known = self._codes.get(marked)
        if known is not None:
            return known
        folded = syllables.fold(marked)
        spelled = folded.replace("y", "i")
        others = [None if form == marked else self.code(form) for form in (folded, spelled)]
        code = len(self._rows)
        own_folded, own_spelled = (code if other is None else other for other in others)
        # A row is whole when it is appended: another thread may read the tables meanwhile.
        self._rows.append(_Row(own_folded, own_spelled, marked, folded))
        self._codes[marked] = code
        return code

    def text(self, code: int) -> str:
        """Return the syllable of a code."""
        return self._rows[code].text

    def texts(self) -> list[str]:
        """Return every syllable, at the place of its code."""
        return list(self._codes)

    def tables(self) -> SyllableTables:
        """Return what is known of every syllable so far."""
        tables = self._tables
        if tables is None or len(tables.folded) != len(self._rows):
            tables = self._tables = _syllable_tables(list(self._rows))
        return tables


def _syllable_tables(rows: list[_Row]) -> SyllableTables:
    letters = np.zeros((len(rows), MOST_LETTERS), dtype=np.uint8)
    for place, row in enumerate(rows):
        kept = row.folded_text.encode("ascii", errors="replace")[:MOST_LETTERS]
        letters[place, : len(kept)] = np.frombuffer(kept, dtype=np.uint8)
    return SyllableTables(
        folded=np.array([row.folded for row in rows], dtype=np.int32),
        letters=letters,
        length=np.array([min(len(row.folded_text), MOST_LETTERS) for row in rows], dtype=np.int32),
        spelled=np.array([row.spelled for row in rows], dtype=np.int32),
        hash_marked=np.array([text_hash(row.text) for row in rows], dtype=np.uint64),
        power=np.array([text_power(row.text) for row in rows], dtype=np.uint64),
        hash_folded=np.array([text_hash(row.folded_text) for row in rows], dtype=np.uint64),
        power_folded=np.array([text_power(row.folded_text) for row in rows], dtype=np.uint64),
        hash_sound=np.array([text_hash(syllables.phonetic(row.folded_text)) for row in rows], dtype=np.uint64),
    )


class Places:
    """A dictionary of places: a commune, or the communes that an old one was split into."""

    def __init__(self) -> None:
        self._codes: dict[tuple[tuple[str, ...], str | None], int] = {}
        self._tables: PlaceTables | None = None

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, unit: Unit | None) -> int:
        """Return the code of a unit, giving it one if it is new; NONE where nothing of it is known."""
        if unit is None or not (unit.communes or unit.province):
            return NONE
        return self._codes.setdefault((unit.communes[:MOST_UNITS], unit.province), len(self._codes))

    def tables(self) -> PlaceTables:
        """Return what is known of every place so far."""
        tables = self._tables
        if tables is None or len(tables.province) != len(self._codes):
            units = list(self._codes)  # another thread may add one meanwhile
            communes = np.full((len(units), MOST_UNITS), NONE, dtype=np.int32)
            province = np.full(len(units), NONE, dtype=np.int32)
            for place, (codes, home) in enumerate(units):
                communes[place, : len(codes)] = [int(code) for code in codes]
                province[place] = NONE if home is None else int(home)
            tables = self._tables = PlaceTables(communes, province)
        return tables


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the two sides of one linkage share."""

    syllables: Syllables = field(default_factory=Syllables)
    places: Places = field(default_factory=Places)
