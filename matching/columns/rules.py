"""Rules: which level the values of a field have, pair by pair.

A rule is asked once for each distinct pair of values, and only of those that no level before has taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matching.columns.declared import YEAR, ComparedField, Comparing, Condition, Rule
from matching.columns.measures import MEASURES, within
from matching.columns.values import Codes, ColumnValues

Truths = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int8]
Reals = npt.NDArray[np.float64]

S = TypeVar("S", bound=np.generic)

_DIGITS = 8  # of a whole date


class PairedValues:
    """Distinct pairs of values of one column, and what rules say of them."""

    def __init__(self, values: ColumnValues, left: Codes, right: Codes) -> None:
        self.values = values
        self._left, self._right = left, right

    def __len__(self) -> int:
        return len(self._left)

    def some(self, places: npt.NDArray[np.intp]) -> PairedValues:
        """Return some of the pairs."""
        return PairedValues(self.values, self._left[places], self._right[places])

    def holds(self, condition: Condition) -> Truths:
        """Return for each pair whether a rule of two values holds."""
        limit = float(condition.argument)
        if condition.rule in MEASURES:
            return within(condition.rule, limit, self.values, left=self._left, right=self._right)
        return _ANSWERS[condition.rule](self, limit)

    def both(self, facts: npt.NDArray[S]) -> tuple[npt.NDArray[S], npt.NDArray[S]]:
        """Return a fact of every value on either side of the pairs."""
        return facts[self._left], facts[self._right]

    def alike(self, facts: npt.NDArray[S]) -> Truths:
        """Return where a fact is known and the same."""
        left, right = self.both(facts)
        same: Truths = np.logical_and(left == right, left != 0)
        return same

    def same(self) -> Truths:
        """Return where both values are one."""
        equal: Truths = self._left == self._right
        return equal

    def each(self, holds: Callable[[str, str], bool]) -> Truths:
        """Return what is asked of each pair as texts."""
        texts = self.values.texts()
        written = (texts.take(codes).to_pylist() for codes in (self._left, self._right))
        return np.fromiter(map(holds, *written), dtype=np.bool_, count=len(self))


def _at_both_ends(pairs: PairedValues, letters: float, *, first: bool) -> Truths:
    values = pairs.values
    left, right = pairs.both(values.lengths())
    facts = values.first(int(letters)) if first else values.last(int(letters))
    fits: Truths = pairs.alike(facts) & (np.minimum(left, right) >= letters)
    return fits


def _contains(pairs: PairedValues, _: float) -> Truths:
    """As many words on both sides must be the same ones; else the words of one side must be among the other's."""
    left, right = pairs.both(pairs.values.word_counts())
    holds: Truths = (left == right) & pairs.alike(pairs.values.words())
    unlike = np.flatnonzero(left != right)
    holds[unlike] = pairs.some(unlike).each(_has_all_words)
    return holds


def _has_all_words(left: str, right: str) -> bool:
    one, other = set(left.split()), set(right.split())
    return one <= other or other <= one


def _initial(pairs: PairedValues, _: float) -> Truths:
    left, right = pairs.both(pairs.values.lengths())
    fits: Truths = pairs.alike(pairs.values.first(1)) & (np.minimum(left, right) == 1)
    return fits


def _transposed(pairs: PairedValues, _: float) -> Truths:
    """Two neighbours exchanged leave the length and the kinds of letters as they are: the rest is not looked at."""
    left, right = pairs.both(pairs.values.lengths())
    maybe = np.flatnonzero(pairs.alike(pairs.values.letters()) & (left == right))
    holds = np.zeros(len(pairs), dtype=np.bool_)
    holds[maybe] = pairs.some(maybe).each(_has_neighbours_exchanged)
    return holds


def _has_neighbours_exchanged(left: str, right: str) -> bool:
    apart = [place for place in range(len(left)) if left[place] != right[place]]
    if len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    return left[apart[0]] == right[apart[1]] and left[apart[1]] == right[apart[0]]


def _swapped(pairs: PairedValues, _: float) -> Truths:
    left, right = pairs.both(pairs.values.dates())
    turned = right // 10_000 * 10_000 + right % 100 * 100 + right // 100 % 100
    exchanged: Truths = (left == turned) & (left != right)
    return exchanged


def _same_day(pairs: PairedValues, _: float) -> Truths:
    return pairs.alike(pairs.values.dates() % 10_000)


def _apart(facts: npt.NDArray[np.int64] | npt.NDArray[np.float64], pairs: PairedValues, most: float) -> Truths:
    left, right = pairs.both(facts)
    near: Truths = np.abs(left.astype(np.float64) - right.astype(np.float64)) <= most
    return near


