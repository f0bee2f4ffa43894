"""Records that are one child without a citizen: what waits to be compared, pairs, joins, and how they end."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, func, literal, or_, select, text, union, update
from sqlalchemy.orm import aliased

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.calls import called
from registry.store.links import Scope, SealedIdentity, living_identities
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, IdentityRow, LinkRow, MatchResultRow, SourceRecordRow
from registry.store.tables.pairs import RecordComparisonRow, RecordJoinRow, RecordPairRow, RecordVerdictRow

Row = Mapping[str, Any]
Pair = tuple[uuid.UUID, uuid.UUID]  # the smaller id first

TURN: Final = 0x636C_7573_7465_7273  # 'clusters': whoever changes joins waits for the others to end


def pair_of(one: uuid.UUID, other: uuid.UUID) -> Pair:
    """Return two identities in the order in which a pair stands."""
    return (one, other) if one < other else (other, one)


def take_turn(transaction: Transaction) -> None:
    """Wait until nobody else changes joins, and keep others from it until this transaction ends."""
    transaction.connection.execute(select(func.pg_advisory_xact_lock(TURN)))


def _has_citizen() -> ColumnElement[bool]:
    return select(LinkRow.child_id).where(LinkRow.child_id == ChildRow.child_id, LinkRow.undone_at.is_(None)).exists()


def _without_citizen() -> Select[*tuple[Any, ...]]:
    """Return the query of living identities that linkage decided about and that have no citizen."""
    return (
        living_identities()
        .add_columns(MatchResultRow.decision)
        .join(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(MatchResultRow.decision != "link", ~_has_citizen())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An identity to be compared with the others, and what linkage has decided about it."""

    sealed: SealedIdentity
    decision: str


