"""The tables of records that are one child though no citizen says so: comparisons, pairs, verdicts, joins.

A pair stands once, under the smaller id of the two; each table is a child's own, as those in `tables`.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class RecordComparisonRow(Base):
    """When an identity without a citizen was last compared with the others; one that has a citizen has no row."""

    __tablename__ = "record_comparison"
    __table_args__ = (
        CheckConstraint("decision IN ('review', 'none')", name="decision_known"),
        Index("ix_record_comparison_unsettled", "child_id", postgresql_where=text("NOT settled")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    version_no: Mapped[int] = mapped_column(comment="the version of the source record that was compared")
    decision: Mapped[str] = mapped_column(comment="what linkage had decided when it was compared")
    model_version: Mapped[str]
    run_id: Mapped[uuid.UUID]
    compared_at: Mapped[datetime]
    settled: Mapped[bool] = mapped_column(comment="whether its joins were worked out since")


class RecordPairRow(Base):
    """Two identities that may be one child, with the evidence field by field."""

    __tablename__ = "record_pair"
    __table_args__ = (
        CheckConstraint("child_id < other_id", name="smaller_first"),
        Index("ix_record_pair_other_id", "other_id"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    other_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    probability: Mapped[float] = mapped_column(comment="that the two are one child; below the least shown it is 0")
    bits: Mapped[float]
    held: Mapped[bool] = mapped_column(comment="however probable, a person must look before it counts as one child")
    sealed_evidence: Mapped[bytes] = mapped_column(comment="sealed: level, reason and bits of each field")
    model_version: Mapped[str]
    run_id: Mapped[uuid.UUID]


class RecordVerdictRow(Base):
    """What a person said about two identities. It binds for ever, unless a person withdraws it."""

    __tablename__ = "record_verdict"
    __table_args__ = (
        CheckConstraint("child_id < other_id", name="smaller_first"),
        CheckConstraint("says IN ('same', 'different', 'unsure')", name="says_known"),
        Index("ix_record_verdict_other_id", "other_id"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    verdict_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    other_id: Mapped[uuid.UUID]
    says: Mapped[str]
    staff_id: Mapped[uuid.UUID]
    said_at: Mapped[datetime]
    sealed_reason: Mapped[bytes] = mapped_column(comment="sealed: one sentence")
    withdrawn_at: Mapped[datetime | None]


class RecordJoinRow(Base):
    """A join of two identities, or of the groups they are in, into one child: why, by whom, and how it ended."""

    __tablename__ = "record_join"
    __table_args__ = (
        CheckConstraint("child_id < other_id", name="smaller_first"),
        CheckConstraint("reason IN ('evidence', 'person')", name="reason_known"),
        CheckConstraint("ended_because IN ('evidence', 'linked', 'undone', 'withdrawn')", name="ended_because_known"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended_because_of_something"),
        Index(
            "uq_record_join_standing", "child_id", "other_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_record_join_other_id", "other_id"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    join_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    other_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(comment="evidence, or a person said so")
    probability: Mapped[float | None] = mapped_column(
        comment="of the mean log odds over all pairs between the two groups; null: a person said so"
    )
    compared: Mapped[int] = mapped_column(comment="pairs between the two groups that were compared")
    missing: Mapped[int] = mapped_column(comment="pairs between the two groups that were not")
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None] = mapped_column(comment="null: the engine")
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(
        comment="other evidence, a citizen was found for one, a person undid it, or a source withdrew its record"
    )
    ended_by: Mapped[uuid.UUID | None] = mapped_column(comment="null: the engine")
