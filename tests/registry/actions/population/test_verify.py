"""Asking about links: an answer is kept as of when, no failure is an answer, and nothing that waits is forgotten."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from connectors.contract import (
    BadClaim,
    ContractDrift,
    Denied,
    MediatorFailure,
    Outcome,
    RateLimited,
    Transient,
)
from registry.actions.intake.load_extract import People
from registry.actions.linkage.review import undo_link
from registry.actions.looking.open_child import open_child
from registry.actions.population import questions
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.jobs.verifying import drain, look_after
from registry.model.access import Purpose
from registry.model.errors import Refused
from tests.people import citizen, numbered, population, record, twin_record, twins
from tests.registry.actions.installed import (
    child_of,
    decisions,
    deliver,
    leaves,
    load,
    pass_time,
    query,
    reviewer,
    worker,
)
from tests.registry.actions.population.scripted import TERMS, Scripted, drained

GIRL, BOY, BROTHER = citizen(), *twins()


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


@pytest.fixture
def linked(installed: Installation) -> Installation:
    """Three records with a link each."""
    boys = [
        twin_record(f"B{place}", twin.full_name or "", personal_number=twin.personal_number)
        for place, twin in enumerate((BOY, BROTHER), start=1)
    ]
    deliver(installed, numbered([record("A"), *boys]))
    assert link_all(installed).matched["link"] == 3
    return installed


@pytest.fixture
def service(linked: Installation) -> Scripted:
    """A population database that confirms everything."""
    return Scripted(clock=linked.clock)


def states(installed: Installation) -> dict[str, Any]:
    """Return the state of each record's newest link."""
    rows = query(installed, "select s.* from link_state s join link l using (child_id, link_id) order by l.made_at")
    keys = {child_of(installed, key): key for key in ("A", "B1", "B2")}
    return {keys[row["child_id"]]: row for row in rows}


def state_of(installed: Installation, key: str) -> str:
    """Return in which state the link of a record is."""
    return str(states(installed)[key]["state"])


def test_a_link_waits_to_be_asked_about_from_the_moment_it_is_made(linked: Installation) -> None:
    found = states(linked)
    assert {(row["state"], row["reason"], row["due_at"]) for row in found.values()} == {
        ("candidate", "made", linked.clock())
    }


def test_each_link_is_asked_about_once_and_the_answer_kept(linked: Installation, service: Scripted) -> None:
    service.said = {BROTHER.personal_number: Outcome.NOT_FOUND}
    assert drained(linked, service).outcomes == {"match": 2, "not_found": 1}
    assert drained(linked, service).outcomes == {}
    assert {key: state_of(linked, key) for key in ("A", "B1", "B2")} == {
        "A": "verified",
        "B1": "verified",
        "B2": "mismatch",
    }
    rows = query(linked, "select distinct connector, as_of from verification")
    assert rows == [{"connector": "scripted", "as_of": linked.clock()}]
    assert {row["connector"] for row in states(linked).values()} == {"scripted"}


