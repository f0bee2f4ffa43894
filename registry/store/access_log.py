"""The access log in the database: leaves in the transaction of what they tell, numbered and signed by one sealer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects import postgresql

from registry.protect.keys.keyring import Keyring
from registry.protect.log.access_log import Event, Leaf, leaf_of
from registry.protect.log.log_sink import ToldLeaf
from registry.protect.log.merkle import leaf_hash
from registry.store.calls import call_last
from registry.store.session import Transaction
from registry.store.tables.log import CosignatureRow
from registry.store.tables.supporting import AccessLeafRow, CheckpointRow

SEALER_LOCK = 0x7365_616C_6572  # 'sealer': one numbers the leaves at a time
_LEAF = (AccessLeafRow.leaf_id, AccessLeafRow.tree_index, AccessLeafRow.content, AccessLeafRow.leaf_hash)


def append(transaction: Transaction, leaf: Leaf) -> None:
    """Append a leaf; it stands if and only if the transaction commits, and the second sink is told of it then."""
    content = leaf.content()
    hashed = leaf_hash(content)
    call_last(transaction, "append_access_leaf", content, hashed, leaf.children)
    transaction.appended.append(ToldLeaf(leaf.event_id, leaf.at, hashed))


def log(transaction: Transaction, keyring: Keyring, event: Event) -> None:
    """Append the leaf of `event` on behalf of the transaction's Access: no leaf, no data."""
    append(transaction, leaf_of(transaction.access, event, keyring=keyring))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCosignature:
    """What a witness has signed under a head."""

    tree_size: int
    witness: str  # its verifier key
    line: str
    signed_at: datetime


def lock_sealer(transaction: Transaction) -> bool:
    """Become the one sealer for this transaction; False if another is at work."""
    return bool(transaction.connection.scalar(select(func.pg_try_advisory_xact_lock(SEALER_LOCK))))


def one_snapshot(transaction: Transaction) -> None:
    """Let all queries of this transaction, of which there was none yet, see one state of the database."""
    transaction.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def unsealed(transaction: Transaction, *, limit: int) -> list[tuple[int, bytes]]:
    """Return the next leaves without a place in the tree: number and hash."""
    query = (
        select(AccessLeafRow.leaf_id, AccessLeafRow.leaf_hash)
        .where(AccessLeafRow.tree_index.is_(None))
        .order_by(AccessLeafRow.leaf_id)
        .limit(limit)
    )
    return [(row.leaf_id, row.leaf_hash) for row in transaction.connection.execute(query)]


def numbered(transaction: Transaction) -> int:
    """Return how many places of the tree are taken, by the highest."""
    highest = transaction.connection.scalar(select(func.max(AccessLeafRow.tree_index)))
    return 0 if highest is None else int(highest) + 1


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


def checkpoint_of(transaction: Transaction, tree_size: int) -> StoredCheckpoint | None:
    """Return the signed head of a size, or None."""
    found = checkpoints(transaction, tree_size=tree_size)
    return found[0] if found else None


def checkpoints(
    transaction: Transaction, *, newest_only: bool = False, tree_size: int | None = None
) -> list[StoredCheckpoint]:
    """Return the signed heads, newest first."""
    query = select(
        CheckpointRow.tree_size, CheckpointRow.note, CheckpointRow.compact_range, CheckpointRow.signed_at
    ).order_by(CheckpointRow.tree_size.desc())
    if newest_only:
        query = query.limit(1)
    if tree_size is not None:
        query = query.where(CheckpointRow.tree_size == tree_size)
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


