"""Which records a whole listing of a source has shown, and which it no longer holds: by their random ids alone."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ListingSeenRow(Base):
    """A record that a whole pass or a delivery has shown, kept until its end."""

    __tablename__ = "listing_seen"
    __table_args__ = (Index("ix_listing_seen_source_stream", "source", "stream"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)


class WithdrawalCandidateRow(Base):
    """A record that a proposal would withdraw, and has not yet."""

    __tablename__ = "withdrawal_candidate"
    __table_args__ = (Index("ix_withdrawal_candidate_proposal_id", "proposal_id"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    proposal_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
