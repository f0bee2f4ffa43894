"""Lists of children whose number is missing or wrong, as they went to the police and came back."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ProblemRow(Base):
    """A child on a list that went to the police: what is wrong with what is known of her, in codes."""

    __tablename__ = "problem"
    __table_args__ = (Index("ix_problem_list_id", "list_id", "place"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    list_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, comment="the list, as it stands in export")
    place: Mapped[int] = mapped_column(comment="of the row in its list; its code in the file names it")
    problems: Mapped[list[str]] = mapped_column(comment="codes")
    handed_digest: Mapped[bytes] = mapped_column(comment="keyed digest of what was handed out about her")
    answered_at: Mapped[datetime | None] = mapped_column(comment="null: nothing came back yet")


class ProblemAnswerRow(Base):
    """What the police said of a child on a list, with who signed and when; said again, it is a row of its own."""

    __tablename__ = "problem_answer"
    __table_args__ = (
        CheckConstraint("says IN ('confirmed', 'other', 'none')", name="says_known"),
        Index("uq_problem_answer_said", "child_id", "said_digest", unique=True),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    answer_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    list_id: Mapped[uuid.UUID]
    says: Mapped[str] = mapped_column(comment="the number is confirmed, is another, or there is none")
    said_digest: Mapped[bytes] = mapped_column(comment="keyed: what is said; the same is taken in once")
    signed_on: Mapped[date]
    taken_in_at: Mapped[datetime]
    taken_in_by: Mapped[uuid.UUID | None]
    sealed_answer: Mapped[bytes] = mapped_column(comment="sealed: number, corrections, officer, who signed")
