"""Lists of children that leave the registry: who is on one, who asked, who approved, how often it was fetched."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from registry.model.access import Area
from registry.protect.authorize import Grant
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow
from registry.store.tables.limits import ExportListRow, ExportRow
from registry.store.tables.seals import ChildSealRow

_LOCK = 0x6578_706F_7274  # 'export': one account asks for one list at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A list as stored, without its children."""

    export_id: uuid.UUID
    short_id: int
    asked_by: uuid.UUID
    login: str = field(repr=False)
    office: str
    asked_at: datetime
    purpose: str
    children: int
    list_digest: bytes
    needs_second: bool
    provinces: list[str]
    mark_version: int
    expires_at: datetime
    decided_by: uuid.UUID | None  # None: nobody has decided yet, or nobody must
    decided_at: datetime | None
    approved: bool | None
    fetches: int
    fetched_at: datetime | None


_COLUMNS = tuple(getattr(ExportRow, name) for name in Export.__dataclass_fields__)


def children_of(
    transaction: Transaction,
    grant: Grant,
    *,
    area: Area,
    years: tuple[int, int],
    sex: str | None,
    limit: int,
) -> list[uuid.UUID]:
    """Return identities of an area, as far as the grant reaches; never one of a child who is sealed.

    Args:
        area: of which children are wanted.
        years: first and last year of birth.
        sex: None: both, and those of whom it is not known.
        limit: the most that are returned.
    """
    transaction.hold(grant)
    query = (
        select(ChildRow.child_id)
        .where(
            ChildRow.withdrawn_at.is_(None),
            ChildRow.erased_at.is_(None),
            ChildRow.birth_year.between(*years),
            _inside(area),
            ChildRow.child_id.not_in(select(ChildSealRow.child_id)),
        )
        .order_by(ChildRow.child_id)
        .limit(limit)
    )
    if sex is not None:
        query = query.where(ChildRow.sex == sex)
    return list(transaction.connection.scalars(query))


def _inside(area: Area) -> ColumnElement[bool]:
    communes = ChildRow.communes.op("&&")(_texts(area.communes)) if area.communes else None
    provinces = among(ChildRow.province_code, sorted(area.provinces)) if area.provinces else None
    return or_(*(part for part in (communes, provinces) if part is not None))


def _texts(values: Iterable[str]) -> ColumnElement[Any]:
    return literal(sorted(values), ARRAY(Text()))


def sealed_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the identities that are sealed."""
    return set(
        transaction.connection.scalars(select(ChildSealRow.child_id).where(among(ChildSealRow.child_id, child_ids)))
    )


def wait_for_turn(transaction: Transaction) -> None:
    """Let one account ask for one list at a time, so that two at once are counted together."""
    key = {"lock": _LOCK, "staff": str(transaction.access.staff_id)}
    transaction.connection.execute(text("SELECT pg_advisory_xact_lock(:lock # hashtextextended(:staff, 0))"), key)


def handed_out(transaction: Transaction, *, since: datetime) -> int:
    """Return how many children stand on the lists that the account has asked for alone since a time."""
    query = select(func.sum(ExportRow.children)).where(
        ExportRow.asked_by == transaction.access.staff_id,
        ExportRow.asked_at > since,
        ExportRow.needs_second.is_(False),
    )
    return int(transaction.connection.scalar(query) or 0)


def add(transaction: Transaction, export: Export, *, sealed_list: bytes) -> None:
    """Keep a list that was asked for."""
    row = {name: getattr(export, name) for name in Export.__dataclass_fields__}
    transaction.connection.execute(insert(ExportRow).values(row))
    held = {"export_id": export.export_id, "sealed_list": sealed_list}
    transaction.connection.execute(insert(ExportListRow).values(held))


def by_id(transaction: Transaction, export_id: uuid.UUID, *, locked: bool = False) -> Export | None:
    """Return a list; args: locked: nobody else changes it until the end of the transaction."""
    query = select(*_COLUMNS).where(ExportRow.export_id == export_id)
    return _one(transaction, query.with_for_update() if locked else query)


def by_short_id(transaction: Transaction, short_id: int) -> Export | None:
    """Return the list that a code of a row names."""
    return _one(transaction, select(*_COLUMNS).where(ExportRow.short_id == short_id))


def asked_by(transaction: Transaction, staff_id: uuid.UUID, *, limit: int) -> list[Export]:
    """Return the lists of an account, newest first."""
    query = select(*_COLUMNS).where(ExportRow.asked_by == staff_id)
    return _many(transaction, query.order_by(ExportRow.asked_at.desc(), ExportRow.export_id).limit(limit))


def waiting(transaction: Transaction, *, provinces: Collection[str], limit: int) -> list[Export]:
    """Return the lists of others that wait for a second person of these provinces, oldest first."""
    access = transaction.access
    query = select(*_COLUMNS).where(
        ExportRow.needs_second,
        ExportRow.decided_at.is_(None),
        ExportRow.expires_at > access.at,
        ExportRow.asked_by != access.staff_id,
        ExportRow.provinces.op("<@")(_texts(provinces)),
    )
    return _many(transaction, query.order_by(ExportRow.asked_at, ExportRow.export_id).limit(limit))


def every(transaction: Transaction) -> list[Export]:
    """Return all lists that were ever fetched, newest first, for whoever traces a file."""
    query = select(*_COLUMNS).where(ExportRow.fetches > 0)
    return _many(transaction, query.order_by(ExportRow.asked_at.desc(), ExportRow.export_id))


def sealed_list(transaction: Transaction, export_id: uuid.UUID) -> bytes | None:
    """Return who is on a list, sealed; None: it was deleted."""
    return transaction.connection.scalar(select(ExportListRow.sealed_list).where(ExportListRow.export_id == export_id))


def decide(transaction: Transaction, export_id: uuid.UUID, *, approved: bool, sealed_answer: bytes) -> bool:
    """Keep what the second person says; False: somebody has decided already."""
    access = transaction.access
    statement = (
        update(ExportRow)
        .where(ExportRow.export_id == export_id, ExportRow.decided_at.is_(None))
        .values(decided_by=access.staff_id, decided_at=access.at, approved=approved)
    )
    if transaction.connection.execute(statement).rowcount == 0:
        return False
    answer = update(ExportListRow).where(ExportListRow.export_id == export_id).values(sealed_answer=sealed_answer)
    transaction.connection.execute(answer)
    return True


def count_fetch(transaction: Transaction, export_id: uuid.UUID) -> None:
    """Note that a list was fetched once more."""
    transaction.connection.execute(
        update(ExportRow)
        .where(ExportRow.export_id == export_id)
        .values(fetches=ExportRow.fetches + 1, fetched_at=transaction.access.at)
    )


def forget_expired(transaction: Transaction) -> int:
    """Delete who is on the lists that have expired, and return how many lists that were."""
    expired = select(ExportRow.export_id).where(ExportRow.expires_at <= transaction.access.at)
    statement = delete(ExportListRow).where(ExportListRow.export_id.in_(expired))
    return int(transaction.connection.execute(statement).rowcount)


def _one(transaction: Transaction, query: Select[*tuple[object, ...]]) -> Export | None:
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else Export(**dict(row))


def _many(transaction: Transaction, query: Select[*tuple[object, ...]]) -> list[Export]:
    return [Export(**dict(row)) for row in transaction.connection.execute(query).mappings()]
