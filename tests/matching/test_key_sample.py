"""Key samples: all rows of some keys, whatever the order in which parts of a table come."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.hash_counts import mix
from matching.key_sample import LARGEST_GROUP, KeySample


def keys_of(numbers: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Return a key for each number; none for 0."""
    return np.array([mix(np.uint64(number)) if number else 0 for number in numbers], dtype=np.uint64)


def sampled(numbers: list[int], *, most: int, chunk: int = 7, first: int = 0) -> KeySample:
    sample = KeySample(1, most=most)
    for start in range(0, len(numbers), chunk):
        keys = keys_of(numbers[start : start + chunk])
        chosen = sample.choose(keys)
        sample.keep(keys[chosen], (first + start + chosen).astype(np.int32).reshape(-1, 1))
    sample.settle()
    return sample


def state(sample: KeySample) -> tuple[int, list[tuple[int, int]], dict[int, int]]:
    """Return the level, the keys and rows, and the counts."""
    keys, counts = sample.counts.entries()
    rows = sorted(zip(sample.keys.tolist(), sample.rows[:, 0].tolist(), strict=True))
    return sample.level, rows, dict(zip(keys.tolist(), counts.tolist(), strict=True))


numbers = st.lists(st.integers(0, 40), max_size=200)


def test_what_fits_is_kept_altogether() -> None:
    sample = sampled([1, 2, 1, 0, 3], most=10)
    assert sample.level == 0
    assert sorted(sample.rows[:, 0].tolist()) == [0, 1, 2, 4]


@settings(deadline=None)
@given(numbers, st.integers(1, 50), st.integers(1, 60))
def test_the_sample_is_the_same_whatever_the_chunks(drawn: list[int], most: int, chunk: int) -> None:
    assert state(sampled(drawn, most=most, chunk=chunk)) == state(sampled(drawn, most=most, chunk=len(drawn) or 1))


@settings(deadline=None)
@given(numbers, numbers, st.integers(1, 50))
def test_two_samples_together_are_the_sample_of_the_whole(first: list[int], second: list[int], most: int) -> None:
    merged = sampled(first, most=most)
    merged.merge(sampled(second, most=most, first=len(first)))
    assert state(merged) == state(sampled([*first, *second], most=most))


@settings(deadline=None)
@given(numbers, st.integers(1, 50))
def test_a_key_is_kept_with_all_its_rows_or_not_at_all(drawn: list[int], most: int) -> None:
    sample = sampled(drawn, most=most)
    there = Counter(keys_of([number for number in drawn if number]).tolist())
    kept = Counter(sample.keys.tolist())
    assert all(rows == min(there[key], LARGEST_GROUP) for key, rows in kept.items())
    assert state(sample)[2] == {key: there[key] for key in kept}
    assert len(sample.keys) <= most


def test_ten_thousand_rows_of_one_key_take_the_room_of_twenty() -> None:
    sample = sampled([9] * 10_000, most=50, chunk=1_000)
    assert (sample.level, len(sample.rows), sample.counts.entries()[1].tolist()) == (0, LARGEST_GROUP, [10_000])
