"""What people say about pairs, and the pairs that wait for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    LargeBinary,
    Select,
    Subquery,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import CandidateRow, ChildRow, MatchResultRow, VerdictRow
from registry.store.tables.supporting import ExtractNumberLookupRow

Row = Mapping[str, Any]
_ONE, _OTHER = aliased(ExtractNumberLookupRow), aliased(ExtractNumberLookupRow)  # two citizens by one number


def apart(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the people whom a person has said each identity is not.

    A personal number is never given to another citizen: whoever bears, or bore, a number of such a person is the same
    citizen under a number that was replaced, and is barred as well.
    """
    said = select(VerdictRow.child_id, VerdictRow.person_id).where(
        among(VerdictRow.child_id, child_ids), VerdictRow.says == "different", VerdictRow.withdrawn_at.is_(None)
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for child_id, person_id in transaction.connection.execute(said):
        found.setdefault(child_id, set()).add(person_id)
    same_citizen = _same_citizens(transaction, {person for people in found.values() for person in people})
    return {child: people.union(*(same_citizen.get(one, ()) for one in people)) for child, people in found.items()}


def _same_citizens(transaction: Transaction, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return for each person who else is stored under one of their numbers."""
    query = select(_ONE.person_id, _OTHER.person_id).where(among(_ONE.person_id, person_ids), _shares_a_number())
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for one, other in transaction.connection.execute(query):
        found.setdefault(one, set()).add(other)
    return found


def _shares_a_number() -> ColumnElement[bool]:
    return and_(_OTHER.number_index == _ONE.number_index, _OTHER.person_id != _ONE.person_id)


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


def candidates_of(transaction: Transaction, grant: Grant, child_id: uuid.UUID) -> list[StoredCandidate]:
    """Return the candidates of an identity, best first, without those of whom a person has said that she is not."""
    transaction.hold(grant)
    return candidates_among(transaction, [child_id]).get(child_id, [])


def candidates_among(
    transaction: Transaction, child_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[StoredCandidate]]:
    """Return what `candidates_of` returns, of many identities at once."""
    query = (
        _candidates()
        .where(among(CandidateRow.child_id, child_ids), ~_said_different())
        .order_by(CandidateRow.child_id, CandidateRow.rank)
    )
    return _by_child(StoredCandidate(**dict(row)) for row in transaction.connection.execute(query).mappings())


def _candidates() -> Select[*tuple[Any, ...]]:
    return select(
        CandidateRow.child_id,
        CandidateRow.person_id,
        CandidateRow.rank,
        CandidateRow.probability,
        CandidateRow.bits,
        CandidateRow.sealed_evidence,
    )


def _by_child(candidates: Iterable[StoredCandidate]) -> dict[uuid.UUID, list[StoredCandidate]]:
    found: dict[uuid.UUID, list[StoredCandidate]] = {}
    for candidate in candidates:
        found.setdefault(candidate.child_id, []).append(candidate)
    return found


def _said_different() -> ColumnElement[bool]:
    """Tell whether a person has said of a candidate that it is not this child."""
    same_citizen = select(_OTHER.person_id).where(_ONE.person_id == VerdictRow.person_id, _shares_a_number())
    return (
        select(VerdictRow.child_id)
        .where(
            VerdictRow.child_id == CandidateRow.child_id,
            or_(VerdictRow.person_id == CandidateRow.person_id, CandidateRow.person_id.in_(same_citizen)),
            VerdictRow.says == "different",
            VerdictRow.withdrawn_at.is_(None),
        )
        .exists()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An identity that waits for a person, at its place in the queue."""

    child_id: uuid.UUID
    system: str
    unsure: bool  # this person has said 'not sure' of it: such come last
    information: float  # bits that a decision is expected to tell: the most comes first

    @property
    def place(self) -> tuple[bool, float, uuid.UUID]:
        """Return what the queue is ordered by; it stays until the record is matched again."""
        return self.unsure, -self.information, self.child_id


def review_queue(
    transaction: Transaction, grant: Grant, *, limit: int, after: tuple[bool, float, uuid.UUID] | None = None
) -> list[Waiting]:
    """Return identities in the area of the grant that wait for a person; the most informative first.

    Those of which this person has said 'not sure' come last.

    Args:
        after: the `place` behind which to go on; None: from the beginning.
    """
    transaction.hold(grant)
    said_unsure = (
        select(VerdictRow.child_id)
        .where(
            VerdictRow.child_id == MatchResultRow.child_id,
            VerdictRow.staff_id == transaction.access.staff_id,
            VerdictRow.says == "unsure",
            VerdictRow.withdrawn_at.is_(None),
        )
        .exists()
    )
    least = -MatchResultRow.information
    query = (
        select(MatchResultRow.child_id, ChildRow.system, said_unsure.label("unsure"), MatchResultRow.information)
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(MatchResultRow.decision == "review", ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .order_by(said_unsure, MatchResultRow.information.desc(), MatchResultRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(said_unsure, least, MatchResultRow.child_id) > tuple_(*map(literal, after)))
    return [Waiting(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def review_count(transaction: Transaction, grant: Grant) -> int:
    """Return how many identities in the area of the grant wait for a person."""
    transaction.hold(grant)
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


def decided_patterns(transaction: Transaction, patterns: Iterable[bytes]) -> dict[bytes, int]:
    """Return how many identities people have decided whose likeliest candidate agreed in each of these ways."""
    query = (
        select(MatchResultRow.pattern, func.count())
        .where(MatchResultRow.pattern == any_(_bytes(patterns)), MatchResultRow.decided_by.is_not(None))
        .group_by(MatchResultRow.pattern)
    )
    return {pattern: int(number) for pattern, number in transaction.connection.execute(query) if pattern is not None}


def _bytes(values: Iterable[bytes]) -> BindParameter[Any]:
    return bindparam(None, list(values), type_=ARRAY(LargeBinary()), unique=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedCandidate:
    """A candidate of an identity about which a person has said something, with what was said of this citizen."""

    child_id: uuid.UUID
    person_id: uuid.UUID
    probability: float
    sealed_evidence: bytes
    says: str | None  # same or different; None: nothing was said of this citizen


def reviewed(
    transaction: Transaction, model_version: str, *, after: uuid.UUID | None, limit: int
) -> dict[uuid.UUID, list[ReviewedCandidate]]:
    """Return the next identities, by id, that people have decided in a review, with all their candidates.

    Left out are those that another model compared and those erased. Only records that waited because the model was in
    doubt have a pattern: links that a person undid come to light because they are wrong, and of two records that claim
    one citizen one is wrong, so neither tells anything of the others.

    Args:
        model_version: of the model that compared them.
    """
    said = _said_of_a_child()
    children = (
        select(MatchResultRow.child_id)
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(
            MatchResultRow.model_version == model_version,
            ChildRow.erased_at.is_(None),
            MatchResultRow.child_id.in_(select(said.c.child_id)),
            MatchResultRow.pattern.is_not(None),
        )
        .order_by(MatchResultRow.child_id)
        .limit(limit)
    )
    if after is not None:
        children = children.where(MatchResultRow.child_id > after)
    ids = list(transaction.connection.scalars(children))
    query = (
        select(
            CandidateRow.child_id,
            CandidateRow.person_id,
            CandidateRow.probability,
            CandidateRow.sealed_evidence,
            said.c.says,
        )
        .outerjoin(said, and_(said.c.child_id == CandidateRow.child_id, said.c.person_id == CandidateRow.person_id))
        .where(among(CandidateRow.child_id, ids))
        .order_by(CandidateRow.child_id, CandidateRow.rank)
    )
    found: dict[uuid.UUID, list[ReviewedCandidate]] = {child: [] for child in ids}
    for row in transaction.connection.execute(query).mappings():
        found[row["child_id"]].append(ReviewedCandidate(**dict(row)))
    return found


def reviewed_under_others(transaction: Transaction, model_version: str) -> int:
    """Return how many decided identities another model than this compared."""
    said = _said_of_a_child()
    query = select(func.count()).where(
        MatchResultRow.model_version != model_version, MatchResultRow.child_id.in_(select(said.c.child_id))
    )
    return int(transaction.connection.scalar(query) or 0)


def _said_of_a_child() -> Subquery:
    """Return what holds of what people said: the last word of each pair."""
    newest_first = func.row_number().over(
        partition_by=(VerdictRow.child_id, VerdictRow.person_id), order_by=VerdictRow.said_at.desc()
    )
    said = (
        select(VerdictRow.child_id, VerdictRow.person_id, VerdictRow.says, newest_first.label("place"))
        .where(VerdictRow.says != "unsure", VerdictRow.withdrawn_at.is_(None))
        .subquery()
    )
    return select(said.c.child_id, said.c.person_id, said.c.says).where(said.c.place == 1).subquery()
