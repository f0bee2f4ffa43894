"""What a source answered to a correction that was proposed for one of its records."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ProposalAnswerRow(Base):
    """The answer of a source to one proposed correction; it may change its mind."""

    __tablename__ = "proposal_answer"
    __table_args__ = (CheckConstraint("taken OR rule IS NOT NULL", name="refused_for_a_reason"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    correction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    taken: Mapped[bool] = mapped_column(comment="the source says the same from now on")
    rule: Mapped[str | None] = mapped_column(comment="name of why it does not; null: taken")
    client_id: Mapped[uuid.UUID] = mapped_column(comment="which program answered")
    answered_at: Mapped[datetime]
