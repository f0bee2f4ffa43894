"""What families ask for: a queue with last days, and the corrections that came of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from registry.model.access import Area
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow
from registry.store.tables.rights import SubjectCorrectionRow, SubjectRequestRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as stored."""

    child_id: uuid.UUID
    request_id: uuid.UUID
    kind: str
    state: str
    third_party: bool
    with_province: bool
    received_at: datetime
    answer_by: date
    done_by: date
    answered_at: datetime | None
    extended_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    told_at: datetime | None
    sealed_request: bytes = field(repr=False)
    sealed_extension: bytes | None = field(repr=False)
    sealed_outcome: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """A correction as stored."""

    child_id: uuid.UUID
    correction_id: uuid.UUID
    request_id: uuid.UUID
    field_code: str
    system: str
    passed_on_at: datetime
    sealed_correction: bytes = field(repr=False)


_SHOWN = tuple(getattr(SubjectRequestRow, name) for name in StoredRequest.__slots__)


def add(transaction: Transaction, row: Mapping[str, Any]) -> None:
    """Store a request; args: row: its columns."""
    insert_rows(transaction, SubjectRequestRow, [{**row, "taken_by": transaction.access.staff_id}])


def change(transaction: Transaction, request: StoredRequest, **changes: object) -> bool:
    """Change columns of a request that is not closed; False: somebody has closed it meanwhile."""
    done = transaction.connection.execute(
        update(SubjectRequestRow)
        .where(
            SubjectRequestRow.child_id == request.child_id,
            SubjectRequestRow.request_id == request.request_id,
            SubjectRequestRow.state == request.state,
        )
        .values(**changes)
    )
    return bool(done.rowcount)


def of_children(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredRequest]:
    """Return the requests about identities, the newest first."""
    query = (
        select(*_SHOWN)
        .where(among(SubjectRequestRow.child_id, child_ids))
        .order_by(SubjectRequestRow.received_at.desc(), SubjectRequestRow.request_id)
    )
    return _fetched(transaction, query)


def waiting(transaction: Transaction, area: Area, *, limit: int) -> list[StoredRequest]:
    """Return the requests of an area that are not closed, the most urgent first; args: area: of today's codes."""
    query = (
        select(*_SHOWN)
        .join(ChildRow, ChildRow.child_id == SubjectRequestRow.child_id)
        .where(SubjectRequestRow.state != "closed", _inside(area))
        .order_by(SubjectRequestRow.done_by, SubjectRequestRow.received_at, SubjectRequestRow.request_id)
        .limit(limit)
    )
    return _fetched(transaction, query)


def overdue(transaction: Transaction, today: date) -> list[StoredRequest]:
    """Return the requests whose last day is over and of which no alarm was raised since."""
    late = or_(
        SubjectRequestRow.done_by < today,
        SubjectRequestRow.answered_at.is_(None) & (SubjectRequestRow.answer_by < today),
    )
    query = select(*_SHOWN).where(SubjectRequestRow.state != "closed", SubjectRequestRow.told_at.is_(None), late)
    return _fetched(transaction, query.with_for_update(skip_locked=True))


def note_told(transaction: Transaction, request: StoredRequest) -> None:
    """Remember that an alarm was raised."""
    transaction.connection.execute(
        update(SubjectRequestRow)
        .where(SubjectRequestRow.child_id == request.child_id, SubjectRequestRow.request_id == request.request_id)
        .values(told_at=transaction.access.at)
    )


def with_open_request(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these identities about whom a request is not closed."""
    query = select(SubjectRequestRow.child_id).where(
        among(SubjectRequestRow.child_id, child_ids), SubjectRequestRow.state != "closed"
    )
    return set(transaction.connection.scalars(query))


def restricted_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these identities for whom a restriction or an objection was granted."""
    query = select(SubjectRequestRow.child_id).where(
        among(SubjectRequestRow.child_id, child_ids),
        SubjectRequestRow.kind.in_(["restriction", "objection"]),
        SubjectRequestRow.outcome.in_(["granted", "partly"]),
    )
    return set(transaction.connection.scalars(query))


def add_correction(transaction: Transaction, correction: StoredCorrection) -> None:
    """Store a correction that was passed on."""
    row = {name: getattr(correction, name) for name in correction.__slots__}
    insert_rows(transaction, SubjectCorrectionRow, [row | {"passed_on_by": transaction.access.staff_id}])


def corrections(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredCorrection]:
    """Return the corrections of identities, the oldest first."""
    columns = (getattr(SubjectCorrectionRow, name) for name in StoredCorrection.__slots__)
    query = (
        select(*columns)
        .where(among(SubjectCorrectionRow.child_id, child_ids))
        .order_by(SubjectCorrectionRow.passed_on_at, SubjectCorrectionRow.correction_id)
    )
    return [StoredCorrection(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def _inside(area: Area) -> ColumnElement[bool]:
    if area.nation:
        return ChildRow.child_id.is_not(None)
    return or_(
        ChildRow.communes.overlap(sorted(area.communes)),
        ChildRow.province_code.in_(sorted(area.provinces)),
    )


def _fetched(transaction: Transaction, query: Any) -> list[StoredRequest]:  # noqa: ANN401  a select of the columns above
    return [StoredRequest(**dict(row)) for row in transaction.connection.execute(query).mappings()]
