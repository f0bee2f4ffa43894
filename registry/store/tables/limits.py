"""Limits of looking, and lists of children that leave the registry."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, SmallNumber


class LookRow(Base):
    """What an account looked at on a day, each thing once: written from the leaf of the log, in its transaction."""

    __tablename__ = "look"
    __table_args__ = (CheckConstraint("kind IN ('opened', 'searched', 'missed')", name="kind_known"),)

    on_day: Mapped[date] = mapped_column(primary_key=True, comment="in Viet Nam")
    staff_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    thing: Mapped[bytes] = mapped_column(primary_key=True, comment="keyed: a child or a search, as in the access log")
    role: Mapped[str]
    purpose: Mapped[str] = mapped_column(comment="of the last time")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(server_default=text("1"))
    steps: Mapped[SmallNumber] = mapped_column(
        server_default=text("0"), comment="searches before this one whose numbers it goes on from"
    )


class StaffPersonRow(Base):
    """Whose account it is, so that a look at the own family is noticed; given by an administrator, or not at all."""

    __tablename__ = "staff_person"

    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.staff_id"), primary_key=True)
    sealed_person: Mapped[bytes] = mapped_column(comment="sealed: name, commune and address")
    given_at: Mapped[datetime]


class ExportRow(Base):
    """A list of children that somebody asked for, and what became of it; it stays for whoever traces a file."""

    __tablename__ = "export"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="decided_by_another"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_by_somebody"),
        CheckConstraint("(decided_by IS NULL) = (approved IS NULL)", name="decided_one_way"),
        CheckConstraint("fetches = 0 OR NOT needs_second OR approved IS TRUE", name="fetched_as_approved"),
        CheckConstraint("expires_at > asked_at", name="expires_later"),
        Index("ix_export_asked_by", "asked_by", "asked_at"),
    )

    export_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    short_id: Mapped[int] = mapped_column(unique=True, comment="random, for the codes in its rows")
    asked_by: Mapped[uuid.UUID]
    login: Mapped[str] = mapped_column(comment="the account, as it stands on every page of the file")
    office: Mapped[str]
    asked_at: Mapped[datetime]
    purpose: Mapped[str]
    children: Mapped[int] = mapped_column(comment="how many are on the list")
    list_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the children and their values")
    needs_second: Mapped[bool] = mapped_column(comment="another person must approve it")
    provinces: Mapped[list[str]] = mapped_column(comment="where its children live, for those who may approve it")
    mark_version: Mapped[SmallNumber] = mapped_column(comment="version of the key of the marks")
    expires_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    fetches: Mapped[int] = mapped_column(server_default=text("0"))
    fetched_at: Mapped[datetime | None] = mapped_column(comment="the last time")


class ExportListRow(Base):
    """Who is on a list, sealed; deleted when the list expires."""

    __tablename__ = "export_list"

    export_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("export.export_id"), primary_key=True)
    sealed_list: Mapped[bytes] = mapped_column(comment="sealed: question, sentence, ids and digests of the rows")
    sealed_answer: Mapped[bytes | None] = mapped_column(comment="sealed: the sentence of whoever decided")
