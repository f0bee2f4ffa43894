"""Forms: what comparing needs to know of every syllable and place, in arrays that grow with the vocabulary."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching import syllables
from matching.frequencies import Frequencies
from matching.vocabulary import MOST_LETTERS, NONE, PlaceTables, Vocabulary

Integers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
Letters = npt.NDArray[np.uint8]

SPELLED: Final = 0  # code of the folded form with i for y
LENGTH: Final = 1  # letters of the folded form
IN_USE: Final = 2  # 1: anybody bears the syllable, marks and all
_ROOM: Final = 1024  # syllables that may come before the arrays are made anew
_FEW: Final = 64  # new syllables that are looked at one by one


class Forms(NamedTuple):
    """What is known of every syllable and of every place, at the place of its code."""

    folded: Integers  # at the place of the code plus one: before the first stands NONE, so that NONE leads to NONE
    parts: Integers  # (syllables, 3): SPELLED, LENGTH and IN_USE
    words: Words  # (syllables, 2): the letters of the folded form, eight to a word, the first one lowest
    places: Integers  # (places, MOST_UNITS + 1): the communes, and the province behind them


def letters_of(forms: Forms, codes: Integers) -> Letters:
    """Return (codes, MOST_LETTERS): the letters of folded syllables, 0 to the right."""
    return forms.words[codes].astype("<u8").view(np.uint8)


def _words(letters: Letters) -> Words:
    return np.ascontiguousarray(letters).view("<u8").astype(np.uint64)


def _parts(spelled: Integers, length: Integers, borne: npt.NDArray[np.bool_]) -> Integers:
    return np.stack([spelled, length, borne], axis=1).astype(np.int32)


def _places(tables: PlaceTables) -> Integers:
    return np.column_stack([tables.communes, tables.province]).astype(np.int32)


class FormBook:
    """The forms of one vocabulary; new syllables are added to them, not worked out all over again."""

    def __init__(self, vocabulary: Vocabulary, frequencies: Frequencies) -> None:
        self._vocabulary = vocabulary
        self._frequencies = frequencies
        self._syllables = self._places = 0
        self._adding = threading.Lock()
        self._forms = self._anew()

    def current(self) -> Forms:
        """Return the forms of everything in the vocabulary by now; any thread may ask."""
        known = len(self._vocabulary.syllables), len(self._vocabulary.places)
        if known != (self._syllables, self._places):
            with self._adding:
                self._extend()
        return self._forms

    def _extend(self) -> None:
        count = len(self._vocabulary.syllables)
        if count - self._syllables > _FEW or count > len(self._forms.parts):
            self._forms = self._anew()
            return
        for code in range(self._syllables, count):
            self._add(code)
        places = self._vocabulary.places
        self._forms = self._forms._replace(places=_places(places.tables()))
        self._syllables, self._places = count, len(self._forms.places)

    def _add(self, code: int) -> None:
        """Fill in one syllable; its folded form is a syllable of the vocabulary itself."""
        dictionary, forms = self._vocabulary.syllables, self._forms
        text = dictionary.text(code)
        folded = syllables.fold(text)
        kept = folded.encode("ascii", errors="replace")[:MOST_LETTERS]
        letters = np.frombuffer(kept.ljust(MOST_LETTERS, b"\0"), dtype=np.uint8)
        forms.parts[code] = dictionary.code(folded.replace("y", "i")), len(kept), self._frequencies.bears(text)
        forms.words[code] = _words(letters)
        forms.folded[code + 1] = dictionary.code(folded)

    def _anew(self) -> Forms:
        tables = self._vocabulary.syllables.tables()
        places = _places(self._vocabulary.places.tables())
        self._syllables, self._places = len(tables.folded), len(places)
        more = self._syllables // 2 + _ROOM
        parts = _parts(tables.spelled, tables.length, self._frequencies.borne(tables.hash_marked))
        return Forms(
            folded=np.concatenate([[NONE], tables.folded, np.full(more, NONE)]).astype(np.int32),
            parts=np.concatenate([parts, np.zeros((more, 3), dtype=np.int32)]),
            words=np.concatenate([_words(tables.letters), np.zeros((more, 2), dtype=np.uint64)]),
            places=places,
        )
