"""Evaluation: figures of links against a truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.decision import Decision
from matching.evaluation import DECISIONS, NOBODY, Evaluation, Outcome, Truth, evaluate, wilson

Row = tuple[int, int, float, Decision]


def outcome(*rows: Row) -> Outcome:
    record, person, probability, decision = zip(*rows, strict=True) if rows else ((), (), (), ())
    codes = [DECISIONS.index(each) for each in decision]
    return Outcome(
        np.array(record, dtype=np.int64),
        np.array(person, dtype=np.int64),
        np.array(probability, dtype=np.float64),
        np.array(codes, dtype=np.int64),
    )


def truth(*person: int) -> Truth:
    return Truth(np.array(person, dtype=np.int64))


def measured(rows: Sequence[Row], *person: int) -> Evaluation:
    return evaluate(outcome(*rows), truth(*person))


def test_right_wrong_and_missing_links_are_told_apart() -> None:
    rows = [
        (0, 1, 0.999, Decision.LINK),
        (1, 9, 0.999, Decision.LINK),
        (2, NOBODY, 0.9, Decision.NONE),
        (3, 4, 0.6, Decision.REVIEW),
    ]
    whole = measured(rows, 1, 2, 3, 4, NOBODY).whole
    assert (whole.records, whole.in_population, whole.right, whole.wrong, whole.reviews) == (5, 4, 1, 1, 1)
    assert (whole.precision.value, whole.recall.value, whole.reviews_per_10k) == (0.5, 0.25, 2000)
    assert whole.f1 == pytest.approx(2 / 6)


def test_a_review_of_several_candidates_is_one_review_and_yields_if_one_is_right() -> None:
    whole = measured([(0, person, 0.5, Decision.REVIEW) for person in (1, 2)], 2).whole
    assert (whole.reviews, whole.reviews_of_right) == (1, 1)


def test_figures_are_given_by_group() -> None:
    known = Truth(np.array([1, 2]), groups={"typo": np.array([True, False]), "nobody": np.array([False, False])})
    result = evaluate(outcome((0, 1, 0.999, Decision.LINK)), known)
    assert (result.groups["typo"].right, result.groups["typo"].records, result.groups["nobody"].records) == (1, 1, 0)


def test_a_link_within_the_household_is_counted_apart() -> None:
    homes = Truth(np.array([1, 2]), household=np.array([7, NOBODY]), household_of_person=np.array([7, 7, 7, NOBODY]))
    rows = [(0, 2, 0.999, Decision.LINK), (1, 3, 0.999, Decision.LINK)]
    whole = evaluate(outcome(*rows), homes).whole
    assert (whole.wrong, whole.wrong_family, whole.wrong_family_per_10k) == (2, 1, 5000)


def test_calibration_compares_stated_with_true_shares() -> None:
    result = measured([(n, 1, 0.75, Decision.REVIEW) for n in range(4)], 2, 1, 1, 1)
    assert result.calibration_error == pytest.approx(0)
    assert [(each.candidates, each.stated, each.true) for each in result.bins] == [(4, 0.75, 0.75)]
    assert measured([(0, 1, 1.0, Decision.LINK)], 1).bins[0].high == 1.0


def test_a_surely_wrong_statement_costs_more_than_a_doubtful_one() -> None:
    sure, doubtful = ([(0, 1, probability, Decision.LINK)] for probability in (0.999, 0.6))
    assert measured(sure, 2).log_loss > measured(doubtful, 2).log_loss


def test_the_ranking_counts_true_pairs_that_were_never_compared() -> None:
    rows = [(0, 1, 0.9, Decision.LINK), (1, 9, 0.8, Decision.LINK), (2, 3, 0.7, Decision.LINK)]
    result = measured(rows, 1, 2, 3, 4)
    assert (result.pairs.at_999.recall, result.pairs.at_999.threshold, result.pairs.found) == (0.25, 0.9, 0.5)
    assert result.pairs.best_f1 == pytest.approx(4 / 7)


def test_equal_probabilities_are_taken_together() -> None:
    rows = [(0, 1, 0.9, Decision.LINK), (1, 9, 0.9, Decision.LINK)]
    assert measured(rows, 1, 2).pairs.at_999.recall == 0.0


def test_only_the_best_candidate_of_a_record_is_ranked_among_the_best() -> None:
    rows = [(0, 5, 0.4, Decision.REVIEW), (0, 1, 0.6, Decision.REVIEW), (0, NOBODY, 0.9, Decision.NONE)]
    result = measured(rows, 1)
    assert (result.best.pairs, result.best.at_999.recall, result.pairs.at_999.recall) == (1, 1.0, 1.0)


def test_without_anything_to_count_there_is_no_figure() -> None:
    result = measured([])
    assert (result.whole.precision.value, result.whole.f1, result.calibration_error) == (None, None, 0.0)
    assert (result.whole.reviews_per_10k, result.log_loss, result.pairs.at_999.threshold) == (0.0, 0.0, None)


@given(st.lists(st.tuples(st.floats(0.01, 1), st.booleans()), min_size=1, max_size=30), st.integers(1, 9))
def test_a_cut_keeps_its_precision(rows: list[tuple[float, bool]], missing: int) -> None:
    result = measured(
        [(place, 1, probability, Decision.NONE) for place, (probability, _) in enumerate(rows)],
        *[1 if right else 2 for _, right in rows],
        *[3] * missing,
    )
    for cut in (result.pairs.at_999, result.pairs.at_9999):
        if cut.threshold is not None:
            taken = [right for probability, right in rows if probability >= cut.threshold]
            assert sum(taken) / len(taken) >= cut.precision
            assert cut.recall == pytest.approx(sum(taken) / (len(rows) + missing))


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(hits: int, more: int) -> None:
    share = wilson(hits, hits + more)
    assert share.value is not None
    assert share.low is not None
    assert share.high is not None
    assert 0 <= share.low <= share.value + 1e-12
    assert share.value - 1e-12 <= share.high <= 1


def test_the_interval_is_the_published_one() -> None:
    share = wilson(81, 263)
    assert (share.low, share.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