def cosignatures(transaction: Transaction, *, witness: str | None = None) -> list[StoredCosignature]:
    """Return what witnesses have signed, the oldest head first; args: witness: one alone."""
    query = select(
        CosignatureRow.tree_size, CosignatureRow.witness, CosignatureRow.line, CosignatureRow.signed_at
    ).order_by(CosignatureRow.tree_size, CosignatureRow.witness)
    if witness is not None:
        query = query.where(CosignatureRow.witness == witness)
    return [StoredCosignature(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def add_cosignature(transaction: Transaction, cosignature: StoredCosignature) -> None:
    """Store what a witness has signed; the first line of a witness under a head stays."""
    values = {
        "tree_size": cosignature.tree_size,
        "witness": cosignature.witness,
        "line": cosignature.line,
        "signed_at": cosignature.signed_at,
    }
    transaction.connection.execute(postgresql.insert(CosignatureRow).values(values).on_conflict_do_nothing())


def leaves(transaction: Transaction, *, sealed: bool) -> Iterator[tuple[int | None, int, bytes, bytes]]:
    """Return all leaves that are numbered, in the order of the tree, or all others; without holding them all.

    Returns: place in the tree, number, hash, content.
    """
    place = AccessLeafRow.tree_index
    query = (
        select(place, AccessLeafRow.leaf_id, AccessLeafRow.leaf_hash, AccessLeafRow.content)
        .where(place.is_not(None) if sealed else place.is_(None))
        .order_by(place if sealed else AccessLeafRow.leaf_id)
        .execution_options(yield_per=2000)
    )
    for row in transaction.connection.execute(query):
        yield row.tree_index, row.leaf_id, row.leaf_hash, row.content


def hashes(transaction: Transaction, *, first: int = 0, size: int) -> Iterator[bytes]:
    """Return the hashes of the leaves from a place up to the size of a tree."""
    query = (
        select(AccessLeafRow.leaf_hash)
        .where(AccessLeafRow.tree_index >= first, AccessLeafRow.tree_index < size)
        .order_by(AccessLeafRow.tree_index)
        .execution_options(yield_per=5000)
    )
    yield from transaction.connection.scalars(query)


def of_event(transaction: Transaction, event_id: UUID) -> StoredLeaf | None:
    """Return the leaf of an event, by reading them all: events are not looked up every day."""
    mark = f'"event_id":"{event_id}"'.encode()
    query = select(*_LEAF).where(text("position(cast(:mark AS bytea) IN content) > 0"))
    row = transaction.connection.execute(query, {"mark": mark}).mappings().first()
    return None if row is None else StoredLeaf(**dict(row))


def newest(transaction: Transaction, *, limit: int) -> list[StoredLeaf]:
    """Return the newest leaves, newest first, for the auditor."""
    query = select(*_LEAF).order_by(AccessLeafRow.leaf_id.desc()).limit(limit)
    return [StoredLeaf(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def about(transaction: Transaction, names: Sequence[bytes]) -> list[StoredLeaf]:
    """Return the leaves about a child, oldest first; args: names: every name the log may know her by."""
    found = transaction.connection.execute(
        text("SELECT leaf_id, tree_index, content, leaf_hash FROM leaves_about(cast(:names AS bytea[]))"),
        {"names": list(names)},
    )
    return [StoredLeaf(**dict(row)) for row in found.mappings()]


def misplaced(transaction: Transaction) -> int:
    """Return by how many entries the index of children differs from what the leaves say."""
    query = text(
        "WITH said AS (SELECT DISTINCT decode(name, 'hex') AS pseudonym, leaf_id FROM access_leaf,"
        " jsonb_array_elements_text(convert_from(content, 'UTF8')::jsonb -> 'children') AS name"
        " WHERE substr(content, 1, 16) <> convert_to('{\"action\":\"rows\"', 'UTF8'))"
        " SELECT (SELECT count(*) FROM (TABLE said EXCEPT SELECT pseudonym, leaf_id FROM leaf_child) AS lacking)"
        " + (SELECT count(*) FROM (SELECT pseudonym, leaf_id FROM leaf_child EXCEPT TABLE said) AS surplus)"
    )
    return int(transaction.connection.scalar(query) or 0)
