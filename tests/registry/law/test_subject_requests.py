"""Requests of families: their clocks, who may answer, and that nobody learns who is suspected."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.actions.law import corrections, subject_requests
from registry.actions.law.corrections import Corrected, NewCorrection
from registry.actions.law.duty_clocks import watch_clocks
from registry.actions.law.subject_requests import NewRequest, RequestView, WithProvince
from registry.actions.lists.export_rows import Question, find_rows
from registry.jobs.duties import watch
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, RegistryError
from registry.model.family_requests import Kind, Outcome, State
from registry.model.law import shipped_law
from registry.model.representative import Relation
from registry.protect.authorize import Action, authorize
from tests.people import ELSEWHERE
from tests.registry.actions.installed import child_of, leaves, pass_time, query, somebody, worker
from tests.registry.law.family import FATHER, MOTHER, commune, province

LAW = shipped_law()


def ask(installed: Installation, access: Access | None = None, **changes: Any) -> UUID:
    """Take down a request of the girl's mother, or of somebody else."""
    usual: dict[str, Any] = {
        "kind": Kind.ACCESS,
        "asker": MOTHER,
        "relation": Relation.MOTHER,
        "proof": "giấy khai sinh",
        "words": "Xin cho biết cơ quan đang giữ những gì về cháu.",
    }
    asked = NewRequest(**{**usual, **changes})
    with installed.store.begin(access or commune(installed)) as transaction:
        return subject_requests.take_down(transaction, installed.vault, LAW, child_of(installed, "A"), asked=asked)


def seen(installed: Installation, access: Access | None = None) -> list[RequestView]:
    """Return the girl's requests as somebody sees them."""
    with installed.store.begin(access or commune(installed)) as transaction:
        return subject_requests.requests_of(transaction, installed.vault, LAW, child_of(installed, "A"))


def close(
    installed: Installation, request_id: UUID, access: Access | None = None, told: str = "Đã trao bản in."
) -> None:
    """Close a request."""
    with installed.store.begin(access or commune(installed)) as transaction:
        subject_requests.close(
            transaction,
            installed.vault,
            child_of(installed, "A"),
            request_id,
            outcome=Outcome.GRANTED,
            told=told,
        )


@pytest.mark.parametrize(
    ("kind", "others", "done_by"),
    [
        (Kind.ACCESS, False, date(2026, 11, 11)),  # ten days after a Sunday, the 1st
        (Kind.CORRECTION, True, date(2026, 11, 23)),  # the twentieth is a Saturday
        (Kind.WITHDRAWAL, False, date(2026, 11, 16)),
        (Kind.OBJECTION, True, date(2026, 11, 23)),
    ],
)
def test_the_clocks_run_by_the_kind_of_request(
    installed: Installation, kind: Kind, others: bool, done_by: date
) -> None:
    ask(installed, kind=kind, third_party=others)
    (view,) = seen(installed)
    assert view.line.answer_by == date(2026, 11, 3)
    assert view.line.done_by == done_by
    assert view.certain


def test_a_request_is_answered_extended_once_and_closed(installed: Installation) -> None:
    request_id = ask(installed)
    child = child_of(installed, "A")
    with installed.store.begin(commune(installed)) as transaction:
        subject_requests.answer(transaction, installed.vault, child, request_id)
    with pytest.raises(Conflict), installed.store.begin(commune(installed)) as transaction:
        subject_requests.answer(transaction, installed.vault, child, request_id)
    with installed.store.begin(commune(installed)) as transaction:
        later = subject_requests.extend(
            transaction, installed.vault, LAW, child, request_id, reason="Nguồn dữ liệu chưa trả lời."
        )
    assert later == date(2026, 11, 26)
    with pytest.raises(Conflict), installed.store.begin(commune(installed)) as transaction:
        subject_requests.extend(transaction, installed.vault, LAW, child, request_id, reason="Nữa")
    close(installed, request_id)
    (view,) = seen(installed)
    assert (view.line.state, view.outcome, view.told) == (State.CLOSED, Outcome.GRANTED, "Đã trao bản in.")
    assert view.extension == "Nguồn dữ liệu chưa trả lời."
    with pytest.raises(Conflict):
        close(installed, request_id)
    counts = [set(leaf.counts) for leaf in leaves(installed, "subject_request")]
    assert [{"received"}, {"answered"}, {"extended"}, {"granted"}, {"seen"}] == counts


def test_what_is_over_cannot_be_extended(installed: Installation) -> None:
    request_id = ask(installed)
    pass_time(installed, days=11)
    with pytest.raises(Conflict), installed.store.begin(commune(installed)) as transaction:
        subject_requests.extend(transaction, installed.vault, LAW, child_of(installed, "A"), request_id, reason="Chậm")


@pytest.mark.parametrize(
    "asker",
    [
        {"asker": FATHER, "relation": Relation.FATHER},
        {"asker": "Người khác", "relation": Relation.FATHER},
        {"asker": FATHER, "relation": Relation.GUARDIAN},
    ],
)
def test_the_suspect_is_taken_down_like_anybody_and_the_province_answers(
    installed: Installation, asker: dict[str, Any]
) -> None:
    theirs = ask(installed, **asker)
    ours = ask(installed, third_party=True)
    views = {view.line.request_id: view for view in seen(installed)}
    assert views[theirs].line.with_province
    assert views[ours].line.with_province, "another reason, and the same words"
    assert views[theirs].words is None
    with pytest.raises(WithProvince) as refused:
        close(installed, theirs)
    assert "suspect" not in str(refused.value)
    close(installed, theirs, province(installed))
    stored = query(installed, "select request_id, r::text as line from subject_request r")
    assert not any("suspect" in row["line"] for row in stored)


