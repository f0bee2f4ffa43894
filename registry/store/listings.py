"""Whole listings of a stream: what they have shown, what they lack, and what a person agreed to withdraw."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.sources import clear_derived
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, OutboxEventRow, SourceKeyLookupRow, SourceRecordRow
from registry.store.tables.source_listings import ListingSeenRow, WithdrawalCandidateRow
from registry.store.tables.sources import WithdrawalProposalRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Records that a whole listing no longer holds."""

    proposal_id: uuid.UUID
    source: str
    stream: str
    system: str
    run_id: uuid.UUID
    delivery: str | None
    living: int
    absent: int
    refused: int
    shrunk: bool
    state: str
    made_at: datetime
    decided_at: datetime | None
    decided_by: uuid.UUID | None


_COLUMNS = tuple(WithdrawalProposalRow.__table__.columns)


def _stands(source: str, stream: str) -> ColumnElement[bool]:
    return and_(
        SourceRecordRow.source == source, SourceRecordRow.stream == stream, SourceRecordRow.withdrawn.is_(False)
    )


def living(transaction: Transaction, source: str, stream: str) -> int:
    """Return how many records of a stream stand that this source delivered last."""
    query = select(func.count()).select_from(SourceRecordRow).where(_stands(source, stream))
    return int(transaction.connection.scalar(query) or 0)


def children_of(transaction: Transaction, key_indexes: Iterable[bytes]) -> list[uuid.UUID]:
    """Return the identities that keys of records lead to."""
    query = select(SourceKeyLookupRow.leads_to).where(among(SourceKeyLookupRow.key_index, key_indexes)).distinct()
    return list(transaction.connection.scalars(query))


def see(transaction: Transaction, source: str, stream: str, child_ids: Iterable[uuid.UUID]) -> None:
    """Note that a listing shows these records."""
    rows = [{"child_id": child, "source": source, "stream": stream} for child in child_ids]
    insert_rows(transaction, ListingSeenRow, rows)


def forget(transaction: Transaction, source: str, stream: str) -> None:
    """Forget what a listing has shown: another one begins."""
    transaction.connection.execute(delete(ListingSeenRow).filter_by(source=source, stream=stream))


def _absent(source: str, stream: str) -> Select[Any]:
    seen = exists().where(
        ListingSeenRow.child_id == SourceRecordRow.child_id,
        ListingSeenRow.source == source,
        ListingSeenRow.stream == stream,
    )
    return select(SourceRecordRow.child_id).where(_stands(source, stream), ~seen)


def absent(transaction: Transaction, source: str, stream: str) -> int:
    """Return how many standing records of a stream the listing has not shown."""
    return int(transaction.connection.scalar(select(func.count()).select_from(_absent(source, stream).subquery())) or 0)


def propose(transaction: Transaction, proposal: Proposal) -> None:
    """Keep a proposal with its records; an older one of the stream that waits is overtaken."""
    overtake(transaction, proposal.source, proposal.stream)
    columns: dict[str, Any] = {column.name: getattr(proposal, column.name) for column in _COLUMNS}
    transaction.connection.execute(insert(WithdrawalProposalRow).values(**columns))
    lacking = list(transaction.connection.scalars(_absent(proposal.source, proposal.stream)))
    rows = [{"child_id": child, "proposal_id": proposal.proposal_id} for child in lacking]
    insert_rows(transaction, WithdrawalCandidateRow, rows)


def overtake(transaction: Transaction, source: str, stream: str) -> None:
    """Say of a proposal that waits that a newer listing has come."""
    waiting = waiting_of(transaction, source, stream)
    if waiting is not None:
        _set_state(transaction, waiting.proposal_id, state="overtaken")
        drop_candidates(transaction, waiting.proposal_id)


def waiting_of(transaction: Transaction, source: str, stream: str) -> Proposal | None:
    """Return the proposal of a stream that nobody has decided yet."""
    query = select(*_COLUMNS).filter_by(source=source, stream=stream, state="waiting").with_for_update()
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else Proposal(**dict(row))


