"""Emergencies: who opened which child beyond the own area, until when, and what the supervisor said of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select, update

from registry.store.bulk import insert_rows
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.emergencies import EmergencyRow
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.supporting import StaffRow, StaffSessionRow

BREAK_GLASS: Final = "break_glass"
OWN_AREA: Final = "own_area"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """One emergency as stored; a wrapped key of None: the child was erased, and what was sealed with her."""

    child_id: uuid.UUID
    emergency_id: uuid.UUID
    kind: str
    staff_id: uuid.UUID
    login: str = field(repr=False)
    office: str
    supervisor_id: uuid.UUID | None
    sealed_reason: bytes | None = field(repr=False)
    began_at: datetime
    ends_at: datetime | None
    last_used_at: datetime
    closed_at: datetime | None
    review_due_at: datetime | None
    locked_at: datetime | None
    reviewed_at: datetime | None
    verdict: str | None
    sealed_note: bytes | None = field(repr=False)
    wrapped_key: bytes | None = field(repr=False)
    key_epoch: int | None
    key_generation: int | None


_COLUMNS: Final = (
    EmergencyRow.child_id,
    EmergencyRow.emergency_id,
    EmergencyRow.kind,
    EmergencyRow.staff_id,
    EmergencyRow.login,
    EmergencyRow.office,
    EmergencyRow.supervisor_id,
    EmergencyRow.sealed_reason,
    EmergencyRow.began_at,
    EmergencyRow.ends_at,
    EmergencyRow.last_used_at,
    EmergencyRow.closed_at,
    EmergencyRow.review_due_at,
    EmergencyRow.locked_at,
    EmergencyRow.reviewed_at,
    EmergencyRow.verdict,
    EmergencyRow.sealed_note,
    *IDENTITY_KEY,
)


def take_turn(transaction: Transaction, staff_id: uuid.UUID) -> None:
    """Let one emergency of an account begin at a time."""
    key = func.hashtextextended(f"emergency:{staff_id}", 0)
    transaction.connection.execute(select(func.pg_advisory_xact_lock(key)))


def own_supervisor(transaction: Transaction) -> uuid.UUID | None:
    """Return the supervisor of whoever asks; None: there is none, or the account is closed."""
    return transaction.connection.scalar(select(func.own_supervisor()))


def add(transaction: Transaction, row: Mapping[str, Any]) -> None:
    """Keep an emergency."""
    insert_rows(transaction, EmergencyRow, [row])


def of_account(
    transaction: Transaction,
    staff_id: uuid.UUID,
    *,
    kind: str,
    since: datetime,
    child_ids: Collection[uuid.UUID] | None = None,
) -> list[Emergency]:
    """Return the emergencies of an account that began after a time, newest first.

    Args:
        child_ids: of these identities only; None: of every child.
    """
    query = _all().where(EmergencyRow.staff_id == staff_id, EmergencyRow.kind == kind, EmergencyRow.began_at > since)
    if child_ids is not None:
        query = query.where(among(EmergencyRow.child_id, child_ids))
    return _fetch(transaction, query.order_by(EmergencyRow.began_at.desc()))


def of_supervisor(transaction: Transaction, supervisor_id: uuid.UUID, *, limit: int) -> list[Emergency]:
    """Return what a supervisor was told of, what waits for a verdict first, the most urgent before."""
    query = _all().where(EmergencyRow.supervisor_id == supervisor_id)
    order = (
        EmergencyRow.reviewed_at.is_not(None),
        EmergencyRow.review_due_at.asc().nulls_last(),
        EmergencyRow.began_at.desc(),
    )
    return _fetch(transaction, query.order_by(*order).limit(limit))


def waiting(transaction: Transaction, supervisor_id: uuid.UUID) -> int:
    """Return how many emergencies wait for the verdict of a supervisor."""
    query = (
        select(func.count())
        .select_from(EmergencyRow)
        .where(EmergencyRow.supervisor_id == supervisor_id, EmergencyRow.reviewed_at.is_(None))
    )
    return int(transaction.connection.scalar(query) or 0)


def by_id(transaction: Transaction, emergency_id: uuid.UUID) -> Emergency | None:
    """Return an emergency that whoever asks has begun or is to judge, held until the transaction ends; or None."""
    held = select(EmergencyRow.emergency_id).where(EmergencyRow.emergency_id == emergency_id).with_for_update()
    transaction.connection.execute(held)
    found = _fetch(transaction, _all().where(EmergencyRow.emergency_id == emergency_id))
    return found[0] if found else None


def use(transaction: Transaction, emergency: Emergency) -> None:
    """Note a look under an emergency."""
    _change(transaction, emergency, last_used_at=transaction.access.at)


def close(transaction: Transaction, emergency: Emergency) -> None:
    """End an emergency for ever, if it stands open."""
    transaction.connection.execute(
        update(EmergencyRow)
        .where(_is(emergency), EmergencyRow.closed_at.is_(None))
        .values(closed_at=transaction.access.at)
    )


def judge(transaction: Transaction, emergency: Emergency, *, verdict: str, sealed_note: bytes | None) -> None:
    """Keep what the supervisor says of an emergency."""
    access = transaction.access
    _change(
        transaction,
        emergency,
        verdict=verdict,
        reviewed_at=access.at,
        reviewed_by=access.staff_id,
        sealed_note=sealed_note,
    )


def lift_suspension(transaction: Transaction, staff_id: uuid.UUID) -> bool:
    """Unlock an account of which no review is overdue any more; return whether it was locked."""
    return bool(transaction.connection.scalar(select(func.lift_suspension(staff_id, transaction.access.at))))


def pass_reviews(transaction: Transaction, staff_id: uuid.UUID, *, supervisor_id: uuid.UUID) -> int:
    """Let what waits of an account wait for another supervisor; return how many emergencies that are."""
    return int(transaction.connection.scalar(select(func.pass_reviews(staff_id, supervisor_id))) or 0)


def close_ended(transaction: Transaction) -> int:
    """End for ever all emergencies whose time is over, so that no clock that goes back opens them again."""
    at = transaction.access.at
    result = transaction.connection.execute(
        update(EmergencyRow).where(EmergencyRow.closed_at.is_(None), EmergencyRow.ends_at <= at).values(closed_at=at)
    )
    return int(result.rowcount)


def overdue(transaction: Transaction) -> list[Emergency]:
    """Return the emergencies whose review is overdue and for which no account was locked so far, held."""
    at = transaction.access.at
    wanted = (
        EmergencyRow.kind == BREAK_GLASS,
        EmergencyRow.reviewed_at.is_(None),
        EmergencyRow.locked_at.is_(None),
        EmergencyRow.review_due_at <= at,
    )
    transaction.connection.execute(select(EmergencyRow.emergency_id).where(*wanted).with_for_update())
    return _fetch(transaction, _all().where(*wanted).order_by(EmergencyRow.review_due_at))


def suspend(transaction: Transaction, emergencies: Sequence[Emergency]) -> None:
    """Lock the accounts of these emergencies and end their sessions."""
    at = transaction.access.at
    accounts = {one.staff_id for one in emergencies}
    connection = transaction.connection
    connection.execute(
        update(StaffRow)
        .where(among(StaffRow.staff_id, accounts), StaffRow.suspended_at.is_(None))
        .values(suspended_at=at)
    )
    connection.execute(
        update(StaffSessionRow)
        .where(among(StaffSessionRow.staff_id, accounts), StaffSessionRow.ended_at.is_(None))
        .values(ended_at=at)
    )
    for one in emergencies:
        _change(transaction, one, locked_at=at)


def unseal_nothing(transaction: Transaction, child_ids: Collection[uuid.UUID]) -> None:
    """Take away what was sealed of the emergencies of erased children; who opened them, and when, stays."""
    transaction.connection.execute(
        update(EmergencyRow).where(among(EmergencyRow.child_id, child_ids)).values(sealed_reason=None, sealed_note=None)
    )


def _all() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).outerjoin(ChildKeyRow, of_identity(EmergencyRow.child_id))


def _fetch(transaction: Transaction, query: Select[*tuple[Any, ...]]) -> list[Emergency]:
    return [Emergency(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def _is(emergency: Emergency) -> ColumnElement[bool]:
    return and_(EmergencyRow.child_id == emergency.child_id, EmergencyRow.emergency_id == emergency.emergency_id)


def _change(transaction: Transaction, emergency: Emergency, **columns: object) -> None:
    transaction.connection.execute(update(EmergencyRow).where(_is(emergency)).values(**columns))
