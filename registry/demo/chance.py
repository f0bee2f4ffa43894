"""Chance that can be repeated: weighted draws and moments, all from a generator that is passed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

VIET_NAM = timezone(timedelta(hours=7))


def generator(seed: int, purpose: str) -> Random:
    """Return the generator of one purpose, so that a draw for one never shifts the draws for another."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - repeatable on purpose; nothing secret hangs on it


class Weighted(Generic[T]):
    """Values drawn in proportion to their weights."""

    __slots__ = ("_bounds", "_total", "values")

    def __init__(self, weights: Iterable[tuple[T, float]]) -> None:
        pairs = [(value, weight) for value, weight in weights if weight > 0]
        self.values = tuple(value for value, _ in pairs)
        self._bounds = list(accumulate(weight for _, weight in pairs))
        self._total = self._bounds[-1] * (1 - 1e-12)  # rounding must never step past the last value

    def draw(self, rng: Random) -> T:
        """Return one value."""
        return self.values[bisect_right(self._bounds, rng.random() * self._total)]


def pick(rng: Random, values: tuple[T, ...] | list[T]) -> T:
    """Return one of `values`, all equally likely."""
    return values[int(rng.random() * len(values))]


def whole(rng: Random, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`, both included."""
    return low + int(rng.random() * (high - low + 1))


def moment(rng: Random, first: date, last: date) -> datetime:
    """Return a moment in Viet Nam's time on a day from `first` to `last`; `first` where that span is empty."""
    day = first + timedelta(days=whole(rng, 0, max((last - first).days, 0)))
    return datetime(day.year, day.month, day.day, tzinfo=VIET_NAM) + timedelta(seconds=whole(rng, 0, 86_399))