def test_the_mother_is_answered_where_she_asks(installed: Installation) -> None:
    ask(installed)
    (view,) = seen(installed)
    assert (view.asker, view.relation, view.answers_here) == (MOTHER, "mother", True)


def test_a_commune_may_leave_a_request_to_the_province(installed: Installation) -> None:
    request_id = ask(installed)
    with installed.store.begin(commune(installed)) as transaction:
        subject_requests.pass_to_province(transaction, installed.vault, child_of(installed, "A"), request_id)
    with pytest.raises(WithProvince):
        close(installed, request_id)
    close(installed, request_id, province(installed))


def test_the_queue_holds_the_open_requests_of_the_own_area_the_most_urgent_first(installed: Installation) -> None:
    slow = ask(installed, kind=Kind.WITHDRAWAL)
    quick = ask(installed)
    closed = ask(installed)
    close(installed, closed)
    with installed.store.begin(commune(installed)) as transaction:
        lines = subject_requests.queue(transaction, installed.vault)
    assert [line.request_id for line in lines] == [quick, slow]
    with installed.store.begin(commune(installed, commune=ELSEWHERE)) as transaction:
        assert subject_requests.queue(transaction, installed.vault) == []


def test_an_overdue_request_raises_one_alarm(installed: Installation) -> None:
    ask(installed)
    assert watch(installed)["request_overdue"] == 0
    pass_time(installed, days=3)
    assert watch(installed)["request_overdue"] == 1
    assert watch(installed)["request_overdue"] == 0
    (view,) = seen(installed)
    assert view.line.overdue
    (alarm,) = query(installed, "select kind, place, child_pseudonym from alarm")
    assert (alarm["kind"], alarm["place"]) == ("request_overdue", "access")
    assert alarm["child_pseudonym"]


def test_a_correction_is_passed_on_to_a_source_and_kept(installed: Installation) -> None:
    request_id = ask(installed, kind=Kind.CORRECTION)
    child = child_of(installed, "A")
    wrong = NewCorrection(
        wrong=Corrected.BIRTH, system="education", was="03/05/2014", should_be="05/03/2014", evidence="giấy khai sinh"
    )
    with installed.store.begin(commune(installed)) as transaction:
        corrections.pass_on(transaction, installed.vault, child, request_id, correction=wrong)
    with installed.store.begin(commune(installed)) as transaction:
        (kept,) = corrections.history(transaction, installed.vault, child)
    assert (kept.wrong, kept.system, kept.was, kept.should_be) == ("birth", "education", "03/05/2014", "05/03/2014")


@pytest.mark.parametrize(
    ("field", "changes"),
    [("system", {"system": "social_aid"}), ("was", {"was": " "}), ("should_be", {"should_be": ""})],
)
def test_a_correction_that_breaks_a_rule_is_refused_by_field(
    installed: Installation, field: str, changes: dict[str, Any]
) -> None:
    request_id = ask(installed, kind=Kind.CORRECTION)
    usual = {"wrong": Corrected.NAME, "system": "health", "was": "A", "should_be": "B", "evidence": "C"}
    with pytest.raises(BadQuery) as refused, installed.store.begin(commune(installed)) as transaction:
        corrections.pass_on(
            transaction,
            installed.vault,
            child_of(installed, "A"),
            request_id,
            correction=NewCorrection(**{**usual, **changes}),  # type: ignore[arg-type]  # the fields of a correction
        )
    assert refused.value.field == field


def test_only_a_request_for_correction_is_passed_on(installed: Installation) -> None:
    request_id = ask(installed)
    wrong = NewCorrection(wrong=Corrected.NAME, system="health", was="A", should_be="B", evidence="C")
    with pytest.raises(BadQuery), installed.store.begin(commune(installed)) as transaction:
        corrections.pass_on(transaction, installed.vault, child_of(installed, "A"), request_id, correction=wrong)


@pytest.mark.parametrize("field", ["asker", "proof", "words"])
def test_a_request_without_a_field_is_refused(installed: Installation, field: str) -> None:
    for text in (" ", "a" * 2001):
        with pytest.raises(BadQuery) as refused:
            ask(installed, **{field: text})
        assert refused.value.field == field


def test_a_request_that_is_none_or_anothers_is_not_found(installed: Installation) -> None:
    with pytest.raises(NotFound):
        close(installed, uuid4())
    request_id = ask(installed)
    with pytest.raises(NotFound):
        close(installed, request_id, commune(installed, commune=ELSEWHERE))
    for role in (Role.AUDITOR, Role.REVIEWER, Role.CUSTODIAN):
        with pytest.raises(RegistryError):
            close(installed, request_id, somebody(installed, role, Purpose.SUBJECT_REQUEST))


def test_only_the_engine_and_those_who_check_look_at_the_clocks(installed: Installation) -> None:
    with pytest.raises(RegistryError), installed.store.begin(commune(installed)) as transaction:
        watch_clocks(transaction, installed.vault, LAW)


def listed(installed: Installation) -> set[UUID]:
    """Return the children whom a list of the commune would hold."""
    access = worker(installed, reason="Danh sách tiêm chủng.")
    question = Question(commune=None, first_year=1990, last_year=2100, sex=None)
    with installed.store.begin(access) as transaction:
        grant = authorize(access, Action.ASK_EXPORT)
        return {row.child_id for row in find_rows(transaction, installed.vault, grant, question)}


def test_a_child_whose_processing_was_restricted_stands_on_no_list(installed: Installation) -> None:
    her = child_of(installed, "A")
    before = listed(installed)
    assert her in before
    close(installed, ask(installed, kind=Kind.RESTRICTION))
    assert listed(installed) == before - {her}
