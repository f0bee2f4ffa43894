"""What linkage decided: results, candidates, links with their evidence, and what people said about pairs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text, update

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.calls import called
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    CandidateRow,
    ChildBlockRow,
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    LinkRow,
    MatchResultRow,
    SourceRecordRow,
)
from registry.store.tables.keys import ChildKeyRow

Row = Mapping[str, Any]
STANDING = "links_of"  # function of the database
LINKED = "linked"  # kind of an identifier that came with a link, beside 'claimed' ones


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedIdentity:
    """One identity as linkage needs it: sealed, with its wrapped key."""

    child_id: uuid.UUID
    system: str
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_identity: bytes
    sealed_family: bytes
    version_no: int


def living_identities() -> Select[*tuple[Any, ...]]:
    """Return the query of all identities that stand, with the columns of a `SealedIdentity`."""
    return (
        select(
            ChildRow.child_id,
            ChildRow.system,
            *IDENTITY_KEY,
            IdentityRow.sealed_identity,
            IdentityRow.sealed_family,
            SourceRecordRow.version_no,
        )
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(ChildKeyRow, of_identity())
        .join(SourceRecordRow, SourceRecordRow.child_id == ChildRow.child_id)
        .where(ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which identities a run of the linkage looks at; all of them by default."""

    seen_since: datetime | None = None  # those whose record came since then, and those never matched
    changed_only: bool = False  # those never matched, or not in their current version


