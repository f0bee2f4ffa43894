"""What linkage decided: results, candidates, links with their evidence, and what people said about pairs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, text, update

from registry.store.base import among
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables import (
    CandidateRow,
    ChildBlockRow,
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    LinkRow,
    MatchResultRow,
    SourceRecordRow,
    VerdictRow,
    VerificationRow,
)

Row = Mapping[str, Any]
LINKED = "linked"  # kind of an identifier that came with a link, beside 'claimed' ones


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedIdentity:
    """One identity as linkage needs it: sealed, with its wrapped key."""

    child_id: uuid.UUID
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_identity: bytes
    sealed_family: bytes
    version_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which identities a run of the linkage looks at; all of them by default."""

    seen_since: datetime | None = None  # those whose record came since then, and those never matched
    changed_only: bool = False  # those never matched, or not in their current version


def waiting_for_match(
    transaction: Transaction,
    *,
    after: uuid.UUID | None,
    limit: int,
    scope: Scope,
    run_id: uuid.UUID,
) -> list[SealedIdentity]:
    """Return the next identities to match, by id.

    Identities already matched in this run, linked by a person, withdrawn or erased are left out; one that a person
    took apart is looked at again when its source sends a newer version.
    """
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
        .outerjoin(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(
            ChildRow.withdrawn_at.is_(None),
            ChildRow.erased_at.is_(None),
            or_(
                MatchResultRow.child_id.is_(None),
                and_(MatchResultRow.decided_by.is_(None), MatchResultRow.run_id != run_id),
                and_(MatchResultRow.decision == "none", MatchResultRow.version_no < SourceRecordRow.version_no),
            ),
        )
        .order_by(ChildRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(ChildRow.child_id > after)
    if scope.seen_since is not None:
        query = query.where(or_(SourceRecordRow.seen_at >= scope.seen_since, MatchResultRow.child_id.is_(None)))
    if scope.changed_only:
        newer = MatchResultRow.version_no < SourceRecordRow.version_no
        query = query.where(or_(MatchResultRow.child_id.is_(None), newer))
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def blocks_of(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, tuple[int, ...]]]:
    """Return the keyed block tokens of identities, by kind."""
    query = select(ChildBlockRow.child_id, ChildBlockRow.kind, ChildBlockRow.token).where(
        among(ChildBlockRow.child_id, child_ids)
    )
    found: dict[uuid.UUID, dict[str, tuple[int, ...]]] = {}
    for child_id, kind, token in transaction.connection.execute(query):
        kinds = found.setdefault(child_id, {})
        kinds[kind] = (*kinds.get(kind, ()), token)
    return found


def apart(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the people whom a person has said each identity is not."""
    query = select(VerdictRow.child_id, VerdictRow.person_id).where(
        among(VerdictRow.child_id, child_ids), VerdictRow.says == "different", VerdictRow.withdrawn_at.is_(None)
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for child_id, person_id in transaction.connection.execute(query):
        found.setdefault(child_id, set()).add(person_id)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLink:
    """A link that stands."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    person_id: uuid.UUID
    probability: float
    made_by: uuid.UUID | None


def standing(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingLink]:
    """Return the links that stand of identities."""
    query = select(LinkRow.child_id, LinkRow.link_id, LinkRow.person_id, LinkRow.probability, LinkRow.made_by).where(
        among(LinkRow.child_id, child_ids), LinkRow.undone_at.is_(None)
    )
    rows = transaction.connection.execute(query).mappings()
    return {row["child_id"]: StandingLink(**dict(row)) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """A link that stands, with its number and evidence sealed."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    person_id: uuid.UUID
    probability: float
    sealed_number: bytes
    sealed_evidence: bytes
    model_version: str
    made_at: datetime
    made_by: uuid.UUID | None


def standing_sealed(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredLink]:
    """Return the links that stand of identities, with what is sealed in them."""
    query = (
        select(
            LinkRow.child_id,
            LinkRow.link_id,
            LinkRow.person_id,
            LinkRow.probability,
            LinkRow.sealed_number,
            LinkRow.sealed_evidence,
            LinkRow.model_version,
            LinkRow.made_at,
            LinkRow.made_by,
        )
        .where(among(LinkRow.child_id, child_ids), LinkRow.undone_at.is_(None))
        .order_by(LinkRow.made_at, LinkRow.child_id)
    )
    return [StoredLink(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def model_of(transaction: Transaction, child_id: uuid.UUID) -> str:
    """Return the version of the model that compared an identity last; empty if none did."""
    query = select(MatchResultRow.model_version).where(MatchResultRow.child_id == child_id)
    return transaction.connection.scalar(query) or ""


def set_decision(
    transaction: Transaction, child_id: uuid.UUID, decision: str, *, by: uuid.UUID | None, at: datetime
) -> None:
    """Let a person's decision stand in the place of the engine's."""
    transaction.connection.execute(
        update(MatchResultRow)
        .where(MatchResultRow.child_id == child_id)
        .values(decision=decision, decided_by=by, matched_at=at)
    )


def write_results(transaction: Transaction, results: Sequence[Row], candidates: Sequence[Row]) -> None:
    """Replace the results and candidates of identities."""
    transaction.connection.execute(
        delete(CandidateRow).where(among(CandidateRow.child_id, [row["child_id"] for row in results]))
    )
    insert_rows(transaction, MatchResultRow, results, replacing=True)
    insert_rows(transaction, CandidateRow, candidates)


def write_links(transaction: Transaction, links: Sequence[Row], number_indexes: Mapping[uuid.UUID, bytes]) -> None:
    """Add links, and let the linked numbers find their identities."""
    insert_rows(transaction, LinkRow, links)
    insert_rows(
        transaction,
        IdentifierLookupRow,
        [{"number_index": index, "leads_to": child, "kind": LINKED} for child, index in number_indexes.items()],
    )


def undo(
    transaction: Transaction,
    link_ids: Mapping[uuid.UUID, uuid.UUID],
    *,
    at: datetime,
    by: uuid.UUID | None,
    sealed_reasons: Mapping[uuid.UUID, bytes],
) -> None:
    """Undo links: they stay as rows, with who undid them and why.

    Args:
        link_ids: child id → link id.
        sealed_reasons: link id → sealed reason; none when the engine finds a better candidate.
    """
    for child_id, link_id in link_ids.items():
        transaction.connection.execute(
            update(LinkRow)
            .where(LinkRow.child_id == child_id, LinkRow.link_id == link_id, LinkRow.undone_at.is_(None))
            .values(undone_at=at, undone_by=by, sealed_undo_reason=sealed_reasons.get(link_id))
        )
    transaction.connection.execute(
        delete(IdentifierLookupRow).where(
            among(IdentifierLookupRow.leads_to, link_ids), IdentifierLookupRow.kind == LINKED
        )
    )


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
    """Return the candidates of an identity, best first."""
    query = (
        select(
            CandidateRow.child_id,
            CandidateRow.person_id,
            CandidateRow.rank,
            CandidateRow.probability,
            CandidateRow.bits,
            CandidateRow.sealed_evidence,
        )
        .where(CandidateRow.child_id == child_id)
        .order_by(CandidateRow.rank)
    )
    return [StoredCandidate(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def review_queue(transaction: Transaction, *, limit: int) -> list[uuid.UUID]:
    """Return identities that wait for a person and that this access may see; the most doubtful first."""
    query = (
        select(MatchResultRow.child_id)
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(MatchResultRow.decision == "review", ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .order_by(func.abs(MatchResultRow.nobody - 0.5), MatchResultRow.child_id)
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


def result_of(transaction: Transaction, child_id: uuid.UUID) -> str | None:
    """Return the decision about an identity, or None if it was never matched."""
    return transaction.connection.scalar(select(MatchResultRow.decision).where(MatchResultRow.child_id == child_id))


def decided(transaction: Transaction) -> Iterator[Row]:
    """Return one row for each decided identity, with its link or candidates still sealed, for the list of links."""
    query = text(
        "SELECT c.child_id, c.system, c.wrapped_key, c.key_epoch, c.key_generation, i.sealed_source,"
        " m.decision, m.nobody, l.link_id, l.person_id, l.probability, l.sealed_number"
        " FROM match_result m JOIN child c USING (child_id) JOIN identity i USING (child_id)"
        " LEFT JOIN link l ON l.child_id = c.child_id AND l.undone_at IS NULL"
        " WHERE c.withdrawn_at IS NULL AND c.erased_at IS NULL ORDER BY c.system, c.child_id"
    ).execution_options(yield_per=2000)
    yield from (dict(row) for row in transaction.connection.execute(query).mappings())


def review_candidates(transaction: Transaction) -> dict[uuid.UUID, list[tuple[uuid.UUID, float]]]:
    """Return person and probability of every candidate under review, by identity, best first."""
    query = (
        select(CandidateRow.child_id, CandidateRow.person_id, CandidateRow.probability)
        .join(MatchResultRow, MatchResultRow.child_id == CandidateRow.child_id)
        .where(MatchResultRow.decision == "review")
        .order_by(CandidateRow.child_id, CandidateRow.rank)
    )
    found: dict[uuid.UUID, list[tuple[uuid.UUID, float]]] = {}
    for child_id, person_id, probability in transaction.connection.execute(query):
        found.setdefault(child_id, []).append((person_id, probability))
    return found


def unverified(transaction: Transaction, *, connector: str, limit: int) -> list[Row]:
    """Return standing links that `connector` has not confirmed or refuted yet, with what is needed to ask."""
    asked = (
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
        select(LinkRow.child_id, LinkRow.link_id, LinkRow.person_id)
        .where(LinkRow.undone_at.is_(None), ~asked)
        .order_by(LinkRow.made_at, LinkRow.link_id)
        .limit(limit)
    )
    return [dict(row) for row in transaction.connection.execute(query).mappings()]


def add_verifications(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Keep what the population database said about links."""
    insert_rows(transaction, VerificationRow, rows)


def counts(transaction: Transaction) -> dict[str, int]:
    """Return how many identities ended in which decision."""
    query = (
        select(MatchResultRow.decision, func.count())
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .group_by(MatchResultRow.decision)
    )
    found = {decision: int(number) for decision, number in transaction.connection.execute(query)}
    return {decision: found.get(decision, 0) for decision in ("link", "review", "none")}


def latest_verifications(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return the last thing the population database said about each identity's link."""
    query = (
        select(VerificationRow.child_id, VerificationRow.outcome, VerificationRow.connector, VerificationRow.as_of)
        .where(among(VerificationRow.child_id, child_ids))
        .order_by(VerificationRow.as_of)
    )
    return {row["child_id"]: dict(row) for row in transaction.connection.execute(query).mappings()}
