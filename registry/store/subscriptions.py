"""Subscriptions and their deliveries: fanned out from the feed, claimed with a lease, settled one by one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, text, update

from registry.store.session import Transaction
from registry.store.tables.exchange import DeliveryRow, SubscriptionRow

_LOCK: Final = "deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An address to which events of a system are sent."""

    subscription_id: uuid.UUID
    client_id: uuid.UUID
    system: str
    address: str
    kinds: tuple[str, ...]  # empty: all
    sealed_secret: bytes = field(repr=False)
    sealed_former: bytes | None = field(repr=False)
    former_until: datetime | None
    position: int
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How the deliveries of a subscription stand."""

    waiting: int
    dead: int
    oldest_at: datetime | None  # when the oldest that waits was made
    last_status: int | None  # of the last that failed
    last_fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that was claimed, and the event that it is to bring."""

    subscription_id: uuid.UUID
    position: int
    system: str
    attempts: int  # this one with it
    child_id: uuid.UUID | None  # None: the event is gone
    stream: str | None
    kind: str | None
    at: datetime | None


_COLUMNS: Final = tuple(
    getattr(SubscriptionRow, name)
    for name in (
        *("subscription_id", "client_id", "system", "address", "kinds", "sealed_secret", "sealed_former"),
        *("former_until", "position", "created_at", "disabled_at", "disabled_why"),
    )
)


def add(transaction: Transaction, subscription: Subscription) -> None:
    """Add a subscription."""
    values = {column.key: getattr(subscription, column.key) for column in _COLUMNS}
    transaction.connection.execute(insert(SubscriptionRow).values(**{**values, "kinds": list(subscription.kinds)}))


def of_client(transaction: Transaction, client_id: uuid.UUID) -> list[Subscription]:
    """Return the subscriptions of a client, oldest first."""
    query = select(*_COLUMNS).where(SubscriptionRow.client_id == client_id).order_by(SubscriptionRow.created_at)
    return [_subscription(dict(row)) for row in transaction.connection.execute(query).mappings()]


def by_ids(transaction: Transaction, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Subscription]:
    """Return subscriptions by their ids."""
    query = select(*_COLUMNS).where(SubscriptionRow.subscription_id.in_(list(ids)))
    found = [_subscription(dict(row)) for row in transaction.connection.execute(query).mappings()]
    return {one.subscription_id: one for one in found}


def _subscription(row: dict[str, object]) -> Subscription:
    return Subscription(**{**row, "kinds": tuple(row["kinds"])})  # type: ignore[arg-type]  # columns as they are typed


def change(transaction: Transaction, subscription_id: uuid.UUID, **columns: object) -> None:
    """Change columns of a subscription."""
    transaction.connection.execute(
        update(SubscriptionRow).where(SubscriptionRow.subscription_id == subscription_id).values(**columns)
    )


def progress(transaction: Transaction, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Progress]:
    """Return how the deliveries of subscriptions stand."""
    waiting = DeliveryRow.state == "waiting"
    query = (
        select(
            DeliveryRow.subscription_id,
            func.count().filter(waiting),
            func.count().filter(DeliveryRow.state == "dead"),
            func.min(DeliveryRow.created_at).filter(waiting),
            func.max(DeliveryRow.last_status),
            func.max(DeliveryRow.last_fault),
        )
        .where(DeliveryRow.subscription_id.in_(list(ids)))
        .group_by(DeliveryRow.subscription_id)
    )
    return {
        row[0]: Progress(waiting=row[1], dead=row[2], oldest_at=row[3], last_status=row[4], last_fault=row[5])
        for row in transaction.connection.execute(query)
    }


def drop_deliveries(transaction: Transaction, subscription_id: uuid.UUID) -> None:
    """Send nothing more of what waits for a subscription."""
    transaction.connection.execute(delete(DeliveryRow).where(DeliveryRow.subscription_id == subscription_id))


_FAN_OUT: Final = text("""
WITH due AS MATERIALIZED (
    SELECT s.subscription_id, s.system, e.position,
        (cardinality(s.kinds) = 0 OR e.kind = ANY (s.kinds)) AND r.stream = ANY (c.streams)
        AND NOT EXISTS (SELECT FROM child_seal k WHERE k.child_id = e.child_id AND k.lifted_at IS NULL) AS told
    FROM subscription s JOIN client c ON c.client_id = s.client_id AND c.disabled_at IS NULL
    CROSS JOIN LATERAL (SELECT o.position, o.kind, o.child_id FROM outbox_event o
                        WHERE o.system = s.system AND o.position > s.position
                        ORDER BY o.position LIMIT :most) AS e
    LEFT JOIN source_record r ON r.child_id = e.child_id
    WHERE s.disabled_at IS NULL),
moved AS (
    UPDATE subscription s SET position = d.upto
    FROM (SELECT subscription_id, max(position) AS upto FROM due GROUP BY subscription_id) AS d
    WHERE s.subscription_id = d.subscription_id)
INSERT INTO delivery (subscription_id, position, system, state, attempts, due_at, created_at)
SELECT subscription_id, position, system, 'waiting', 0, CAST(:at AS timestamptz), CAST(:at AS timestamptz)
FROM due WHERE told
ON CONFLICT DO NOTHING
""")


