"""What people say about pairs, and the pairs that wait for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from registry.store.base import among
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables import CandidateRow, ChildRow, MatchResultRow, VerdictRow

Row = Mapping[str, Any]


def apart(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the people whom a person has said each identity is not."""
    query = select(VerdictRow.child_id, VerdictRow.person_id).where(
        among(VerdictRow.child_id, child_ids), VerdictRow.says == "different", VerdictRow.withdrawn_at.is_(None)
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for child_id, person_id in transaction.connection.execute(query):
        found.setdefault(child_id, set()).add(person_id)
    return found


def add_verdict(transaction: Transaction, verdict: Row) -> None:
    """Keep what a person said about a pair."""
    insert_rows(transaction, VerdictRow, [verdict])


def withdraw_verdicts(transaction: Transaction, child_id: uuid.UUID, person_id: uuid.UUID, *, at: datetime) -> None:
    """Let a person take back what was said about a pair."""
    transaction.connection.execute(
        update(VerdictRow)
        .where(VerdictRow.child_id == child_id, VerdictRow.person_id == person_id, VerdictRow.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """A candidate of an identity, with sealed evidence."""

    child_id: uuid.UUID
    person_id: uuid.UUID
    rank: int
    probability: float
    bits: float
    sealed_evidence: bytes


def candidates_of(transaction: Transaction, child_id: uuid.UUID) -> list[StoredCandidate]:
    """Return the candidates of an identity, best first, without those of whom a person has said that she is not."""
    query = (
        select(
            CandidateRow.child_id,
            CandidateRow.person_id,
            CandidateRow.rank,
            CandidateRow.probability,
            CandidateRow.bits,
            CandidateRow.sealed_evidence,
        )
        .where(CandidateRow.child_id == child_id, ~_said_different())
        .order_by(CandidateRow.rank)
    )
    return [StoredCandidate(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def _said_different() -> ColumnElement[bool]:
    """Tell whether a person has said of a candidate that it is not this child."""
    return (
        select(VerdictRow.child_id)
        .where(
            VerdictRow.child_id == CandidateRow.child_id,
            VerdictRow.person_id == CandidateRow.person_id,
            VerdictRow.says == "different",
            VerdictRow.withdrawn_at.is_(None),
        )
        .exists()
    )


def review_queue(transaction: Transaction, *, limit: int) -> list[uuid.UUID]:
    """Return identities that wait for a person and that this access may see; the most doubtful first.

    Those of which this person has said 'not sure' come last.
    """
    said_unsure = (
        select(VerdictRow.child_id)
        .where(
            VerdictRow.child_id == MatchResultRow.child_id,
            VerdictRow.staff_id == transaction.access.staff_id,
            VerdictRow.says == "unsure",
        )
        .exists()
    )
    query = (
        select(MatchResultRow.child_id)
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(MatchResultRow.decision == "review", ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .order_by(said_unsure, func.abs(MatchResultRow.nobody - 0.5), MatchResultRow.child_id)
        .limit(limit)
    )
    return list(transaction.connection.scalars(query))


def review_count(transaction: Transaction) -> int:
    """Return how many identities wait for a person, as far as this access may see."""
    query = (
        select(func.count())
        .select_from(MatchResultRow)
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(MatchResultRow.decision == "review", ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    )
    return int(transaction.connection.scalar(query) or 0)


def review_candidates(transaction: Transaction) -> dict[uuid.UUID, list[tuple[uuid.UUID, float]]]:
    """Return person and probability of every candidate that still waits for a person, by identity, best first."""
    query = (
        select(CandidateRow.child_id, CandidateRow.person_id, CandidateRow.probability)
        .join(MatchResultRow, MatchResultRow.child_id == CandidateRow.child_id)
        .where(MatchResultRow.decision == "review", ~_said_different())
        .order_by(CandidateRow.child_id, CandidateRow.rank)
    )
    found: dict[uuid.UUID, list[tuple[uuid.UUID, float]]] = {}
    for child_id, person_id, probability in transaction.connection.execute(query):
        found.setdefault(child_id, []).append((person_id, probability))
    return found