def waiting_for_comparison(
    transaction: Transaction, *, after: uuid.UUID | None, limit: int, scope: Scope, run_id: uuid.UUID
) -> list[Waiting]:
    """Return the next identities without a citizen to compare with each other, by id; none twice in one run."""
    done = RecordComparisonRow
    query = (
        _without_citizen()
        .outerjoin(done, done.child_id == ChildRow.child_id)
        .where(or_(done.child_id.is_(None), done.run_id != run_id))
        .order_by(ChildRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(ChildRow.child_id > after)
    if scope.seen_since is not None or scope.changed_only:
        changed = [
            done.child_id.is_(None),
            done.version_no < SourceRecordRow.version_no,
            done.decision != MatchResultRow.decision,
            IdentityRow.updated_at > done.compared_at,
        ]
        if scope.seen_since is not None:
            changed.append(IdentityRow.updated_at >= scope.seen_since)
        query = query.where(or_(*changed))
    found = []
    for row in transaction.connection.execute(query).mappings():
        known = dict(row)
        decision = known.pop("decision")
        found.append(Waiting(sealed=SealedIdentity(**known), decision=decision))
    return found


def number_without_citizen(transaction: Transaction) -> int:
    """Return how many identities have no citizen: among so many the other records of a child may be."""
    query = _without_citizen().with_only_columns(func.count())
    return int(transaction.connection.scalar(query) or 0)


def sealed(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SealedIdentity]:
    """Return identities by id, sealed; those withdrawn or erased are left out."""
    query = living_identities().where(among(ChildRow.child_id, child_ids))
    rows = [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]
    return {row.child_id: row for row in rows}


_SHARING = """
WITH met AS (
    SELECT q.child_id, b.child_id AS other_id, done.child_id IS NOT NULL AS done,
        count(*) OVER (PARTITION BY q.child_id, q.kind, q.token) > :limit AS broad
    FROM child_block q
    JOIN child_block b ON b.kind = q.kind AND b.token = q.token AND b.child_id <> q.child_id
    JOIN match_result m ON m.child_id = b.child_id AND m.decision <> 'link'
    JOIN child c ON c.child_id = b.child_id AND c.withdrawn_at IS NULL AND c.erased_at IS NULL
    LEFT JOIN record_comparison done ON done.child_id = b.child_id AND done.run_id = :run
    WHERE q.child_id = ANY (:ids)
)
SELECT DISTINCT child_id, CASE WHEN NOT broad THEN other_id END FROM met WHERE broad OR NOT done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Which identities share a block, and how many had a block that meets too many."""

    pairs: list[Pair]
    broad: int


def sharing(transaction: Transaction, child_ids: Collection[uuid.UUID], *, run_id: uuid.UUID, limit: int) -> Meeting:
    """Return the pairs of these identities and others without a citizen that share a token, each once.

    Left out are tokens that meet more than `limit` others, and those whom this run has compared with all already;
    pairs that stand are always among them, so that each is judged anew.
    """
    found = transaction.connection.execute(
        text(_SHARING), {"ids": list(child_ids), "run": run_id, "limit": limit}
    ).all()
    pairs = {pair_of(one, other) for one, other in found if other is not None}
    stands = RecordPairRow.probability > 0
    first = select(RecordPairRow.child_id, RecordPairRow.other_id).where(
        among(RecordPairRow.child_id, child_ids), RecordPairRow.run_id != run_id, stands
    )
    second = select(RecordPairRow.child_id, RecordPairRow.other_id).where(
        among(RecordPairRow.other_id, child_ids), RecordPairRow.run_id != run_id, stands
    )
    pairs.update((one, other) for one, other in transaction.connection.execute(union(first, second)))
    broad = {one for one, other in found if other is None}
    return Meeting(pairs=sorted(pairs), broad=len(broad))


def write_comparisons(transaction: Transaction, comparisons: Sequence[Row], pairs: Sequence[Row]) -> None:
    """Keep what identities were compared as, and replace the pairs that earlier runs found of them."""
    ids = [row["child_id"] for row in comparisons]
    if not ids:
        return
    run_id = comparisons[0]["run_id"]
    for column in (RecordPairRow.child_id, RecordPairRow.other_id):
        transaction.connection.execute(delete(RecordPairRow).where(among(column, ids), RecordPairRow.run_id != run_id))
    insert_rows(transaction, RecordComparisonRow, comparisons, replacing=True)
    insert_rows(transaction, RecordPairRow, pairs, replacing=True)


def write_pairs(transaction: Transaction, pairs: Sequence[Row]) -> None:
    """Add pairs; one that stands is replaced."""
    insert_rows(transaction, RecordPairRow, pairs, replacing=True)


def unsettled(transaction: Transaction, *, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return the next identities by id whose joins must be worked out: compared since, or joined and no longer free."""
    query = select(RecordComparisonRow.child_id).where(~RecordComparisonRow.settled)
    if after is not None:
        query = query.where(RecordComparisonRow.child_id > after)
    return list(transaction.connection.scalars(query.order_by(RecordComparisonRow.child_id).limit(limit)))


def settle(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> None:
    """Say that the joins of identities were worked out."""
    transaction.connection.execute(
        update(RecordComparisonRow).where(among(RecordComparisonRow.child_id, child_ids)).values(settled=True)
    )


def no_longer_free(transaction: Transaction) -> list[uuid.UUID]:
    """Return the identities joined by the engine that have a citizen now, wait for one, or were withdrawn."""
    ends = (
        select(RecordJoinRow.child_id.label("child_id"))
        .where(RecordJoinRow.ended_at.is_(None))
        .union(select(RecordJoinRow.other_id).where(RecordJoinRow.ended_at.is_(None)))
        .subquery()
    )
    query = (
        select(ChildRow.child_id)
        .join(ends, ends.c.child_id == ChildRow.child_id)
        .outerjoin(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(
            or_(
                ChildRow.withdrawn_at.is_not(None),
                ChildRow.erased_at.is_not(None),
                MatchResultRow.decision != "none",
            )
        )
        .order_by(ChildRow.child_id)
    )
    return list(transaction.connection.scalars(query))


def tidy(transaction: Transaction) -> None:
    """Forget comparisons of identities that have a citizen now, and pairs of those that are gone or linked both."""
    gone = or_(ChildRow.withdrawn_at.is_not(None), ChildRow.erased_at.is_not(None))
    taken = select(ChildRow.child_id).where(or_(gone, _has_citizen()))
    transaction.connection.execute(delete(RecordComparisonRow).where(RecordComparisonRow.child_id.in_(taken)))
    lost = select(ChildRow.child_id).where(gone)
    linked = select(LinkRow.child_id).where(LinkRow.undone_at.is_(None))
    transaction.connection.execute(
        delete(RecordPairRow).where(
            or_(
                RecordPairRow.child_id.in_(lost),
                RecordPairRow.other_id.in_(lost),
                and_(RecordPairRow.child_id.in_(linked), RecordPairRow.other_id.in_(linked)),
            )
        )
    )


def strong_pairs(transaction: Transaction, child_ids: Collection[uuid.UUID], *, strong: float) -> list[Pair]:
    """Return what connects identities with others: pairs as probable as `strong`, joins, and what people said."""
    conditions = (
        (RecordPairRow, and_(RecordPairRow.probability >= strong, ~RecordPairRow.held)),
        (RecordJoinRow, RecordJoinRow.ended_at.is_(None)),
        (RecordVerdictRow, and_(RecordVerdictRow.says == "same", RecordVerdictRow.withdrawn_at.is_(None))),
    )
    queries = [
        select(table.child_id, table.other_id).where(among(end, child_ids), stands)
        for table, stands in conditions
        for end in (table.child_id, table.other_id)
    ]
    return [(one, other) for one, other in transaction.connection.execute(union(*queries))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an identity stands when joins are worked out."""

    person_id: uuid.UUID | None  # its citizen
    free: bool  # linkage found nobody for it: the engine may join it


def standings(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    """Return the living ones of identities, with their citizens."""
    query = (
        select(ChildRow.child_id, LinkRow.person_id, func.coalesce(MatchResultRow.decision, literal("")))
        .outerjoin(LinkRow, and_(LinkRow.child_id == ChildRow.child_id, LinkRow.undone_at.is_(None)))
        .outerjoin(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(among(ChildRow.child_id, child_ids), ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    )
    return {
        child: Standing(person_id=person, free=person is None and decision == "none")
        for child, person, decision in transaction.connection.execute(query)
    }


PAIRS, JOINS = "pairs_of", "joins_of"  # functions of the database


@dataclass(frozen=True, slots=True)
class StoredPair:
    """A pair of identities, with sealed evidence."""

    child_id: uuid.UUID
    other_id: uuid.UUID
    probability: float
    bits: float
    held: bool
    sealed_evidence: bytes
    model_version: str

    @property
    def ids(self) -> Pair:
        """The two identities."""
        return self.child_id, self.other_id


def pairs_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredPair]:
    """Return the pairs whose both ends are among identities."""
    return [StoredPair(*row) for row in called(transaction, PAIRS, child_ids)]


@dataclass(frozen=True, slots=True)
class StandingJoin:
    """A join that stands."""

    child_id: uuid.UUID
    join_id: uuid.UUID
    other_id: uuid.UUID
    reason: str
    probability: float | None
    made_at: datetime
    made_by: uuid.UUID | None

    @property
    def ids(self) -> Pair:
        """The two identities."""
        return self.child_id, self.other_id


_JOIN: Final = (
    RecordJoinRow.child_id,
    RecordJoinRow.join_id,
    RecordJoinRow.other_id,
    RecordJoinRow.reason,
    RecordJoinRow.probability,
    RecordJoinRow.made_at,
    RecordJoinRow.made_by,
)


def joins_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StandingJoin]:
    """Return the joins that stand and have an end among identities, the oldest first."""
    return [StandingJoin(*row) for row in called(transaction, JOINS, child_ids)]


def newest_joins(transaction: Transaction, grant: Grant, *, limit: int) -> list[tuple[StandingJoin, str, str]]:
    """Return the newest joins of compared records with both ends in the area of the grant, and the systems of the two.

    A record that was written by hand for a known child was compared with nothing, and is not among them.
    """
    transaction.hold(grant)
    one, other = aliased(ChildRow), aliased(ChildRow)
    query = (
        select(*_JOIN, one.system.label("system"), other.system.label("other_system"))
        .join(one, one.child_id == RecordJoinRow.child_id)
        .join(other, other.child_id == RecordJoinRow.other_id)
        .join(
            RecordPairRow,
            and_(
                RecordPairRow.child_id == func.least(RecordJoinRow.child_id, RecordJoinRow.other_id),
                RecordPairRow.other_id == func.greatest(RecordJoinRow.child_id, RecordJoinRow.other_id),
            ),
        )
        .where(RecordJoinRow.ended_at.is_(None))
        .order_by(RecordJoinRow.made_at.desc(), RecordJoinRow.join_id)
        .limit(limit)
    )
    rows = [dict(row) for row in transaction.connection.execute(query).mappings()]
    systems = [(row.pop("system"), row.pop("other_system")) for row in rows]
    return [(StandingJoin(**row), *pair) for row, pair in zip(rows, systems, strict=True)]


def write_joins(transaction: Transaction, joins: Sequence[Row]) -> None:
    """Add joins."""
    insert_rows(transaction, RecordJoinRow, joins)


def end_joins(
    transaction: Transaction, joins: Iterable[StandingJoin], *, because: str, by: uuid.UUID | None, at: datetime
) -> None:
    """End joins: they stay as rows, with why and by whom."""
    ids = list(joins)
    transaction.connection.execute(
        update(RecordJoinRow)
        .where(
            among(RecordJoinRow.child_id, [join.child_id for join in ids]),
            among(RecordJoinRow.join_id, [join.join_id for join in ids]),
            RecordJoinRow.ended_at.is_(None),
        )
        .values(ended_at=at, ended_because=because, ended_by=by)
    )


def joined_count(transaction: Transaction) -> int:
    """Return how many joins stand."""
    query = select(func.count()).select_from(RecordJoinRow).where(RecordJoinRow.ended_at.is_(None))
    return int(transaction.connection.scalar(query) or 0)
