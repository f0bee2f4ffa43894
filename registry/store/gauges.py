"""Counts for whoever watches the machine: rows by code, never by person, read in one cheap transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, literal, select

from registry.store.session import Transaction
from registry.store.tables.children import DamagedValueRow
from registry.store.tables.keys import AlarmRow
from registry.store.tables.supporting import AccessLeafRow, QuarantineRow

Counted = dict[tuple[str, ...], float]


def quarantined(transaction: Transaction) -> Counted:
    """Return the rows that wait in quarantine, by system and rule."""
    query = (
        select(QuarantineRow.system, QuarantineRow.rule, func.count())
        .where(QuarantineRow.resolved_at.is_(None))
        .group_by(QuarantineRow.system, QuarantineRow.rule)
    )
    return _counted(transaction, query)


def alarms(transaction: Transaction) -> Counted:
    """Return the alarms by kind and state."""
    state = case((AlarmRow.acknowledged_at.is_(None), literal("waiting")), else_=literal("acknowledged"))
    return _counted(transaction, select(AlarmRow.kind, state, func.count()).group_by(AlarmRow.kind, state))


def damaged(transaction: Transaction) -> Counted:
    """Return the sealed values that cannot be read, by table and group."""
    place = DamagedValueRow.table_name + "." + DamagedValueRow.group_name
    return _counted(transaction, select(place, func.count()).group_by(place))


def unsealed_leaves(transaction: Transaction) -> int:
    """Return how many leaves of the access log have no place in the signed tree yet."""
    query = select(func.count()).select_from(AccessLeafRow).where(AccessLeafRow.tree_index.is_(None))
    return int(transaction.connection.scalar(query) or 0)


def _counted(transaction: Transaction, query: Select[*tuple[Any, ...]]) -> Counted:
    return {tuple(map(str, row[:-1])): float(row[-1]) for row in transaction.connection.execute(query)}
