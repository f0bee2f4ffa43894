"""CSV files in UTF-8, read as text a batch at a time: no type is guessed, what is empty is not known."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from matching.bad_file import BadFile

_BLOCK = 8 << 20  # bytes read at a time; no line may be longer
_TAIL = 64  # bytes, with room for empty lines
_PLACE = re.compile(r"CSV column #(\d+): (?:Row #(\d+): )?.*invalid UTF8")


def header_of(path: Path) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns, and how many lines of the file they take.

    Raises: BadFile: there is no header, or it is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            names = next((row for row in reader if row), None)
        "".join(names or ()).encode()  # the rest of the file is looked at later, with its lines
    except (UnicodeEncodeError, csv.Error):
        msg = f"{path}: the first line is no header of a CSV file in UTF-8"
        raise BadFile(msg) from None
    if names is None:
        msg = f"{path}: the file is empty"
        raise BadFile(msg)
    return tuple(name.strip() for name in names), reader.line_num


def _ragged_line(path: Path, columns: int) -> int | None:
    """Return the line on which the first row ends that has more or fewer than so many columns."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            return next((reader.line_num for row in reader if row and len(row) != columns), None)
    except csv.Error:
        return None


def _is_cut_off(path: Path, last: str | None) -> bool:
    """Tell whether the file ends within quotation marks: then the rest of it is the `last` value of the last row."""
    if last is None or "\n" not in last:
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return not file.read().rstrip().endswith(b'"')


def _fault(path: Path, names: Sequence[str], fault: str) -> BadFile:
    """Say what Arrow found, without the text that its own message repeats."""
    place = _PLACE.search(fault)
    if place is not None:
        row = f", line {place[2]}" if place[2] else ""
        return BadFile(f"{path}: column {names[int(place[1])]}{row}: the text is not UTF-8")
    if "Expected" in fault and "columns" in fault:
        line = _ragged_line(path, len(names))
        where = f"line {line}" if line else "a line"
        return BadFile(f"{path}: {where} has more or fewer values than the header has columns")
    if "straddling" in fault:
        return BadFile(f"{path}: a line is longer than {_BLOCK >> 20} MB, or a quotation mark is never closed")
    return BadFile(f"{path}: the file cannot be read as CSV")


def _columns_as_text(names: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    return {
        "column_types": dict.fromkeys(names, pa.string()),
        "include_columns": list(wanted),
        "strings_can_be_null": True,
        "quoted_strings_can_be_null": True,
        "null_values": [""],
    }


def read_csv(path: Path, names: Sequence[str], *, header_lines: int, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the `wanted` columns of a CSV file as strings.

    Args: names: every column of the file; header_lines: lines before the first row.
    Raises: BadFile: a row has another number of columns than the header, or the file is not UTF-8.
    """
    told_apart = _told_apart(names)
    read = [*wanted, told_apart[-1]] if told_apart[-1] not in wanted else list(wanted)
    last = None
    try:
        # Read by one thread: blocks are parsed in order anyway, and another thread packs them meanwhile.
        reader = arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, skip_rows=header_lines, column_names=told_apart
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(**_columns_as_text(told_apart, read)),
        )
        for batch in reader:
            if len(batch):
                last = batch.column(told_apart[-1])[-1].as_py()
            yield batch.select(list(wanted))
    except pa.ArrowInvalid as fault:
        if str(fault).startswith("Could not skip"):  # nothing stands behind the header, not even the end of its line
            return
        raise _fault(path, names, str(fault)) from None
    if _is_cut_off(path, last):
        msg = f"{path}: a quotation mark is never closed"
        raise BadFile(msg)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return names of columns of which no two are equal; those that are read are so already."""
    return [name if names.index(name) == place else f"{name}\0{place}" for place, name in enumerate(names)]
