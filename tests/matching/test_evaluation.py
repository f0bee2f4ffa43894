"""Evaluation: figures of links against a truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.decision import Decision
from matching.evaluation import LinkRow, Tally, TruthRow, evaluate, wilson


def link(key: str, number: str | None, decision: Decision = Decision.LINK, score: float = 0.999) -> LinkRow:
    return LinkRow(system="school", key=key, number=number, decision=decision, score=score)


def truth(key: str, number: str | None, *damage: str, household: str | None = None) -> TruthRow:
    return TruthRow(system="school", key=key, number=number, damage=damage, household=household)


def test_right_wrong_and_missing_links_are_told_apart() -> None:
    links = [link("a", "1"), link("b", "9"), link("c", None, Decision.NONE), link("d", "4", Decision.REVIEW, 0.6)]
    rows = [truth("a", "1"), truth("b", "2"), truth("c", "3"), truth("d", "4"), truth("e", None)]
    whole = evaluate(links, rows).whole
    assert (whole.records, whole.in_population, whole.right, whole.wrong, whole.reviews) == (5, 4, 1, 1, 1)
    assert whole.precision.value == 0.5
    assert whole.recall.value == 0.25
    assert whole.f1 == pytest.approx(2 / 6)
    assert whole.reviews_per_10k == 2000


def test_a_review_of_several_candidates_is_one_review() -> None:
    links = [link("a", number, Decision.REVIEW, 0.5) for number in ("1", "2")]
    assert evaluate(links, [truth("a", "1")]).whole.reviews == 1


def test_figures_are_given_by_system_and_by_damage() -> None:
    result = evaluate([link("a", "1")], [truth("a", "1", "typo", "moved"), truth("b", "2")])
    assert result.by_system["school"].records == 2
    assert (result.by_damage["typo"].right, result.by_damage["moved"].right, result.by_damage[""].right) == (1, 1, 0)


def test_a_link_within_the_household_is_counted_apart() -> None:
    links, rows = [link("a", "9"), link("b", "8")], [truth("a", "1", household="h"), truth("b", "2", household="h")]
    assert evaluate(links, rows, household_of={"9": "h", "8": "other"}).whole.wrong_family == 1


def test_calibration_compares_stated_with_true_shares() -> None:
    links = [link(str(n), "1", Decision.REVIEW, 0.75) for n in range(4)]
    result = evaluate(links, [truth(str(n), "1" if n else "2") for n in range(4)])
    assert result.calibration_error == pytest.approx(0)
    assert [(each.candidates, each.stated, each.true) for each in result.bins] == [(4, 0.75, 0.75)]
    assert evaluate([link("a", "1", score=1.0)], [truth("a", "1")]).bins[0].high == 1.0


def test_links_of_records_that_the_truth_does_not_name_are_counted() -> None:
    assert evaluate([link("z", "1")], []).unknown_keys == 1


def test_without_anything_to_count_there_is_no_figure() -> None:
    result = evaluate([], [])
    assert (result.whole.precision.value, result.whole.f1, result.calibration_error) == (None, None, 0.0)
    assert Tally().reviews_per_10k == 0.0


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
