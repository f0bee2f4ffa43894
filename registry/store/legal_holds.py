"""Legal holds: who must be kept. Placing one and erasing somebody wait for each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.law import LegalHoldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHold:
    """A hold as stored. `lifted_at` None: it holds."""

    hold_id: uuid.UUID
    held_id: uuid.UUID
    of_case: bool
    placed_at: datetime
    placed_by: uuid.UUID | None
    lifted_at: datetime | None
    sealed_sentence: bytes = field(repr=False)
    sealed_lifting: bytes | None = field(repr=False)


_SHOWN = (
    LegalHoldRow.hold_id,
    LegalHoldRow.held_id,
    LegalHoldRow.of_case,
    LegalHoldRow.placed_at,
    LegalHoldRow.placed_by,
    LegalHoldRow.lifted_at,
    LegalHoldRow.sealed_sentence,
    LegalHoldRow.sealed_lifting,
)


def lock(transaction: Transaction, held_ids: Iterable[uuid.UUID]) -> None:
    """Let nobody place a hold on these, or erase them, until this transaction ends."""
    for held in sorted(set(held_ids)):
        key = int.from_bytes(held.bytes[:8], "big", signed=True)
        transaction.connection.execute(select(func.pg_advisory_xact_lock(key)))


def place(
    transaction: Transaction, hold_id: uuid.UUID, *, held_id: uuid.UUID, of_case: bool, sealed_sentence: bytes
) -> None:
    """Store a hold."""
    lock(transaction, [held_id])
    row = {
        "hold_id": hold_id,
        "held_id": held_id,
        "of_case": of_case,
        "placed_at": transaction.access.at,
        "placed_by": transaction.access.staff_id,
        "sealed_sentence": sealed_sentence,
    }
    insert_rows(transaction, LegalHoldRow, [row])


def lift(transaction: Transaction, hold_id: uuid.UUID, *, sealed_lifting: bytes) -> bool:
    """End a hold; False: none of this id holds."""
    done = transaction.connection.execute(
        update(LegalHoldRow)
        .where(LegalHoldRow.hold_id == hold_id, LegalHoldRow.lifted_at.is_(None))
        .values(lifted_at=transaction.access.at, lifted_by=transaction.access.staff_id, sealed_lifting=sealed_lifting)
    )
    return bool(done.rowcount)


def every(transaction: Transaction) -> list[StoredHold]:
    """Return all holds, those that hold first, the newest first."""
    query = select(*_SHOWN).order_by(LegalHoldRow.lifted_at.is_not(None), LegalHoldRow.placed_at.desc())
    return [StoredHold(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def held_among(transaction: Transaction, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these identities and cases that must be kept."""
    query = select(LegalHoldRow.held_id).where(among(LegalHoldRow.held_id, ids), LegalHoldRow.lifted_at.is_(None))
    return set(transaction.connection.scalars(query))
