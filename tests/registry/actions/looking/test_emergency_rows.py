"""Emergencies straight in SQL: what the database refuses, whatever the program above it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from registry.actions.keys.erase import erase_child
from registry.actions.looking.break_glass import is_open
from registry.actions.looking.review_emergency import emergencies_to_judge
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store.emergencies import BREAK_GLASS, Emergency
from tests.registry.actions.emergency_office import Office, open_office
from tests.registry.actions.installed import query
from tests.registry.store.servers import connect

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001  zoned by it


@pytest.fixture
def office(installed: Installation) -> Office:
    """The accounts and the girl."""
    return open_office(installed)


@contextmanager
def acting(office: Office, login: str, role: str = "commune_worker") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Give a connection in the database role and context of an account; what it did is taken back."""
    staff_id = office.account(login).staff_id
    with connect(office.installed.url) as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"child_registry_{role}")))
        connection.execute("select set_config('app.purpose', 'administration', true)")
        connection.execute("select set_config('app.staff', %s, true)", [str(staff_id)])
        yield connection


def test_a_row_is_seen_by_whoever_did_it_and_whoever_judges_it(office: Office) -> None:
    office.break_glass()
    seen = {}
    for login, role in (
        ("near", "commune_worker"),
        ("head", "province_worker"),
        ("here", "commune_worker"),
        ("alone", "commune_worker"),
    ):
        with acting(office, login, role) as connection:
            seen[login] = connection.execute("select count(*) from emergency").fetchone()
    assert seen == {"near": (1,), "head": (1,), "here": (0,), "alone": (0,)}


def test_an_empty_context_sees_no_row(office: Office) -> None:
    office.break_glass()
    with acting(office, "near") as connection:
        for staff, purpose in (("", "administration"), (str(office.account("near").staff_id), "")):
            connection.execute("select set_config('app.staff', %s, true)", [staff])
            connection.execute("select set_config('app.purpose', %s, true)", [purpose])
            assert connection.execute("select count(*) from emergency").fetchone() == (0,)


@pytest.mark.parametrize(
    ("login", "role", "change"),
    [
        ("near", "commune_worker", "verdict = 'justified', reviewed_at = now(), reviewed_by = staff_id"),
        ("near", "commune_worker", "verdict = 'justified', reviewed_at = now(), reviewed_by = supervisor_id"),
        ("near", "commune_worker", "verdict = 'perhaps', reviewed_at = now(), reviewed_by = supervisor_id"),
        ("near", "commune_worker", "last_used_at = last_used_at - interval '1 second'"),
        ("head", "province_worker", "verdict = 'justified'"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(office: Office, login: str, role: str, change: str) -> None:
    office.break_glass()
    with acting(office, login, role) as connection, pytest.raises(psycopg.Error):
        connection.execute(f"update emergency set {change}".encode())  # noqa: S608  our words


@pytest.mark.parametrize("column", ["ends_at", "review_due_at", "began_at", "supervisor_id", "staff_id", "locked_at"])
def test_nobody_moves_what_was_fixed_at_the_beginning(office: Office, column: str) -> None:
    office.break_glass()
    for login, role in (("near", "commune_worker"), ("head", "province_worker")):
        with acting(office, login, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"update emergency set {column} = {column}".encode())  # noqa: S608  our words


def test_what_has_ended_stays_ended(office: Office) -> None:
    office.break_glass()
    with acting(office, "near") as connection:
        connection.execute("update emergency set closed_at = now()")
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            connection.execute("update emergency set closed_at = null")


def test_nobody_begins_an_emergency_in_the_name_of_another(office: Office) -> None:
    begun = office.break_glass()
    statement = (
        "insert into emergency (child_id, emergency_id, kind, staff_id, login, office, began_at, last_used_at)"
        " values (%s, %s, 'own_area', %s, 'here', 'x', now(), now())"
    )
    values: list[UUID] = [begun.child_id, uuid4(), office.account("here").staff_id]
    with acting(office, "near") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode(), values)


@pytest.mark.parametrize("role", ["door", "administrator", "auditor", "reviewer", "steward", "custodian"])
def test_the_doors_know_when_a_review_is_due_and_read_no_row(office: Office, role: str) -> None:
    begun = office.break_glass()
    with acting(office, "near", role) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("select 1 from emergency")
        if role in {"door", "administrator"}:
            due = connection.execute("select review_due(%s)", [office.account("near").staff_id]).fetchone()
            assert due == (begun.review_due_at,)


def test_a_lock_is_lifted_by_a_review_alone(office: Office) -> None:
    office.break_glass()
    query(office.installed, "update staff set suspended_at = now() where login = 'near' returning 1")
    query(office.installed, "update emergency set locked_at = now() returning 1")
    with acting(office, "near") as connection:
        lifted = connection.execute("select lift_suspension(%s, now())", [office.account("near").staff_id]).fetchone()
    assert lifted == (False,)
    assert office.account("near").suspended_at is not None


def test_the_erasure_of_the_child_leaves_the_emergency_without_what_was_sealed(office: Office) -> None:
    begun = office.break_glass()
    office.installed.settings.keys.mkdir(mode=0o700, exist_ok=True)
    access = office.installed.engine(Purpose.MAINTENANCE)
    with office.installed.store.begin(replace(access, reason="the family asked for it")) as transaction:
        erase_child(transaction, office.installed.vault, office.girl, ledger=office.installed.ledger)
    (row,) = query(office.installed, "select sealed_reason, login from emergency")
    assert row == {"sealed_reason": None, "login": "near"}
    with office.installed.store.begin(office.access("head", Purpose.ADMINISTRATION, reason=None)) as transaction:
        (one,) = emergencies_to_judge(transaction, office.installed.vault)
    assert one.reason is None
    office.judge("head", begun, note="Trẻ đã được xóa hồ sơ")
    assert query(office.installed, "select sealed_note from emergency")[0]["sealed_note"] is None


@given(
    began=MOMENTS,
    used=st.timedeltas(timedelta(0), timedelta(minutes=40)),
    at=MOMENTS,
    closed=st.none() | MOMENTS,
)
def test_an_emergency_is_open_within_its_half_hour_and_never_before_its_last_look(
    began: datetime, used: timedelta, at: datetime, closed: datetime | None
) -> None:
    ends_at = began + timedelta(minutes=30)
    one = Emergency(
        child_id=uuid4(),
        emergency_id=uuid4(),
        kind=BREAK_GLASS,
        staff_id=uuid4(),
        login="made.up",
        office="x",
        supervisor_id=None,
        sealed_reason=None,
        began_at=began,
        ends_at=ends_at,
        last_used_at=began + used,
        closed_at=closed,
        review_due_at=None,
        locked_at=None,
        reviewed_at=None,
        verdict=None,
        sealed_note=None,
        wrapped_key=None,
        key_epoch=None,
        key_generation=None,
    )
    assert is_open(one, at) == (closed is None and began + used <= at < ends_at)
    if is_open(one, at):
        assert began <= at < began + timedelta(minutes=30)
