"""What is known of each link from the population database: its state, what waits to be asked, what was found."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, SmallNumber


class LinkStateRow(Base):
    """What is known of a link, and its place in the queue of those to be asked about: none leaves it but by an undo."""

    __tablename__ = "link_state"
    __table_args__ = (
        CheckConstraint(
            "state IN ('candidate', 'verified', 'mismatch', 'unreachable', 'stale', 'revoked')", name="state_known"
        ),
        CheckConstraint("(due_at IS NULL) = (state = 'revoked')", name="asked_again_unless_revoked"),
        CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease_is_whole"),
        CheckConstraint("(request_id IS NULL) = (question_digest IS NULL)", name="question_is_whole"),
        CheckConstraint("state <> 'verified' OR confirmed_at IS NOT NULL", name="verified_as_of"),
        Index("ix_link_state_due", "priority", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_link_state_state", "state", "confirmed_at"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    link_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(comment="code: why it is in this state")
    since: Mapped[datetime] = mapped_column(comment="of the state")
    confirmed_at: Mapped[datetime | None] = mapped_column(comment="as of when it was last confirmed; null: never")
    answered_at: Mapped[datetime | None] = mapped_column(comment="as of when anything was last answered; null: never")
    connector: Mapped[str | None] = mapped_column(comment="by what it was last answered; null: never")
    asked_at: Mapped[datetime | None] = mapped_column(comment="the last time; null: never")
    looked_at: Mapped[datetime | None] = mapped_column(comment="as of when the record was looked at for doubts")
    due_at: Mapped[datetime | None] = mapped_column(comment="from then on it is asked about; null: revoked")
    priority: Mapped[SmallNumber] = mapped_column(comment="the lowest is asked about first")
    attempts: Mapped[int] = mapped_column(server_default=text("0"), comment="failures in a row")
    failure: Mapped[str | None] = mapped_column(comment="kind of the last failure; null: it was answered since")
    request_id: Mapped[str | None] = mapped_column(comment="of the question that has no answer yet; null: none")
    question_digest: Mapped[bytes | None] = mapped_column(comment="keyed digest of that question")
    lease: Mapped[uuid.UUID | None] = mapped_column(comment="the batch that is asking; null: none")
    leased_until: Mapped[datetime | None]


class FindingRow(Base):
    """What the population database says otherwise than the registry: a proposal with its evidence, until decided."""

    __tablename__ = "finding"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('number_replaced', 'number_given', 'name', 'sex', 'birth', 'died', 'moved', 'parents')",
            name="kind_known",
        ),
        CheckConstraint("state IN ('open', 'accepted', 'refused', 'undone', 'outdated')", name="state_known"),
        CheckConstraint(
            "(decided_at IS NULL) = (state IN ('open', 'outdated')) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("(undone_at IS NULL) = (state <> 'undone')", name="undone_once_accepted"),
        Index("ix_finding_open", "found_at", "child_id", postgresql_where=text("state = 'open'")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    finding_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    link_id: Mapped[uuid.UUID | None] = mapped_column(comment="null: of a record without a link")
    kind: Mapped[str]
    state: Mapped[str]
    said_digest: Mapped[bytes] = mapped_column(comment="keyed: what is said; the same is not found twice")
    found_at: Mapped[datetime]
    as_of: Mapped[datetime] = mapped_column(comment="when it was said")
    connector: Mapped[str] = mapped_column(comment="who says it: a population database, or the police's list")
    source_ref: Mapped[str] = mapped_column(comment="of the call, or the list, that told it")
    sealed_finding: Mapped[bytes] = mapped_column(comment="sealed: what stood before, what is said, the answer's part")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None]
    sealed_decision: Mapped[bytes | None] = mapped_column(comment="sealed: the sentence of whoever decided")
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[uuid.UUID | None]
    sealed_undoing: Mapped[bytes | None] = mapped_column(comment="sealed: why the decision was taken back")


class ProposedCorrectionRow(Base):
    """A correction that the source of an identity is asked to make in its own record."""

    __tablename__ = "proposed_correction"
    __table_args__ = (
        CheckConstraint("field IN ('number', 'name', 'sex', 'birth', 'moved', 'parents', 'died')", name="field_known"),
        CheckConstraint("answer IN ('taken', 'refused')", name="answer_known"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_at_a_time"),
        Index("ix_proposed_correction_standing", "child_id", postgresql_where=text("withdrawn_at IS NULL")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    correction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[uuid.UUID] = mapped_column(comment="the finding that was accepted")
    field: Mapped[str]
    sealed_correction: Mapped[bytes] = mapped_column(comment="sealed: what the record says, what it is to say")
    proposed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="the decision was taken back; null: it stands")
    answer: Mapped[str | None] = mapped_column(comment="of the source: taken or refused; null: none yet")
    answer_rule: Mapped[str | None] = mapped_column(comment="code: why the source refused")
    answered_at: Mapped[datetime | None] = mapped_column(comment="null: the source has not answered")


class NumberHistoryRow(Base):
    """Which number a child had from when to when, by whom it is known; a cancelled one is never given to another."""

    __tablename__ = "number_history"
    __table_args__ = (
        CheckConstraint("status IN ('current', 'replaced', 'wrong')", name="status_known"),
        CheckConstraint("(status = 'current') = (valid_to IS NULL)", name="current_until_further_notice"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    history_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[uuid.UUID] = mapped_column(comment="the finding that was accepted")
    status: Mapped[str]
    sealed_number: Mapped[bytes] = mapped_column(comment="sealed: the personal number")
    valid_from: Mapped[datetime | None] = mapped_column(comment="null: not known")
    valid_to: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(comment="who says so")
    verified_at: Mapped[datetime | None]


class ChildMarkRow(Base):
    """A child who has died: kept, and shown as such wherever somebody would go and visit her."""

    __tablename__ = "child_mark"
    __table_args__ = (CheckConstraint("mark IN ('died')", name="mark_known"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    finding_id: Mapped[uuid.UUID] = mapped_column(comment="the finding that was accepted")
    marked_at: Mapped[datetime]