_ANSWERS: Mapping[Rule, Callable[[PairedValues, float], Truths]] = {
    Rule.EQUAL: lambda pairs, _: pairs.same(),
    Rule.PREFIX: lambda pairs, letters: _at_both_ends(pairs, letters, first=True),
    Rule.SUFFIX: lambda pairs, letters: _at_both_ends(pairs, letters, first=False),
    Rule.SOUND: lambda pairs, _: pairs.alike(pairs.values.sounds()),
    Rule.SAME_WORDS: lambda pairs, _: pairs.alike(pairs.values.words()),
    Rule.CONTAINS: _contains,
    Rule.INITIAL: _initial,
    Rule.TRANSPOSED: _transposed,
    Rule.SWAPPED: _swapped,
    Rule.SAME_DAY: _same_day,
    Rule.DAYS: lambda pairs, days: _apart(pairs.values.days(), pairs, days),
    Rule.YEARS: lambda pairs, years: _apart(pairs.values.dates() // 10_000, pairs, years),
    Rule.DIFFERENCE: lambda pairs, most: _apart(pairs.values.numbers(), pairs, most),
}


def _asked(pairs: PairedValues, condition: Condition, place: npt.NDArray[np.intp], wanted: Truths) -> Truths:
    """Return for the rows whose answer is wanted whether a rule holds; `place` is the pair of values of each row."""
    asked = np.zeros(len(pairs), dtype=np.bool_)
    asked[place[wanted]] = True
    found = np.flatnonzero(asked)
    asked[found] = pairs.some(found).holds(condition)
    return asked[place]


class Comparison:
    """The comparison of one field, on the values of all columns."""

    def __init__(self, field: ComparedField, values: Mapping[str, ColumnValues]) -> None:
        self._field = field
        self._values = values

    def levels(self, left: Mapping[str, Codes], right: Mapping[str, Codes]) -> Levels:
        """Return the code of each pair's level; 0 where one side is not known.

        Args: the codes of every column's values on either side of the pairs.
        """
        ours = self._field.column
        levels = np.zeros(len(left[ours]), dtype=np.int8)
        known = np.flatnonzero((left[ours] >= 0) & (right[ours] >= 0))
        if len(known):
            one = {name: codes[known] for name, codes in left.items()}
            other = {name: codes[known] for name, codes in right.items()}
            levels[known] = self._known_levels(one, other)
        return levels

    def _known_levels(self, left: Mapping[str, Codes], right: Mapping[str, Codes]) -> Levels:
        values, ours = self._values[self._field.column], self._field.column
        joined = left[ours].astype(np.int64) * len(values) + right[ours]
        distinct, place = np.unique(joined, return_inverse=True)
        pairs = PairedValues(
            values, (distinct // len(values)).astype(np.int32), (distinct % len(values)).astype(np.int32)
        )
        partial = self._partial(pairs)[place]
        levels = np.zeros(len(joined), dtype=np.int8)
        for code, each in enumerate(self._field.levels, start=1):
            holds = (levels == 0) & (partial == (each.level.context == YEAR))
            for condition in each.conditions:
                if condition.rule in (Rule.SWAPPED_WITH, Rule.FOUND_IN):
                    holds &= self._crosswise(condition, left, right)
                else:
                    holds &= _asked(pairs, condition, place, holds)
            levels[holds] = code
        return levels

    def _partial(self, pairs: PairedValues) -> Truths:
        """Return where a side has a part of a date only: such pairs are judged among themselves."""
        if self._field.comparing is not Comparing.DATE:
            return np.zeros(len(pairs), dtype=np.bool_)
        left, right = pairs.both(pairs.values.lengths())
        partial: Truths = np.minimum(left, right) < _DIGITS
        return partial

    def _crosswise(self, condition: Condition, left: Mapping[str, Codes], right: Mapping[str, Codes]) -> Truths:
        """Return where the value of one side stands in another column of the other; both ways if exchanged."""
        ours, theirs = self._field.column, str(condition.argument)
        our_hashes = np.append(self._values[ours].hashes(), np.uint64(0))
        their_hashes = np.append(self._values[theirs].hashes(), np.uint64(0))
        there: Truths = our_hashes[left[ours]] == their_hashes[right[theirs]]
        back: Truths = their_hashes[left[theirs]] == our_hashes[right[ours]]
        return there & back if condition.rule is Rule.SWAPPED_WITH else there | back
