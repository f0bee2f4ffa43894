"""What the population database says otherwise waits for a person, and what follows can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Change, ChangeEvent, ChangePage, CitizenSnapshot, Inactive, Inactivity, Outcome
from registry.actions.population.decide import (
    FindingView,
    decide_finding,
    finding_of,
    findings_waiting,
    undo_finding,
)
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.jobs.verifying import follow_changes
from registry.model.access import Area
from registry.model.errors import BadQuery, Conflict, NotFound, Refused
from tests.people import ELSEWHERE, citizen, record
from tests.registry.actions.installed import child_of, deliver, leaves, pass_time, query, reviewer, worker
from tests.registry.actions.population.scripted import TERMS, Scripted, drained

GIRL = citizen()
NEW = "019314052999"
NUMBER = GIRL.personal_number


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


@pytest.fixture
def linked(installed: Installation) -> Installation:
    """The girl's record with a link."""
    deliver(installed, [record("A")])
    assert link_all(installed).matched["link"] == 1
    return installed


def told(installed: Installation, said: CitizenSnapshot | Inactive, outcome: Outcome = Outcome.MISMATCH) -> Scripted:
    """Let the population database say something else of the girl."""
    service = Scripted(clock=installed.clock, said={NUMBER: outcome}, citizens={NUMBER: said})
    drained(installed, service)
    return service


def waiting(installed: Installation) -> list[FindingView]:
    """Return what waits for a reviewer."""
    with installed.store.begin(reviewer(installed)) as transaction:
        return findings_waiting(transaction, installed.vault)


def decide(installed: Installation, *, accept: bool, reason: str = "Đã đối chiếu giấy khai sinh.") -> None:
    """Decide the one finding that waits."""
    (found,) = waiting(installed)
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_finding(transaction, installed.vault, found.child_id, found.finding_id, accept=accept, reason=reason)


def rows(installed: Installation, statement: str) -> list[dict[str, Any]]:
    """Return rows of a query without sealed values."""
    return query(installed, statement)


OTHERWISE = [
    (replace(GIRL, personal_number=NEW, former_numbers=(NUMBER,)), "number_replaced"),
    (replace(GIRL, full_name="Nguyễn Thị Hoài"), "name"),
    (replace(GIRL, sex="1"), "sex"),
    (replace(GIRL, birth_date="2014-05-04"), "birth"),
    (replace(GIRL, status="deceased"), "died"),
    (replace(GIRL, commune_code=ELSEWHERE, old_commune_code=None), "moved"),
    (Inactive(source_ref="r", inactivity=Inactivity.DECEASED), "died"),
    (Inactive(source_ref="r", inactivity=Inactivity.REPLACED, replaced_by=NEW), "number_replaced"),
]


@pytest.mark.parametrize(
    ("said", "kind"), OTHERWISE, ids=[f"{kind}-{place}" for place, (_, kind) in enumerate(OTHERWISE)]
)
def test_what_is_otherwise_is_found_and_changes_nothing_by_itself(
    linked: Installation, said: CitizenSnapshot | Inactive, kind: str
) -> None:
    before = rows(linked, "select sealed_number, undone_at from link")
    told(linked, said)
    (found,) = waiting(linked)
    assert (found.kind, found.connector, found.as_of) == (kind, "scripted", linked.clock())
    assert rows(linked, "select sealed_number, undone_at from link") == before
    assert rows(linked, "select count(*) as n from proposed_correction") == [{"n": 0}]


def test_another_persons_answer_is_not_believed(linked: Installation) -> None:
    told(linked, replace(GIRL, personal_number=NEW, full_name="Bế Thị Khác"))
    assert waiting(linked) == []
    assert {"another_person": 1} in [dict(leaf.counts) for leaf in leaves(linked, "verify")]


def test_the_same_is_found_once(linked: Installation) -> None:
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    pass_time(linked, days=31)
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    assert len(waiting(linked)) == 1


def test_what_is_said_later_takes_the_place_of_what_waits(linked: Installation) -> None:
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    pass_time(linked, days=31)
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoan"))
    (found,) = waiting(linked)
    assert found.said == "Nguyễn Thị Hoan"


def test_an_accepted_number_is_the_links_and_the_old_one_stays_known(linked: Installation) -> None:
    service = told(linked, replace(GIRL, personal_number=NEW, former_numbers=(NUMBER,)))
    decide(linked, accept=True)
    history = rows(linked, "select status, valid_to is null as open from number_history order by status")
    assert history == [{"status": "current", "open": True}, {"status": "replaced", "open": False}]
    index = linked.vault.number_index
    leads = {bytes(row["number_index"]) for row in rows(linked, "select number_index from identifier_lookup")}
    assert {index(NUMBER), index(NEW)} <= leads
    service.citizens = {}
    drained(linked, service)
    assert service.asked[-1][0].personal_number == NEW
    assert rows(linked, "select state from link_state") == [{"state": "verified"}]


def test_an_accepted_name_is_what_is_asked_from_then_on(linked: Installation) -> None:
    service = told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    decide(linked, accept=True)
    drained(linked, service)
    assert service.asked[-1][0].full_name == "Nguyễn Thị Hoài"
    assert rows(linked, "select field, withdrawn_at from proposed_correction") == [
        {"field": "name", "withdrawn_at": None}
    ]
    kinds = [row["kind"] for row in rows(linked, "select kind from outbox_event order by event_id")]
    assert kinds[-3:] == ["link.mismatch", "finding.found", "finding.accepted"] or "finding.accepted" in kinds


