"""A source with one record per child: two of its records never link to one citizen."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.assignment import Claim, held_back, held_rows
from matching.decision import Decision

CLAIMS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(list(Decision)), st.booleans()), max_size=12)


def claims(rows: list[tuple[int, Decision, bool]]) -> list[Claim[int]]:
    """Return claims numbered by their place."""
    return [
        Claim(record=place, person=person, decision=decision, bound=bound)
        for place, (person, decision, bound) in enumerate(rows)
    ]


def test_two_links_to_one_citizen_are_both_held() -> None:
    rows = [(7, Decision.LINK, False), (7, Decision.LINK, False), (8, Decision.LINK, False)]
    assert held_back(claims(rows), one_record_per_child=True) == {0, 1}


def test_a_review_beside_a_link_holds_nothing() -> None:
    assert (
        held_back(claims([(7, Decision.LINK, False), (7, Decision.REVIEW, False)]), one_record_per_child=True) == set()
    )


def test_what_a_person_decided_stands_and_the_other_is_held() -> None:
    assert held_back(claims([(7, Decision.LINK, True), (7, Decision.LINK, False)]), one_record_per_child=True) == {1}


def test_a_source_that_may_hold_a_child_twice_holds_nothing_back() -> None:
    rows = [(7, Decision.LINK, False), (7, Decision.LINK, False)]
    assert held_back(claims(rows), one_record_per_child=False) == set()


def test_records_without_a_citizen_are_not_each_others_rivals() -> None:
    nobody: list[Claim[str]] = [Claim(record=name, person=None, decision=Decision.LINK) for name in ("a", "b")]
    assert held_back(nobody, one_record_per_child=True) == set()


@given(CLAIMS)
def test_of_the_links_that_remain_no_two_lead_to_one_citizen_but_by_a_person(
    rows: list[tuple[int, Decision, bool]],
) -> None:
    found = claims(rows)
    held = held_back(found, one_record_per_child=True)
    left = [claim for claim in found if claim.decision is Decision.LINK and claim.record not in held]
    by_citizen = Counter(claim.person for claim in left)
    assert all(claim.bound for claim in left if by_citizen[claim.person] > 1)
    assert not any(claim.bound for claim in found if claim.record in held)


@given(CLAIMS, st.booleans())
def test_rows_and_claims_are_decided_alike(rows: list[tuple[int, Decision, bool]], one: bool) -> None:
    held = held_back(claims(rows), one_record_per_child=one)
    found = held_rows(
        np.array([person for person, _, _ in rows], dtype=np.int64),
        np.array([decision is Decision.LINK for _, decision, _ in rows], dtype=np.bool_),
        np.array([bound for _, _, bound in rows], dtype=np.bool_),
        one_record_per_child=one,
    )
    assert set(np.flatnonzero(found).tolist()) == held


@given(CLAIMS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(rows: list[tuple[int, Decision, bool]], chance: Random) -> None:
    found = claims(rows)
    mixed = found.copy()
    chance.shuffle(mixed)
    assert held_back(found, one_record_per_child=True) == held_back(mixed, one_record_per_child=True)
