"""Bulk writes as one statement over arrays.

PostgreSQL refuses COPY into a table with row-level security, and row by row is slow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, Table
from sqlalchemy.dialects import postgresql

from registry.store.session import Transaction, driver_of
from registry.store.tables.base import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def insert_rows(
    transaction: Transaction, row: type[Base], rows: Sequence[Mapping[str, Any]], *, replacing: bool = False
) -> int:
    """Insert `rows` into the table of `row`; rows whose primary key exists are left alone, or replaced.

    Args:
        rows: mappings with the same keys: column names.
        replacing: overwrite the columns of a row that exists.

    Returns: the number of rows written.
    """
    if not rows:
        return 0
    table: Table = row.__table__  # type: ignore[assignment]  # a mapped class has a Table
    columns = [table.c[name] for name in rows[0]]
    parameters = [[_element(column, one[column.name]) for one in rows] for column in columns]
    return int(driver_of(transaction).execute(_statement(table, columns, replacing=replacing), parameters).rowcount)


def update_rows(transaction: Transaction, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Update the rows of the table of `row` that have the primary keys of `rows`; return how many there were."""
    if not rows:
        return 0
    table: Table = row.__table__  # type: ignore[assignment]  # a mapped class has a Table
    columns = [table.c[name] for name in rows[0]]
    parameters = [[_element(column, one[column.name]) for one in rows] for column in columns]
    names = ", ".join(column.name for column in columns)
    arrays = ", ".join(f"%b::{'text' if _is_nested(column) else _type(column)}[]" for column in columns)
    set_to = ", ".join(
        f"{c.name} = u.{c.name}::{_type(c)}" if _is_nested(c) else f"{c.name} = u.{c.name}"
        for c in columns
        if not c.primary_key
    )
    same = " AND ".join(f"{table.name}.{c.name} = u.{c.name}" for c in columns if c.primary_key)
    # table and column names come from the mapped classes, values are bound
    statement = f"UPDATE {table.name} SET {set_to} FROM unnest({arrays}) AS u({names}) WHERE {same}"  # noqa: S608
    return int(driver_of(transaction).execute(statement, parameters).rowcount)


def _statement(table: Table, columns: Sequence[Column[Any]], *, replacing: bool) -> str:
    names = ", ".join(column.name for column in columns)
    chosen = ", ".join(
        f"u.{column.name}::{_type(column)}" if _is_nested(column) else f"u.{column.name}" for column in columns
    )
    arrays = ", ".join(f"%b::{'text' if _is_nested(column) else _type(column)}[]" for column in columns)
    key = [column.name for column in table.primary_key.columns]
    set_to = ", ".join(f"{c.name} = excluded.{c.name}" for c in columns if c.name not in key)
    action = f"DO UPDATE SET {set_to}" if replacing and set_to else "DO NOTHING"
    conflict = f"ON CONFLICT ({', '.join(key)}) {action}" if set(key) <= {c.name for c in columns} else ""
    # table and column names come from the mapped classes, values are bound
    return f"INSERT INTO {table.name} ({names}) SELECT {chosen} FROM unnest({arrays}) AS u({names}) {conflict}"  # noqa: S608


def _type(column: Column[Any]) -> str:
    return column.type.compile(_DIALECT)


def _is_nested(column: Column[Any]) -> bool:
    return isinstance(column.type, ARRAY | JSON)


def _element(column: Column[Any], value: Any) -> Any:  # noqa: ANN401  # a column's value
    if value is None:
        return None
    if isinstance(column.type, ARRAY):
        return "{" + ",".join(str(item) for item in value) + "}"  # codes and numbers: nothing to quote
    if isinstance(column.type, JSON):
        return json.dumps(value, ensure_ascii=False)
    return value
