"""The duties of the law that belong to no child: legal bases, texts of consents, legal holds, breaches."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, SmallNumber


class LegalBasisRow(Base):
    """A law that allows a purpose for a time. Those that come with the program stand here once they were changed."""

    __tablename__ = "legal_basis"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_for_a_time"),)

    basis_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(comment="code of the purpose that it allows")
    law: Mapped[str]
    article: Mapped[str]
    wording: Mapped[str] = mapped_column(comment="what it says, in the words of whoever entered it")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(comment="last day; null: until further notice")
    entered_at: Mapped[datetime]
    entered_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: it came with the program")
    ended_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account that set the last day; null: nobody did")


class ConsentTextRow(Base):
    """A text that somebody has signed, word for word."""

    __tablename__ = "consent_text"

    text_digest: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the wording")
    use_code: Mapped[str] = mapped_column(comment="what is consented to")
    version: Mapped[str]
    language: Mapped[str]
    wording: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(comment="when somebody first signed it")


class LegalHoldRow(Base):
    """Somebody must be kept, whatever the schedule says. It is no table of a child: an auditor sees no children."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (sealed_lifting IS NULL)", name="lifting_is_whole"),
        Index("ix_legal_hold_held_id", "held_id", postgresql_where=text("lifted_at IS NULL")),
    )

    hold_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    held_id: Mapped[uuid.UUID] = mapped_column(comment="the identity or the protection case that must be kept")
    of_case: Mapped[bool]
    placed_at: Mapped[datetime]
    placed_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: whoever ran the command on a demo")
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[uuid.UUID | None]
    sealed_sentence: Mapped[bytes] = mapped_column(comment="sealed: why it must be kept")
    sealed_lifting: Mapped[bytes | None] = mapped_column(
        comment="sealed: why it need not be kept any more; null: it holds"
    )


class BreachRow(Base):
    """A breach of the protection of data, with its clock."""

    __tablename__ = "breach"
    __table_args__ = (CheckConstraint("notified_at IS NULL OR notified_at >= discovered_at", name="after_it_was_seen"),)

    breach_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    discovered_at: Mapped[datetime]
    entered_at: Mapped[datetime]
    notified_at: Mapped[datetime | None] = mapped_column(comment="when the authority was told; null: not yet")
    warned_at: Mapped[datetime | None] = mapped_column(comment="when an alarm was raised that the time runs out")
    told_late_at: Mapped[datetime | None] = mapped_column(comment="when an alarm was raised that the time has run out")


class BreachVersionRow(Base):
    """What was known of a breach at one time: later additions never overwrite earlier ones."""

    __tablename__ = "breach_version"

    breach_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("breach.breach_id"), primary_key=True)
    version_no: Mapped[SmallNumber] = mapped_column(
        primary_key=True, autoincrement=False, comment="counts what was added later, from 1"
    )
    entered_at: Mapped[datetime]
    entered_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: whoever ran the command on a demo")
    sealed_breach: Mapped[bytes] = mapped_column(
        comment="sealed: what happened, which values, how many children, what is done"
    )
