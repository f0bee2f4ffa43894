"""The one-time codes of accounts, as they are kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select, update

from registry.store import keys
from registry.store.session import Transaction
from registry.store.tables.keys import SharedKeyRow
from registry.store.tables.sign_in import SecondStepRow

DOMAIN = "staff_wrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStep:
    """The second step of an account's sign-in, sealed, with the wrapped key that opens it."""

    staff_id: uuid.UUID
    sealed_secret: bytes | None = field(repr=False)  # None: no code of it was shown yet
    sealed_proposal: bytes | None = field(repr=False)  # None: none is proposed
    last_step: int
    recovery_digests: tuple[str, ...] = field(repr=False)
    wrapped: StoredSecretKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecretKey:
    """The wrapped key of an account's secret."""

    epoch: int
    generation: int
    wrapped_key: bytes = field(repr=False)


def key_of(transaction: Transaction, staff_id: uuid.UUID) -> StoredSecretKey | None:
    """Return the key of an account's secret; None: it has none yet."""
    query = select(SharedKeyRow.epoch, SharedKeyRow.generation, SharedKeyRow.wrapped_key)
    row = transaction.connection.execute(query.where(SharedKeyRow.owner_id == staff_id)).mappings().one_or_none()
    return None if row is None else StoredSecretKey(**dict(row))


def add_key(transaction: Transaction, staff_id: uuid.UUID, *, epoch: int, wrapped_key: bytes) -> None:
    """Store the key of an account's secret."""
    keys.add_shared(transaction, staff_id, domain=DOMAIN, wrapped_key=wrapped_key, epoch=epoch)


def of(transaction: Transaction, staff_id: uuid.UUID) -> SecondStep | None:
    """Return the second step of an account, proved or only proposed; None: there is none."""
    query = (
        select(
            SecondStepRow.sealed_secret,
            SecondStepRow.sealed_proposal,
            SecondStepRow.last_step,
            SecondStepRow.recovery_digests,
            SharedKeyRow.epoch,
            SharedKeyRow.generation,
            SharedKeyRow.wrapped_key,
        )
        .join(SharedKeyRow, SharedKeyRow.owner_id == SecondStepRow.staff_id)
        .where(SecondStepRow.staff_id == staff_id)
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return SecondStep(
        staff_id=staff_id,
        sealed_secret=row["sealed_secret"],
        sealed_proposal=row["sealed_proposal"],
        last_step=row["last_step"],
        recovery_digests=tuple(row["recovery_digests"]),
        wrapped=StoredSecretKey(epoch=row["epoch"], generation=row["generation"], wrapped_key=row["wrapped_key"]),
    )


def propose(transaction: Transaction, staff_id: uuid.UUID, *, sealed_proposal: bytes) -> None:
    """Keep a secret that counts once a code of it was shown; until then the one before it does."""
    if _change(transaction, staff_id, sealed_proposal=sealed_proposal) == 0:
        row = {"staff_id": staff_id, "sealed_proposal": sealed_proposal, "recovery_digests": []}
        transaction.connection.execute(insert(SecondStepRow).values(**row, made_at=transaction.access.at))


def settle(
    transaction: Transaction, staff_id: uuid.UUID, *, sealed_secret: bytes, last_step: int, recovery: Sequence[str]
) -> None:
    """Let the proposed secret be the account's, with fresh codes for a lost device."""
    _change(
        transaction,
        staff_id,
        sealed_secret=sealed_secret,
        sealed_proposal=None,
        last_step=last_step,
        recovery_digests=list(recovery),
        made_at=transaction.access.at,
    )


def note_step(transaction: Transaction, staff_id: uuid.UUID, step: int) -> None:
    """Note the half minute of a code that was accepted."""
    _change(transaction, staff_id, last_step=step)


def spend_recovery(transaction: Transaction, staff_id: uuid.UUID, digest: str) -> None:
    """Let a code for a lost device be good no more."""
    _change(transaction, staff_id, recovery_digests=func.array_remove(SecondStepRow.recovery_digests, digest))


def _change(transaction: Transaction, staff_id: uuid.UUID, **columns: object) -> int:
    changed = transaction.connection.execute(
        update(SecondStepRow).where(SecondStepRow.staff_id == staff_id).values(**columns)
    )
    return changed.rowcount
