"""The tables of signing in: one-time codes of accounts, and what an identity provider was asked and told us."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber


class SecondStepRow(Base):
    """The one-time codes of an account; they are asked for once `staff.code_enrolled_at` is set."""

    __tablename__ = "second_step"

    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.staff_id"), primary_key=True)
    sealed_secret: Mapped[bytes | None] = mapped_column(comment="sealed: what the codes are made from")
    sealed_proposal: Mapped[bytes | None] = mapped_column(
        comment="sealed: the next secret, until a code of it was shown"
    )
    last_step: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="the half minute of the last code that was accepted: none is accepted twice"
    )
    recovery_digests: Mapped[list[str]] = mapped_column(
        comment="SHA-256 of the codes for a lost device, each good for once"
    )
    made_at: Mapped[datetime]


class ProviderAccountRow(Base):
    """Whom the identity provider means by an account; invited by an administrator, bound at the first sign-in."""

    __tablename__ = "provider_account"
    __table_args__ = (
        CheckConstraint("(subject IS NULL) <> (invited_as IS NULL)", name="someone"),
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("issuer", "invited_as"),
    )

    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.staff_id"), primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str | None] = mapped_column(comment="whom the identity provider means; null: not bound yet")
    invited_as: Mapped[str | None] = mapped_column(comment="the name that an administrator invited; null: bound")
    bound_at: Mapped[datetime | None]


class ProviderQuestionRow(Base):
    """A browser that was sent to the identity provider; it comes back once, and soon."""

    __tablename__ = "provider_question"

    state_digest: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the state sent along")
    browser_digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the cookie of the browser that asked")
    session_digest: Mapped[bytes | None] = mapped_column(
        comment="the session whose holder is to prove again who they are"
    )
    next_page: Mapped[str] = mapped_column(comment="where to go on: one of our own pages")
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class ProviderLogoutRow(Base):
    """A sign-out that the identity provider told us of."""

    __tablename__ = "provider_logout"

    token_digest: Mapped[bytes] = mapped_column(
        primary_key=True, comment="SHA-256 of issuer and number of a token: none is taken twice"
    )
    told_at: Mapped[datetime]
