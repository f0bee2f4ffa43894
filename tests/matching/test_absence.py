"""Absence: what the records at hand say of children who are not in the population."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.absence import Absence, Contest, compete, estimate_absence
from matching.decision import posterior

ASSUMED = 0.95


def contest(rows: list[tuple[int, float, float]], records: int, *, rate: float = 0.02) -> Contest:
    """Return a contest of (record, log odds, chance of being a twin if no match)."""
    record, log_odds, twin = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return Contest(
        records,
        np.array(record, dtype=np.int64),
        np.array(log_odds, dtype=np.float64),
        np.array(twin, dtype=np.float64).reshape(-1, 1),
        ASSUMED,
        (rate,),
    )


def source(*, present: int, absent: int, twins_of_absent: int) -> Contest:
    rows = [(place, 15.0, 0.0) for place in range(present)]
    rows += [(present + place, -6.0, 1.0) for place in range(twins_of_absent)]
    return contest(rows, present + absent)


def test_the_share_in_the_population_is_found_without_labels() -> None:
    found = estimate_absence(source(present=8_500, absent=1_500, twins_of_absent=0))
    assert found.in_population == pytest.approx(0.853, abs=0.002)


def test_twins_found_beside_absent_children_are_counted() -> None:
    found = estimate_absence(source(present=8_500, absent=1_500, twins_of_absent=150))
    assert found.scales[0] == pytest.approx((150 + 6) / (0.02 * 1_500 + 6), rel=0.02)


def test_a_handful_of_records_changes_little() -> None:
    found = estimate_absence(source(present=2, absent=3, twins_of_absent=1))
    assert found.in_population == pytest.approx(ASSUMED, abs=0.01)
    assert found.scales[0] == pytest.approx(1, abs=0.2)


def test_a_likely_twin_makes_nobody_more_probable() -> None:
    rows = contest([(0, 5.0, 0.9), (1, 5.0, 0.0)], 2)
    probability, nobody = compete(rows, Absence(ASSUMED, (4.0,)))
    assert probability[0] < probability[1]
    assert nobody[0] > nobody[1]


def test_the_models_own_assumption_changes_nothing() -> None:
    rows = contest([(0, 3.0, 0.5), (0, 1.0, 0.2), (2, -1.0, 0.0)], 3)
    probability, nobody = compete(rows, Absence(ASSUMED, (1.0,)))
    plain, plain_nobody = posterior(rows.log_odds, np.array([0, 2, 2, 3]))
    assert probability == pytest.approx(plain)
    assert nobody == pytest.approx(plain_nobody)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(-30, 60), st.floats(0, 1)), max_size=20),
    st.floats(0.02, 0.98),
    st.floats(0.2, 50),
)
def test_the_candidates_of_a_record_and_nobody_add_up_to_one(
    rows: list[tuple[int, float, float]], share: float, scale: float
) -> None:
    probability, nobody = compete(contest(sorted(rows), 6), Absence(share, (scale,)))
    total = nobody + np.bincount([row[0] for row in sorted(rows)], weights=probability, minlength=6)
    assert total == pytest.approx(np.ones(6))