def _inside(scope: Scope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.seen_since is not None:
        conditions.append(or_(IdentityRow.updated_at >= scope.seen_since, MatchResultRow.child_id.is_(None)))
    if scope.changed_only:
        # A delivery that is stored while a run is at work may bear an earlier time than the run: versions tell it.
        newer = MatchResultRow.version_no < SourceRecordRow.version_no
        understood_anew = IdentityRow.updated_at > MatchResultRow.matched_at
        conditions.append(or_(MatchResultRow.child_id.is_(None), newer, understood_anew))
    return conditions


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
        living_identities()
        .outerjoin(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(
            or_(
                MatchResultRow.child_id.is_(None),
                and_(MatchResultRow.decided_by.is_(None), MatchResultRow.run_id != run_id),
                and_(MatchResultRow.decision == "none", MatchResultRow.version_no < SourceRecordRow.version_no),
            )
        )
        .order_by(ChildRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(ChildRow.child_id > after)
    query = query.where(*_inside(scope))
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def lock_results(transaction: Transaction, child_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Keep others from deciding about identities until this transaction ends; return those that a person has decided.

    Left out are identities that a person took apart and whose source has sent a newer version since.
    """
    lock = select(MatchResultRow.child_id).where(among(MatchResultRow.child_id, child_ids))
    transaction.connection.execute(lock.order_by(MatchResultRow.child_id).with_for_update())
    query = (
        select(MatchResultRow.child_id)
        .join(SourceRecordRow, SourceRecordRow.child_id == MatchResultRow.child_id)
        .where(
            among(MatchResultRow.child_id, child_ids),
            MatchResultRow.decided_by.is_not(None),
            or_(MatchResultRow.decision != "none", MatchResultRow.version_no >= SourceRecordRow.version_no),
        )
    )
    return set(transaction.connection.scalars(query))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """What stands decided about an identity."""

    child_id: uuid.UUID
    decision: str
    version_no: int  # the version of the record that was compared
    held_person_id: uuid.UUID | None


def results(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StoredResult]:
    """Return what stands decided about identities; those never matched are left out."""
    query = select(
        MatchResultRow.child_id, MatchResultRow.decision, MatchResultRow.version_no, MatchResultRow.held_person_id
    ).where(among(MatchResultRow.child_id, child_ids))
    rows = transaction.connection.execute(query).mappings()
    return {row["child_id"]: StoredResult(**dict(row)) for row in rows}


def sealed_identities(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedIdentity]:
    """Return identities that stand, by id."""
    query = living_identities().where(among(ChildRow.child_id, child_ids)).order_by(ChildRow.child_id)
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def blocks_of(
    transaction: Transaction, child_ids: Iterable[uuid.UUID], *, version: int
) -> dict[uuid.UUID, dict[str, tuple[int, ...]]]:
    """Return the keyed block tokens of identities, by kind; args: version: of the key that made them."""
    query = select(ChildBlockRow.child_id, ChildBlockRow.kind, ChildBlockRow.token).where(
        among(ChildBlockRow.child_id, child_ids), ChildBlockRow.key_version == version
    )
    found: dict[uuid.UUID, dict[str, tuple[int, ...]]] = {}
    for child_id, kind, token in transaction.connection.execute(query):
        kinds = found.setdefault(child_id, {})
        kinds[kind] = (*kinds.get(kind, ()), token)
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


@dataclass(frozen=True, slots=True)
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
    verified: str | None  # the last answer of the population database, else that it gave none; None: not asked yet
    verified_at: datetime | None


def standing_sealed(transaction: Transaction, grant: Grant, child_ids: Iterable[uuid.UUID]) -> list[StoredLink]:
    """Return the links that stand of identities, with what is sealed in them and what was answered about them."""
    transaction.hold(grant)
    return [StoredLink(*row) for row in called(transaction, STANDING, child_ids)]


def model_of(transaction: Transaction, child_id: uuid.UUID) -> str:
    """Return the version of the model that compared an identity last; empty if none did."""
    query = select(MatchResultRow.model_version).where(MatchResultRow.child_id == child_id)
    return transaction.connection.scalar(query) or ""


def set_decision(
    transaction: Transaction, child_id: uuid.UUID, decision: str, *, by: uuid.UUID | None, at: datetime
) -> None:
    """Let another decision stand in the place of the engine's; it holds the identity back no longer."""
    transaction.connection.execute(
        update(MatchResultRow)
        .where(MatchResultRow.child_id == child_id)
        .values(decision=decision, decided_by=by, matched_at=at, held_person_id=None)
    )


def write_results(transaction: Transaction, results: Sequence[Row], candidates: Sequence[Row]) -> None:
    """Replace the results and candidates of identities."""
    transaction.connection.execute(
        delete(CandidateRow).where(among(CandidateRow.child_id, [row["child_id"] for row in results]))
    )
    insert_rows(transaction, MatchResultRow, results, replacing=True)
    insert_rows(transaction, CandidateRow, candidates)


def write_links(
    transaction: Transaction, links: Sequence[Row], number_indexes: Mapping[uuid.UUID, bytes], *, key_version: int
) -> None:
    """Add links, and let the linked numbers find their identities.

    Args:
        key_version: of the index key that made the hashes.
    """
    insert_rows(transaction, LinkRow, links)
    insert_rows(
        transaction,
        IdentifierLookupRow,
        [
            {"number_index": index, "leads_to": child, "kind": LINKED, "key_version": key_version}
            for child, index in number_indexes.items()
        ],
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


def result_of(transaction: Transaction, grant: Grant, child_id: uuid.UUID, *, lock: bool = False) -> str | None:
    """Return the decision about an identity, or None if it was never matched.

    Args:
        lock: keep others from deciding about it until this transaction ends.
    """
    transaction.hold(grant)
    query = select(MatchResultRow.decision).where(MatchResultRow.child_id == child_id)
    return transaction.connection.scalar(query.with_for_update() if lock else query)


def decided(transaction: Transaction) -> Iterator[Row]:
    """Return one row for each decided identity, with its link or candidates still sealed, for the list of links.

    The list leaves the registry: children known to named officers only are not in it.
    """
    query = text(
        "SELECT c.child_id, c.system, k.wrapped_key, k.epoch AS key_epoch, k.generation AS key_generation,"
        " i.sealed_source,"
        " m.decision, m.nobody, l.link_id, l.person_id, l.probability, l.sealed_number"
        " FROM match_result m JOIN child c USING (child_id) JOIN identity i USING (child_id)"
        " JOIN child_key k ON k.child_id = c.child_id AND k.owner_id = c.child_id"
        " LEFT JOIN link l ON l.child_id = c.child_id AND l.undone_at IS NULL"
        " WHERE c.withdrawn_at IS NULL AND c.erased_at IS NULL"
        " AND NOT EXISTS (SELECT FROM child_seal s WHERE s.child_id = c.child_id AND s.lifted_at IS NULL)"
        " ORDER BY c.system, c.child_id"
    ).execution_options(yield_per=2000)
    yield from (dict(row) for row in transaction.connection.execute(query).mappings())


def counts(transaction: Transaction, *, but: Sequence[uuid.UUID] = ()) -> dict[str, int]:
    """Return how many identities ended in which decision; args: but: those that are not to be counted."""
    query = (
        select(MatchResultRow.decision, func.count())
        .join(ChildRow, ChildRow.child_id == MatchResultRow.child_id)
        .where(ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None), ~among(ChildRow.child_id, but))
        .group_by(MatchResultRow.decision)
    )
    found = {decision: int(number) for decision, number in transaction.connection.execute(query)}
    return {decision: found.get(decision, 0) for decision in ("link", "review", "none")}
