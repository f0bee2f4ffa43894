"""The register of legal bases, breach records with their clock, and the record of processing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.actions.law import breaches, legal_bases
from registry.actions.law.breaches import BreachFacts, BreachView
from registry.actions.law.lawful import LawfulPurposes, NoLegalBasis
from registry.actions.law.legal_bases import NewBasis
from registry.actions.law.processing_record import SourceLine, processing_record
from registry.jobs.duties import watch
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, RegistryError
from registry.model.law import shipped_law
from registry.web.breach_notice import notice_csv, notice_document, notice_html
from registry.web.processing_document import markdown_of
from tests.registry.actions.installed import leaves, pass_time, query, somebody, worker
from tests.registry.law.family import auditor

LAW = shipped_law()
BASIS = NewBasis(purpose="other", law="Luật thử", article="Điều 1", wording="Cho phép.", valid_from=date(2026, 11, 1))
FACTS = BreachFacts(
    what="Một máy tính xách tay bị mất.",
    kinds=("tên", "địa chỉ"),
    children=None,
    consequences="Có thể bị lộ địa chỉ.",
    measures="Đã khoá tài khoản.",
    contact="UBND xã Thử",
)


def end_all(installed: Installation, purpose: Purpose, last_day: date) -> None:
    """End every basis of a purpose."""
    with installed.store.begin(auditor(installed)) as transaction:
        for basis in legal_bases.list_bases(transaction, installed.vault, LAW):
            if basis.purpose == purpose.value:
                legal_bases.end_basis(transaction, installed.vault, LAW, basis.basis_id, last_day=last_day)


def test_what_comes_with_the_program_stands_until_it_is_ended(installed: Installation) -> None:
    with installed.store.begin(auditor(installed)) as transaction:
        assert len(legal_bases.list_bases(transaction, installed.vault, LAW)) == len(LAW.bases)
        assert legal_bases.without_basis(transaction, LAW) == []
    end_all(installed, Purpose.OTHER, date(2026, 10, 31))
    with installed.store.begin(auditor(installed)) as transaction:
        assert legal_bases.without_basis(transaction, LAW) == [Purpose.OTHER]
        legal_bases.add_basis(transaction, installed.vault, BASIS)
        assert legal_bases.without_basis(transaction, LAW) == []
    (ended,) = query(installed, "select valid_to, ended_by, entered_by from legal_basis where valid_to is not null")
    assert ended["ended_by"] is not None
    assert ended["entered_by"] is None


def test_a_purpose_of_people_without_a_law_is_refused_within_a_minute(installed: Installation) -> None:
    lawful = LawfulPurposes(installed.store, LAW)
    access = worker(installed, Purpose.OTHER, reason="Họp tổ.")
    lawful.require(access)
    end_all(installed, Purpose.OTHER, date(2026, 10, 31))
    lawful.require(access)
    pass_time(installed, minutes=1)
    with pytest.raises(NoLegalBasis):
        lawful.require(replace(access, at=installed.clock()))
    lawful.require(worker(installed, Purpose.CASE_WORK))
    lawful.require(auditor(installed))


def test_a_clock_that_goes_back_reads_the_register_again(installed: Installation) -> None:
    lawful = LawfulPurposes(installed.store, LAW)
    access = worker(installed, Purpose.OTHER, reason="Họp tổ.")
    lawful.require(access)
    end_all(installed, Purpose.OTHER, date(2026, 10, 30))
    with pytest.raises(NoLegalBasis):
        lawful.require(replace(access, at=access.at - timedelta(hours=1)))


def test_a_purpose_without_a_law_raises_one_alarm(installed: Installation) -> None:
    end_all(installed, Purpose.REFERRAL, date(2026, 10, 31))
    assert watch(installed)["no_legal_basis"] == 1
    assert watch(installed)["no_legal_basis"] == 0
    assert [row["place"] for row in query(installed, "select place from alarm")] == ["referral"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("purpose", {"purpose": "curiosity"}),
        ("law", {"law": " "}),
        ("article", {"article": "a" * 1001}),
        ("wording", {"wording": ""}),
        ("valid_to", {"valid_to": date(2026, 10, 31)}),
    ],
)
def test_a_basis_that_breaks_a_rule_is_refused_by_field(
    installed: Installation, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadQuery) as refused, installed.store.begin(auditor(installed)) as transaction:
        legal_bases.add_basis(transaction, installed.vault, replace(BASIS, **changes))
    assert refused.value.field == field


def test_only_a_basis_that_is_there_ends_and_not_before_it_began(installed: Installation) -> None:
    with pytest.raises(NotFound), installed.store.begin(auditor(installed)) as transaction:
        legal_bases.end_basis(transaction, installed.vault, LAW, uuid4(), last_day=date(2026, 12, 31))
    with pytest.raises(BadQuery), installed.store.begin(auditor(installed)) as transaction:
        legal_bases.end_basis(transaction, installed.vault, LAW, LAW.bases[0].basis_id, last_day=date(2000, 1, 1))


def add(installed: Installation, *, discovered_at: datetime | None = None, facts: BreachFacts = FACTS) -> UUID:
    """Write a breach down."""
    with installed.store.begin(auditor(installed)) as transaction:
        at = discovered_at or installed.clock()
        return breaches.add_breach(transaction, installed.vault, discovered_at=at, facts=facts)


def update(installed: Installation, breach_id: UUID, facts: BreachFacts, told: datetime | None = None) -> None:
    """Add what is known now."""
    with installed.store.begin(auditor(installed)) as transaction:
        breaches.update_breach(transaction, installed.vault, LAW, breach_id, facts=facts, notified_at=told)


def show(installed: Installation, breach_id: UUID) -> BreachView:
    """Return one breach."""
    with installed.store.begin(auditor(installed)) as transaction:
        return breaches.show_breach(transaction, installed.vault, LAW, breach_id)


def test_alarms_come_after_48_and_72_hours_once_each(installed: Installation) -> None:
    add(installed)
    raised = []
    for hours in (47, 1, 1, 22, 2, 1):
        pass_time(installed, hours=hours)
        told = watch(installed)
        raised.append((told["breach_soon"], told["breach_late"]))
    assert raised == [(0, 0), (1, 0), (0, 0), (0, 0), (0, 1), (0, 0)]


def test_a_notice_in_time_stops_the_clock(installed: Installation) -> None:
    breach_id = add(installed)
    pass_time(installed, hours=40)
    update(installed, breach_id, FACTS, told=installed.clock())
    pass_time(installed, hours=100)
    assert watch(installed)["breach_late"] == 0
    assert not show(installed, breach_id).late


def test_a_late_notice_says_why_and_what_was_known_before_stays(installed: Installation) -> None:
    breach_id = add(installed)
    pass_time(installed, hours=80)
    more = replace(FACTS, children=31, what="Máy có 31 hồ sơ.")
    with pytest.raises(BadQuery) as refused:
        update(installed, breach_id, more, told=installed.clock())
    assert refused.value.field == "late_because"
    update(installed, breach_id, replace(more, late_because="Phải chờ kiểm kê."), told=installed.clock())
    view = show(installed, breach_id)
    assert view.late
    assert [version.facts.what for version in view.versions] == [FACTS.what, more.what]
    assert view.newest.late_because == "Phải chờ kiểm kê."
    with pytest.raises(Conflict):
        update(installed, breach_id, more, told=installed.clock())


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("what", {"what": " "}),
        ("kinds", {"kinds": ()}),
        ("kinds", {"kinds": ("a" * 101,)}),
        ("children", {"children": -1}),
        ("consequences", {"consequences": ""}),
        ("measures", {"measures": "a" * 4001}),
        ("contact", {"contact": ""}),
        ("late_because", {"late_because": "a" * 4001}),
    ],
)
def test_a_breach_that_breaks_a_rule_is_refused_by_field(
    installed: Installation, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadQuery) as refused:
        add(installed, facts=replace(FACTS, **changes))
    assert refused.value.field == field
    assert query(installed, "select from breach") == []


def test_a_breach_of_the_future_and_one_that_is_none_are_refused(installed: Installation) -> None:
    with pytest.raises(BadQuery):
        add(installed, discovered_at=installed.clock() + timedelta(minutes=1))
    with pytest.raises(NotFound):
        update(installed, uuid4(), FACTS)
    with pytest.raises(NotFound):
        show(installed, uuid4())
    with pytest.raises(BadQuery):
        update(installed, add(installed), FACTS, told=installed.clock() - timedelta(days=1))


def test_a_breach_is_sealed_and_the_auditors_alone(installed: Installation) -> None:
    breach_id = add(installed)
    assert "máy tính" not in str(query(installed, "select v::text from breach_version v"))
    for role in (Role.ADMINISTRATOR, Role.CUSTODIAN, Role.COMMUNE_WORKER):
        access = somebody(installed, role, Purpose.ADMINISTRATION)
        with pytest.raises(RegistryError), installed.store.begin(access) as transaction:
            breaches.show_breach(transaction, installed.vault, LAW, breach_id)
    assert len(leaves(installed, "breach")) == 1


def test_the_notice_is_for_programs_sheets_and_printers(installed: Installation) -> None:
    view = show(installed, add(installed, facts=replace(FACTS, what='=HYPERLINK("x") <b>')))
    document = json.loads(json.dumps(notice_document(view)))
    assert document["versions"][0]["kinds"] == ["tên", "địa chỉ"]
    assert "'=HYPERLINK" in notice_csv(view, "vi")
    page = notice_html(view, "vi")
    assert "<b>" not in page
    assert "chưa biết" in page


def test_the_record_of_processing_tells_what_this_installation_goes_by(installed: Installation) -> None:
    end_all(installed, Purpose.REFERRAL, date(2026, 10, 31))
    with installed.store.begin(auditor(installed)) as transaction:
        record = processing_record(
            transaction,
            installed.vault,
            LAW,
            sources=[SourceLine(system="education", stream="pupils")],
            keeper="keyfile",
            demo=True,
        )
    assert record.without_basis == (Purpose.REFERRAL,)
    text = markdown_of(record, "en")
    assert text.startswith("# Record of processing\n")
    for part in ("| Referral | no law is entered |", "| Education | pupils |", "keyfile", "who is suspected", "| 72 |"):
        assert part in text
    assert "| Chuyển gửi | chưa ghi luật nào |" in markdown_of(record, "vi") or "chưa ghi luật nào" in markdown_of(
        record, "vi"
    )
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in rows)
