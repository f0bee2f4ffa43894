"""What a family is given when it asks to see all: readable, and without what may endanger anybody."""

from __future__ import annotations

import pytest

from registry.actions.law.held_values import HeldValues, what_is_held
from registry.actions.law.subject_requests import WithProvince
from registry.jobs.opening import Installation
from registry.model.access import Access
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.model.family_requests import Kind
from registry.model.law import shipped_law
from registry.model.representative import Relation
from tests.people import CASES, ELSEWHERE, case
from tests.registry.actions.installed import child_of, deliver, leaves
from tests.registry.law.family import FATHER, commune, province
from tests.registry.law.test_subject_requests import ask, close

LAW = shipped_law()


def given(installed: Installation, access: Access | None = None, **asked: object) -> HeldValues:
    """Take down a request and answer it."""
    request_id = ask(installed, **asked)
    with installed.store.begin(access or commune(installed)) as transaction:
        return what_is_held(transaction, installed.vault, LAW, child_of(installed, "A"), request_id=request_id)


def test_the_mother_reads_what_schools_and_clinics_hold_and_who_looked(installed: Installation) -> None:
    held = given(installed)
    assert {record.system for record in held.child.records} == {"education", "health"}
    assert {record.side.name for record in held.child.records} == {"Nguyễn Thị Hoà"}
    assert all(record.address for record in held.child.records)
    assert {look.action for look in held.looks.looks} >= {"subject_request"}
    assert all(look.login is None for look in held.looks.looks)


def test_neither_reporter_nor_suspect_nor_case_is_part_of_it(installed: Installation) -> None:
    deliver(
        installed, [case(day=9, case_facts={"suspect": {"relation": "neighbour", "name": "Bế Văn Nghi"}})], form=CASES
    )
    held = given(installed)
    assert {record.system for record in held.child.records} == {"education", "health", "protection"}
    told = [(record.case, record.case_notes, record.reporter, record.welfare_groups) for record in held.child.records]
    assert told == [(None, None, None, ())] * 3


def test_the_look_is_in_the_log_with_what_was_asked(installed: Installation) -> None:
    given(installed)
    assert [leaf.groups for leaf in leaves(installed, "subject_request")][-1] == ("access",)
    assert leaves(installed, "open")[-1].purpose == "subject_request"


def test_only_an_open_request_to_see_it_is_answered_so(installed: Installation) -> None:
    with pytest.raises(BadQuery):
        given(installed, kind=Kind.COMPLAINT)
    request_id = ask(installed)
    close(installed, request_id)
    child = child_of(installed, "A")
    with pytest.raises(Conflict), installed.store.begin(commune(installed)) as transaction:
        what_is_held(transaction, installed.vault, LAW, child, request_id=request_id)


def test_the_suspect_is_answered_by_the_province_alone(installed: Installation) -> None:
    with pytest.raises(WithProvince):
        given(installed, asker=FATHER, relation=Relation.FATHER)
    held = given(installed, province(installed), asker=FATHER, relation=Relation.FATHER)
    assert "protection" not in {record.system for record in held.child.records}


def test_another_commune_gives_nothing(installed: Installation) -> None:
    with pytest.raises(NotFound):
        given(installed, commune(installed, commune=ELSEWHERE))
