"""Children as people look for them and open them: sealed groups, by area, by number, by record key."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text

from registry.store.base import among
from registry.store.bulk import insert_rows
from registry.store.key_tables import ChildKeyRow
from registry.store.keys import IDENTITY_KEY, CaseKeyRow, of_case, of_identity
from registry.store.session import Transaction
from registry.store.tables import (
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    OpeningRow,
    ProtectionCaseRow,
    SourceKeyLookupRow,
    SourceRecordRow,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChild:
    """One identity with its codes in clear and its groups sealed."""

    child_id: uuid.UUID
    system: str
    communes: list[str]
    province_code: str | None
    sex: str | None
    birth_year: int | None
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_identity: bytes
    sealed_family: bytes


_SHOWN = (
    ChildRow.child_id,
    ChildRow.system,
    ChildRow.communes,
    ChildRow.province_code,
    ChildRow.sex,
    ChildRow.birth_year,
    *IDENTITY_KEY,
    IdentityRow.sealed_identity,
    IdentityRow.sealed_family,
)


def _living() -> Select[*tuple[Any, ...]]:
    return (
        select(*_SHOWN)
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(ChildKeyRow, of_identity())
        .where(ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    )


def _fetch(transaction: Transaction, query: Select[*tuple[Any, ...]]) -> list[SealedChild]:
    return [SealedChild(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def by_number(transaction: Transaction, number_indexes: Sequence[bytes]) -> list[SealedChild]:
    """Return the identities that claim a personal number or are linked to it, found by its keyed hashes."""
    ids = select(IdentifierLookupRow.leads_to).where(among(IdentifierLookupRow.number_index, number_indexes))
    return _fetch(transaction, _living().where(ChildRow.child_id.in_(ids)))


def by_source_key(transaction: Transaction, key_indexes: Sequence[bytes]) -> list[SealedChild]:
    """Return the identities of source records, found by their keyed hashes."""
    ids = select(SourceKeyLookupRow.leads_to).where(among(SourceKeyLookupRow.key_index, key_indexes))
    return _fetch(transaction, _living().where(ChildRow.child_id.in_(ids)))


def some(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedChild]:
    """Return identities by id, as far as this access may see them."""
    return _fetch(transaction, _living().where(among(ChildRow.child_id, child_ids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGroups:
    """All sealed groups of one identity, with what stands in clear about its record."""

    child_id: uuid.UUID
    system: str
    commune_code: str | None
    commune_scheme: str | None
    communes: list[str]
    province_code: str | None
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_identity: bytes
    sealed_family: bytes
    sealed_contact: bytes
    sealed_services: bytes
    sealed_welfare: bytes
    sealed_source: bytes
    version_at: datetime | None
    seen_at: datetime


def groups(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedGroups]:
    """Return all sealed groups of identities, oldest identity first."""
    query = (
        select(
            ChildRow.child_id,
            ChildRow.system,
            ChildRow.commune_code,
            ChildRow.commune_scheme,
            ChildRow.communes,
            ChildRow.province_code,
            *IDENTITY_KEY,
            IdentityRow.sealed_identity,
            IdentityRow.sealed_family,
            IdentityRow.sealed_contact,
            IdentityRow.sealed_services,
            IdentityRow.sealed_welfare,
            IdentityRow.sealed_source,
            SourceRecordRow.version_at,
            SourceRecordRow.seen_at,
        )
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(ChildKeyRow, of_identity())
        .join(SourceRecordRow, SourceRecordRow.child_id == ChildRow.child_id)
        .where(among(ChildRow.child_id, child_ids), ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .order_by(ChildRow.created_at, ChildRow.child_id)
    )
    return [SealedGroups(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCase:
    """A protection case with the wrapped key of its own."""

    child_id: uuid.UUID
    case_id: uuid.UUID
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_case: bytes
    sealed_case_notes: bytes
    sealed_reporter: bytes


def cases(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedCase]:
    """Return the protection cases of identities."""
    query = (
        select(
            ProtectionCaseRow.child_id,
            ProtectionCaseRow.case_id,
            CaseKeyRow.wrapped_key,
            CaseKeyRow.epoch.label("key_epoch"),
            CaseKeyRow.generation.label("key_generation"),
            ProtectionCaseRow.sealed_case,
            ProtectionCaseRow.sealed_case_notes,
            ProtectionCaseRow.sealed_reporter,
        )
        .join(CaseKeyRow, of_case())
        .where(among(ProtectionCaseRow.child_id, child_ids))
    )
    return [SealedCase(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def note_opening(transaction: Transaction, child_id: uuid.UUID, *, staff_id: uuid.UUID, purpose: str) -> None:
    """Remember that a reason was given for opening a child."""
    row = {
        "child_id": child_id,
        "opening_id": uuid.uuid4(),
        "staff_id": staff_id,
        "purpose": purpose,
        "opened_at": transaction.access.at,
    }
    insert_rows(transaction, OpeningRow, [row])


def reason_given(
    transaction: Transaction, child_id: uuid.UUID, *, staff_id: uuid.UUID, within: timedelta
) -> str | None:
    """Return the purpose this person gave for the child within a span of time, or None."""
    query = (
        select(OpeningRow.purpose)
        .where(
            OpeningRow.child_id == child_id,
            OpeningRow.staff_id == staff_id,
            OpeningRow.opened_at > transaction.access.at - within,
        )
        .order_by(OpeningRow.opened_at.desc())
        .limit(1)
    )
    return transaction.connection.scalar(query)


def heads_after(transaction: Transaction, *, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return the next children as people see them (identities that stand for their group), by id."""
    query = text(
        "SELECT c.child_id FROM child c LEFT JOIN pointer p USING (child_id)"
        " WHERE c.withdrawn_at IS NULL AND c.erased_at IS NULL AND (p.head_id IS NULL OR p.head_id = c.child_id)"
        " AND (cast(:after AS uuid) IS NULL OR c.child_id > :after) ORDER BY c.child_id LIMIT :limit"
    )
    return list(transaction.connection.scalars(query, {"after": after, "limit": limit}))


def members_of(transaction: Transaction, head_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return all identities of each child, the one that stands for it included."""
    query = text("SELECT child_id, member_id FROM member WHERE child_id = ANY (:heads)")
    found: dict[uuid.UUID, list[uuid.UUID]] = {head: [head] for head in head_ids}
    for head, member in transaction.connection.execute(query, {"heads": list(head_ids)}):
        if member != head:
            found[head].append(member)
    return found


def busiest_commune(transaction: Transaction) -> str | None:
    """Return the commune where most identities live, among those known exactly; None where there are none."""
    commune: str | None = transaction.connection.scalar(
        text(
            "SELECT communes[1] FROM child WHERE cardinality(communes) = 1 AND withdrawn_at IS NULL"
            " GROUP BY communes[1] ORDER BY count(*) DESC, communes[1] LIMIT 1"
        )
    )
    return commune
