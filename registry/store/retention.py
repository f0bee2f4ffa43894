"""What has been kept long enough: found by the ages and times that stand in clear."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text

from registry.store.session import Transaction


def aged_children(transaction: Transaction, *, born_until: int) -> list[uuid.UUID]:
    """Return the children of whom some record gives a year of birth, and none gives one after `born_until`."""
    query = text(
        "SELECT coalesce(p.head_id, c.child_id) AS head FROM child c LEFT JOIN pointer p USING (child_id)"
        " WHERE c.erased_at IS NULL GROUP BY 1 HAVING max(c.birth_year) <= :until ORDER BY 1"
    )
    return list(transaction.connection.scalars(query, {"until": born_until}))


def old_cases(transaction: Transaction, *, before: datetime) -> list[uuid.UUID]:
    """Return the identities whose protection case has not changed since a moment, closed or not."""
    query = text(
        "SELECT p.child_id FROM protection_case p JOIN source_record r USING (child_id)"
        " WHERE coalesce(r.version_at, r.seen_at) < :before ORDER BY 1"
    )
    return list(transaction.connection.scalars(query, {"before": before}))


def old_quarantine(transaction: Transaction, *, before: datetime) -> int:
    """Return the number of rows that could not be read and were first delivered before a moment."""
    query = text("SELECT count(*) FROM quarantine WHERE first_seen_at < :before")
    return int(transaction.connection.scalar(query, {"before": before}) or 0)


def delete_quarantine(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """Delete some of them; return how many."""
    statement = text(
        "DELETE FROM quarantine WHERE quarantine_id IN (SELECT quarantine_id FROM quarantine"
        " WHERE first_seen_at < :before ORDER BY quarantine_id LIMIT :limit)"
    )
    return int(transaction.connection.execute(statement, {"before": before, "limit": limit}).rowcount)


_NAMED_ALARMS = (
    "acknowledged_at < :before AND (staff_id IS NOT NULL OR login IS NOT NULL OR child_pseudonym IS NOT NULL)"
)


def old_alarms(transaction: Transaction, *, before: datetime) -> int:
    """Return the number of alarms acknowledged before a moment that still say whose they are."""
    query = text(f"SELECT count(*) FROM alarm WHERE {_NAMED_ALARMS}")  # noqa: S608  the condition above
    return int(transaction.connection.scalar(query, {"before": before}) or 0)


def strip_alarms(transaction: Transaction, *, before: datetime) -> int:
    """Take account and child out of these alarms; the alarms stay. Return how many there were."""
    statement = text(
        f"UPDATE alarm SET staff_id = NULL, login = NULL, child_pseudonym = NULL WHERE {_NAMED_ALARMS}"  # noqa: S608
    )
    return int(transaction.connection.execute(statement, {"before": before}).rowcount)


def youngest(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> int | None:
    """Return the latest year of birth that these identities give; None: none gives one."""
    query = text("SELECT max(birth_year) FROM child WHERE child_id = ANY (:ids)")
    year: int | None = transaction.connection.scalar(query, {"ids": list(child_ids)})
    return year
