"""A source that holds one record per child: two of its records never link to one citizen."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from registry.actions.intake.load_extract import People
from registry.actions.linkage import hold_claims
from registry.actions.linkage.review import Says, decide_pair, open_pair
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Refused
from tests.people import PATIENTS, citizen, numbered, record, tombstone, twin_record, twins
from tests.registry.actions.installed import (
    STAFF,
    child_of,
    decisions,
    deliver,
    digest_of,
    heads_of,
    leaves,
    links_of,
    pass_time,
    person_of,
    query,
    reviewer,
    somebody,
)

GIRL = citizen().personal_number
WHY = "Đã hỏi nhà trường."


def declared(installed: Installation, *systems: str) -> Installation:
    """Return the installation with some systems declared to hold one record per child."""
    settings = installed.settings.model_copy(update={"one_record_per_child": frozenset(systems)})
    return replace(installed, settings=settings)


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links; the schools say that they hold one record per child."""
    return declared(peopled, "education")


def held(installed: Installation) -> set[UUID]:
    """Return the identities that stand and are held back."""
    statement = "select child_id from match_result join child using (child_id)"
    rows = query(installed, statement + " where held_person_id is not null and withdrawn_at is null")
    return {row["child_id"] for row in rows}


def say(installed: Installation, child_id: UUID, number: str, says: Says) -> None:
    """Let a person decide a pair."""
    person_id = person_of(installed, number)
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person_id, says=says, reason=WHY)


def test_two_records_of_one_run_both_wait(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), record("B")]))
    account = link_all(installed)
    both = {child_of(installed, "A"), child_of(installed, "B")}
    assert dict(account.matched) == {"link": 0, "review": 2, "none": 0}
    assert (held(installed), links_of(installed), heads_of(installed)) == (both, {}, {})


def test_a_record_that_comes_later_takes_the_engines_earlier_link_back(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, days=1)
    first = link_all(installed).run_id
    deliver(installed, [record("B")])
    account = link_all(installed, since=first)
    assert dict(account.matched) == {"link": 0, "review": 1, "none": 0}
    assert dict(account.standing) == {"link": 0, "review": 2, "none": 0}
    assert held(installed) == {child_of(installed, "A"), child_of(installed, "B")}
    undone = query(installed, "select undone_by, sealed_undo_reason from link where undone_at is not null")
    assert undone == [{"undone_by": None, "sealed_undo_reason": None}]
    assert query(installed, "select 1 from identifier_lookup where kind = 'linked'") == []


def test_what_a_person_linked_stands_and_the_newer_record_waits(installed: Installation) -> None:
    deliver(installed, [twin_record("A", "Le Minh Anh")])
    link_all(installed)
    number = twins()[0].personal_number
    say(installed, child_of(installed, "A"), number, "same")
    deliver(installed, [twin_record("B", "Lê Minh Anh", personal_number=number)])
    link_all(installed)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, number)}
    assert held(installed) == {child_of(installed, "B")}


def test_a_persons_link_sends_the_engines_link_of_another_record_to_review(installed: Installation) -> None:
    number = twins()[0].personal_number
    rows = [twin_record("A", "Le Minh Anh"), twin_record("B", "Lê Minh Anh", personal_number=number)]
    deliver(installed, numbered(rows))
    link_all(installed)
    assert set(links_of(installed)) == {child_of(installed, "B")}
    say(installed, child_of(installed, "A"), number, "same")
    link_all(installed, changed_only=True)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, number)}
    assert held(installed) == {child_of(installed, "B")}


def test_records_of_different_sources_link_to_one_citizen_as_before(installed: Installation) -> None:
    deliver(installed, [record("A")])
    deliver(installed, [record("PAT01", form=PATIENTS), record("PAT02", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    assert len(links_of(installed)) == 3
    assert held(installed) == set()


def test_a_source_that_was_not_declared_may_hold_a_child_twice(peopled: Installation) -> None:
    deliver(peopled, numbered([record("A"), record("B")]))
    link_all(peopled)
    assert set(links_of(peopled).values()) == {person_of(peopled, GIRL)}
    assert len(links_of(peopled)) == 2


def test_a_second_run_changes_nothing_but_the_run(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), record("B"), twin_record("C", "Le Minh Anh")]))
    link_all(installed)
    stays = ("link", "pointer", "member", "person_lookup", "identifier_lookup")
    before, decided, waiting = digest_of(installed, stays), decisions(installed), held(installed)
    for changed_only in (False, True):
        pass_time(installed, days=1)
        link_all(installed, changed_only=changed_only)
        assert (digest_of(installed, stays), decisions(installed), held(installed)) == (before, decided, waiting)


