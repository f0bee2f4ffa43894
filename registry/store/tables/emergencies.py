"""Emergencies: one child opened beyond the own area, for a while, to be judged by a supervisor."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class EmergencyRow(Base):
    """A child that was opened in an emergency: by whom, why, until when, and what the supervisor said of it."""

    __tablename__ = "emergency"
    __table_args__ = (
        CheckConstraint("kind IN ('break_glass', 'own_area')", name="kind_known"),
        CheckConstraint("verdict IN ('justified', 'not_justified')", name="verdict_known"),
        CheckConstraint(
            "(verdict IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (reviewed_at IS NULL)",
            name="reviewed_whole",
        ),
        CheckConstraint("reviewed_by <> staff_id", name="reviewed_by_another"),
        CheckConstraint("supervisor_id <> staff_id", name="told_to_another"),
        CheckConstraint(
            "kind <> 'break_glass'"
            " OR (ends_at IS NOT NULL AND review_due_at IS NOT NULL AND supervisor_id IS NOT NULL)",
            name="glass_has_an_end",
        ),
        Index(
            "ix_emergency_staff_id",
            "staff_id",
            "review_due_at",
            postgresql_where=text("reviewed_at IS NULL AND kind = 'break_glass'"),
        ),
        Index("ix_emergency_supervisor_id", "supervisor_id", "began_at"),
        Index("ix_emergency_began_at", "staff_id", "began_at"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(
        comment="break_glass: beyond the own area; own_area: the supervisor is told alone"
    )
    staff_id: Mapped[uuid.UUID]
    login: Mapped[str] = mapped_column(comment="the account, as the supervisor reads it")
    office: Mapped[str]
    supervisor_id: Mapped[uuid.UUID | None] = mapped_column(
        comment="who is told and judges; null: the account has none"
    )
    sealed_reason: Mapped[bytes | None] = mapped_column(comment="sealed: the sentence; null: none was asked, or erased")
    began_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(comment="null: the own area, where nothing ends")
    last_used_at: Mapped[datetime] = mapped_column(comment="a clock that stands before it opens nothing")
    closed_at: Mapped[datetime | None] = mapped_column(comment="ended before its time, or found ended; for ever")
    review_due_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None] = mapped_column(comment="the account was locked for want of a review")
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[uuid.UUID | None]
    verdict: Mapped[str | None]
    sealed_note: Mapped[bytes | None] = mapped_column(comment="sealed: what the supervisor wrote")
