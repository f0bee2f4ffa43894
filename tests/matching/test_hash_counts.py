"""Hash counts: a table that grows is a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.hash_counts import HashCounts, mix


def counting(numbers: list[int]) -> HashCounts:
    counts = HashCounts()
    counts.add(np.array(numbers, dtype=np.uint64), np.ones(len(numbers), dtype=np.int64))
    return counts


@settings(deadline=None)
@given(st.lists(st.integers(1, 50)), st.lists(st.integers(1, 2**64 - 1)))
def test_the_counts_are_those_of_a_dictionary(few: list[int], many: list[int]) -> None:
    expected = Counter([*few, *many])
    counts = counting([*few, *many])
    keys, numbers = counts.entries()
    assert dict(zip(keys.tolist(), numbers.tolist(), strict=True)) == expected
    assert keys.tolist() == sorted(expected)
    assert len(counts) == len(expected)
    assert counts.of(np.array([*few, 77], dtype=np.uint64)).tolist() == [expected[n] for n in [*few, 77]]


def test_a_table_grows_with_its_keys() -> None:
    counts = HashCounts()
    for first in range(1, 40_001, 1_000):
        keys = np.arange(first, first + 1_000, dtype=np.uint64)
        counts.add(keys, np.full(1_000, 3, dtype=np.int64))
    assert len(counts) == 40_000
    assert (counts.entries()[1] == 3).all()
    assert len(counts.table.keys) >= 40_000 / 0.6


def test_what_is_not_kept_is_forgotten() -> None:
    counts = counting([1, 1, 2, 3, 3, 3])
    counts.keep(counts.table.counts > 1)
    assert counts.entries()[0].tolist() == [1, 3]


def test_no_number_is_mixed_to_zero() -> None:
    assert mix(np.uint64(0)) != 0
    assert len({int(mix(np.uint64(n))) for n in range(1_000)}) == 1_000
