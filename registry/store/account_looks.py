"""What accounts looked at, counted by day, for the auditor: no child is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select, text

from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.supporting import StaffRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfLooks:
    """What an account looked at on one day, each thing once."""

    on_day: date
    role: str
    opened: int
    searches: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """Whose account it is."""

    login: str = field(repr=False)
    office: str


def names(transaction: Transaction, staff_ids: Iterable[UUID]) -> Mapping[UUID, AccountName]:
    """Return the names of accounts; a sector's client has none."""
    query = select(StaffRow.staff_id, StaffRow.login, StaffRow.office).where(among(StaffRow.staff_id, staff_ids))
    return {
        row.staff_id: AccountName(login=row.login, office=row.office) for row in transaction.connection.execute(query)
    }


def by_day(transaction: Transaction, *, since: date) -> Mapping[UUID, list[DayOfLooks]]:
    """Return the days of each account from a day on, oldest first."""
    query = text(
        "SELECT staff_id, on_day, max(role) AS role, count(*) FILTER (WHERE kind = 'opened') AS opened,"
        " count(*) FILTER (WHERE kind = 'searched') AS searches, count(*) FILTER (WHERE kind = 'missed') AS missed"
        " FROM look WHERE on_day >= :since GROUP BY staff_id, on_day ORDER BY on_day"
    )
    found: dict[UUID, list[DayOfLooks]] = {}
    for row in transaction.connection.execute(query, {"since": since}).mappings():
        day = dict(row)
        found.setdefault(day.pop("staff_id"), []).append(DayOfLooks(**day))
    return found


def alarms(transaction: Transaction, *, since: date) -> Mapping[UUID, int]:
    """Return how many alarms were raised about each account from a day on."""
    query = text(
        "SELECT staff_id, count(*) AS raised FROM alarm WHERE staff_id IS NOT NULL AND raised_at >= :since GROUP BY 1"
    )
    return {row.staff_id: int(row.raised) for row in transaction.connection.execute(query, {"since": since})}
