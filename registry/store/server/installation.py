"""The one row that says whose database this is, and refuses what does not belong to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from registry.store.session import Transaction
from registry.store.tables.supporting import InstallationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Mark and keyring of a database. `drop_digest` is None where no drop was run."""

    mark: str
    keyring_id: uuid.UUID
    drop_digest: bytes | None


def read(transaction: Transaction) -> Installation | None:
    """Return the installation, or None before the first start."""
    row = (
        transaction.connection.execute(
            select(InstallationRow.mark, InstallationRow.keyring_id, InstallationRow.drop_digest)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else Installation(**dict(row))


def write(transaction: Transaction, *, mark: str, keyring_id: uuid.UUID, at: datetime) -> None:
    """Mark an empty database as ours."""
    transaction.connection.execute(insert(InstallationRow).values(mark=mark, keyring_id=keyring_id, created_at=at))


def remember_drop(transaction: Transaction, digest: bytes) -> None:
    """Remember which drop folder was run, so that another is refused."""
    transaction.connection.execute(update(InstallationRow).values(drop_digest=digest))
