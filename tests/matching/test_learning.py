"""Learning from reviewers: better among the doubtful pairs, never worse elsewhere, and the next pair to ask about."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.learning import (
    NothingReviewed,
    ReviewedPair,
    expected_information,
    learn,
    next_version,
)
from matching.levels import LEVELS, Field, code_of
from matching.model_files import write_model
from matching.weights import Model
from tests.matching.simulated_reviews import (
    CONTEXTS,
    World,
    doubtful,
    loss,
    m_of,
    miscalibration,
    names_of,
    reviews,
    shipped,
    tried,
)

SEEDS = st.integers(0, 10_000)


def typo(*, same: bool, probability: float = 0.5) -> ReviewedPair:
    """Return a pair whose given names differ by a slip."""
    levels = {"given": "typo", "birth": "exact", "number": "missing", "family": "relatives"}
    return ReviewedPair(levels=levels, probability=probability, same=same)


def m(model: Model, field: Field, level: str) -> float:
    """Return the m of a level."""
    return float(model.m[field, code_of(field, level)])


# What is learned


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from([150, 600, 2000]))
def test_what_is_learned_is_better_among_the_doubtful_and_never_worse_elsewhere(seed: int, number: int) -> None:
    world = World.invented(seed, strength=1.0)
    before, after, same = tried(world, learn(shipped(), reviews(world, number, seed=seed)), seed=seed)
    band = doubtful(before)
    assert loss(after[band], same[band]) <= loss(before[band], same[band]) + 0.003
    assert loss(after[~band], same[~band]) <= loss(before[~band], same[~band]) + 0.0002
    assert miscalibration(after[~band], same[~band]) <= miscalibration(before[~band], same[~band]) + 0.0005


def test_the_stated_posterior_of_doubtful_pairs_comes_nearer_to_what_is_found() -> None:
    gaps = []
    for seed in range(12):
        world = World.invented(seed, strength=1.0)
        before, after, same = tried(world, learn(shipped(), reviews(world, 2000, seed=seed)), seed=seed)
        band = doubtful(before)
        gaps.append([miscalibration(stated[band], same[band]) for stated in (before, after)])
    stated, learned = np.mean(gaps, axis=0)
    assert learned < 0.7 * stated


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_a_right_model_stays_as_it_is(seed: int) -> None:
    world = World.invented(seed, strength=0.0)
    before, after, same = tried(world, learn(shipped(), reviews(world, 2000, seed=seed)), seed=seed)
    band = doubtful(before)
    assert loss(after[band], same[band]) <= loss(before[band], same[band]) + 0.006


def test_the_plain_average_of_the_reviewed_matches_would_spoil_a_right_model() -> None:
    world = World.invented(3, strength=0.0, common=0.1)
    said = reviews(world, 2000, seed=3)
    plain = {}
    for field, shares in m_of(shipped()).items():
        names = names_of(next(one for one in CONTEXTS if one.name.lower() == field))
        counts = Counter(pair.levels[field] for pair in said if pair.same)
        expected = np.array([counts[name] for name in names]) + 1000 * shares
        plain[field] = expected / expected.sum()
    before, after, same = tried(world, plain, seed=3)
    _, learned, _ = tried(world, learn(shipped(), said), seed=3)
    band = doubtful(before)
    right, spoilt, kept = (loss(stated[band], same[band]) for stated in (before, after, learned))
    assert spoilt > right + 0.1
    assert kept < right + 0.01


def test_answers_that_the_model_expected_move_nothing() -> None:
    said = [typo(same=True)] * 50 + [typo(same=False)] * 50
    learned = learn(shipped(), said)
    for field, levels in LEVELS.items():
        for level in levels:
            was = m(shipped(), field, level.name)
            assert m(learned.model, field, level.name) == pytest.approx(was, rel=0.01)


def test_a_level_that_was_the_same_child_more_often_than_stated_weighs_more() -> None:
    learned = learn(shipped(), [typo(same=True)] * 40)
    assert m(learned.model, Field.GIVEN, "typo") > m(shipped(), Field.GIVEN, "typo")
    assert m(learned.model, Field.GIVEN, "same") < m(shipped(), Field.GIVEN, "same")
    assert m(learned.model, Field.GIVEN, "plain_typo") == pytest.approx(
        m(shipped(), Field.GIVEN, "plain_typo"), rel=0.01
    )
    assert learned.loss_after < learned.loss_before


def test_more_prior_pairs_move_less() -> None:
    said = [typo(same=True)] * 40
    moved = [m(learn(shipped(), said, prior_pairs=n).model, Field.GIVEN, "typo") for n in (100.0, 1000.0, 10_000.0)]
    assert moved == sorted(moved, reverse=True)


def test_u_and_the_classes_of_non_matches_are_left_alone_and_their_fit_is_reported() -> None:
    learned = learn(shipped(), [typo(same=False)] * 30 + [typo(same=True)] * 10)
    assert learned.mixture == pytest.approx(30 / 20)
    assert learned.model.relations == shipped().relations
    assert np.array_equal(learned.model.u, shipped().u)


def test_the_report_tells_stated_and_observed_shares_by_range() -> None:
    said = [typo(same=True, probability=0.9)] * 3 + [typo(same=False, probability=0.3)] * 2
    learned = learn(shipped(), said)
    assert [(band.above, band.up_to, band.pairs, band.observed) for band in learned.bands] == [
        (0.2, 0.5, 2, 0.0),
        (0.8, 0.95, 3, 1.0),
    ]
    assert (learned.same, learned.different) == (3, 2)


def test_a_certainty_that_was_wrong_does_not_break_the_arithmetic() -> None:
    learned = learn(shipped(), [typo(same=False, probability=1.0), typo(same=True, probability=0.0)])
    assert np.isfinite(learned.loss_after)
    assert (learned.model.m > 0).all()


def test_without_reviews_nothing_is_learned() -> None:
    with pytest.raises(NothingReviewed):
        learn(shipped(), [])


def test_what_is_no_field_of_the_model_says_nothing() -> None:
    strange = ReviewedPair(levels={"family": "relatives", "given": "missing"}, probability=0.1, same=True)
    assert np.allclose(learn(shipped(), [strange]).model.m, shipped().m, rtol=0.01)


# The file of the learned model


def test_the_learned_model_has_the_next_version_and_says_where_it_comes_from() -> None:
    learned = learn(shipped(), [typo(same=True), typo(same=False)])
    assert learned.model.version == next_version(shipped().version)
    assert learned.model.provenance.startswith(shipped().provenance)
    assert "2 pairs that people decided (1 the same child, 1 different)" in learned.model.provenance


@pytest.mark.parametrize(("version", "following"), [("1.0", "1.1"), ("9", "10"), ("2.9", "2.10"), ("draft", "draft.1")])
def test_the_next_version_counts_the_last_number_up(version: str, following: str) -> None:
    assert next_version(version) == following


def test_the_learned_model_is_written_and_read_back(tmp_path: Path) -> None:
    learned = learn(shipped(), [typo(same=True)] * 5).model
    write_model(learned, tmp_path / "learned.toml")
    read = Model.load(tmp_path / "learned.toml")
    assert (read.version, read.provenance) == (learned.version, learned.provenance)
    assert np.array_equal(read.m, learned.m)


# Which pair to ask about next


def test_an_even_choice_tells_most_and_a_clear_case_little() -> None:
    twins = expected_information([0.5, 0.5], 0.0, seen=0)
    assert twins == pytest.approx(1.0)
    assert expected_information([0.98], 0.02, seen=0) < expected_information([0.7], 0.3, seen=0) < twins
    assert expected_information([0.4, 0.3], 0.3, seen=0) > twins


def test_what_was_decided_often_tells_less_and_what_a_rule_holds_tells_more() -> None:
    told = [expected_information([0.6], 0.4, seen=seen) for seen in (0, 1, 10, 100)]
    assert told == sorted(told, reverse=True)
    assert told[2] == pytest.approx(told[0] / 2)
    assert expected_information([0.999], 0.001, seen=0, held=True) == 1.0


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5), st.integers(0, 1000))
def test_the_information_is_never_negative_and_never_infinite(weights: list[float], seen: int) -> None:
    total = sum(weights)
    shares = [weight / total for weight in weights]
    assert 0 <= expected_information(shares[1:], shares[0], seen=seen) <= np.log2(5) + 1e-9