def test_the_question_holds_what_the_registry_takes_for_true(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    claim, context = next(asked for asked in service.asked if asked[0].personal_number == GIRL.personal_number)
    assert (claim.full_name, claim.birth_date, claim.sex) == (GIRL.full_name, GIRL.birth_date, "2")
    assert (context.agency_code, context.officer_ref, context.purpose) == ("G01.99", "tests", "verification")
    assert len(context.request_id) <= 40


def test_a_refuted_link_stands_until_a_person_undoes_it(linked: Installation, service: Scripted) -> None:
    service.said = dict.fromkeys([GIRL.personal_number], Outcome.NOT_FOUND)
    drained(linked, service)
    assert set(decisions(linked).values()) == {"link"}
    with linked.store.begin(worker(linked)) as transaction:
        (link,) = open_child(transaction, linked.vault, child_of(linked, "A")).links
    assert (link.verified, link.verified_at) == ("not_found", linked.clock())


FAILURES = [
    (Transient("down"), "transient"),
    (RateLimited("enough", retry_after=30), "rate_limited"),
    (MediatorFailure("the bus"), "mediator"),
    (Denied("no"), "denied"),
    (ContractDrift("/TonTai"), "drift"),
    (BadClaim("full_name"), "bad_claim"),
    (ValueError("what no connector should raise"), "raised"),
    (Outcome.UNKNOWN, "unknown"),
]


@pytest.mark.parametrize(("failure", "kind"), FAILURES, ids=[kind for _, kind in FAILURES])
def test_a_failure_decides_nothing_and_is_asked_again_under_the_same_name(
    linked: Installation, service: Scripted, failure: Exception | Outcome, kind: str
) -> None:
    service.script = [failure]
    drained(linked, service, limit=1)
    (failed,) = [row for row in states(linked).values() if row["failure"]]
    assert (failed["state"], failed["failure"], failed["attempts"]) == ("unreachable", kind, 1)
    pass_time(linked, hours=7)
    drained(linked, service)
    assert {state_of(linked, key) for key in ("A", "B1", "B2")} == {"verified"}
    first = service.asked[0][1].request_id
    assert [context.request_id for _, context in service.asked].count(first) == 2
    assert set(decisions(linked).values()) == {"link"}


def test_what_was_confirmed_stays_so_through_an_outage_until_it_is_old(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    pass_time(linked, days=179)
    query(linked, "update link_state set due_at = %s returning 1", linked.clock())
    service.script = [Transient("down")] * 3
    drained(linked, service)
    assert {state_of(linked, key) for key in ("A", "B1", "B2")} == {"verified"}
    pass_time(linked, days=3)
    assert look_after(linked, TERMS)["aged"] == 3
    assert {row["state"] for row in states(linked).values()} == {"stale"}
    drained(linked, service)
    assert {row["state"] for row in states(linked).values()} == {"verified"}


def test_a_connector_that_hangs_fails_its_question_alone(linked: Installation, service: Scripted) -> None:
    let_go = threading.Event()
    waits = iter([True])
    service.during = lambda: let_go.wait(20) if next(waits, False) else None  # type: ignore[assignment]  # a wait that says something
    said = drain(linked, service, TERMS, limit=3, patience=0.3)
    let_go.set()
    assert said.outcomes == {"unknown": 1, "match": 2}


_BUSY = """
    select 1 from pg_stat_activity
    where state = 'idle in transaction' and datname = current_database() and pid <> pg_backend_pid()
"""


def test_nobody_waits_for_a_lock_while_a_question_is_on_its_way(linked: Installation, service: Scripted) -> None:
    seen: list[int] = []
    service.during = lambda: seen.append(len(query(linked, _BUSY)))
    drained(linked, service)
    assert seen == [0, 0, 0]


def test_who_is_killed_while_asking_is_followed_by_the_same_question(linked: Installation, service: Scripted) -> None:
    people = People(linked.vault)
    with linked.store.begin(linked.engine(Purpose.VERIFICATION)) as transaction:
        batch = questions.claim_batch(transaction, linked.vault, service, TERMS, people=people)
    assert drained(linked, service).outcomes == {}  # they are that batch's, as long as its lease
    pass_time(linked, minutes=6)
    drained(linked, service)
    asked = {context.request_id for _, context in service.asked}
    assert asked == {question.request_id for question in batch.questions}


def test_two_processes_never_ask_about_the_same_link(linked: Installation, service: Scripted) -> None:
    people = People(linked.vault)
    taken: list[questions.Question] = []
    with (
        linked.store.begin(linked.engine(Purpose.VERIFICATION)) as one,
    ):
        taken += questions.claim_batch(one, linked.vault, service, TERMS, people=people, most=2).questions
    with linked.store.begin(linked.engine(Purpose.VERIFICATION)) as other:
        taken += questions.claim_batch(other, linked.vault, service, TERMS, people=people, most=2).questions
    assert len({question.state.link_id for question in taken}) == len(taken) == 3


def test_the_quota_of_the_day_is_never_exceeded_and_goes_on_the_next_day(
    linked: Installation, service: Scripted
) -> None:
    terms = replace(TERMS, quota_a_day=2)
    assert sum(drained(linked, service, terms).outcomes.values()) == 2
    assert sum(drained(linked, service, terms).outcomes.values()) == 0
    pass_time(linked, days=1)
    assert sum(drained(linked, service, terms).outcomes.values()) == 1
    assert query(linked, "select asked from population_day order by on_day") == [{"asked": 2}, {"asked": 1}]


def test_a_clock_that_jumps_neither_empties_the_quota_nor_stalls(linked: Installation, service: Scripted) -> None:
    terms = replace(TERMS, quota_a_day=2)
    drained(linked, service, terms)
    pass_time(linked, days=400)
    pass_time(linked, days=-400)
    assert sum(drained(linked, service, terms).outcomes.values()) == 0
    pass_time(linked, days=-30)  # a day of its own, with a quota of its own: what waits is asked about
    assert sum(drained(linked, service, terms).outcomes.values()) <= 2
    pass_time(linked, days=60)
    drained(linked, service, terms)
    assert "candidate" not in {row["state"] for row in states(linked).values()}


def test_a_wait_that_was_set_by_a_clock_far_ahead_holds_nobody_up(linked: Installation, service: Scripted) -> None:
    pass_time(linked, days=300)
    service.script = [Transient("down")] * 3
    drained(linked, service, replace(TERMS, opens_after=3))
    pass_time(linked, days=-300)
    assert drained(linked, service).outcomes == {"match": 3}


def test_the_rate_lets_no_more_through_and_says_when_to_look_again(linked: Installation, service: Scripted) -> None:
    terms = replace(TERMS, calls_a_second=0.1)
    first = drained(linked, service, terms)
    assert first.outcomes == {"match": 1}
    assert first.again_at == linked.clock() + timedelta(seconds=10)
    pass_time(linked, seconds=10)
    assert drained(linked, service, terms).outcomes == {"match": 1}


def test_the_breaker_opens_lets_one_question_try_and_closes(linked: Installation, service: Scripted) -> None:
    terms = replace(TERMS, opens_after=2, closed_again_after=timedelta(minutes=5))
    service.script = [Transient("down")] * 3
    opened = drained(linked, service, terms)
    assert (len(service.asked), opened.again_at) == (2, linked.clock() + timedelta(minutes=5))
    assert len(drained(linked, service, terms).outcomes) == 0
    pass_time(linked, minutes=6)
    drained(linked, service, terms)
    assert len(service.asked) == 3  # one tried, and it failed
    pass_time(linked, minutes=6)
    assert drained(linked, service, terms).outcomes == {"match": 3}
    (row,) = query(linked, "select failures, open_until from population_service")
    assert row == {"failures": 0, "open_until": None}


def test_a_question_that_is_wrong_says_nothing_of_the_service(linked: Installation, service: Scripted) -> None:
    service.script = [BadClaim("full_name")] * 2
    assert drained(linked, service, replace(TERMS, opens_after=3)).outcomes == {"unknown": 2, "match": 1}
    (row,) = query(linked, "select open_until from population_service")
    assert row == {"open_until": None}


def test_who_says_wait_is_waited_for(linked: Installation, service: Scripted) -> None:
    service.script = [RateLimited("enough", retry_after=600)]
    said = drained(linked, service)
    assert (len(service.asked), said.again_at) == (1, linked.clock() + timedelta(minutes=10))


def test_a_citizen_about_whom_nothing_can_be_asked_does_not_hold_up_the_others(own: Installation) -> None:
    load(own, population())
    deliver(own, [record("A")])
    link_all(own)
    pass_time(own, hours=1)
    load(own, [citizen(birth_date=None)], name="november")  # she comes first, and cannot be asked about
    deliver(own, [twin_record("B1", "Lê Minh Anh", personal_number=BOY.personal_number)])
    link_all(own, changed_only=True)
    service = Scripted(clock=own.clock)
    assert drained(own, service).outcomes == {"match": 1}
    assert sorted(row["state"] for row in query(own, "select state from link_state")) == ["candidate", "verified"]
    (row,) = query(own, "select reason, due_at from link_state where state = 'candidate'")
    assert row == {"reason": "facts_missing", "due_at": own.clock() + timedelta(days=30)}


def test_a_year_alone_is_not_asked_where_whole_dates_are_needed(own: Installation) -> None:
    load(own, [replace(GIRL, birth_date="2014"), BOY, BROTHER])
    deliver(own, [record("A")])
    link_all(own)
    assert drained(own, Scripted(clock=own.clock, partial=False)).outcomes == {}
    service = Scripted(clock=own.clock)
    pass_time(own, days=31)
    drained(own, service)
    assert [claim.birth_date for claim, _ in service.asked] in ([], ["2014"])


def test_an_undone_link_is_asked_about_no_more_and_the_next_one_is(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    child_id = child_of(linked, "B1")
    with linked.store.begin(reviewer(linked, reason="Nhầm anh em.")) as transaction:
        undo_link(transaction, linked.vault, child_id, reason="Nhầm anh em.")
    (row,) = query(linked, "select state, due_at from link_state where child_id = %s", child_id)
    assert row == {"state": "revoked", "due_at": None}
    pass_time(linked, hours=1)
    deliver(linked, [record("B1", day=5)])
    link_all(linked)
    with linked.store.begin(worker(linked)) as transaction:
        links = open_child(transaction, linked.vault, child_id).links
    assert [link.verified for link in links if link.child_id == child_id] == [None]
    assert drained(linked, service).outcomes == {"match": 1}


def test_an_answer_about_a_link_that_was_undone_meanwhile_is_not_kept(linked: Installation, service: Scripted) -> None:
    child_id = child_of(linked, "A")

    def undo() -> None:
        service.during = None
        with linked.store.begin(reviewer(linked, reason="Nhầm.")) as transaction:
            undo_link(transaction, linked.vault, child_id, reason="Nhầm.")

    service.during = undo
    drained(linked, service)
    assert query(linked, "select state from link_state where child_id = %s", child_id) == [{"state": "revoked"}]


def test_asking_leaves_a_leaf_with_the_children_and_the_outcomes(linked: Installation, service: Scripted) -> None:
    service.said = dict.fromkeys([BOY.personal_number, BROTHER.personal_number], Outcome.NOT_FOUND)
    drained(linked, service)
    (leaf,) = leaves(linked, "verify")
    assert (len(leaf.children), dict(leaf.counts)) == (3, {"match": 1, "not_found": 2})


def test_a_social_worker_asks_nothing(linked: Installation, service: Scripted) -> None:
    with pytest.raises(Refused), linked.store.begin(worker(linked)) as transaction:
        questions.claim_batch(transaction, linked.vault, service, TERMS, people=People(linked.vault))
    assert service.asked == []


def test_a_newer_record_that_fits_less_well_is_asked_about_at_once(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    pass_time(linked, days=1)
    deliver(linked, [record("A", day=5, name="Nguyễn Thị Hoài")])
    link_all(linked, changed_only=True)
    assert look_after(linked, TERMS)["flagged"] == 1
    assert (state_of(linked, "A"), states(linked)["A"]["reason"]) == ("stale", "flagged")
    assert drained(linked, service).outcomes == {"match": 1}
    assert look_after(linked, TERMS) == {}


def test_a_number_that_another_record_claims_is_asked_about(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    pass_time(linked, days=1)
    deliver(linked, [record("Z", name="Bế Văn Tám", sex="Nam", birth_date="09/09/2012", mother=None, father=None)])
    assert look_after(linked, TERMS)["flagged"] == 1
    assert state_of(linked, "A") == "stale"


def test_every_link_that_stands_is_in_the_queue(linked: Installation) -> None:
    missing = query(
        linked,
        "select l.link_id from link l left join link_state s using (child_id, link_id)"
        " where (l.undone_at is null) <> (s.due_at is not null)",
    )
    assert missing == []


def test_ids_of_calls_are_kept_with_what_was_said(linked: Installation, service: Scripted) -> None:
    drained(linked, service)
    kept = {row["source_ref"] for row in query(linked, "select source_ref from verification")}
    assert kept == {context.request_id for _, context in service.asked}
    assert all(UUID(one) for one in kept)


def test_a_refuted_link_is_looked_at_beyond_the_rate_and_never_beyond_the_quota(
    linked: Installation, service: Scripted
) -> None:
    service.said = dict.fromkeys([GIRL.personal_number, BOY.personal_number, BROTHER.personal_number], Outcome.MISMATCH)
    drained(linked, service, replace(TERMS, calls_a_second=0.2, quota_a_day=3))
    assert (len(service.asked), len(service.looked)) == (1, 1)
    pass_time(linked, minutes=5)
    drained(linked, service, replace(TERMS, calls_a_second=0.2, quota_a_day=3))
    assert (len(service.asked), len(service.looked)) == (2, 1)
    late = [row["due_at"] - linked.clock() for row in states(linked).values() if row["reason"] == "mismatch"]
    assert sorted(wait.days for wait in late) == [1, 29]


def test_nothing_is_looked_up_where_the_service_grants_no_look_up(linked: Installation, service: Scripted) -> None:
    service.grants_look_up = False
    service.said = {GIRL.personal_number: Outcome.NOT_FOUND}
    drained(linked, service)
    assert (len(service.asked), service.looked) == (3, [])
    assert query(linked, "select sum(asked)::int as asked from population_day") == [{"asked": 3}]
