"""The sealed rows as they stand, as entries of the access log name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Table, text

from registry.store.session import Transaction
from registry.store.tables.schema import METADATA

# Made again from other rows or files, or kept for a short time.
_NOT_WATCHED: Final = frozenset(
    {
        "candidate",
        "record_pair",
        "child_search",
        "search_memo",
        "quarantine",
        "extract_batch",
        "extract_person",
    }
)


def watched() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the tables whose every write is logged: columns of the key and sealed columns, each by name."""
    found = {}
    for table in METADATA.sorted_tables:
        sealed = _sealed(table)
        if sealed and table.name not in _NOT_WATCHED:
            found[table.name] = (tuple(sorted(column.name for column in table.primary_key.columns)), sealed)
    return found


def entries(transaction: Transaction) -> Iterator[tuple[str, bytes]]:
    """Return an entry for every watched row: its table, and the hashes of its key and of what is sealed in it.

    The transaction is the engine's, which sees all of them.
    """
    for name, (keys, columns) in watched().items():
        # names of tables and columns come from the mapped classes
        query = text(
            f"SELECT decode(row_entry('{name}', ROW({', '.join(keys)})::text, ROW({', '.join(columns)})::text), 'hex')"  # noqa: S608
            f" FROM {name}"
        ).execution_options(yield_per=5000)
        for entry in transaction.connection.scalars(query):
            yield name, entry


def _sealed(table: Table) -> tuple[str, ...]:
    names = (column.name for column in table.columns)
    return tuple(sorted(name for name in names if name.startswith("sealed_") or name == "wrapped_key"))
