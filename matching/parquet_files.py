"""Parquet files, or folders of them, read as text a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from matching.bad_file import BadFile

_READ_AHEAD = 1 << 20  # bytes a column; a row group is never held in memory whole


def parts_of(path: Path) -> tuple[Path, ...]:
    """Return the Parquet files that `path` stands for: itself, or every part of a folder.

    Raises: BadFile: a folder has no part.
    """
    if not path.is_dir():
        return (path,)
    parts = tuple(sorted(part for part in path.glob("*.parquet") if not part.name.startswith(("_", "."))))
    if not parts:
        msg = f"{path}: the folder has no file that ends in .parquet"
        raise BadFile(msg)
    return parts


def schema_of(part: Path) -> pa.Schema:
    """Return the columns of one Parquet file with their types.

    Raises: BadFile: it is no Parquet file.
    """
    try:
        return parquet.read_schema(part)
    except (pa.ArrowInvalid, OSError) as fault:
        if isinstance(fault, FileNotFoundError | PermissionError):
            raise
        msg = f"{part}: the file is no Parquet file, or is damaged"
        raise BadFile(msg) from None


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(test(kind) for test in tests)


def _is_readable(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_readable(kind.value_type)
    if pa.types.is_timestamp(kind):
        return kind.tz is None
    return _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_date(kind)


def _whole_days(moments: pa.Array) -> pa.Array:
    days = moments.cast(pa.date32())
    if not days.cast(moments.type).equals(moments):
        msg = "a time of day"
        raise pa.ArrowInvalid(msg)
    return days


def _as_text(column: pa.Array, *, part: Path, name: str) -> pa.Array:
    """Return a column as strings; a day with a time of midnight is a day."""
    try:
        if pa.types.is_dictionary(column.type):
            return _as_text(column.cast(column.type.value_type), part=part, name=name)
        if pa.types.is_timestamp(column.type):
            column = _whole_days(column)
        text = column if pa.types.is_string(column.type) else column.cast(pa.string())
        text.validate(full=True)
    except pa.ArrowInvalid:
        msg = f"{part}: column {name} has a value that is no text in UTF-8 and no whole day"
        raise BadFile(msg) from None
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def read_part(part: Path, wanted: Sequence[str], *, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the `wanted` columns of one Parquet file as strings, at most `rows` rows at a time.

    Raises: BadFile: a column holds neither text nor whole numbers nor dates, or the file is damaged.
    """
    schema = schema_of(part)
    for name in wanted:
        if not _is_readable(kind := schema.field(name).type):
            msg = f"{part}: column {name} is of the type {kind}; text, whole numbers and dates are read"
            raise BadFile(msg)
    try:
        with parquet.ParquetFile(part, buffer_size=_READ_AHEAD, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(wanted)):
                columns = [_as_text(batch.column(name), part=part, name=name) for name in wanted]
                yield pa.RecordBatch.from_arrays(columns, names=list(wanted))
    except (pa.ArrowInvalid, OSError):
        msg = f"{part}: the file is damaged"
        raise BadFile(msg) from None