def proposal(transaction: Transaction, proposal_id: uuid.UUID) -> Proposal | None:
    """Return a proposal, locked."""
    query = select(*_COLUMNS).filter_by(proposal_id=proposal_id).with_for_update()
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else Proposal(**dict(row))


def undone(transaction: Transaction) -> list[Proposal]:
    """Return the proposals that wait for a person, or to be carried out."""
    query = (
        select(*_COLUMNS)
        .where(WithdrawalProposalRow.state.in_(("waiting", "approved")))
        .order_by(WithdrawalProposalRow.made_at, WithdrawalProposalRow.proposal_id)
    )
    return [Proposal(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def decide(transaction: Transaction, proposal_id: uuid.UUID, *, approved: bool) -> None:
    """Say what a person decided."""
    access = transaction.access
    values = {"decided_at": access.at, "decided_by": access.staff_id}
    _set_state(transaction, proposal_id, state="approved" if approved else "refused", **values)


def finish(transaction: Transaction, proposal_id: uuid.UUID) -> None:
    """Say that an approved proposal is carried out."""
    _set_state(transaction, proposal_id, state="done")


def _set_state(transaction: Transaction, proposal_id: uuid.UUID, **values: Any) -> None:  # noqa: ANN401  columns' values
    of_it = WithdrawalProposalRow.proposal_id == proposal_id
    transaction.connection.execute(update(WithdrawalProposalRow).where(of_it).values(**values))


def keep(transaction: Transaction, source: str, stream: str, child_ids: Iterable[uuid.UUID]) -> None:
    """Take records out of a proposal that waits: their source has just shown them again."""
    waiting = waiting_of(transaction, source, stream)
    if waiting is not None:
        transaction.connection.execute(
            delete(WithdrawalCandidateRow).where(
                WithdrawalCandidateRow.proposal_id == waiting.proposal_id,
                among(WithdrawalCandidateRow.child_id, child_ids),
            )
        )


def drop_candidates(transaction: Transaction, proposal_id: uuid.UUID) -> None:
    """Forget the records of a proposal."""
    transaction.connection.execute(delete(WithdrawalCandidateRow).filter_by(proposal_id=proposal_id))


def candidates(transaction: Transaction, proposal_id: uuid.UUID, *, limit: int) -> list[uuid.UUID]:
    """Return the next records of a proposal."""
    query = select(WithdrawalCandidateRow.child_id).filter_by(proposal_id=proposal_id)
    return list(transaction.connection.scalars(query.order_by(WithdrawalCandidateRow.child_id).limit(limit)))


def withdraw(transaction: Transaction, proposal: Proposal, child_ids: Iterable[uuid.UUID]) -> int:
    """Withdraw those of these records that still stand, and return how many; what was written stays as it is."""
    ids = sorted(child_ids)
    lock = select(ChildRow.child_id).where(among(ChildRow.child_id, ids)).order_by(ChildRow.child_id).with_for_update()
    transaction.connection.execute(lock)
    standing = and_(_stands(proposal.source, proposal.stream), among(SourceRecordRow.child_id, ids))
    gone = list(
        transaction.connection.scalars(
            update(SourceRecordRow).where(standing).values(withdrawn=True).returning(SourceRecordRow.child_id)
        )
    )
    at = transaction.access.at
    transaction.connection.execute(update(ChildRow).where(among(ChildRow.child_id, gone)).values(withdrawn_at=at))
    clear_derived(transaction, gone)
    insert_rows(transaction, OutboxEventRow, [{"child_id": c, "kind": "record.withdrawn", "at": at} for c in gone])
    transaction.connection.execute(
        delete(WithdrawalCandidateRow).where(
            WithdrawalCandidateRow.proposal_id == proposal.proposal_id, among(WithdrawalCandidateRow.child_id, ids)
        )
    )
    return len(gone)
