"""What families decide and ask for: consents with their signatures, requests with their clocks, corrections.

Each of these tables has `child_id` first in its primary key, as every table of a child has.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ConsentRow(Base):
    """A consent to one use of a child's data, by the text that was signed."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("use_code IN ('disclosure', 'research', 'media', 'services')", name="use_known"),
        CheckConstraint("(withdrawn_at IS NULL) = (sealed_withdrawal IS NULL)", name="withdrawal_is_whole"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    consent_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    use_code: Mapped[str] = mapped_column(comment="what is consented to")
    text_digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the text that was signed")
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account that took it down")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account that took the withdrawal down")
    sealed_withdrawal: Mapped[bytes | None] = mapped_column(comment="sealed: who withdrew it, and how; null: it stands")


class ConsentSignatureRow(Base):
    """One of the signatures of a consent: the child's own, or the representative's."""

    __tablename__ = "consent_signature"
    __table_args__ = (
        CheckConstraint("signer IN ('child', 'representative')", name="signer_known"),
        CheckConstraint("method IN ('paper', 'electronic', 'oral')", name="method_known"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    consent_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    signer: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(comment="how it was given; oral: before a witness")
    signed_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    taken_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account that took it down")
    sealed_signature: Mapped[bytes] = mapped_column(comment="sealed: who signed, as what, before whom")


_WHOLE = (
    "(state = 'closed') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (outcome IS NULL)"
    " AND (closed_at IS NULL) = (sealed_outcome IS NULL)"
)


class SubjectRequestRow(Base):
    """What a family asks for, by when it must have its answer, and what came of it."""

    __tablename__ = "subject_request"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('access', 'who_looked', 'correction', 'deletion', 'restriction', 'objection', 'withdrawal',"
            " 'complaint')",
            name="kind_known",
        ),
        CheckConstraint("state IN ('received', 'answered', 'closed')", name="state_known"),
        CheckConstraint("outcome IN ('granted', 'partly', 'refused')", name="outcome_known"),
        CheckConstraint(_WHOLE, name="closed_is_whole"),
        CheckConstraint("(extended_at IS NULL) = (sealed_extension IS NULL)", name="extension_is_whole"),
        Index("ix_subject_request_waiting", "done_by", postgresql_where=text("state <> 'closed'")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    request_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(comment="what the family asks for")
    state: Mapped[str]
    third_party: Mapped[bool] = mapped_column(comment="a processor or another office must act too")
    with_province: Mapped[bool] = mapped_column(comment="the province answers it, for whichever reason")
    received_at: Mapped[datetime]
    answer_by: Mapped[date] = mapped_column(comment="last day for the first answer")
    done_by: Mapped[date] = mapped_column(comment="last day for the whole, with an extension if there was one")
    answered_at: Mapped[datetime | None]
    extended_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    taken_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account that took it down")
    told_at: Mapped[datetime | None] = mapped_column(comment="when an alarm was raised that it is overdue")
    sealed_request: Mapped[bytes] = mapped_column(comment="sealed: who asks, as what, and in which words")
    sealed_extension: Mapped[bytes | None] = mapped_column(
        comment="sealed: why more time is needed; null: not extended"
    )
    sealed_outcome: Mapped[bytes | None] = mapped_column(comment="sealed: what was done, and why; null: not closed")


class SubjectCorrectionRow(Base):
    """A mistake that a family has shown, passed on to the source whose record it is."""

    __tablename__ = "subject_correction"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    correction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request_id: Mapped[uuid.UUID]
    field_code: Mapped[str] = mapped_column(comment="which field is wrong")
    system: Mapped[str] = mapped_column(comment="the source that was told to correct its record")
    passed_on_at: Mapped[datetime]
    passed_on_by: Mapped[uuid.UUID | None]
    sealed_correction: Mapped[bytes] = mapped_column(comment="sealed: what stood there, what is right, by which paper")
