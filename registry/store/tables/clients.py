"""Clients: the keys and certificates by which sector systems sign in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base


class ClientRow(Base):
    """A program of a sector system. Only public halves of keys are known here."""

    __tablename__ = "client"

    client_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(comment="the sector system it speaks for")
    name: Mapped[str]
    streams: Mapped[list[str]] = mapped_column(comment="what it may ask a token for")
    keys: Mapped[dict[str, Any]] = mapped_column(comment="public keys by name, each with its one algorithm")
    certificates: Mapped[list[str]] = mapped_column(comment="SHA-256 of each certificate it may show")
    created_at: Mapped[datetime]
    keys_changed_at: Mapped[datetime] = mapped_column(comment="tokens given before are worth nothing")
    disabled_at: Mapped[datetime | None]
    rights: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"),
        comment="what it may read of its own records beyond their states: number, proposals",
    )


class ClientTokenRow(Base):
    """A token that was given to a client: the token itself is never stored."""

    __tablename__ = "client_token"
    __table_args__ = (
        Index("ix_client_token_expires_at", "expires_at"),
        Index("ix_client_token_client_id", "client_id", "issued_at"),
    )

    token_digest: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the token")
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.client_id"))
    streams: Mapped[list[str]]
    certificate: Mapped[str | None] = mapped_column(
        comment="SHA-256 of the certificate that must be shown with it; null: none"
    )
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ClientAssertionRow(Base):
    """An assertion that was used: it is good once."""

    __tablename__ = "client_assertion"
    __table_args__ = (Index("ix_client_assertion_expires_at", "expires_at"),)

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    assertion_digest: Mapped[bytes] = mapped_column(
        primary_key=True, comment="SHA-256 of the name of an assertion that was used"
    )
    expires_at: Mapped[datetime]
