"""Alarms: raised by whoever comes upon something, looked at and acknowledged by few, deleted by nobody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text, update

from registry.store.session import Transaction
from registry.store.tables.keys import AlarmRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm as stored."""

    alarm_id: uuid.UUID
    kind: str
    raised_at: datetime
    login: str | None = field(repr=False)  # None: background work
    child_pseudonym: bytes | None = field(repr=False)  # None: of no child
    place: str | None
    acknowledged_at: datetime | None  # None: it waits
    acknowledged_by: uuid.UUID | None  # None: it waits, or somebody without an account did it on a demo


def add(
    transaction: Transaction, alarm_id: uuid.UUID, *, kind: str, child_pseudonym: bytes | None, place: str | None
) -> None:
    """Raise an alarm on behalf of the transaction's Access; every role may."""
    access = transaction.access
    transaction.connection.execute(
        text("SELECT raise_alarm(:id, :kind, :at, :staff, :login, :child, :place)"),
        {
            "id": alarm_id,
            "kind": kind,
            "at": access.at,
            "staff": access.staff_id,
            "login": access.login if access.staff_id is not None else None,
            "child": child_pseudonym,
            "place": place,
        },
    )


def newest(transaction: Transaction, *, limit: int, waiting_only: bool) -> list[Alarm]:
    """Return the newest alarms, those that wait first."""
    query = select(
        AlarmRow.alarm_id,
        AlarmRow.kind,
        AlarmRow.raised_at,
        AlarmRow.login,
        AlarmRow.child_pseudonym,
        AlarmRow.place,
        AlarmRow.acknowledged_at,
        AlarmRow.acknowledged_by,
    )
    if waiting_only:
        query = query.where(AlarmRow.acknowledged_at.is_(None))
    query = query.order_by(AlarmRow.acknowledged_at.is_not(None), AlarmRow.raised_at.desc(), AlarmRow.alarm_id)
    return [Alarm(**dict(row)) for row in transaction.connection.execute(query.limit(limit)).mappings()]


def places_waiting(transaction: Transaction, kind: str) -> set[str]:
    """Return the places of the alarms of a kind that nobody has acknowledged."""
    query = select(AlarmRow.place).where(AlarmRow.kind == kind, AlarmRow.acknowledged_at.is_(None))
    return {place for place in transaction.connection.scalars(query) if place is not None}


def acknowledged(transaction: Transaction, alarm_id: uuid.UUID) -> bool | None:
    """Tell whether somebody has acknowledged an alarm; None: there is no such alarm. It is locked."""
    query = select(AlarmRow.acknowledged_at).where(AlarmRow.alarm_id == alarm_id).with_for_update()
    row = transaction.connection.execute(query).one_or_none()
    return None if row is None else row[0] is not None


def acknowledge(transaction: Transaction, alarm_id: uuid.UUID) -> None:
    """Let an alarm wait no longer."""
    access = transaction.access
    transaction.connection.execute(
        update(AlarmRow)
        .where(AlarmRow.alarm_id == alarm_id, AlarmRow.acknowledged_at.is_(None))
        .values(acknowledged_at=access.at, acknowledged_by=access.staff_id)
    )
