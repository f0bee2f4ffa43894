"""Sealed values that cannot be read, as far as they were met."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import delete, select, text

from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import DamagedValueRow

Value = tuple[uuid.UUID, str, str]  # child, table, group


def known(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[Value]:
    """Return the damaged values of children that were noted before."""
    query = select(DamagedValueRow.child_id, DamagedValueRow.table_name, DamagedValueRow.group_name).where(
        among(DamagedValueRow.child_id, child_ids)
    )
    return {(child, table, group) for child, table, group in transaction.connection.execute(query)}


def note(transaction: Transaction, value: Value) -> bool:
    """Note a damaged value; False if it is noted already."""
    child_id, table, group = value
    values = {"child": child_id, "table": table, "group": group, "at": transaction.access.at}
    return bool(transaction.connection.scalar(text("SELECT note_damage(:child, :table, :group, :at)"), values))


def forget(transaction: Transaction, child_ids: Collection[uuid.UUID], *, tables: Collection[str] | None) -> None:
    """Forget the damaged values of children, for they were sealed afresh; args: tables: None for all of them."""
    statement = delete(DamagedValueRow).where(among(DamagedValueRow.child_id, child_ids))
    if tables is not None:
        statement = statement.where(DamagedValueRow.table_name.in_(sorted(tables)))
    transaction.connection.execute(statement)
