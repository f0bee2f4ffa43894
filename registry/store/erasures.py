"""Erases identities from every table, and keeps the ledger of those erased."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store import emergencies
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    LinkRow,
    MemberRow,
    PersonLookupRow,
    PointerRow,
    SourceKeyLookupRow,
)
from registry.store.tables.emergencies import EmergencyRow
from registry.store.tables.keys import ChildKeyRow, ErasedRecordRow, ErasureRow
from registry.store.tables.schema import CHILD_OWNED, METADATA
from registry.store.tables.supporting import SearchMemoRow

_OTHER: Final = "other_id"  # names another identity: a row about the two goes with either of them
_LED_TO: Final = (IdentifierLookupRow, SourceKeyLookupRow, PersonLookupRow)
TOUCHED: Final = (*CHILD_OWNED, ChildKeyRow.__tablename__, SearchMemoRow.__tablename__)


def erased_among(transaction: Transaction, digests: Iterable[bytes]) -> list[bytes]:
    """Return those of these keyed digests whose record was erased."""
    wanted = list(digests)
    if not wanted:
        return []
    query = select(ErasedRecordRow.key_digest).where(among(ErasedRecordRow.key_digest, wanted))
    return list(transaction.connection.scalars(query))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """An identity about to be erased, with what leads to the key of its record; no key: it cannot be opened."""

    child_id: uuid.UUID
    system: str
    erased_at: datetime | None
    wrapped_key: bytes | None
    key_epoch: int | None
    key_generation: int | None
    sealed_source: bytes | None


def systems_of(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[str]:
    """Return the systems whose records opened these identities, in one order for all."""
    query = select(ChildRow.system).where(among(ChildRow.child_id, child_ids)).distinct().order_by(ChildRow.system)
    return list(transaction.connection.scalars(query))


def lock(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedRecord]:
    """Keep everybody else from writing about identities until this transaction ends, and return them."""
    ids = sorted(set(child_ids))
    held = select(ChildRow.child_id).where(among(ChildRow.child_id, ids)).order_by(ChildRow.child_id).with_for_update()
    transaction.connection.execute(held)
    query = (
        select(ChildRow.child_id, ChildRow.system, ChildRow.erased_at, *IDENTITY_KEY, IdentityRow.sealed_source)
        .outerjoin(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .outerjoin(ChildKeyRow, of_identity())
        .where(among(ChildRow.child_id, ids))
        .order_by(ChildRow.child_id)
    )
    return [SealedRecord(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def citizens(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return the citizens whom identities are or were linked to."""
    ids = list(child_ids)
    linked = select(LinkRow.person_id).where(among(LinkRow.child_id, ids))
    pointed = select(PointerRow.person_id).where(among(PointerRow.child_id, ids), PointerRow.person_id.is_not(None))
    return {person for query in (linked, pointed) for person in transaction.connection.scalars(query) if person}


def erase(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, keeping_keys_of: Iterable[uuid.UUID]) -> None:
    """Delete all that stands about identities: data keys, sealed values, look-ups, tokens, links, verdicts.

    Their bare rows stay, without codes, so that whatever names them finds that they were erased. What names them beside
    others, as records of one child or of one citizen, goes before: see `part`.

    Args:
        keeping_keys_of: identities whose record has a key that nobody can read any more; its look-up stays, or a later
            delivery would open the child anew.
    """
    ids = list(child_ids)
    connection = transaction.connection
    apart = {ChildRow.__tablename__, EmergencyRow.__tablename__, *(row.__tablename__ for row in _LED_TO)}
    emergencies.unseal_nothing(transaction, ids)  # who opened her in an emergency stays to be judged
    for name in sorted(set(CHILD_OWNED) - apart):
        _delete(transaction, METADATA.tables[name], ids)
    unreadable = set(keeping_keys_of)
    known = [child for child in ids if child not in unreadable]
    connection.execute(delete(SourceKeyLookupRow).where(among(SourceKeyLookupRow.leads_to, known)))
    connection.execute(delete(IdentifierLookupRow).where(among(IdentifierLookupRow.leads_to, ids)))
    connection.execute(delete(ChildKeyRow).where(among(ChildKeyRow.child_id, ids)))
    connection.execute(
        update(ChildRow)
        .where(among(ChildRow.child_id, ids))
        .values(
            commune_code=None,
            commune_scheme=None,
            communes=[],
            province_code=None,
            sex=None,
            birth_year=None,
            withdrawn_at=None,
            erased_at=transaction.access.at,
        )
    )


def part(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, citizens: Iterable[uuid.UUID]) -> None:
    """Take identities out of the groups they are in; those of one child with them are to be grouped anew."""
    ids = list(child_ids)
    heads = {*ids, *transaction.connection.scalars(select(PointerRow.head_id).where(among(PointerRow.child_id, ids)))}
    for row, key, named in (
        (MemberRow, among(MemberRow.child_id, heads), MemberRow.member_id),
        (PersonLookupRow, among(PersonLookupRow.person_id, citizens), PersonLookupRow.leads_to),
    ):
        transaction.connection.execute(delete(row).where(key, among(named, ids)))


def _delete(transaction: Transaction, table: Table, ids: Sequence[uuid.UUID]) -> None:
    named = [table.c[column] for column in ("child_id", _OTHER) if column in table.c]
    transaction.connection.execute(delete(table).where(or_(*(column.in_(ids) for column in named))))


def sweep_pairs(transaction: Transaction) -> None:
    """Delete what others were compared with erased identities in the moment of the erasure."""
    for name in CHILD_OWNED:
        table = METADATA.tables[name]
        if _OTHER in table.c:
            erased_ids = select(ErasureRow.child_id)
            transaction.connection.execute(delete(table).where(table.c[_OTHER].in_(erased_ids)))


def sweep_searches(transaction: Transaction) -> None:
    """Delete what anybody has searched lately: a search may name an erased child, and is asked again in a moment."""
    transaction.connection.execute(delete(SearchMemoRow))


def enter(
    transaction: Transaction,
    child_ids: Iterable[uuid.UUID],
    *,
    records: Iterable[bytes],
    at: datetime,
    by: uuid.UUID | None,
) -> None:
    """Enter erasures into the ledger, with the keyed digests of the records that must not come back."""
    erased: list[Mapping[str, Any]] = [{"child_id": child, "erased_at": at, "erased_by": by} for child in child_ids]
    digests: list[Mapping[str, Any]] = [{"key_digest": digest, "erased_at": at} for digest in records]
    if erased:
        transaction.connection.execute(upsert(ErasureRow).values(erased).on_conflict_do_nothing())
    if digests:
        transaction.connection.execute(upsert(ErasedRecordRow).values(digests).on_conflict_do_nothing())


def erased(transaction: Transaction) -> int:
    """Return the number of identities of this database that are erased."""
    query = select(func.count()).select_from(ChildRow).where(ChildRow.erased_at.is_not(None))
    return int(transaction.connection.scalar(query) or 0)


def in_ledger(transaction: Transaction) -> set[uuid.UUID]:
    """Return everybody whom the ledger of this database names."""
    return set(transaction.connection.scalars(select(ErasureRow.child_id)))


def not_erased(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Return those of these identities that stand in this database and are not erased."""
    query = select(ChildRow.child_id).where(among(ChildRow.child_id, child_ids), ChildRow.erased_at.is_(None))
    return list(transaction.connection.scalars(query))
