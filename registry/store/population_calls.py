"""What was asked of a population database: the breaker and the day's count, shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store.session import Transaction
from registry.store.tables.population import PopulationDayRow, PopulationServiceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How a population database has behaved to us."""

    failures: int = 0  # in a row
    failure: str | None = None
    failed_at: datetime | None = None
    answered_at: datetime | None = None
    open_until: datetime | None = None  # None: the breaker is closed
    probing_until: datetime | None = None
    paced_until: datetime | None = None
    changes_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was asked on a day."""

    asked: int = 0
    again: int = 0


_SERVICE = tuple(getattr(PopulationServiceRow, one.name) for one in fields(Service))


def look(transaction: Transaction, *, connector: str, agency: str) -> Service:
    """Return how a population database has behaved; nothing is held."""
    query = select(*_SERVICE).where(PopulationServiceRow.connector == connector, PopulationServiceRow.agency == agency)
    row = transaction.connection.execute(query).mappings().one_or_none()
    return Service() if row is None else Service(**dict(row))


def lock(transaction: Transaction, *, connector: str, agency: str) -> Service:
    """Return how a population database has behaved, and keep others from asking until this transaction ends."""
    named = {"connector": connector, "agency": agency}
    transaction.connection.execute(upsert(PopulationServiceRow).values(named).on_conflict_do_nothing())
    query = select(*_SERVICE).where(PopulationServiceRow.connector == connector, PopulationServiceRow.agency == agency)
    return Service(**dict(transaction.connection.execute(query.with_for_update()).mappings().one()))


def keep(transaction: Transaction, service: Service, *, connector: str, agency: str) -> None:
    """Keep how it behaved."""
    values = {one.name: getattr(service, one.name) for one in fields(Service)}
    transaction.connection.execute(
        update(PopulationServiceRow)
        .where(PopulationServiceRow.connector == connector, PopulationServiceRow.agency == agency)
        .values(values)
    )


def with_cursor(service: Service, cursor: str | None) -> Service:
    """Return what is known of a service whose feed of changes was read so far."""
    return replace(service, changes_cursor=cursor)


def day(transaction: Transaction, on_day: date, *, connector: str, agency: str) -> Day:
    """Return what was asked on a day."""
    query = select(PopulationDayRow.asked, PopulationDayRow.again).where(
        PopulationDayRow.connector == connector,
        PopulationDayRow.agency == agency,
        PopulationDayRow.on_day == on_day,
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    return Day() if row is None else Day(**dict(row))


def count(transaction: Transaction, on_day: date, *, connector: str, agency: str, asked: int, again: int) -> None:
    """Count questions before they are asked; negative numbers give back those that were not.

    The service is locked by whoever counts, so that no two count at once.
    """
    row = {"connector": connector, "agency": agency, "on_day": on_day, "asked": asked, "again": again}
    statement = upsert(PopulationDayRow).values(row)
    so_far = PopulationDayRow
    transaction.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["connector", "agency", "on_day"],
            set_={"asked": so_far.asked + asked, "again": so_far.again + again},
        )
    )
