"""What the population database or the police say otherwise: proposals, what a reviewer decided, and its effects."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from dataclasses import field as sealed
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, tuple_, update

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, LinkRow
from registry.store.tables.link_states import ChildMarkRow, FindingRow, NumberHistoryRow, ProposedCorrectionRow

Row = Mapping[str, Any]
DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """A finding as stored."""

    child_id: uuid.UUID
    finding_id: uuid.UUID
    link_id: uuid.UUID | None
    kind: str
    state: str
    found_at: datetime
    as_of: datetime
    connector: str
    source_ref: str
    sealed_finding: bytes = field(repr=False)
    decided_at: datetime | None
    decided_by: uuid.UUID | None


_FINDING = tuple(getattr(FindingRow, one.name) for one in fields(StoredFinding))


def said_before(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[tuple[uuid.UUID, bytes]]:
    """Return what was found of identities before, whatever became of it: identity and digest."""
    query = select(FindingRow.child_id, FindingRow.said_digest).where(among(FindingRow.child_id, child_ids))
    return {(child, bytes(digest)) for child, digest in transaction.connection.execute(query)}


def add(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Keep findings; an open one of the same kind says less than they do."""
    for row in rows:
        transaction.connection.execute(
            update(FindingRow)
            .where(FindingRow.child_id == row["child_id"], FindingRow.kind == row["kind"], FindingRow.state == "open")
            .values(state="outdated")
        )
    insert_rows(transaction, FindingRow, rows)


def outdate(transaction: Transaction, link_ids: Collection[uuid.UUID]) -> None:
    """Take open findings off the list, for their links were undone."""
    transaction.connection.execute(
        update(FindingRow)
        .where(among(FindingRow.link_id, link_ids), FindingRow.state == "open")
        .values(state="outdated")
    )