def fan_out(transaction: Transaction, *, most: int) -> int:
    """Make deliveries of the next events for every subscription, unless somebody else is at it; return how many."""
    connection = transaction.connection
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(_LOCK, 0)))):
        return 0
    return connection.execute(_FAN_OUT, {"most": most, "at": transaction.access.at}).rowcount


_CLAIM: Final = text("""
WITH ready AS (
    SELECT d.subscription_id, d.position, d.due_at,
        row_number() OVER (PARTITION BY d.subscription_id ORDER BY d.due_at, d.position) AS nth
    FROM delivery d JOIN subscription s ON s.subscription_id = d.subscription_id AND s.disabled_at IS NULL
    WHERE d.state = 'waiting' AND (d.due_at <= :at OR d.due_at > :beyond)),
chosen AS (
    SELECT d.subscription_id, d.position FROM delivery d JOIN ready r USING (subscription_id, position)
    WHERE r.nth <= :each AND d.state = 'waiting' AND d.due_at = r.due_at
    ORDER BY r.nth, r.due_at LIMIT :most FOR UPDATE OF d SKIP LOCKED),
claimed AS (
    UPDATE delivery d SET attempts = d.attempts + 1, due_at = :until FROM chosen c
    WHERE d.subscription_id = c.subscription_id AND d.position = c.position
    RETURNING d.subscription_id, d.position, d.system, d.attempts)
SELECT c.subscription_id, c.position, c.system, c.attempts, o.child_id, r.stream, o.kind, o.at
FROM claimed c LEFT JOIN outbox_event o ON o.system = c.system AND o.position = c.position
LEFT JOIN source_record r ON r.child_id = o.child_id
ORDER BY c.subscription_id, c.position
""")


def claim(transaction: Transaction, *, until: datetime, beyond: datetime, most: int, each: int) -> list[Due]:
    """Claim deliveries that are due, until a time: whoever dies over them leaves them to the next.

    Args:
        beyond: a time so late that no clock that goes right has written it.
        most: deliveries in all; each: of one subscription.
    """
    at = transaction.access.at
    found = transaction.connection.execute(
        _CLAIM, {"at": at, "beyond": beyond, "until": until, "most": most, "each": each}
    )
    return [Due(**dict(row)) for row in found.mappings()]


def arrived(transaction: Transaction, subscription_id: uuid.UUID, position: int) -> None:
    """Take away a delivery that has arrived, or that brings nothing any more."""
    transaction.connection.execute(
        delete(DeliveryRow).where(DeliveryRow.subscription_id == subscription_id, DeliveryRow.position == position)
    )


def failed(
    transaction: Transaction,
    due: Due,
    *,
    again_at: datetime | None,
    status: int | None,
    fault: str,
) -> None:
    """Note that a delivery did not arrive; args: again_at: when it is tried again; None: it is given up."""
    columns: dict[str, object] = {"last_status": status, "last_fault": fault}
    columns |= {"state": "dead"} if again_at is None else {"due_at": again_at}
    transaction.connection.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.subscription_id == due.subscription_id,
            DeliveryRow.position == due.position,
            DeliveryRow.attempts == due.attempts,  # whoever claimed it since knows better
        )
        .values(**columns)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the deliveries of one subscription stand, for whoever keeps the sources."""

    system: str
    client: str
    disabled_why: str | None
    waiting: int
    dead: int
    oldest_at: datetime | None
    last_fault: str | None


_STANDING: Final = text("""
SELECT s.system, c.name AS client, s.disabled_why,
    count(d.position) FILTER (WHERE d.state = 'waiting') AS waiting,
    count(d.position) FILTER (WHERE d.state = 'dead') AS dead,
    min(d.created_at) FILTER (WHERE d.state = 'waiting') AS oldest_at, max(d.last_fault) AS last_fault
FROM subscription s JOIN client c ON c.client_id = s.client_id LEFT JOIN delivery d USING (subscription_id)
WHERE s.disabled_why IS DISTINCT FROM 'deleted'
GROUP BY s.subscription_id, s.system, c.name, s.disabled_why ORDER BY s.system, c.name
""")


def standing(transaction: Transaction) -> list[Standing]:
    """Return how the deliveries of every subscription stand, as the engine sees them."""
    with transaction.as_engine():
        return [Standing(**dict(row)) for row in transaction.connection.execute(_STANDING).mappings()]
