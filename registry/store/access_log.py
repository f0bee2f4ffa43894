"""The access log in the database: leaves in the transaction of what they tell, numbered and signed by one sealer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text

from registry.protect.access_log import Event, leaf_of
from registry.protect.keyring import Keyring
from registry.store.session import Transaction
from registry.store.supporting_tables import AccessLeafRow, CheckpointRow

SEALER_LOCK = 0x7365_616C_6572  # 'sealer': one numbers the leaves at a time


def append(transaction: Transaction, *, content: bytes, leaf_hash: bytes) -> None:
    """Append a leaf; it stands if and only if the transaction commits."""
    transaction.connection.execute(
        text("SELECT append_access_leaf(:content, :leaf_hash)"), {"content": content, "leaf_hash": leaf_hash}
    )


def log(transaction: Transaction, keyring: Keyring, event: Event) -> None:
    """Append the leaf of `event` on behalf of the transaction's Access: no leaf, no data."""
    leaf = leaf_of(transaction.access, event, keyring=keyring)
    append(transaction, content=leaf.content(), leaf_hash=leaf.leaf_hash())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLeaf:
    """A leaf as stored. `tree_index` is None until the sealer has numbered it."""

    leaf_id: int
    tree_index: int | None
    content: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A signed head of the tree."""

    tree_size: int
    note: str
    compact_range: bytes
    signed_at: datetime


def lock_sealer(transaction: Transaction) -> bool:
    """Become the one sealer for this transaction; False if another is at work."""
    return bool(transaction.connection.scalar(select(func.pg_try_advisory_xact_lock(SEALER_LOCK))))


def unsealed(transaction: Transaction, *, limit: int) -> list[StoredLeaf]:
    """Return the next leaves without a place in the tree."""
    query = (
        select(AccessLeafRow.leaf_id, AccessLeafRow.tree_index, AccessLeafRow.content, AccessLeafRow.leaf_hash)
        .where(AccessLeafRow.tree_index.is_(None))
        .order_by(AccessLeafRow.leaf_id)
        .limit(limit)
    )
    return [StoredLeaf(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def number(transaction: Transaction, leaf_ids: Sequence[int], *, first_index: int) -> None:
    """Give leaves their places in the tree, in this order, without a gap."""
    transaction.connection.execute(
        text(
            "UPDATE access_leaf SET tree_index = cast(:first AS bigint) + n.place - 1"
            " FROM unnest(cast(:ids AS bigint[])) WITH ORDINALITY AS n(id, place) WHERE leaf_id = n.id"
        ),
        {"first": first_index, "ids": list(leaf_ids)},
    )


def last_checkpoint(transaction: Transaction) -> StoredCheckpoint | None:
    """Return the newest signed head, or None before the first."""
    found = checkpoints(transaction, newest_only=True)
    return found[0] if found else None


def checkpoints(transaction: Transaction, *, newest_only: bool = False) -> list[StoredCheckpoint]:
    """Return the signed heads, newest first."""
    query = select(
        CheckpointRow.tree_size, CheckpointRow.note, CheckpointRow.compact_range, CheckpointRow.signed_at
    ).order_by(CheckpointRow.tree_size.desc())
    if newest_only:
        query = query.limit(1)
    return [StoredCheckpoint(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def add_checkpoint(transaction: Transaction, checkpoint: StoredCheckpoint) -> None:
    """Store a signed head."""
    transaction.connection.execute(
        insert(CheckpointRow).values(
            tree_size=checkpoint.tree_size,
            note=checkpoint.note,
            compact_range=checkpoint.compact_range,
            signed_at=checkpoint.signed_at,
        )
    )


def sealed_leaves(transaction: Transaction) -> Iterator[StoredLeaf]:
    """Return all numbered leaves in the order of the tree, without holding them all."""
    query = (
        select(AccessLeafRow.leaf_id, AccessLeafRow.tree_index, AccessLeafRow.content, AccessLeafRow.leaf_hash)
        .where(AccessLeafRow.tree_index.is_not(None))
        .order_by(AccessLeafRow.tree_index)
        .execution_options(yield_per=2000)
    )
    for row in transaction.connection.execute(query).mappings():
        yield StoredLeaf(**dict(row))


def newest(transaction: Transaction, *, limit: int) -> list[StoredLeaf]:
    """Return the newest leaves, newest first, for the auditor."""
    query = (
        select(AccessLeafRow.leaf_id, AccessLeafRow.tree_index, AccessLeafRow.content, AccessLeafRow.leaf_hash)
        .order_by(AccessLeafRow.leaf_id.desc())
        .limit(limit)
    )
    return [StoredLeaf(**dict(row)) for row in transaction.connection.execute(query).mappings()]
