"""Adding a child by hand: what is kept, what is refused, and that nobody learns whom the registry knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.intake.add_child import NewChild, add_child
from registry.actions.looking.open_child import open_child, purpose_given
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose, Role
from registry.model.errors import BadQuery, ReasonNeeded, Refused
from tests.people import HERE, NEXT_DOOR, record
from tests.registry.actions.installed import (
    COLLEAGUE,
    STORED,
    count,
    deliver,
    heads_of,
    leaves,
    links_of,
    province_worker,
    query,
    somebody,
    worker,
)

GIRL = NewChild(
    name="Nguyễn Thị Hoà",
    sex="female",
    commune=HERE,
    birth_date="03/05/2014",
    number="019314052001",
    mother="Lê Thị Mai",
    father="Nguyễn Văn Sáu",
    carer="Lê Thị Nhàn",
    carer_relation="bà ngoại",
    address="Thôn Suối Mơ",
)


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Some tests here link: the population is there."""
    return peopled


def add(
    installed: Installation, new: NewChild = GIRL, *, token: UUID | None = None, access: Access | None = None
) -> UUID:
    """Add a child as a worker of the commune."""
    with installed.store.begin(access or worker(installed)) as transaction:
        return add_child(transaction, installed.vault, new, token=token or uuid4())


def test_who_wrote_the_record_can_open_it(installed: Installation) -> None:
    child = add(installed)
    with installed.store.begin(worker(installed)) as transaction:
        assert purpose_given(transaction, child) == Purpose.CASE_WORK
        shown = open_child(transaction, installed.vault, child)
    (only,) = shown.records
    assert only.system == "commune"
    assert (only.side.name, only.side.birth, only.side.sex) == ("Nguyễn Thị Hoà", "2014-05-03", "female")
    assert (only.side.mother, only.side.father) == ("Lê Thị Mai", "Nguyễn Văn Sáu")
    assert (only.carer, only.address, only.side.commune) == ("Lê Thị Nhàn", "Thôn Suối Mơ", HERE)


def test_she_is_found_at_once_and_linked_later(installed: Installation) -> None:
    deliver(installed, [record("EDU0001")])
    link_all(installed)
    child = add(installed)
    with installed.store.begin(worker(installed)) as transaction:
        found = find_child(transaction, installed.vault, FindQuery(text="Nguyễn Thị Hoà", born="2014"))
    assert found.total >= 1
    link_all(installed, changed_only=True)
    assert child in links_of(installed)
    assert len({heads_of(installed)[one] for one in links_of(installed)}) == 1, "one child, two records"


def test_nothing_of_it_stands_in_clear(installed: Installation) -> None:
    child = add(installed)
    for table in ("child", "identity", "source_record", "source_version", "ingest_run", "ingest_row", "child_search"):
        rows = query(installed, f"select t::text as line from {table} t")  # noqa: S608  our words
        assert not any("Nguy" in row["line"] or "019314052001" in row["line"] for row in rows), table
    (leaf,) = leaves(installed, "add_child")
    assert leaf.counts == {"added": 1}
    assert len(leaf.children) == 1
    assert leaf.role == Role.COMMUNE_WORKER
    assert str(child) not in leaf.content().decode()


def test_the_answer_is_the_same_for_a_child_whom_the_registry_knows(installed: Installation) -> None:
    deliver(installed, [record("EDU0001")])
    link_all(installed)
    before = {table: count(installed, table) for table in STORED}
    known = add(installed)
    after_known = {table: count(installed, table) for table in STORED}
    other = replace(GIRL, name="Bế Thị Ngân", number="019315061234", mother="Sầm Thị Yến", father="Bế Văn Tư")
    unknown = add(installed, other)
    after_unknown = {table: count(installed, table) for table in STORED}
    grown = {table: after_known[table] - before[table] for table in STORED if table != "child_block"}
    assert known != unknown
    assert grown == {table: after_unknown[table] - after_known[table] for table in grown}


def test_the_same_number_twice_is_two_records(installed: Installation) -> None:
    assert add(installed) != add(installed)


def test_a_form_sent_twice_adds_one_child(installed: Installation) -> None:
    token = uuid4()
    first = add(installed, token=token)
    assert add(installed, token=token) == first
    assert add(installed, replace(GIRL, name="Ai Đó Khác"), token=token) == first
    assert count(installed, "child") == 1
    assert [leaf.counts["added"] for leaf in leaves(installed, "add_child")] == [1, 0, 0]


def test_the_token_of_another_account_leads_to_nobody(installed: Installation) -> None:
    token = uuid4()
    mine = add(installed, token=token)
    theirs = replace(worker(installed), staff_id=COLLEAGUE)
    assert add(installed, token=token, access=theirs) != mine


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "0123456789"}, "name"),
        ({"name": "=cmd|' /C calc'!A0"}, "name"),
        ({"name": "x" * 500}, "name"),
        ({"name": "Hoà\x07"}, "name"),
        ({"sex": "other"}, "sex"),
        ({"commune": NEXT_DOOR}, "commune"),
        ({"commune": "nowhere"}, "commune"),
        ({"birth_date": "31/02/2014"}, "birth_date"),
        ({"birth_date": "hôm qua"}, "birth_date"),
        ({"birth_date": "01/01/2030"}, "birth_date"),
        ({"birth_date": None, "estimated_age": 19}, "estimated_age"),
        ({"birth_date": None, "estimated_age": -1}, "estimated_age"),
        ({"number": "12345"}, "number"),
        ({"number": "0193140520011"}, "number"),
        ({"mother": "12345678"}, "mother.name"),
        ({"address": "=1+1"}, "address"),
        ({"address": "x" * 501}, "address"),
        ({"carer": "Bà\x00"}, "carer.name"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_and_nothing_is_kept(
    installed: Installation, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        add(installed, replace(GIRL, **changes))
    assert refused.value.field == field
    assert not any(str(value) in str(refused.value) for value in changes.values() if value)
    assert count(installed, "child") == count(installed, "quarantine") == count(installed, "ingest_run") == 0


@pytest.mark.parametrize(
    ("changes", "birth"),
    [
        ({"birth_date": None}, None),
        ({"birth_date": "", "estimated_age": 6}, "2020"),
        ({"birth_date": "2014", "estimated_age": 6}, "2014"),
    ],
)
def test_a_birth_may_be_estimated_or_unknown(
    installed: Installation, changes: dict[str, Any], birth: str | None
) -> None:
    bare = NewChild(name="không rõ", sex="unknown", commune=HERE)
    child = add(installed, replace(bare, **changes))
    with installed.store.begin(worker(installed)) as transaction:
        (only,) = open_child(transaction, installed.vault, child).records
    assert (only.side.birth, only.side.sex) == (birth, None)


def test_other_roles_and_purposes_add_nobody(installed: Installation) -> None:
    with pytest.raises(Refused):
        add(installed, access=province_worker(installed))
    with pytest.raises(Refused):
        add(installed, access=worker(installed, Purpose.REFERRAL))
    for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.STEWARD):
        with pytest.raises((Refused, ReasonNeeded)):
            add(installed, access=somebody(installed, role, Purpose.ADMINISTRATION))
    assert count(installed, "child") == 0
