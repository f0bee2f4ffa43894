"""Pairs of records as people see them: which wait for a person, and what people said of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.clusters import Pair
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, PointerRow
from registry.store.tables.pairs import RecordPairRow, RecordVerdictRow

Row = Mapping[str, Any]
Query = Select[*tuple[Any, ...]]


def _said(*words: str, staff_id: uuid.UUID | None = None) -> ColumnElement[bool]:
    """Tell whether somebody, or one person, has said one of some words of a pair."""
    said = select(RecordVerdictRow.child_id).where(
        RecordVerdictRow.child_id == RecordPairRow.child_id,
        RecordVerdictRow.other_id == RecordPairRow.other_id,
        RecordVerdictRow.says.in_(words),
        RecordVerdictRow.withdrawn_at.is_(None),
    )
    return said.where(RecordVerdictRow.staff_id == staff_id).exists() if staff_id else said.exists()


def _waiting(query: Query, *, least: float) -> Query:
    """Narrow a query of pairs to those of two children that wait for a person and that this access may both see."""
    one, other = aliased(ChildRow), aliased(ChildRow)
    mine, theirs = aliased(PointerRow), aliased(PointerRow)
    first = func.coalesce(mine.head_id, RecordPairRow.child_id)
    second = func.coalesce(theirs.head_id, RecordPairRow.other_id)
    return (
        query.join(one, one.child_id == RecordPairRow.child_id)
        .join(other, other.child_id == RecordPairRow.other_id)
        .outerjoin(mine, mine.child_id == RecordPairRow.child_id)
        .outerjoin(theirs, theirs.child_id == RecordPairRow.other_id)
        .where(
            RecordPairRow.probability >= least,
            first != second,
            or_(mine.person_id.is_(None), theirs.person_id.is_(None)),  # two citizens are two children
            *(gone.is_(None) for child in (one, other) for gone in (child.withdrawn_at, child.erased_at)),
            ~_said("same", "different"),
        )
    )


def waiting(transaction: Transaction, grant: Grant, *, least: float, limit: int) -> list[Pair]:
    """Return the pairs that wait for a person, the most doubtful first; those of which this one was unsure come last.

    Args:
        least: the probability from which a pair is worth a person's time.
    """
    transaction.hold(grant)
    pair = (RecordPairRow.child_id, RecordPairRow.other_id)
    unsure = _said("unsure", staff_id=transaction.access.staff_id)
    query = _waiting(select(*pair), least=least).order_by(unsure, func.abs(RecordPairRow.probability - 0.5), *pair)
    return [(one, other) for one, other in transaction.connection.execute(query.limit(limit))]


def waiting_count(transaction: Transaction, grant: Grant, *, least: float) -> int:
    """Return how many pairs wait for a person whose both ends are in the area of the grant."""
    transaction.hold(grant)
    query = _waiting(select(func.count()).select_from(RecordPairRow), least=least)
    return int(transaction.connection.scalar(query) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """What a person said of two identities."""

    child_id: uuid.UUID
    other_id: uuid.UUID
    says: str
    staff_id: uuid.UUID

    @property
    def ids(self) -> Pair:
        """The two identities."""
        return self.child_id, self.other_id


def verdicts_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredVerdict]:
    """Return what people said of pairs whose both ends are among identities, the oldest first."""
    ids = list(child_ids)
    query = (
        select(RecordVerdictRow.child_id, RecordVerdictRow.other_id, RecordVerdictRow.says, RecordVerdictRow.staff_id)
        .where(
            and_(among(RecordVerdictRow.child_id, ids), among(RecordVerdictRow.other_id, ids)),
            RecordVerdictRow.withdrawn_at.is_(None),
        )
        .order_by(RecordVerdictRow.said_at, RecordVerdictRow.verdict_id)
    )
    return [StoredVerdict(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def add_verdicts(transaction: Transaction, verdicts: Sequence[Row]) -> None:
    """Keep what a person said of pairs."""
    insert_rows(transaction, RecordVerdictRow, verdicts)


def withdraw_verdicts(transaction: Transaction, pairs: Collection[Pair]) -> None:
    """Let a person take back what was said of pairs."""
    if pairs:
        transaction.connection.execute(
            update(RecordVerdictRow)
            .where(
                tuple_(RecordVerdictRow.child_id, RecordVerdictRow.other_id).in_(list(pairs)),
                RecordVerdictRow.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=transaction.access.at)
        )
