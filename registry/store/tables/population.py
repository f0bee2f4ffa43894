"""How the population database behaves to us, and what was asked of it: counts and times of no child."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class PopulationServiceRow(Base):
    """How a population database has behaved to an agency: its circuit breaker, shared by all processes."""

    __tablename__ = "population_service"

    connector: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"), comment="in a row")
    failure: Mapped[str | None] = mapped_column(comment="kind of the last failure; null: none since the last answer")
    failed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None] = mapped_column(comment="when anything was last answered; null: never")
    open_until: Mapped[datetime | None] = mapped_column(comment="until then nobody asks; null: the breaker is closed")
    probing_until: Mapped[datetime | None] = mapped_column(comment="one question tries whether it answers; null: none")
    paced_until: Mapped[datetime | None] = mapped_column(comment="from then on the rate lets the next question through")
    changes_cursor: Mapped[str | None] = mapped_column(comment="how far its feed of changes was read; null: not yet")


class PopulationDayRow(Base):
    """How many questions were put to a population database on a day, counted before they are asked."""

    __tablename__ = "population_day"

    connector: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True, comment="in Viet Nam")
    asked: Mapped[int] = mapped_column(server_default=text("0"))
    again: Mapped[int] = mapped_column(server_default=text("0"), comment="of these, about what was confirmed before")
