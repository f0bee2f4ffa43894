"""Similarity of name parts: which two syllables differ by one slip, for whole arrays of codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.forms import IN_USE, LENGTH, SPELLED, Forms, Letters, letters_of
from matching.people import Integers, Truths
from matching.vocabulary import NONE

SHORTEST = 2  # letters in the longer word: of two words of one letter, any is as near as any


@dataclass(frozen=True, slots=True)
class Similarity:
    """Answers whether two coded name parts are near."""

    forms: Forms

    def near(self, a: Integers, b: Integers) -> Truths:
        """Return for each pair of folded codes whether they differ by one letter or by two exchanged neighbours.

        Source: F. J. Damerau (1964), the four slips that make most misspellings.
        """
        near = np.zeros(len(a), dtype=np.bool_)
        here = np.flatnonzero((a != NONE) & (b != NONE))
        if not len(here):
            return near
        lengths = self.forms.parts[a[here], LENGTH], self.forms.parts[b[here], LENGTH]
        here = here[(np.abs(lengths[0] - lengths[1]) <= 1) & (np.maximum(*lengths) >= SHORTEST)]
        left, right = a[here], b[here]
        near[here] = _one_slip(letters_of(self.forms, left), letters_of(self.forms, right))
        return near

    def spelling(self, a: Integers, b: Integers) -> Truths:
        """Return for each pair of codes whether the parts are equal when y is written i."""
        spelled = self.forms.parts[:, SPELLED]
        equal: Truths = (spelled[a] == spelled[b]) & (a != NONE) & (b != NONE)
        return equal

    def borne(self, marks: Integers) -> Truths:
        """Return of each code of a syllable with its marks whether anybody bears it."""
        borne: Truths = (self.forms.parts[marks, IN_USE] > 0) & (marks != NONE)
        return borne


def _one_slip(a: Letters, b: Letters) -> Truths:
    """Return whether one letter more, less or other, or two exchanged neighbours, make the rows of `a` those of `b`."""
    differ = a != b
    count = differ.sum(axis=1)
    exchanged = differ[:, :-1] & differ[:, 1:] & (a[:, :-1] == b[:, 1:]) & (a[:, 1:] == b[:, :-1])
    slip: Truths = (count <= 1) | ((count == 2) & exchanged.any(axis=1))
    return slip | _one_more(a, b) | _one_more(b, a)


def _one_more(longer: Letters, shorter: Letters) -> Truths:
    """Return whether the rows of `longer` become those of `shorter` when one letter is taken out."""
    equal = longer[:, :-1] == shorter[:, :-1]
    shifted = longer[:, 1:] == shorter[:, :-1]
    before = np.logical_and.accumulate(equal, axis=1)
    after = np.logical_and.accumulate(shifted[:, ::-1], axis=1)[:, ::-1]
    found: Truths = after[:, 0] | before[:, -1] | (before[:, :-1] & after[:, 1:]).any(axis=1)
    found &= shorter[:, -1] == 0
    return found
