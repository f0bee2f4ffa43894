"""Ids of records: each row of a file has one, and no two rows have the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.bad_file import BadFile
from matching.text_columns import hash_texts, one_array, texts_of


def _hashes(column: pa.Array) -> npt.NDArray[np.uint64]:
    found = np.empty(len(column), dtype=np.uint64)
    texts = texts_of(column)
    hash_texts(texts.letters, texts.starts, found)
    return found


def _check_written(columns: list[pa.Array], path: Path, column: str) -> None:
    before = 0
    for ids in columns:
        empty = pc.fill_null(pc.equal(pc.binary_length(ids), 0), fill_value=True)
        if (row := pc.index(empty, value=True).as_py()) >= 0:
            msg = f"{path}: column {column} is empty in row {before + row + 1}"
            raise BadFile(msg)
        before += len(ids)


def _first_repeated(columns: list[pa.Array], shared: npt.NDArray[np.uint64]) -> tuple[int, int] | None:
    """Return the rows of the first id that stands twice, among the ids with one of the `shared` hashes."""
    seen: dict[str, int] = {}
    before = 0
    for ids in columns:
        for row in np.flatnonzero(np.isin(_hashes(ids), shared)).tolist():
            first = seen.setdefault(ids[row].as_py(), before + row)
            if first != before + row:
                return first + 1, before + row + 1
        before += len(ids)
    return None


def check_unique(ids: pa.ChunkedArray | Iterable[pa.Array], *, path: Path, column: str = "record_id") -> None:
    """Check that every row of a file has an id of its own; rows are counted from 1 behind the header.

    Args: ids: the column over all batches of the file, in order; eight bytes an id are needed meanwhile.
    Raises: BadFile: an id is missing, or stands in two rows.
    """
    columns = [one_array(part) for part in (ids.chunks if isinstance(ids, pa.ChunkedArray) else ids)]
    _check_written(columns, path, column)
    hashes = np.concatenate([_hashes(part) for part in columns]) if columns else np.zeros(0, dtype=np.uint64)
    hashes.sort()
    shared = hashes[1:][hashes[1:] == hashes[:-1]]
    repeated = _first_repeated(columns, shared) if len(shared) else None
    if repeated is not None:
        msg = f"{path}: column {column} has the same value in rows {repeated[0]} and {repeated[1]}"
        raise BadFile(msg)
