"""Children as people look for them and open them: sealed groups, by area, by number, by record key."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text

from registry.model.access import Area
from registry.protect.authorize import Grant
from registry.store.calls import call_last, called
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    OpeningRow,
    SourceKeyLookupRow,
)
from registry.store.tables.keys import ChildKeyRow

Row = Mapping[str, Any]
GROUPS, CASES = "groups_of", "cases_of"  # functions of the database


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


def _fetch(transaction: Transaction, grant: Grant, query: Select[*tuple[Any, ...]]) -> list[SealedChild]:
    transaction.hold(grant)
    return [SealedChild(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def by_number(transaction: Transaction, grant: Grant, number_indexes: Sequence[bytes]) -> list[SealedChild]:
    """Return the identities that claim a personal number or are linked to it, found by its keyed hashes."""
    ids = select(IdentifierLookupRow.leads_to).where(among(IdentifierLookupRow.number_index, number_indexes))
    return _fetch(transaction, grant, _living().where(ChildRow.child_id.in_(ids)))


def by_source_key(transaction: Transaction, grant: Grant, key_indexes: Sequence[bytes]) -> list[SealedChild]:
    """Return the identities of source records, found by their keyed hashes."""
    ids = select(SourceKeyLookupRow.leads_to).where(among(SourceKeyLookupRow.key_index, key_indexes))
    return _fetch(transaction, grant, _living().where(ChildRow.child_id.in_(ids)))


def some(transaction: Transaction, grant: Grant, child_ids: Iterable[uuid.UUID]) -> list[SealedChild]:
    """Return identities by id, as far as they are in the area of the grant."""
    return _fetch(transaction, grant, _living().where(among(ChildRow.child_id, child_ids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an identity lives, in today's codes."""

    communes: tuple[str, ...]  # that it may be: one if it is known, none if nothing is
    province: str | None
    sealed: bool = False  # known to named officers only

    def inside(self, area: Area) -> bool:
        """Say whether the place lies, or may lie, inside an area."""
        return area.nation or self.province in area.provinces or not area.communes.isdisjoint(self.communes)


@dataclass(frozen=True, slots=True)
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


def groups(transaction: Transaction, grant: Grant, child_ids: Iterable[uuid.UUID]) -> list[SealedGroups]:
    """Return all sealed groups of identities, oldest identity first."""
    transaction.hold(grant)
    return [SealedGroups(*row) for row in called(transaction, GROUPS, child_ids)]


@dataclass(frozen=True, slots=True)
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
    sealed_suspect: bytes | None  # None: nobody is named


def cases(transaction: Transaction, grant: Grant, child_ids: Iterable[uuid.UUID]) -> list[SealedCase]:
    """Return the protection cases of identities."""
    transaction.hold(grant)
    return [SealedCase(*row) for row in called(transaction, CASES, child_ids)]


def note_opening(
    transaction: Transaction, grant: Grant, child_id: uuid.UUID, *, staff_id: uuid.UUID, purpose: str
) -> None:
    """Remember that a reason was given for opening a child."""
    transaction.hold(grant)
    call_last(transaction, "note_opening", child_id, uuid.uuid4(), staff_id, purpose, transaction.access.at)


def reason_given(
    transaction: Transaction, grant: Grant, child_id: uuid.UUID, *, staff_id: uuid.UUID, within: timedelta
) -> str | None:
    """Return the purpose this person gave for the child within a span of time, or None."""
    transaction.hold(grant)
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


def places(transaction: Transaction, grant: Grant, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Place]:
    """Return where identities live, as far as they are in the area of the grant."""
    transaction.hold(grant)
    return {
        child: Place(communes=tuple(communes), province=province, sealed=sealed)
        for child, communes, province, sealed in called(transaction, "places_of", child_ids)
    }


@dataclass(frozen=True, slots=True)
class ReachedChild:
    """A child whom the transaction sees from now on, all identities of hers."""

    head: uuid.UUID  # the identity that stands for her
    members: list[uuid.UUID]
    sealed: bool  # known to named officers only


def reach(transaction: Transaction, grant: Grant, child_id: uuid.UUID) -> ReachedChild | None:
    """Let the transaction see the child of whom `child_id` is one identity; None: none of hers is in the area."""
    head, members, sealed = called(transaction, "reach_child", child_id, *transaction.hold_by_call(grant))[0]
    return None if head is None else ReachedChild(head, members, sealed)


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
