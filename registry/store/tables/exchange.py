"""What systems push to us and fetch from us: batches, the feed of events, subscriptions and their deliveries."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber, SmallNumber


class PushBatchRow(Base):
    """One batch or one record that a client pushed, and what became of each of its records; kept for 30 days."""

    __tablename__ = "push_batch"
    __table_args__ = (
        Index("uq_push_batch_client_id_key_digest", "client_id", "key_digest", unique=True),
        Index("ix_push_batch_received_at", "received_at"),
        Index("ix_push_batch_unlinked", "system", postgresql_where=text("linked_at IS NULL")),
    )

    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.client_id"))
    system: Mapped[str]
    stream: Mapped[str]
    key_digest: Mapped[bytes | None] = mapped_column(
        comment="keyed digest of the idempotency key; null: a single record, which needs none"
    )
    body_digest: Mapped[bytes] = mapped_column(comment="keyed digest of what was sent: the same key means the same")
    run_id: Mapped[uuid.UUID]
    results: Mapped[dict[str, Any]] = mapped_column(comment="outcome, rule and field of each record, by its place")
    received_at: Mapped[datetime]
    linked_at: Mapped[datetime | None] = mapped_column(comment="when the linkage was asked for; null: it waits")


class FeedRow(Base):
    """How far the events of one system are numbered, and up to where they are forgotten."""

    __tablename__ = "feed"

    system: Mapped[str] = mapped_column(primary_key=True)
    last_position: Mapped[BigNumber]
    forgotten: Mapped[BigNumber] = mapped_column(comment="positions up to this one are kept no longer")


class SubscriptionRow(Base):
    """An address of a system to which events are sent, each signed with the secret of the subscription."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_system", "system", postgresql_where=text("disabled_at IS NULL")),)

    subscription_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.client_id"))
    system: Mapped[str]
    address: Mapped[str] = mapped_column(comment="https, as the client gave it")
    kinds: Mapped[list[str]] = mapped_column(comment="kinds of events; empty: all")
    sealed_secret: Mapped[bytes] = mapped_column(comment="sealed under the source's key: what signs the deliveries")
    sealed_former: Mapped[bytes | None] = mapped_column(
        comment="sealed under the source's key: the secret before, which signs as well for a while"
    )
    former_until: Mapped[datetime | None]
    position: Mapped[BigNumber] = mapped_column(comment="events up to this one were made deliveries")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None]


class DeliveryRow(Base):
    """One event on its way to one subscription; it goes when it has arrived, and stays when it is given up."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'dead')", name="state_known"),
        Index("ix_delivery_due_at", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    subscription_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("subscription.subscription_id"), primary_key=True)
    position: Mapped[BigNumber] = mapped_column(primary_key=True, comment="of the event in the feed of its system")
    system: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[SmallNumber]
    due_at: Mapped[datetime] = mapped_column(comment="not before; while it is sent, when it may be taken up again")
    last_status: Mapped[SmallNumber | None] = mapped_column(comment="of HTTP; null: no answer")
    last_fault: Mapped[str | None] = mapped_column(comment="name of what went wrong last")
    created_at: Mapped[datetime]
