"""The sealed rows from which keyed hashes are made anew, held so that nobody changes them meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from registry.store.bulk import insert_rows
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.rotation import (
    CHILD_BLOCKS,
    EXTRACT_BLOCKS,
    EXTRACT_NUMBERS,
    IDENTIFIERS,
    SOURCE_KEYS,
    HashTable,
)
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildBlockRow,
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    LinkRow,
    SourceKeyLookupRow,
)
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.supporting import ExtractBlockRow, ExtractNumberLookupRow, ExtractPersonRow

_ROWS = {
    IDENTIFIERS: IdentifierLookupRow,
    SOURCE_KEYS: SourceKeyLookupRow,
    EXTRACT_NUMBERS: ExtractNumberLookupRow,
    CHILD_BLOCKS: ChildBlockRow,
    EXTRACT_BLOCKS: ExtractBlockRow,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldChild:
    """An identity whose hashes are made anew. No key: nothing of it can be opened."""

    child_id: uuid.UUID
    system: str
    wrapped_key: bytes | None
    key_epoch: int | None
    key_generation: int | None
    sealed_identity: bytes | None
    sealed_family: bytes | None
    sealed_source: bytes | None


def held_children(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[HeldChild]:
    """Return those of these identities that nobody else writes about just now, and hold them."""
    query = (
        select(
            ChildRow.child_id,
            ChildRow.system,
            *IDENTITY_KEY,
            IdentityRow.sealed_identity,
            IdentityRow.sealed_family,
            IdentityRow.sealed_source,
        )
        .outerjoin(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .outerjoin(ChildKeyRow, of_identity())
        .where(among(ChildRow.child_id, child_ids))
        .order_by(ChildRow.child_id)
        .with_for_update(of=ChildRow, skip_locked=True)
    )
    return [HeldChild(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLink:
    """The sealed number of a link that stands."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    sealed_number: bytes


def held_links(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, HeldLink | None]:
    """Return the links that stand of identities, and hold them; None: somebody else is changing it just now."""
    stands = (among(LinkRow.child_id, child_ids), LinkRow.undone_at.is_(None))
    seen: dict[uuid.UUID, HeldLink | None] = dict.fromkeys(
        transaction.connection.scalars(select(LinkRow.child_id).where(*stands))
    )
    query = (
        select(LinkRow.child_id, LinkRow.link_id, LinkRow.sealed_number)
        .where(*stands)
        .with_for_update(skip_locked=True)
    )
    for row in transaction.connection.execute(query).mappings():
        seen[row["child_id"]] = HeldLink(**dict(row))
    return seen


def older_kinds(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, version: int) -> dict[uuid.UUID, set[str]]:
    """Return of which kinds identities have look-ups by number of an older version."""
    query = select(IdentifierLookupRow.leads_to, IdentifierLookupRow.kind).where(
        among(IdentifierLookupRow.leads_to, child_ids), IdentifierLookupRow.key_version < version
    )
    found: dict[uuid.UUID, set[str]] = {}
    for child_id, kind in transaction.connection.execute(query):
        found.setdefault(child_id, set()).add(kind)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPerson:
    """A citizen whose hashes are made anew."""

    person_id: uuid.UUID
    batch_id: uuid.UUID
    sealed_person: bytes


def held_people(transaction: Transaction, person_ids: Iterable[uuid.UUID]) -> list[HeldPerson]:
    """Return those of these citizens whom nobody else writes just now, and hold them."""
    query = (
        select(ExtractPersonRow.person_id, ExtractPersonRow.batch_id, ExtractPersonRow.sealed_person)
        .where(among(ExtractPersonRow.person_id, person_ids))
        .order_by(ExtractPersonRow.person_id)
        .with_for_update(skip_locked=True)
    )
    return [HeldPerson(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def write(transaction: Transaction, table: HashTable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write hashes beside the older ones; those that stand already are left alone."""
    return insert_rows(transaction, _ROWS[table], rows)
