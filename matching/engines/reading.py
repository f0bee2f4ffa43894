"""Reading a side: its rows go into the workspace as they come, its ids are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from matching.files import check_unique, read_batches
from matching.schema import Schema
from matching.workspace import Side, Workspace

ROWS_AT_ONCE = 200_000


def tables_of(path: Path, schema: Schema) -> Iterator[pa.Table]:
    """Yield a file as tables of the columns that a model reads."""
    return read_batches(path, columns=schema.columns, required=schema.required, rows=ROWS_AT_ONCE)


def _ahead(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same tables; the next is read by another thread while one is worked on."""
    source = iter(tables)
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, source, None)
        while (table := coming.result()) is not None:
            coming = reader.submit(next, source, None)
            yield table


def read_sides(workspace: Workspace, sides: Sequence[Side], tables: Iterable[pa.Table], *, path: Path) -> pa.Array:
    """Encode the rows of a file as one side, or as both, and return their ids as one array.

    Raises: BadFile: an id is missing or stands twice, or whatever reading `tables` raises.
    """
    column = workspace.model.schema.id_column
    ids: list[pa.Array] = []
    for table in _ahead(tables):
        for side in sides:
            workspace.add(side, table)
        ids += [chunk.cast(pa.large_string()) for chunk in table[column].chunks]
    check_unique(ids, path=path, column=column)
    return pa.concat_arrays(ids) if ids else pa.array([], pa.large_string())


def unread_of(workspace: Workspace, side: Side) -> list[Any]:
    """Return what of a side could not be read, where the workspace counts it."""
    return list(getattr(workspace, "unread", {}).get(side, ()))
