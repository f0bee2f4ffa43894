"""What accounts looked at, counted from the leaves of the log as they are appended; and alarms that come once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from registry.store.calls import answer, call_of
from registry.store.session import Transaction
from registry.store.tables.limits import LookRow, StaffPersonRow
from registry.store.wire import Call

OPENED, SEARCHED, MISSED = "opened", "searched", "missed"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Looks:
    """How many other children an account opened lately, and whether it opened this one."""

    in_hour: int
    in_day: int
    known_in_hour: bool
    known_in_day: bool
    oldest_in_hour: datetime | None  # None: nothing was opened
    oldest_in_day: datetime | None
    person: bytes | None = field(repr=False)  # sealed: whose account it is; None: nobody said


def before(transaction: Transaction, *, thing: bytes) -> Looks:
    """Return what the transaction's account has opened before, beside the child of this pseudonym."""
    return Looks(*answer(transaction, question(transaction, thing=thing))[0])


def question(transaction: Transaction, *, thing: bytes) -> Call:
    """Return what `before` asks the database."""
    return call_of("looks_before", transaction.access.staff_id, transaction.access.at, thing)


def steps_before(transaction: Transaction, *, things: Iterable[bytes]) -> int:
    """Return how many searches in a row of the transaction's account ended with one of `things`; 0: none did."""
    access = transaction.access
    query = text("SELECT steps_before(:staff, :at, :things)").bindparams(bindparam("things", type_=ARRAY(BYTEA)))
    bound = {"staff": access.staff_id, "at": access.at, "things": list(things)}
    return int(transaction.connection.scalar(query, bound) or 0)


def alarm_once(
    transaction: Transaction,
    alarm_id: uuid.UUID,
    *,
    kind: str,
    staff_id: uuid.UUID,
    within: timedelta,
    child_pseudonym: bytes | None,
    place: str | None,
) -> bool:
    """Raise an alarm about an account; False: one of this kind was raised about it within that time."""
    query = text("SELECT raise_alarm_once(:id, :kind, :at, :staff, :child, :place, :within)")
    bound = {
        "id": alarm_id,
        "kind": kind,
        "at": transaction.access.at,
        "staff": staff_id,
        "child": child_pseudonym,
        "place": place,
        "within": within,
    }
    return bool(transaction.connection.scalar(query, bound))


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfAccount:
    """What one account did in an hour."""

    staff_id: uuid.UUID
    role: str
    opened: int  # different children
    searched: int  # different searches
    missed: int  # things it asked for and that were not there for it


def hours(transaction: Transaction, *, days: Sequence[date]) -> list[HourOfAccount]:
    """Return what each account did in the hour before the transaction; args: days: those that the hour touches."""
    at = transaction.access.at

    def times(kind: str) -> object:
        return func.count(LookRow.thing.distinct()).filter(LookRow.kind == kind)

    query = (
        select(LookRow.staff_id, func.max(LookRow.role), times(OPENED), times(SEARCHED), times(MISSED))  # type: ignore[call-overload]  # counts
        .where(LookRow.on_day.in_(days), LookRow.last_at > at - _HOUR, LookRow.last_at <= at)
        .group_by(LookRow.staff_id)
    )
    return [
        HourOfAccount(staff_id=staff, role=role, opened=opened, searched=searched, missed=missed)
        for staff, role, opened, searched, missed in transaction.connection.execute(query)
    ]


def opened_by_day(
    transaction: Transaction, *, first: date, staff_ids: Sequence[uuid.UUID] | None = None
) -> dict[uuid.UUID, dict[date, int]]:
    """Return how many children each account opened on each day since `first`; args: staff_ids: None: of all."""
    query = (
        select(LookRow.staff_id, LookRow.on_day, func.count())
        .where(LookRow.on_day >= first, LookRow.kind == OPENED)
        .group_by(LookRow.staff_id, LookRow.on_day)
    )
    if staff_ids is not None:
        query = query.where(LookRow.staff_id.in_(staff_ids))
    found: dict[uuid.UUID, dict[date, int]] = {}
    for staff, day, number in transaction.connection.execute(query):
        found.setdefault(staff, {})[day] = number
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLook:
    """That an account looked at something, and when."""

    staff_id: uuid.UUID
    role: str
    purpose: str
    first_at: datetime
    last_at: datetime


def lately(transaction: Transaction, *, days: Sequence[date], since: datetime) -> list[LateLook]:
    """Return what accounts opened or looked for since a time."""
    query = select(LookRow.staff_id, LookRow.role, LookRow.purpose, LookRow.first_at, LookRow.last_at).where(
        LookRow.on_day.in_(days), LookRow.last_at > since, LookRow.last_at <= transaction.access.at
    )
    return [LateLook(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def forget(transaction: Transaction, *, before_day: date) -> int:
    """Delete what was looked at before a day; the access log keeps it. Return how many rows that were."""
    return int(transaction.connection.execute(delete(LookRow).where(LookRow.on_day < before_day)).rowcount)


def say_person(transaction: Transaction, staff_id: uuid.UUID, *, sealed: bytes) -> None:
    """Say whose account it is, in place of what was said before."""
    transaction.connection.execute(delete(StaffPersonRow).where(StaffPersonRow.staff_id == staff_id))
    row = {"staff_id": staff_id, "sealed_person": sealed, "given_at": transaction.access.at}
    transaction.connection.execute(insert(StaffPersonRow).values(row))
