"""Pairs of random rows, weighed by the compiled loop and by its twin."""

from __future__ import annotations

from functools import cache

import numpy as np

from matching import kernel
from matching.frequencies import Frequencies
from matching.kernel import twin, weighing
from matching.kernel.forms import Asked, Sides
from matching.kernel.tables import Tables
from matching.packed import Packed
from matching.workspace import Weighed
from tests.matching.people import MODEL, village
from tests.matching.random_rows import vocabulary

WORDS = vocabulary()


@cache
def few_tables() -> Tables:
    """Return the tables of the shipped model for a small village."""
    return Tables.of(MODEL, vocabulary=WORDS, frequencies=Frequencies.counting(village(60)))


def twin_of(tables: Tables, left: Packed, right: Packed, asked: Asked) -> Weighed:
    """Return what the twin says."""
    answer = weighing.empty_answer(len(asked.record))
    sides = Sides(left.rows, left.former, right.rows, right.former)
    twin.weigh_groups(tables.book.current(), tables.weights, sides, asked, answer)
    return Weighed(answer.levels, np.log(answer.odds), answer.held)


def compiled(tables: Tables, left: Packed, right: Packed, asked: Asked, *, threads: int = 2) -> Weighed:
    """Return what the compiled loop says."""
    weighing.wait_until_ready()
    return kernel.weigh(
        tables, left, right, starts=asked.starts, record=asked.record, person=asked.person, threads=threads
    )


def assert_same(one: Weighed, other: Weighed) -> None:
    """Assert that both say the same, to the last bit."""
    assert np.array_equal(one.levels, other.levels)
    assert np.array_equal(one.log_odds, other.log_odds)
    assert np.array_equal(one.held, other.held)
