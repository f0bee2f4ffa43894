"""Measures of likeness: how near two texts are, asked only of pairs that can be near at all.

Most pairs are so far apart that their lengths and letters show it; what is left goes through rapidfuzz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, DamerauLevenshtein, Hamming, JaroWinkler, Levenshtein
from rapidfuzz.process import cdist, cpdist

from matching.columns.declared import Rule
from matching.columns.values import Codes, ColumnValues

Truths = npt.NDArray[np.bool_]

_EDITS: Final[Mapping[Rule, Callable[..., int]]] = {
    Rule.LEVENSHTEIN: Levenshtein.distance,
    Rule.OSA: OSA.distance,
    Rule.DAMERAU: DamerauLevenshtein.distance,
}
MEASURES: Final = frozenset({*_EDITS, Rule.JARO_WINKLER, Rule.DIGITS})
_TABLE_GAIN: Final = 8  # cells of a table that cost as much as one pair on its own
_MOST_PREFIX: Final = 0.4  # what a common beginning can add to a Jaro similarity of 0


def within(rule: Rule, limit: float, values: ColumnValues, *, left: Codes, right: Codes) -> Truths:
    """Return for each pair whether two values are as near as `limit` asks."""
    holds: Truths = left == right
    maybe = np.flatnonzero(~holds)
    one, other = left[maybe], right[maybe]
    if rule is Rule.JARO_WINKLER:
        chosen = maybe[_can_be_alike(limit, values, one, other)]
        scorer: Callable[..., float] = JaroWinkler.similarity
    elif rule is Rule.DIGITS:
        lengths = values.lengths()
        chosen = maybe[lengths[one] == lengths[other]]
        scorer = Hamming.distance
    else:
        chosen = maybe[_can_be_near(limit, values, one, other)]
        scorer = _EDITS[rule]
    measured = _measure(scorer, values, left[chosen], right[chosen])
    holds[chosen] = measured >= limit if rule is Rule.JARO_WINKLER else measured <= limit
    return holds


def _letters_apart(values: ColumnValues, left: Codes, right: Codes) -> tuple[npt.NDArray[np.int64], ...]:
    """Return how many kinds of letters each side has that the other lacks."""
    letters = values.letters()
    one, other = letters[left], letters[right]
    return np.bitwise_count(one & ~other).astype(np.int64), np.bitwise_count(other & ~one).astype(np.int64)


def _can_be_near(limit: float, values: ColumnValues, left: Codes, right: Codes) -> Truths:
    """A step adds or drops one letter, or replaces one by another: it changes two kinds of letters at most."""
    lengths = values.lengths()
    near: Truths = np.abs(lengths[left] - lengths[right]) <= limit
    ours, theirs = _letters_apart(values, left, right)
    near &= ours + theirs <= 2 * limit
    return near


def _can_be_alike(limit: float, values: ColumnValues, left: Codes, right: Codes) -> Truths:
    """Jaro's similarity is at most (m/a + m/b + 1) / 3, m letters being common to texts of a and b letters."""
    least = 3 * (limit - _MOST_PREFIX) / (1 - _MOST_PREFIX) - 1
    lengths = values.lengths().astype(np.float64)
    one, other = lengths[left], lengths[right]
    ours, theirs = _letters_apart(values, left, right)
    common = np.minimum(one - ours, other - theirs)
    alike: Truths = common / one + common / other >= least - 1e-9
    return alike


def _measure(scorer: Callable[..., float], values: ColumnValues, left: Codes, right: Codes) -> npt.NDArray[np.float64]:
    """Measure pairs of values; where few values meet many, all at once, which is ten times as fast a pair."""
    texts = values.texts()
    one, one_place = np.unique(left, return_inverse=True)
    other, other_place = np.unique(right, return_inverse=True)
    if len(one) * len(other) <= _TABLE_GAIN * len(left):
        table = cdist(texts.take(one).to_pylist(), texts.take(other).to_pylist(), scorer=scorer, dtype=np.float64)
        found: npt.NDArray[np.float64] = table[one_place, other_place]
        return found
    pairs = (texts.take(codes).to_pylist() for codes in (left, right))
    return cpdist(*pairs, scorer=scorer, dtype=np.float64)