def test_a_death_marks_the_child_and_taking_it_back_unmarks_her(linked: Installation) -> None:
    told(linked, replace(GIRL, status="deceased"))
    decide(linked, accept=True)
    child_id = child_of(linked, "A")
    assert rows(linked, "select child_id, mark from child_mark") == [{"child_id": child_id, "mark": "died"}]
    (row,) = rows(linked, "select finding_id from finding")
    with linked.store.begin(reviewer(linked)) as transaction:
        undo_finding(transaction, linked.vault, child_id, row["finding_id"], reason="Nhầm người.")
    assert rows(linked, "select mark from child_mark") == []
    assert rows(linked, "select state, withdrawn_at is null as stands from finding, proposed_correction") == [
        {"state": "undone", "stands": False}
    ]


def test_a_number_taken_back_is_wrong_and_the_one_before_is_asked_again(linked: Installation) -> None:
    service = told(linked, replace(GIRL, personal_number=NEW, former_numbers=(NUMBER,)))
    decide(linked, accept=True)
    (row,) = rows(linked, "select child_id, finding_id from finding")
    with linked.store.begin(reviewer(linked)) as transaction:
        undo_finding(transaction, linked.vault, row["child_id"], row["finding_id"], reason="Nhầm người.")
    statuses = sorted(one["status"] for one in rows(linked, "select status from number_history"))
    assert statuses == ["replaced", "wrong"]
    drained(linked, service)
    assert service.asked[-1][0].personal_number == NUMBER


def test_a_refused_finding_changes_nothing_and_is_not_found_again(linked: Installation) -> None:
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    decide(linked, accept=False)
    assert rows(linked, "select count(*) as n from proposed_correction") == [{"n": 0}]
    pass_time(linked, days=31)
    told(linked, replace(GIRL, full_name="Nguyễn Thị Hoài"))
    assert waiting(linked) == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_decision_needs_one_sentence(linked: Installation, reason: str) -> None:
    told(linked, replace(GIRL, sex="1"))
    with pytest.raises(BadQuery):
        decide(linked, accept=True, reason=reason)
    assert len(waiting(linked)) == 1


def test_what_was_decided_is_not_decided_again(linked: Installation) -> None:
    told(linked, replace(GIRL, sex="1"))
    (found,) = waiting(linked)
    decide(linked, accept=False)
    with pytest.raises(Conflict), linked.store.begin(reviewer(linked)) as transaction:
        decide_finding(transaction, linked.vault, found.child_id, found.finding_id, accept=True, reason="Có.")
    with pytest.raises(Conflict), linked.store.begin(reviewer(linked)) as transaction:
        undo_finding(transaction, linked.vault, found.child_id, found.finding_id, reason="Không.")


def test_another_area_and_another_role_see_none_of_it(linked: Installation) -> None:
    told(linked, replace(GIRL, sex="1"))
    (found,) = waiting(linked)
    far = reviewer(linked, area=Area(communes=frozenset({ELSEWHERE})))
    with linked.store.begin(far) as transaction:
        assert findings_waiting(transaction, linked.vault) == []
    with pytest.raises(NotFound), linked.store.begin(far) as transaction:
        finding_of(transaction, linked.vault, found.child_id, found.finding_id)
    with pytest.raises(NotFound), linked.store.begin(far) as transaction:
        decide_finding(transaction, linked.vault, found.child_id, found.finding_id, accept=True, reason="Có.")
    with pytest.raises(Refused), linked.store.begin(worker(linked)) as transaction:
        findings_waiting(transaction, linked.vault)


def test_numbers_are_masked_and_looking_is_logged(linked: Installation) -> None:
    told(linked, replace(GIRL, personal_number=NEW, former_numbers=(NUMBER,)))
    (found,) = waiting(linked)
    assert (found.before, found.said) == ("019***001", "019***999")
    assert NEW not in repr(found)
    assert leaves(linked, "findings")[-1].children


def test_a_change_that_is_told_has_the_link_asked_about_and_looked_at(linked: Installation) -> None:
    service = Scripted(clock=linked.clock)
    drained(linked, service)
    event = ChangeEvent(sequence="1", kind=Change.CORRECTED, personal_number=NUMBER)
    service.pages = [ChangePage(events=(event,), next="7", more=False)]
    assert follow_changes(linked, service, TERMS) == 1
    service.citizens = {NUMBER: replace(GIRL, full_name="Nguyễn Thị Hoài")}
    drained(linked, service)
    assert [found.kind for found in waiting(linked)] == ["name"]
    assert rows(linked, "select changes_cursor from population_service") == [{"changes_cursor": "7"}]


@pytest.mark.parametrize(("minutes", "links"), [(-5, 0), (5, 1)])
def test_who_was_answered_about_after_a_change_is_not_asked_about_again(
    linked: Installation, minutes: int, links: int
) -> None:
    service = Scripted(clock=linked.clock)
    drained(linked, service)
    recorded = linked.clock() + timedelta(minutes=minutes)
    event = ChangeEvent(sequence="1", kind=Change.CORRECTED, personal_number=NUMBER, recorded=recorded)
    service.pages = [ChangePage(events=(event,), next="7", more=False)]
    assert follow_changes(linked, service, TERMS) == links


def test_a_feed_that_has_forgotten_us_has_us_ask_about_everybody(linked: Installation) -> None:
    service = Scripted(clock=linked.clock)
    drained(linked, service)
    service.pages = [ChangePage(events=(), next="", more=False, reset_required=True)]
    assert follow_changes(linked, service, TERMS) == 1
    service.pages = []
    assert drained(linked, service).outcomes == {"match": 1}
