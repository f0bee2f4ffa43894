"""Files of records, read as text a batch at a time from CSV or Parquet, and files of results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from matching.bad_file import BadFile
from matching.csv_files import header_of, read_csv
from matching.parquet_files import parts_of, read_part, schema_of
from matching.record_ids import check_unique
from matching.result_files import ResultFile

__all__ = ["PAIR", "BadFile", "ResultFile", "check_unique", "read_batches", "read_pairs", "read_whole"]

BATCH = 200_000  # rows: some 60 MB of text at most, for columns of the usual length
PAIR = ("left_id", "right_id")
LONGEST = 10_000  # bytes: what is longer is no value, but rows within quotation marks

Report = Callable[[str], None]


def _wanted(place: Path, names: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> list[str]:
    """Return which of `columns` a file has.

    Nothing that stands in the file is repeated before a required column is found: a file without a header has a
    person's name where the name of a column should be.
    """
    for column in required:
        if column not in names:
            one_column = len(names) == 1 and place.suffix != ".parquet"
            hint = "; are its columns separated by commas?" if one_column else ""
            msg = f"{place}: column {column} is missing{hint}"
            raise BadFile(msg)
    wanted = [column for column in columns if column in names]
    for column in wanted:
        if names.count(column) > 1:
            msg = f"{place}: column {column} stands there twice"
            raise BadFile(msg)
    return wanted


def _report_ignored(path: Path, names: Sequence[str], columns: Sequence[str], report: Report | None) -> None:
    ignored = [name for name in names if name not in columns]
    if report is not None and ignored:
        report(f"{path}: columns that are not read: {', '.join(ignored)}")


def _csv(
    path: Path, columns: Sequence[str], required: Sequence[str], report: Report | None
) -> Iterator[pa.RecordBatch]:
    names, lines = header_of(path)
    wanted = _wanted(path, names, columns, required)
    _report_ignored(path, names, columns, report)
    yield from read_csv(path, names, header_lines=lines, wanted=wanted)


def _parquet(
    path: Path, columns: Sequence[str], required: Sequence[str], *, rows: int, report: Report | None
) -> Iterator[pa.RecordBatch]:
    parts = parts_of(path)
    _report_ignored(path, schema_of(parts[0]).names, columns, report)
    for part in parts:
        yield from read_part(part, _wanted(part, schema_of(part).names, columns, required), rows=rows)


def _filled(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Return a batch with all `columns`; what the file lacks is not known."""
    nothing = pa.nulls(len(batch), pa.string())
    there = set(batch.schema.names)
    return pa.RecordBatch.from_arrays(
        [batch.column(name) if name in there else nothing for name in columns], names=list(columns)
    )


def _check_lengths(path: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
    for name in batch.schema.names:
        if (pc.max(pc.binary_length(batch.column(name))).as_py() or 0) > LONGEST:
            msg = f"{path}: column {name} has a value of more than {LONGEST} bytes; is a quotation mark never closed?"
            raise BadFile(msg)
    return batch


def _in_step(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Yield the same rows in tables of `rows` rows; the last may be shorter."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += len(batch)
        while held >= rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, rows)
            waiting, held = table.slice(rows).to_batches(), held - rows
    if held:
        yield pa.Table.from_batches(waiting)


def _batches(
    path: Path, columns: Sequence[str], required: Sequence[str], *, rows: int, report: Report | None
) -> Iterator[pa.Table]:
    try:
        if path.is_dir() or path.suffix.lower() == ".parquet":
            read = _parquet(path, columns, required, rows=rows, report=report)
        elif path.suffix.lower() == ".csv":
            read = _csv(path, columns, required, report)
        else:
            msg = f"{path}: the name must end in .csv or .parquet, or be a folder of Parquet files"
            raise BadFile(msg)
        yield from _in_step((_filled(_check_lengths(path, batch), columns) for batch in read), rows)
    except FileNotFoundError:
        msg = f"{path}: the file does not exist"
        raise BadFile(msg) from None
    except OSError as fault:
        msg = f"{path}: the file cannot be read: {fault.strerror or 'the system refuses'}"
        raise BadFile(msg) from None


def read_batches(
    path: Path,
    *,
    columns: Sequence[str],
    required: Sequence[str],
    rows: int = BATCH,
    report: Report | None = None,
) -> Iterator[pa.Table]:
    """Yield `columns` of a CSV file, a Parquet file or a folder of Parquet files as strings; empty is null.

    Args:
        columns: what is read, in this order; what the file lacks of it is null, what it has besides is left out.
        required: what the file must have.
        report: told once, in a sentence, which columns of the file are left out.

    Raises: BadFile: a required column is missing, there is no row, or the file is not what its name says.
    """
    empty = True
    for table in _batches(path, columns, required, rows=rows, report=report):
        empty = False
        yield table
    if empty:
        msg = f"{path}: the file has no rows"
        raise BadFile(msg)


def read_whole(path: Path, *, columns: Sequence[str], required: Sequence[str]) -> pa.Table:
    """Return `columns` of a whole file as strings; a file without rows gives a table without rows.

    Raises: BadFile: see `read_batches`.
    """
    schema = pa.schema([(column, pa.string()) for column in columns])
    return pa.concat_tables([schema.empty_table(), *_batches(path, columns, required, rows=BATCH, report=None)])


def read_pairs(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return a file of pairs, such as constraints or labels, in which every row names a record and a person.

    Args: columns: left_id, right_id and what is said of the pair; the file must have them all.
    Raises: BadFile: see `read_batches`; or an id or what is said of the pair is empty.
    """
    table = read_whole(path, columns=columns, required=columns)
    for column in columns:
        if table[column].null_count:
            row = table[column].is_null().index(pa.scalar(value=True)).as_py() + 1
            msg = f"{path}: column {column} is empty in row {row}"
            raise BadFile(msg)
    return table
