"""The feed of events: numbered once they are committed, read by position, forgotten from its old end.

Whoever writes an event does not know when its transaction ends, so a number taken then would let a reader pass it by.
One transaction at a time gives numbers, to events that it sees committed; a reader sees all numbers up to some one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text

from registry.store.session import Transaction
from registry.store.tables.children import OutboxEventRow, SourceRecordRow
from registry.store.tables.exchange import FeedRow

AT_ONCE: Final = 5000  # events that one transaction numbers
_LOCK: Final = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One event of a system's feed."""

    position: int
    child_id: uuid.UUID
    stream: str
    kind: str
    at: datetime


_NUMBER: Final = text("""
WITH fresh AS (
    SELECT o.child_id, o.event_id, c.system FROM outbox_event o JOIN child c USING (child_id)
    WHERE o.position IS NULL ORDER BY o.event_id LIMIT :most),
ranked AS (
    SELECT child_id, event_id, system, row_number() OVER (PARTITION BY system ORDER BY event_id) AS nth FROM fresh),
counted AS (SELECT system, count(*) AS number FROM ranked GROUP BY system),
heads AS (
    INSERT INTO feed AS f (system, last_position, forgotten) SELECT system, number, 0 FROM counted
    ON CONFLICT (system) DO UPDATE SET last_position = f.last_position + excluded.last_position
    RETURNING system, last_position)
UPDATE outbox_event o SET system = r.system, position = h.last_position - n.number + r.nth
FROM ranked r JOIN heads h USING (system) JOIN counted n USING (system)
WHERE o.child_id = r.child_id AND o.event_id = r.event_id
""")


def number(transaction: Transaction) -> int:
    """Give committed events their places, one transaction after the other; return how many got one.

    Who comes while another is at it waits for it: what was committed before somebody asks is told.
    """
    connection = transaction.connection
    with transaction.as_engine():
        if not connection.scalar(text("SELECT EXISTS (SELECT FROM outbox_event WHERE position IS NULL)")):
            return 0
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_LOCK, 0))))
        return connection.execute(_NUMBER, {"most": AT_ONCE}).rowcount


def head(transaction: Transaction, system: str) -> tuple[int, int]:
    """Return the position of the newest event of a system, and up to which they are forgotten."""
    query = select(FeedRow.last_position, FeedRow.forgotten).where(FeedRow.system == system)
    row = transaction.connection.execute(query).one_or_none()
    return (0, 0) if row is None else (row[0], row[1])


def behind(transaction: Transaction, system: str, position: int, *, limit: int) -> list[FeedEvent]:
    """Return the next events of a system behind a position."""
    event = OutboxEventRow
    query = (
        select(event.position, event.child_id, SourceRecordRow.stream, event.kind, event.at)
        .join(SourceRecordRow, SourceRecordRow.child_id == event.child_id)
        .where(event.system == system, event.position > position)
        .order_by(event.position)
        .limit(limit)
    )
    return [FeedEvent(**dict(row)) for row in transaction.connection.execute(query).mappings()]


_OLDEST_KEPT: Final = text("""
UPDATE feed f SET forgotten = old.upto
FROM (SELECT system, max(position) AS upto FROM outbox_event
      WHERE position IS NOT NULL AND at < :before GROUP BY system) AS old
WHERE f.system = old.system AND old.upto > f.forgotten
""")
_FORGET: Final = text("""
DELETE FROM outbox_event o USING feed f WHERE o.system = f.system AND o.position <= f.forgotten
""")


def forget(transaction: Transaction, *, before: datetime) -> int:
    """Forget each feed up to its newest event that is older; return how many events that were."""
    transaction.connection.execute(_OLDEST_KEPT, {"before": before})
    return transaction.connection.execute(_FORGET).rowcount
