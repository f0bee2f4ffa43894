"""The tables of the vault: versions of keys, data keys, erasures, decoys and alarms."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, SmallNumber


class KeyVersionRow(Base):
    """A version of a key as this database knows it: data keys refer to it, so none goes while one is needed."""

    __tablename__ = "key_version"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'decrypt_only', 'retired', 'destroyed')", name="state_known"),
    )

    domain: Mapped[str] = mapped_column(primary_key=True, comment="what the key is for")
    version: Mapped[SmallNumber] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    since: Mapped[datetime] = mapped_column(comment="when this database first heard of it")


class ChildKeyRow(Base):
    """The data key of an identity or of its protection case. An erased child has none."""

    __tablename__ = "child_key"
    __table_args__ = (
        CheckConstraint("domain IN ('identity_wrap', 'case_wrap')", name="domain_known"),
        ForeignKeyConstraint(["domain", "epoch"], ["key_version.domain", "key_version.version"]),
        Index("ix_child_key_domain_epoch", "domain", "epoch"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, comment="whose key it is: the identity itself, or its protection case"
    )
    domain: Mapped[str]
    generation: Mapped[SmallNumber] = mapped_column(comment="counts the data keys of the owner; tokens carry it")
    epoch: Mapped[SmallNumber] = mapped_column(comment="version of the wrapping key")
    wrapped_key: Mapped[bytes] = mapped_column(comment="data key under the wrapping key of its domain and epoch")


class SharedKeyRow(Base):
    """The data key of a load of the extract, of a source system's unreadable rows, or of an account's secret."""

    __tablename__ = "shared_key"
    __table_args__ = (
        CheckConstraint("domain IN ('extract_wrap', 'quarantine_wrap', 'staff_wrap')", name="domain_known"),
        ForeignKeyConstraint(["domain", "epoch"], ["key_version.domain", "key_version.version"]),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, comment="a load of the extract, a source system, or an account"
    )
    domain: Mapped[str]
    generation: Mapped[SmallNumber] = mapped_column(comment="counts the data keys of the owner; tokens carry it")
    epoch: Mapped[SmallNumber] = mapped_column(comment="version of the wrapping key")
    wrapped_key: Mapped[bytes] = mapped_column(comment="data key under the wrapping key of its domain and epoch")


class ErasureRow(Base):
    """The ledger of erasures, replayed over whatever is restored."""

    __tablename__ = "erasure"

    child_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
    erased_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: whoever ran the command on a demo")


class ErasedRecordRow(Base):
    """A source record that must not come back."""

    __tablename__ = "erased_record"

    key_digest: Mapped[bytes] = mapped_column(
        primary_key=True, comment="keyed digest of system, stream and record key: it leads to nobody"
    )
    erased_at: Mapped[datetime]


class DecoyRow(Base):
    """A child who does not exist: whoever opens her raises an alarm."""

    __tablename__ = "decoy"

    pseudonym: Mapped[bytes] = mapped_column(
        primary_key=True, comment="keyed: the table does not tell which child it is"
    )
    planted_at: Mapped[datetime]


class AlarmRow(Base):
    """Something that somebody must look at."""

    __tablename__ = "alarm"
    __table_args__ = (
        CheckConstraint("acknowledged_by IS NULL OR acknowledged_at IS NOT NULL", name="acknowledged_by_somebody"),
        Index("ix_alarm_waiting", "raised_at", postgresql_where=text("acknowledged_at IS NULL")),
        Index("ix_alarm_of_account", "staff_id", "kind", "raised_at"),
    )

    alarm_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    raised_at: Mapped[datetime]
    staff_id: Mapped[uuid.UUID | None]
    login: Mapped[str | None] = mapped_column(comment="the account that did it; null: background work")
    child_pseudonym: Mapped[bytes | None] = mapped_column(comment="keyed, as in the access log; null: no child")
    place: Mapped[str | None] = mapped_column(comment="table and group of a value, or the domain of a key")
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[uuid.UUID | None]
