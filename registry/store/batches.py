"""Batches that clients pushed: kept under their idempotency key with what became of each record."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import SourceKeyLookupRow
from registry.store.tables.exchange import PushBatchRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBatch:
    """A batch and what became of it."""

    batch_id: uuid.UUID
    client_id: uuid.UUID
    system: str
    stream: str
    key_digest: bytes | None  # None: a single record
    body_digest: bytes
    run_id: uuid.UUID
    results: Mapping[str, Any]
    received_at: datetime


_COLUMNS = (
    PushBatchRow.batch_id,
    PushBatchRow.client_id,
    PushBatchRow.system,
    PushBatchRow.stream,
    PushBatchRow.key_digest,
    PushBatchRow.body_digest,
    PushBatchRow.run_id,
    PushBatchRow.results,
    PushBatchRow.received_at,
)


def try_lock(transaction: Transaction, key_digest: bytes) -> bool:
    """Hold an idempotency key until this transaction ends; False: another one works on it."""
    key = func.hashtextextended(f"push:{key_digest.hex()}", 0)
    return bool(transaction.connection.scalar(select(func.pg_try_advisory_xact_lock(key))))


def by_key(transaction: Transaction, client_id: uuid.UUID, key_digest: bytes) -> KeptBatch | None:
    """Return the batch that a client sent under a key."""
    query = select(*_COLUMNS).where(PushBatchRow.client_id == client_id, PushBatchRow.key_digest == key_digest)
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else KeptBatch(**dict(row))


def by_id(transaction: Transaction, batch_id: uuid.UUID) -> KeptBatch | None:
    """Return a batch of the system whose transaction this is."""
    row = transaction.connection.execute(select(*_COLUMNS).where(PushBatchRow.batch_id == batch_id)).mappings()
    found = row.one_or_none()
    return None if found is None else KeptBatch(**dict(found))


def keep(transaction: Transaction, batch: KeptBatch) -> None:
    """Keep a batch and its results."""
    values = {column.key: getattr(batch, column.key) for column in _COLUMNS}
    transaction.connection.execute(insert(PushBatchRow).values(**values, linked_at=None))


def children_of(transaction: Transaction, key_indexes: Mapping[bytes, str]) -> dict[str, uuid.UUID]:
    """Return the identities of record keys; args: key_indexes: keyed hash → the key, as the caller knows it."""
    query = select(SourceKeyLookupRow.key_index, SourceKeyLookupRow.leads_to).where(
        among(SourceKeyLookupRow.key_index, key_indexes)
    )
    return {key_indexes[index]: child_id for index, child_id in transaction.connection.execute(query)}


def mark_linked(transaction: Transaction) -> int:
    """Say of every batch that its records are handed to the linkage; return how many waited."""
    waiting = update(PushBatchRow).where(PushBatchRow.linked_at.is_(None)).values(linked_at=transaction.access.at)
    return transaction.connection.execute(waiting).rowcount


def forget(transaction: Transaction, *, before: datetime) -> int:
    """Forget batches that came before; return how many."""
    old = delete(PushBatchRow).where(PushBatchRow.received_at < before, PushBatchRow.linked_at.is_not(None))
    return transaction.connection.execute(old).rowcount
