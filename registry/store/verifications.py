"""What the population database said about links, and which links it has not answered yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.children import LinkRow, VerificationRow

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedLink:
    """A link that stands and was not answered, with what is needed to ask about it."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    person_id: uuid.UUID
    made_at: datetime

    @property
    def place(self) -> tuple[datetime, uuid.UUID]:
        """Where the link stands in the order of asking."""
        return self.made_at, self.link_id


def unverified(
    transaction: Transaction, *, connector: str, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[UnverifiedLink]:
    """Return standing links that `connector` has not confirmed or refuted yet, oldest first.

    Args:
        after: the place of the last link asked about, so that one without an answer does not hold up the others.
    """
    answered = (
        select(VerificationRow.link_id)
        .where(
            VerificationRow.child_id == LinkRow.child_id,
            VerificationRow.link_id == LinkRow.link_id,
            VerificationRow.connector == connector,
            VerificationRow.outcome != "unknown",
        )
        .exists()
    )
    query = (
        select(LinkRow.child_id, LinkRow.link_id, LinkRow.person_id, LinkRow.made_at)
        .where(LinkRow.undone_at.is_(None), ~answered)
        .order_by(LinkRow.made_at, LinkRow.link_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(LinkRow.made_at, LinkRow.link_id) > after)
    return [UnverifiedLink(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def add(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Keep what the population database said about links."""
    insert_rows(transaction, VerificationRow, rows)
