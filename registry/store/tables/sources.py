"""Sources: how far their streams are read, their runs, what was refused, and what was seen of drift.

A source is one connection to a sector's system. Nothing here holds a value of anybody.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber, SmallNumber


class SourceStreamRow(Base):
    """How far one stream of a source is read."""

    __tablename__ = "source_stream"

    source: Mapped[str] = mapped_column(primary_key=True, comment="name of the connection")
    stream: Mapped[str] = mapped_column(primary_key=True)
    system: Mapped[str]
    cursor: Mapped[str | None] = mapped_column(comment="the connector's own; null: from the beginning")
    more: Mapped[bool] = mapped_column(server_default=text("false"), comment="a pass is not at its end")
    pages: Mapped[BigNumber] = mapped_column(server_default=text("0"), comment="landed so far: whose turn it is")
    whole_pass: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="this pass began at the beginning, and its end is compared"
    )
    pass_began_at: Mapped[datetime | None]
    passed_from: Mapped[datetime | None] = mapped_column(comment="when the last pass began that came to its end")
    done_at: Mapped[datetime | None] = mapped_column(comment="when a pass last came to its end")
    newest_at: Mapped[datetime | None] = mapped_column(comment="the newest time of the source that was seen")
    living_before: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="records that stood as a whole pass or a delivery began"
    )
    deliveries: Mapped[BigNumber] = mapped_column(server_default=text("0"), comment="closed so far")
    delivered: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="outcome: number of records of the delivery that is being read"
    )
    mapping_version: Mapped[SmallNumber] = mapped_column(
        server_default=text("0"), comment="the mapping by which all kept records were read again"
    )
    replayed_to: Mapped[uuid.UUID | None] = mapped_column(comment="how far they are being read again; null: not begun")


class SyncRunRow(Base):
    """One run over a stream of a source; runs follow each other by number, for a clock may jump."""

    __tablename__ = "sync_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'failed', 'stopped')", name="state_known"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        Index("uq_sync_run_open", "source", "stream", unique=True, postgresql_where=text("state = 'running'")),
        Index("uq_sync_run_run_no", "run_no", unique=True),
        Index("ix_sync_run_source_stream_run_no", "source", "stream", "run_no"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    run_no: Mapped[BigNumber] = mapped_column(Identity(always=True))
    source: Mapped[str]
    stream: Mapped[str]
    full: Mapped[bool] = mapped_column(comment="asked to read from the beginning")
    state: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(server_default=text("0"))
    records: Mapped[BigNumber] = mapped_column(server_default=text("0"))
    accepted: Mapped[BigNumber] = mapped_column(server_default=text("0"))
    unchanged: Mapped[BigNumber] = mapped_column(server_default=text("0"))
    superseded: Mapped[BigNumber] = mapped_column(server_default=text("0"))
    quarantined: Mapped[BigNumber] = mapped_column(server_default=text("0"))
    conflicts: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="records with the version of another content"
    )
    drifts: Mapped[BigNumber] = mapped_column(server_default=text("0"), comment="times that a field was not as agreed")
    replayed: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="records read again by a newer mapping"
    )
    tries: Mapped[SmallNumber] = mapped_column(server_default=text("0"), comment="failed tries in a row")
    failure: Mapped[str | None] = mapped_column(comment="kind of the last failure")
    failed_at_place: Mapped[str | None] = mapped_column(comment="place or rule of it, nobody's value")


class SyncRefusalRow(Base):
    """A record that a run could not take in: the rule it breaks, and its place."""

    __tablename__ = "sync_refusal"
    __table_args__ = (Index("ix_sync_refusal_source_stream_delivery_no", "source", "stream", "delivery_no"),)

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_run.run_id"), primary_key=True)
    ordinal: Mapped[BigNumber] = mapped_column(primary_key=True, comment="place in the run, from 0")
    source: Mapped[str]
    stream: Mapped[str]
    delivery_no: Mapped[BigNumber] = mapped_column(comment="deliveries of the stream that were closed before")
    row_number: Mapped[int] = mapped_column(comment="place in the page or file as a person counts it; 0: none")
    rule: Mapped[str]
    field: Mapped[str | None]


class SourceDriftRow(Base):
    """A field that is not as the mapping knows it."""

    __tablename__ = "source_drift"

    source: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[str] = mapped_column(primary_key=True, comment="kind of value, never the value")
    expected: Mapped[str | None] = mapped_column(comment="kind of value; null: the mapping does not know the field")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[BigNumber]


class WithdrawalProposalRow(Base):
    """Records that a whole pass or delivery no longer holds: withdrawn once a person agrees."""

    __tablename__ = "withdrawal_proposal"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'refused', 'overtaken', 'done')", name="state_known"),
        CheckConstraint("(state IN ('waiting', 'overtaken')) = (decided_at IS NULL)", name="decided"),
        Index(
            "uq_withdrawal_proposal_waiting",
            "source",
            "stream",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    proposal_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    stream: Mapped[str]
    system: Mapped[str]
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_run.run_id"))
    delivery: Mapped[str | None] = mapped_column(comment="the delivery that lacks them; null: a whole pass")
    living: Mapped[BigNumber] = mapped_column(comment="records that stood before")
    absent: Mapped[BigNumber] = mapped_column(comment="of these, how many are missing")
    refused: Mapped[BigNumber] = mapped_column(comment="records that could not be read, and may be among them")
    shrunk: Mapped[bool] = mapped_column(
        comment="more are missing than the connection allows: nothing is read till then"
    )
    state: Mapped[str]
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(
        comment="the account; null: nobody yet, or a demo's command line"
    )


class SourcePauseRow(Base):
    """A source that is not read until somebody lets it go on; the sentence with it stands in the access log."""

    __tablename__ = "source_pause"

    source: Mapped[str] = mapped_column(primary_key=True)
    because: Mapped[str] = mapped_column(comment="a word out of a closed list")
    paused_at: Mapped[datetime]
    paused_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: a demo's command line")


class SourceTickRow(Base):
    """When the schedule of a source last asked for something, and what people ask for."""

    __tablename__ = "source_tick"

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(
        primary_key=True, comment="of the schedule: read or compare; of a person, until it is begun: now, full or retry"
    )
    asked_at: Mapped[datetime]