def accepted(transaction: Transaction, child_ids: Iterable[uuid.UUID], kinds: Collection[str]) -> list[StoredFinding]:
    """Return the accepted findings of identities, the one decided last at the end."""
    query = (
        select(*_FINDING)
        .where(among(FindingRow.child_id, child_ids), FindingRow.state == "accepted", FindingRow.kind.in_(kinds))
        .order_by(FindingRow.decided_at, FindingRow.finding_id)
    )
    return [StoredFinding(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def waiting(
    transaction: Transaction, grant: Grant, *, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[StoredFinding]:
    """Return findings that wait for a person in the area of the grant, oldest first."""
    transaction.hold(grant)
    query = (
        select(*_FINDING)
        .join(ChildRow, ChildRow.child_id == FindingRow.child_id)
        .where(FindingRow.state == "open", ChildRow.erased_at.is_(None), ChildRow.withdrawn_at.is_(None))
        .order_by(FindingRow.found_at, FindingRow.finding_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(FindingRow.found_at, FindingRow.finding_id) > after)
    return [StoredFinding(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def count_waiting(transaction: Transaction) -> int:
    """Return how many findings wait for a person, as far as the transaction sees them."""
    query = select(func.count()).select_from(FindingRow).where(FindingRow.state == "open")
    return int(transaction.connection.scalar(query) or 0)


def of_child(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredFinding]:
    """Return all findings of identities, the newest first, as far as the transaction sees them."""
    query = select(*_FINDING).where(among(FindingRow.child_id, child_ids)).order_by(FindingRow.found_at.desc())
    return [StoredFinding(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def one(transaction: Transaction, grant: Grant, child_id: uuid.UUID, finding_id: uuid.UUID) -> StoredFinding | None:
    """Return a finding, and keep others from deciding it; None: there is none in the area of the grant."""
    transaction.hold(grant)
    query = select(*_FINDING).where(FindingRow.child_id == child_id, FindingRow.finding_id == finding_id)
    row = transaction.connection.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else StoredFinding(**dict(row))


def decide(transaction: Transaction, finding: StoredFinding, *, state: str, sealed_decision: bytes) -> None:
    """Keep what a person decided about a finding."""
    access = transaction.access
    _change(
        transaction,
        finding,
        {
            "state": state,
            "decided_at": access.at,
            "decided_by": access.staff_id,
            "sealed_decision": sealed_decision,
        },
    )


def take_back(transaction: Transaction, finding: StoredFinding, *, sealed_undoing: bytes) -> None:
    """Take back the acceptance of a finding."""
    access = transaction.access
    values = {"state": "undone", "undone_at": access.at, "undone_by": access.staff_id}
    _change(transaction, finding, {**values, "sealed_undoing": sealed_undoing})


def _change(transaction: Transaction, finding: StoredFinding, values: Row) -> None:
    transaction.connection.execute(
        update(FindingRow)
        .where(FindingRow.child_id == finding.child_id, FindingRow.finding_id == finding.finding_id)
        .values(dict(values))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """A correction proposed to the source of an identity, that stands."""

    child_id: uuid.UUID
    correction_id: uuid.UUID
    finding_id: uuid.UUID
    field: str
    sealed_correction: bytes = sealed(repr=False)
    proposed_at: datetime
    answer: str | None
    answered_at: datetime | None


def propose(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Propose corrections to sources."""
    insert_rows(transaction, ProposedCorrectionRow, rows)


def corrections_of(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredCorrection]:
    """Return the corrections that stand of identities, oldest first, as far as the transaction sees them."""
    query = (
        select(*(getattr(ProposedCorrectionRow, one.name) for one in fields(StoredCorrection)))
        .where(among(ProposedCorrectionRow.child_id, child_ids), ProposedCorrectionRow.withdrawn_at.is_(None))
        .order_by(ProposedCorrectionRow.proposed_at, ProposedCorrectionRow.correction_id)
    )
    return [StoredCorrection(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def answer_correction(
    transaction: Transaction, child_id: uuid.UUID, correction_id: uuid.UUID, *, answer: str, rule: str | None = None
) -> bool:
    """Keep what a source answers to a correction; False: there is none that stands.

    Args:
        answer: taken or refused.
        rule: code of why it was refused.
    """
    done = transaction.connection.execute(
        update(ProposedCorrectionRow)
        .where(
            ProposedCorrectionRow.child_id == child_id,
            ProposedCorrectionRow.correction_id == correction_id,
            ProposedCorrectionRow.withdrawn_at.is_(None),
        )
        .values(answer=answer, answer_rule=rule, answered_at=transaction.access.at)
    )
    return bool(done.rowcount)


def withdraw_corrections(transaction: Transaction, finding: StoredFinding) -> None:
    """Withdraw what was proposed because of a finding."""
    transaction.connection.execute(
        update(ProposedCorrectionRow)
        .where(
            ProposedCorrectionRow.child_id == finding.child_id,
            ProposedCorrectionRow.finding_id == finding.finding_id,
            ProposedCorrectionRow.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=transaction.access.at)
    )


def write_number(transaction: Transaction, finding: StoredFinding, sealed_number: bytes) -> None:
    """Let a link bear another number."""
    transaction.connection.execute(
        update(LinkRow)
        .where(LinkRow.child_id == finding.child_id, LinkRow.link_id == finding.link_id, LinkRow.undone_at.is_(None))
        .values(sealed_number=sealed_number)
    )


def bind(transaction: Transaction, finding: StoredFinding, link_id: uuid.UUID) -> None:
    """Let a finding be about the link that was made because of it."""
    _change(transaction, finding, {"link_id": link_id})


def stands(transaction: Transaction, finding: StoredFinding) -> bool:
    """Say whether the link of a finding stands, or it needs none."""
    if finding.link_id is None:
        return True
    query = select(LinkRow.link_id).where(
        LinkRow.child_id == finding.child_id, LinkRow.link_id == finding.link_id, LinkRow.undone_at.is_(None)
    )
    return transaction.connection.scalar(query) is not None


def write_history(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Keep from when to when a child had which number."""
    insert_rows(transaction, NumberHistoryRow, rows)


def forget_history(transaction: Transaction, finding: StoredFinding) -> None:
    """Let the numbers that came with a finding count as wrong from now on."""
    transaction.connection.execute(
        update(NumberHistoryRow)
        .where(
            NumberHistoryRow.child_id == finding.child_id,
            NumberHistoryRow.finding_id == finding.finding_id,
            NumberHistoryRow.status == "current",
        )
        .values(status="wrong", valid_to=transaction.access.at)
    )


def mark_died(transaction: Transaction, finding: StoredFinding) -> None:
    """Mark a child as having died."""
    row = {
        "child_id": finding.child_id,
        "mark": DIED,
        "finding_id": finding.finding_id,
        "marked_at": transaction.access.at,
    }
    insert_rows(transaction, ChildMarkRow, [row])


def unmark(transaction: Transaction, finding: StoredFinding) -> None:
    """Take back the mark that a finding has set."""
    transaction.connection.execute(
        delete(ChildMarkRow).where(
            ChildMarkRow.child_id == finding.child_id, ChildMarkRow.finding_id == finding.finding_id
        )
    )


def died_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these identities that are marked as having died, as far as the transaction sees them."""
    return set(
        transaction.connection.scalars(select(ChildMarkRow.child_id).where(among(ChildMarkRow.child_id, child_ids)))
    )
