"""The search rows of provinces: derived from sealed identities, so they can be thrown away and built again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from registry.store.bulk import insert_rows
from registry.store.links import SealedIdentity, living_identities
from registry.store.session import Transaction
from registry.store.tables import ChildRow, ChildSearchRow


def without_tokens(transaction: Transaction, *, limit: int) -> list[SealedIdentity]:
    """Return living identities that have no search row."""
    query = (
        living_identities()
        .outerjoin(ChildSearchRow, ChildSearchRow.child_id == ChildRow.child_id)
        .where(ChildSearchRow.child_id.is_(None))
        .limit(limit)
    )
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def write(transaction: Transaction, rows: Sequence[tuple[uuid.UUID, list[int]]]) -> None:
    """Write search rows; an identity that cannot be searched by name has none of the tokens."""
    insert_rows(transaction, ChildSearchRow, [{"child_id": child, "tokens": tokens} for child, tokens in rows])
