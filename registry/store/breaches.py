"""Breach records: a clock in clear, and each version of what is known, sealed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.law import BreachRow, BreachVersionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBreach:
    """A breach with its clock. `notified_at` None: the authority was not told yet."""

    breach_id: uuid.UUID
    discovered_at: datetime
    entered_at: datetime
    notified_at: datetime | None
    warned_at: datetime | None
    told_late_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """What was known at one time."""

    breach_id: uuid.UUID
    version_no: int
    entered_at: datetime
    entered_by: uuid.UUID | None
    sealed_breach: bytes = field(repr=False)


_SHOWN = tuple(getattr(BreachRow, name) for name in StoredBreach.__slots__)


def add(transaction: Transaction, breach_id: uuid.UUID, *, discovered_at: datetime) -> None:
    """Store a breach; its first version follows."""
    row = {"breach_id": breach_id, "discovered_at": discovered_at, "entered_at": transaction.access.at}
    insert_rows(transaction, BreachRow, [row])


def add_version(transaction: Transaction, breach_id: uuid.UUID, *, version_no: int, sealed_breach: bytes) -> None:
    """Store a version.

    Raises: IntegrityError: somebody else has just stored it (`Store.begin` turns it into a Conflict).
    """
    access = transaction.access
    transaction.connection.execute(
        insert(BreachVersionRow).values(
            breach_id=breach_id,
            version_no=version_no,
            entered_at=access.at,
            entered_by=access.staff_id,
            sealed_breach=sealed_breach,
        )
    )


def note_notified(transaction: Transaction, breach_id: uuid.UUID, *, at: datetime) -> None:
    """Remember when the authority was told."""
    transaction.connection.execute(update(BreachRow).where(BreachRow.breach_id == breach_id).values(notified_at=at))


def every(transaction: Transaction) -> list[StoredBreach]:
    """Return all breaches, the newest first."""
    query = select(*_SHOWN).order_by(BreachRow.discovered_at.desc(), BreachRow.breach_id)
    return [StoredBreach(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def one(transaction: Transaction, breach_id: uuid.UUID) -> StoredBreach | None:
    """Return one breach, or None."""
    row = (
        transaction.connection.execute(select(*_SHOWN).where(BreachRow.breach_id == breach_id)).mappings().one_or_none()
    )
    return None if row is None else StoredBreach(**dict(row))


def versions(transaction: Transaction, breach_id: uuid.UUID) -> list[StoredVersion]:
    """Return the versions of a breach, the oldest first."""
    columns = (getattr(BreachVersionRow, name) for name in StoredVersion.__slots__)
    query = select(*columns).where(BreachVersionRow.breach_id == breach_id).order_by(BreachVersionRow.version_no)
    return [StoredVersion(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def not_notified(transaction: Transaction) -> list[StoredBreach]:
    """Return the breaches of which the authority was not told, held against a second alarm."""
    query = select(*_SHOWN).where(BreachRow.notified_at.is_(None), BreachRow.told_late_at.is_(None))
    rows = transaction.connection.execute(query.with_for_update(skip_locked=True)).mappings()
    return [StoredBreach(**dict(row)) for row in rows]


def note_alarm(transaction: Transaction, breach_id: uuid.UUID, *, late: bool) -> None:
    """Remember that an alarm was raised: the time runs out, or has."""
    at = transaction.access.at
    values = {"told_late_at": at} if late else {"warned_at": at}
    transaction.connection.execute(update(BreachRow).where(BreachRow.breach_id == breach_id).values(**values))