@pytest.mark.parametrize("changed_only", [False, True])
def test_when_the_other_record_is_withdrawn_the_link_is_made_after_all(
    installed: Installation, changed_only: bool
) -> None:
    deliver(installed, numbered([record("A", day=1), record("B", day=1)]))
    link_all(installed)
    deliver(installed, [tombstone("B", day=2)])
    account = link_all(installed, changed_only=changed_only)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, GIRL)}
    assert (held(installed), dict(account.standing)["link"]) == (set(), 1)
    linked = query(installed, "select number_index from identifier_lookup where kind = 'linked'")
    assert [bytes(row["number_index"]) for row in linked] == [installed.vault.number_index(GIRL)]


def test_a_record_that_comes_back_takes_the_link_of_the_other_back(installed: Installation) -> None:
    deliver(installed, numbered([record("A", day=1), record("B", day=1)]))
    link_all(installed)
    for row in (tombstone("B", day=2), record("B", day=3)):
        deliver(installed, [row])
        link_all(installed, changed_only=True)
    assert (links_of(installed), len(held(installed))) == ({}, 2)


def test_when_a_person_says_that_one_is_another_child_the_other_is_linked(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), record("B")]))
    link_all(installed)
    say(installed, child_of(installed, "B"), GIRL, "different")
    link_all(installed, changed_only=True)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, GIRL)}
    assert decisions(installed)[child_of(installed, "B")] == "none"


def test_when_a_person_links_one_the_other_goes_on_waiting(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), record("B")]))
    link_all(installed)
    say(installed, child_of(installed, "A"), GIRL, "same")
    link_all(installed)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, GIRL)}
    assert held(installed) == {child_of(installed, "B")}
    made = query(installed, "select made_by from link where undone_at is null")
    assert made == [{"made_by": STAFF}]


def test_a_source_that_is_declared_later_has_its_links_taken_back(peopled: Installation) -> None:
    deliver(peopled, numbered([record("A"), record("B")]))
    link_all(peopled)
    link_all(declared(peopled, "education"), changed_only=True)
    assert (links_of(peopled), len(held(peopled))) == ({}, 2)
    link_all(declared(peopled, "health"), changed_only=True)
    assert (len(links_of(peopled)), held(peopled)) == (2, set())


def test_the_pair_says_why_it_waits_and_its_evidence_is_kept(installed: Installation) -> None:
    deliver(installed, [record("A")])
    link_all(installed)
    deliver(installed, [record("B")])
    link_all(installed, changed_only=True)
    for key in ("A", "B"):
        with installed.store.begin(reviewer(installed)) as transaction:
            shown = open_pair(transaction, installed.vault, child_of(installed, key))
        assert shown.held
        assert shown.candidates[0].person_id == person_of(installed, GIRL)
        assert shown.candidates[0].evidence


def test_an_ordinary_pair_is_not_said_to_be_held(installed: Installation) -> None:
    deliver(installed, [twin_record("A", "Le Minh Anh")])
    link_all(installed)
    with installed.store.begin(reviewer(installed)) as transaction:
        assert not open_pair(transaction, installed.vault, child_of(installed, "A")).held


def test_what_is_held_and_released_stands_in_the_log(installed: Installation) -> None:
    deliver(installed, numbered([record("A", day=1), record("B", day=1)]))
    link_all(installed)
    deliver(installed, [tombstone("B", day=2)])
    link_all(installed, changed_only=True)
    assert dict(leaves(installed, "link")[-1].counts) == {"held": 0, "released": 1}


def test_a_social_worker_settles_nothing(installed: Installation) -> None:
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.LINKAGE)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        hold_claims.settle_claims(
            transaction,
            installed.vault,
            one_record=frozenset({"education"}),
            people=People(installed.vault),
            run_id=uuid4(),
            after=None,
        )
