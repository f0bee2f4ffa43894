"""Clusters: no chains of weak links, what binds holds always, and the order of the pairs never matters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.clustering import NO_ANCHOR, ClusteringFault, Clusters, Reason, Rule, cluster, log_odds_of

SURE, LIKELY, DOUBTFUL, UNLIKE = (log_odds_of(p) for p in (0.9999, 0.95, 0.5, 0.001))
RECORDS = 9

Scored = dict[tuple[int, int], float]

pairs_of_records = st.tuples(st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1)).filter(lambda p: p[0] < p[1])
scored = st.dictionaries(pairs_of_records, st.sampled_from([SURE, 6.0, LIKELY, DOUBTFUL, UNLIKE]), max_size=30)
some_pairs = st.lists(pairs_of_records, max_size=4, unique=True)
citizens = st.lists(st.integers(NO_ANCHOR, 3), min_size=RECORDS, max_size=RECORDS)


def run(n: int, pairs: Scored, **more: object) -> Clusters:
    """Cluster pairs given as a mapping."""
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    return cluster(n, left, right, list(pairs.values()), **more)  # type: ignore[arg-type]  # options of the test


def groups(found: Clusters) -> set[frozenset[int]]:
    """Return the clusters of more than one record."""
    sets: dict[int, set[int]] = {}
    for record, label in enumerate(found.labels):
        sets.setdefault(int(label), set()).add(record)
    return {frozenset(one) for one in sets.values() if len(one) > 1}


# What joins, and what does not


def test_a_strong_pair_is_one_child_and_a_doubtful_one_is_not() -> None:
    assert groups(run(4, {(0, 1): SURE, (2, 3): LIKELY})) == {frozenset({0, 1})}


def test_a_chain_whose_ends_contradict_each_other_is_never_one_child() -> None:
    found = run(3, {(0, 1): SURE, (1, 2): SURE - 1, (0, 2): UNLIKE})
    assert groups(found) == {frozenset({0, 1})}


def test_a_chain_whose_ends_were_never_compared_is_not_one_child() -> None:
    assert groups(run(3, {(0, 1): SURE, (1, 2): SURE - 1})) == {frozenset({0, 1})}


def test_a_weak_pair_between_strong_ones_does_not_stop_them() -> None:
    found = run(3, {(0, 1): SURE, (1, 2): SURE, (0, 2): LIKELY})
    assert groups(found) == {frozenset({0, 1, 2})}


def test_one_missing_pair_of_three_is_outweighed_by_two_strong_ones() -> None:
    triangle = {(0, 1): SURE, (1, 2): SURE, (0, 2): SURE}
    found = run(4, {**triangle, (0, 3): SURE, (1, 3): SURE})
    assert groups(found) == {frozenset({0, 1, 2, 3})}
    last = found.joins
    assert (int(last.compared[-1]), int(last.missing[-1])) in {(2, 1), (3, 1), (1, 0)}


def test_one_overwhelming_pair_does_not_carry_a_weak_one() -> None:
    found = run(3, {(0, 1): 6.0, (1, 2): 80.0, (0, 2): DOUBTFUL - 2})
    assert groups(found) == {frozenset({1, 2})}


def test_each_join_tells_its_pair_its_reason_and_its_support() -> None:
    found = run(5, {(0, 1): 7.0, (2, 3): UNLIKE, (3, 4): DOUBTFUL}, same=[(2, 3)], anchors=[-1, -1, -1, 5, 5])
    told = list(zip(found.joins.left.tolist(), found.joins.right.tolist(), found.joins.reason.tolist(), strict=True))
    assert told == [(0, 1, Reason.EVIDENCE), (3, 4, Reason.CITIZEN), (2, 3, Reason.PERSON)]
    assert found.joins.support[0] == found.joins.weakest[0] == 7.0
    assert np.isnan(found.joins.support[1:]).all()


# What binds


def test_different_keeps_whole_clusters_apart() -> None:
    all_sure = dict.fromkeys(combinations(range(4), 2), SURE)
    found = run(4, all_sure, different=[(0, 3)])
    assert all(not {0, 3} <= group for group in groups(found))


def test_two_citizens_never_share_a_cluster() -> None:
    found = run(3, {(0, 1): SURE, (1, 2): SURE, (0, 2): SURE}, anchors=[7, -1, 8])
    assert groups(found) == {frozenset({0, 1})}


def test_what_a_person_says_against_two_citizens_is_refused_and_told() -> None:
    found = run(2, {}, same=[(1, 0)], anchors=[7, 8])
    assert groups(found) == set()
    assert found.refused == ((0, 1),)


def test_a_heap_that_explodes_is_left_alone_and_told() -> None:
    names = dict.fromkeys(combinations(range(30), 2), SURE)
    found = run(32, {**names, (30, 31): SURE}, same=[(4, 5)], rule=Rule(largest=10))
    assert groups(found) == {frozenset({4, 5}), frozenset({30, 31})}
    assert found.oversized == ((0, 30),)


# Whatever the pairs


@given(scored, some_pairs, some_pairs, citizens, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_and_of_their_ends_never_matters(
    pairs: Scored, same: list[tuple[int, int]], different: list[tuple[int, int]], anchors: list[int], chance: object
) -> None:
    first = run(RECORDS, pairs, same=same, different=different, anchors=anchors)
    turned = [(b, a, odds) if (a + b) % 2 else (a, b, odds) for (a, b), odds in pairs.items()]
    chance.shuffle(turned)  # type: ignore[attr-defined]  # a Random of hypothesis
    left, right, odds = zip(*turned, strict=True) if turned else ((), (), ())
    again = cluster(
        RECORDS,
        [*left, *left],
        [*right, *right],
        [*odds, *odds],
        same=[(b, a) for a, b in reversed(same)],
        different=different[::-1],
        anchors=anchors,
    )
    assert again.labels.tolist() == first.labels.tolist()
    assert again.joins.left.tolist() == first.joins.left.tolist()


@given(scored, some_pairs, some_pairs, citizens)
def test_what_binds_holds_always(
    pairs: Scored, same: list[tuple[int, int]], different: list[tuple[int, int]], anchors: list[int]
) -> None:
    found = run(RECORDS, pairs, same=same, different=different, anchors=anchors)
    for group in groups(found):
        assert not any({a, b} <= group for a, b in different)
        assert len({anchors[record] for record in group} - {NO_ANCHOR}) <= 1
    bound = [*same, *((a, b) for a, b in combinations(range(RECORDS), 2) if anchors[a] == anchors[b] != NO_ANCHOR)]
    if not found.refused:
        assert all(found.labels[a] == found.labels[b] for a, b in bound)


@given(scored)
def test_within_a_cluster_no_compared_pair_is_unlike(pairs: Scored) -> None:
    found = run(RECORDS, pairs)
    assert all(odds > UNLIKE for (a, b), odds in pairs.items() if found.labels[a] == found.labels[b])


@given(scored, pairs_of_records)
def test_a_pair_undone_gives_the_former_clusters(pairs: Scored, undone: tuple[int, int]) -> None:
    barred = run(RECORDS, {**pairs, undone: SURE}, different=[undone])
    assert barred.labels[undone[0]] != barred.labels[undone[1]]
    alone = {pair: odds for pair, odds in pairs.items() if not set(pair) & set(undone)}
    assert groups(run(RECORDS, {**alone, undone: SURE})) == {*groups(run(RECORDS, alone)), frozenset(undone)}
    assert groups(run(RECORDS, {**alone, undone: SURE}, different=[undone])) == groups(run(RECORDS, alone))


@given(scored)
def test_every_join_makes_one_cluster_of_two(pairs: Scored) -> None:
    found = run(RECORDS, pairs)
    assert len(found.joins) == RECORDS - len(set(found.labels.tolist()))


def test_many_pairs_are_clustered_as_few_are() -> None:
    children, each = 20_000, 3
    at = np.arange(children) * each
    pairs = [(at + a, at + b) for a, b in combinations(range(each), 2)]
    left = np.concatenate([*(a for a, _ in pairs), at])
    right = np.concatenate([*(b for _, b in pairs), np.roll(at, 1) + 1])
    odds = np.concatenate([np.full(children * len(pairs), SURE), np.full(children, DOUBTFUL)])
    found = cluster(children * each, left, right, odds)
    assert (found.labels == np.repeat(at, each)).all()


# Bad input


@pytest.mark.parametrize(
    ("arrays", "options", "told"),
    [
        (([0], [1, 2], [1.0]), {}, "left, right, log_odds"),
        (([0], [3], [1.0]), {}, "right"),
        (([-1], [1], [1.0]), {}, "left"),
        (([0], [1], [float("nan")]), {}, "not a number"),
        (([], [], []), {"same": [(0, 3)]}, "same"),
        (([], [], []), {"anchors": [1]}, "anchors"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(
    arrays: tuple[list[int], list[int], list[float]], options: dict[str, object], told: str
) -> None:
    with pytest.raises(ClusteringFault, match=told):
        cluster(3, *arrays, **options)  # type: ignore[arg-type]  # wrong on purpose


def test_a_record_is_no_pair_with_itself_and_nothing_is_no_cluster() -> None:
    assert groups(run(3, {(1, 1): SURE})) == set()
    assert cluster(0, [], [], []).labels.tolist() == []


def test_the_rule_of_a_model_has_its_thresholds() -> None:
    rule = Rule.at(0.99, 0.05)
    assert rule == Rule()
