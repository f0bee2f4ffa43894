"""What a system may read of its own records: the version that stands, the state of the link, what is proposed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, select

from registry.store.bulk import insert_rows
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, IdentityRow, LinkRow, SourceRecordRow, SourceVersionRow
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.link_states import LinkStateRow, ProposedCorrectionRow
from registry.store.tables.proposal_answers import ProposalAnswerRow
from registry.store.tables.seals import ChildSealRow


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLink:
    """The standing link of a record, and what is known of it."""

    link_id: uuid.UUID
    sealed_number: bytes = field(repr=False)
    state: str
    since: datetime
    confirmed_at: datetime | None  # as of when; None: never confirmed
    connector: str | None  # by what; None: by nothing yet


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProposal:
    """A correction that is proposed for a record."""

    correction_id: uuid.UUID
    about: str  # the field of the record
    sealed_correction: bytes = field(repr=False)
    proposed_at: datetime
    answered_at: datetime | None
    taken: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One record in a list of a system's own."""

    child_id: uuid.UUID
    stream: str
    version_no: int
    version_at: datetime | None
    withdrawn: bool
    content_digest: bytes
    sealed_source: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    key_epoch: int
    key_generation: int
    link_state: str | None
    confirmed_at: datetime | None


def is_sealed(transaction: Transaction, child_id: uuid.UUID) -> bool:
    """Tell whether a child is known to her keepers alone: to everybody else she does not exist."""
    with transaction.as_engine():
        return bool(
            transaction.connection.scalar(
                select(exists().where(ChildSealRow.child_id == child_id, ChildSealRow.lifted_at.is_(None)))
            )
        )


def written(transaction: Transaction, child_id: uuid.UUID, version_no: int) -> tuple[str, bytes] | None:
    """Return the kind of key and the sealed row of one version, as it was written."""
    query = select(SourceVersionRow.key_kind, SourceVersionRow.sealed_written).where(
        SourceVersionRow.child_id == child_id, SourceVersionRow.version_no == version_no
    )
    row = transaction.connection.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def link_of(transaction: Transaction, child_id: uuid.UUID) -> OwnLink | None:
    """Return the standing link of a record, or None."""
    query = (
        select(
            LinkRow.link_id,
            LinkRow.sealed_number,
            LinkStateRow.state,
            LinkStateRow.since,
            LinkStateRow.confirmed_at,
            LinkStateRow.connector,
        )
        .join(LinkStateRow, (LinkStateRow.child_id == LinkRow.child_id) & (LinkStateRow.link_id == LinkRow.link_id))
        .where(LinkRow.child_id == child_id, LinkRow.undone_at.is_(None))
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else OwnLink(**dict(row))


def proposals(transaction: Transaction, child_id: uuid.UUID) -> list[OwnProposal]:
    """Return the corrections that stand for a record, with the answer to each, oldest first."""
    correction, answer = ProposedCorrectionRow, ProposalAnswerRow
    query = (
        select(
            correction.correction_id,
            correction.field.label("about"),
            correction.sealed_correction,
            correction.proposed_at,
            answer.answered_at,
            answer.taken,
        )
        .outerjoin(
            answer,
            (answer.child_id == correction.child_id) & (answer.correction_id == correction.correction_id),
        )
        .where(correction.child_id == child_id, correction.withdrawn_at.is_(None))
        .order_by(correction.proposed_at, correction.correction_id)
    )
    return [OwnProposal(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def child_of_proposal(transaction: Transaction, correction_id: uuid.UUID) -> tuple[uuid.UUID, str] | None:
    """Return whose record a standing correction is for, and of which stream; None: of no record of this system."""
    query = (
        select(ProposedCorrectionRow.child_id, SourceRecordRow.stream)
        .join(SourceRecordRow, SourceRecordRow.child_id == ProposedCorrectionRow.child_id)
        .where(ProposedCorrectionRow.correction_id == correction_id, ProposedCorrectionRow.withdrawn_at.is_(None))
    )
    row = transaction.connection.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def answer(
    transaction: Transaction, child_id: uuid.UUID, correction_id: uuid.UUID, *, taken: bool, rule: str | None
) -> None:
    """Keep the answer of a source; it may change its mind."""
    row = {
        "child_id": child_id,
        "correction_id": correction_id,
        "taken": taken,
        "rule": rule,
        "client_id": transaction.access.staff_id,
        "answered_at": transaction.access.at,
    }
    insert_rows(transaction, ProposalAnswerRow, [row], replacing=True)


def listed(transaction: Transaction, *, streams: Sequence[str], after: uuid.UUID | None, limit: int) -> list[Listed]:
    """Return the next own records by id, whose values can be opened and who are not sealed."""
    query = (
        select(
            SourceRecordRow.child_id,
            SourceRecordRow.stream,
            SourceRecordRow.version_no,
            SourceRecordRow.version_at,
            SourceRecordRow.withdrawn,
            SourceRecordRow.content_digest,
            IdentityRow.sealed_source,
            *IDENTITY_KEY,
            LinkStateRow.state.label("link_state"),
            LinkStateRow.confirmed_at,
        )
        .join(ChildRow, ChildRow.child_id == SourceRecordRow.child_id)
        .join(IdentityRow, IdentityRow.child_id == SourceRecordRow.child_id)
        .join(ChildKeyRow, of_identity(SourceRecordRow.child_id))
        .outerjoin(LinkRow, (LinkRow.child_id == SourceRecordRow.child_id) & LinkRow.undone_at.is_(None))
        .outerjoin(
            LinkStateRow, (LinkStateRow.child_id == LinkRow.child_id) & (LinkStateRow.link_id == LinkRow.link_id)
        )
        .where(among(SourceRecordRow.stream, streams))
        .order_by(SourceRecordRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(SourceRecordRow.child_id > after)
    return [Listed(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def sealed_among(transaction: Transaction, child_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of identities who are known to their keepers alone."""
    query = select(ChildSealRow.child_id).where(
        among(ChildSealRow.child_id, child_ids), ChildSealRow.lifted_at.is_(None)
    )
    with transaction.as_engine():
        return set(transaction.connection.scalars(query))
