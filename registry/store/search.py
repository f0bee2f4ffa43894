"""The search rows of provinces: derived from sealed identities, so they can be thrown away and built again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from registry.store.bulk import insert_rows
from registry.store.links import SealedIdentity
from registry.store.session import Transaction
from registry.store.tables import ChildRow, ChildSearchRow, IdentityRow, SourceRecordRow


def without_tokens(transaction: Transaction, *, limit: int) -> list[SealedIdentity]:
    """Return living identities that have no search row."""
    query = (
        select(
            ChildRow.child_id,
            ChildRow.wrapped_key,
            ChildRow.key_epoch,
            ChildRow.key_generation,
            IdentityRow.sealed_identity,
            IdentityRow.sealed_family,
            SourceRecordRow.version_no,
        )
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(SourceRecordRow, SourceRecordRow.child_id == ChildRow.child_id)
        .outerjoin(ChildSearchRow, ChildSearchRow.child_id == ChildRow.child_id)
        .where(ChildSearchRow.child_id.is_(None), ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .limit(limit)
    )
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def write(transaction: Transaction, rows: Sequence[tuple[uuid.UUID, list[int]]]) -> None:
    """Write search rows; an identity that cannot be searched by name has none of the tokens."""
    insert_rows(transaction, ChildSearchRow, [{"child_id": child, "tokens": tokens} for child, tokens in rows])
