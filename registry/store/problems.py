"""Which children stood on which list for the police, and what came back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.problems import ProblemAnswerRow, ProblemRow

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChild:
    """A child on a list for the police."""

    child_id: uuid.UUID
    place: int
    handed_digest: bytes


def keep_listed(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Remember who stands where on a list; what is remembered already stays."""
    insert_rows(transaction, ProblemRow, rows)


def listed(transaction: Transaction, list_id: uuid.UUID) -> dict[int, ListedChild]:
    """Return the children of a list by place, as far as the transaction sees them."""
    query = select(*(getattr(ProblemRow, one.name) for one in fields(ListedChild))).where(ProblemRow.list_id == list_id)
    rows = transaction.connection.execute(query).mappings()
    return {row["place"]: ListedChild(**dict(row)) for row in rows}


def answered_before(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[tuple[uuid.UUID, bytes]]:
    """Return what was answered about children before: child and digest."""
    query = select(ProblemAnswerRow.child_id, ProblemAnswerRow.said_digest).where(
        among(ProblemAnswerRow.child_id, child_ids)
    )
    return {(child, bytes(digest)) for child, digest in transaction.connection.execute(query)}


def add_answers(transaction: Transaction, list_id: uuid.UUID, rows: Sequence[Row]) -> None:
    """Keep what came back of a list."""
    insert_rows(transaction, ProblemAnswerRow, rows)
    transaction.connection.execute(
        update(ProblemRow)
        .where(ProblemRow.list_id == list_id, among(ProblemRow.child_id, [row["child_id"] for row in rows]))
        .values(answered_at=transaction.access.at)
    )
