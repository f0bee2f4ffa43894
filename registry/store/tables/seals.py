"""The table of children who are known to named officers only; it is a child's own, as those in `tables`."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ChildSealRow(Base):
    """The seal of one identity: to everybody but its keepers and the engine the child does not exist."""

    __tablename__ = "child_seal"
    __table_args__ = (
        CheckConstraint("cardinality(keepers) > 0", name="has_keepers"),
        CheckConstraint("lifted_by IS NULL OR lifted_at IS NOT NULL", name="lifted_by_somebody"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    keepers: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), comment="accounts that may know of the child")
    placed_at: Mapped[datetime]
    placed_by: Mapped[uuid.UUID | None] = mapped_column(comment="null: it joined a child who was sealed")
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[uuid.UUID | None]
