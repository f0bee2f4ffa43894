"""Delivered workbooks (.xlsx): checked before they are unpacked, and read in memory only.

What reaches the parser is not the delivered archive but a new one of the few parts that a table needs, each as long
as it said it was: an entry that unpacks to more than it declares, a macro or an outside link never gets there.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from connectors.contract import FileRefused, NameJudge
from connectors.formats import encodings
from connectors.formats.headers import SEARCHED_ROWS, Header, check_header, closest, read_header
from connectors.formats.opening import open_for_reading, refuse_unless_zip
from connectors.formats.sheet_extent import check_extent
from connectors.formats.tables import Cell, Table, TableRow
from connectors.records import Rejected

MAX_PACKED_BYTES = 10_000_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_RATIO = 50
MAX_ENTRIES = 200

_FORBIDDEN = re.compile(r"vbaProject|xl/externalLinks/|xl/embeddings/|xl/activeX/|xl/macrosheets/", re.IGNORECASE)
_NEEDED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/(_rels/)?[^/]+\.(xml|rels)|xl/worksheets/[^/]+\.xml", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookLayout:
    """How a workbook is agreed to look."""

    sheet: str
    columns: tuple[str, ...]
    name_columns: tuple[str, ...]  # hold full names of persons: text typed in an old font is told by them


def open_workbook(path: Path, layout: WorkbookLayout, looks_like_a_name: NameJudge) -> Table:
    """Open a workbook and find the header of its sheet, also below title rows.

    Raises:
        FileRefused: it is empty, unsafe, of another kind, or lacks the sheet or a column.
    """
    refuse_unless_zip(path)
    sheet = _sheet(_needed_parts(path), path, layout)
    rows = _numbered_rows(sheet)
    first = [row for row in rows if row[0] <= SEARCHED_ROWS]
    headers = [
        _header(number, [cell if isinstance(cell, str) else "" for cell in cells], layout) for number, cells in first
    ]
    header = check_header(closest(headers, layout.columns), layout.columns)
    below = [row for row in rows if row[0] > header.row and any(cell not in ("", None) for cell in row[1])]
    if not below:
        raise FileRefused("file_empty", f"{path.name}: no row below the header")
    decided = _decide_encodings(below, header, layout, looks_like_a_name)
    return Table(encodings=decided, rows=_rows(below, header, decided))


def rows_of(stream: BinaryIO, name: str, sheet: str | None = None) -> list[tuple[int, list[Cell]]]:
    """Return every row of a sheet with its number, a cell in JSON's types.

    Args:
        name: of the file, for what is said when it is refused.
        sheet: None for the first one.

    Raises:
        FileRefused: it is unsafe, of another kind, or lacks the sheet.
    """
    parts = _needed_parts_of(stream, name)
    check_extent(parts, name)
    parts.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(parts)
        if sheet is not None and sheet not in workbook.sheet_names:
            raise FileRefused("sheet_missing", f"{name}: sheet {sheet}")
        found = workbook.get_sheet_by_index(0) if sheet is None else workbook.get_sheet_by_name(sheet)
        return [(number, [_json_cell(cell) for cell in cells]) for number, cells in _numbered_rows(found)]
    except (CalamineError, IndexError):
        raise FileRefused("workbook_broken", name) from None


def texts_of(path: Path) -> list[list[str]]:
    """Return every row of the first sheet as texts, whatever stands there.

    Raises:
        FileRefused: it is empty, unsafe, or of another kind.
    """
    refuse_unless_zip(path)
    sheet = _first_sheet(_needed_parts(path), path)
    return [["" if (found := _json_cell(cell)) is None else str(found) for cell in row] for _, row in sheet]


def reread_workbook(raw: bytes, layout: WorkbookLayout, *, row: int, decided: Mapping[str, str]) -> TableRow | Rejected:
    """Read one row again from its `raw`, as it would be read at `row` of a sheet with the encodings `decided`."""
    kept = _kept_lines(raw)
    if kept is None:
        return Rejected(row=row, rule="row_missing", field=None, raw=raw)
    names, cells = kept
    try:
        header = check_header(closest([_header(1, names, layout)], layout.columns), layout.columns)
    except FileRefused as refused:
        return Rejected(row=row, rule=refused.rule, field=None, raw=raw)
    return _row(row, cells, header, decided)


def _kept_lines(raw: bytes) -> tuple[list[str], list[Cell]] | None:
    """Return the names and the cells of a table of one row, or None where these bytes are none."""
    try:
        names, cells = (json.loads(line) for line in raw.splitlines())
    except ValueError:
        return None
    return (names, cells) if isinstance(names, list) and isinstance(cells, list) else None


def _header(row: int, names: Sequence[str], layout: WorkbookLayout) -> Header:
    """Return the row read as a header that ends with its last name, however far the sheet goes."""
    width = max((place for place, name in enumerate(names, start=1) if name.strip()), default=0)
    return read_header(row, names[:width], layout.columns, raw=_line(names[:width]))


def _line(cells: Sequence[Cell]) -> bytes:
    """Return cells as one line of JSON, always the same for the same cells."""
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _needed_parts(path: Path) -> io.BytesIO:
    """Return what `_needed_parts_of` does of a file.

    Raises:
        FileRefused: as there.
    """
    with open_for_reading(path) as stream:
        return _needed_parts_of(stream, path.name)


def _needed_parts_of(stream: BinaryIO, name: str) -> io.BytesIO:
    """Return a new archive of the parts that a table needs, unpacked within the limits.

    Raises:
        FileRefused: the archive is broken, too large, encrypted, or holds what runs or reaches outside.
    """
    needed = io.BytesIO()
    try:
        if stream.seek(0, io.SEEK_END) > MAX_PACKED_BYTES:
            raise FileRefused("workbook_too_large", f"{name}: more than {MAX_PACKED_BYTES} bytes")
        with zipfile.ZipFile(stream) as delivered, zipfile.ZipFile(needed, "w") as parts:
            entries = delivered.infolist()
            _check_entries(entries, name)
            for entry in entries:
                if _NEEDED.fullmatch(entry.filename):
                    parts.writestr(entry.filename, _checked_part(delivered.read(entry), name))
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, RuntimeError, ValueError):
        raise FileRefused("workbook_broken", name) from None
    except OSError:
        raise FileRefused("file_unreadable", name) from None
    return needed


def _check_entries(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise FileRefused("workbook_too_large", f"{name}: more than {MAX_ENTRIES} parts")
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 1):
        raise FileRefused("workbook_too_large", f"{name}: it unpacks to more than allowed")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused("workbook_encrypted", name)
    if any(_FORBIDDEN.search(entry.filename) for entry in entries):
        raise FileRefused("workbook_unsafe", f"{name}: a macro, an embedded object or a link to other files")


def _checked_part(part: bytes, name: str) -> bytes:
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise FileRefused("workbook_unsafe", f"{name}: a document type declaration")
    return part


def _sheet(parts: io.BytesIO, path: Path, layout: WorkbookLayout) -> CalamineSheet:
    check_extent(parts, path.name)
    parts.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(parts)
        if layout.sheet not in workbook.sheet_names:
            raise FileRefused("sheet_missing", f"{path.name}: sheet {layout.sheet}")
        return workbook.get_sheet_by_name(layout.sheet)
    except CalamineError:
        raise FileRefused("workbook_broken", path.name) from None


def _first_sheet(parts: io.BytesIO, path: Path) -> list[tuple[int, list[Any]]]:
    check_extent(parts, path.name)
    parts.seek(0)
    try:
        return _numbered_rows(CalamineWorkbook.from_filelike(parts).get_sheet_by_index(0))
    except (CalamineError, IndexError):
        raise FileRefused("workbook_broken", path.name) from None


def _numbered_rows(sheet: CalamineSheet) -> list[tuple[int, list[Any]]]:
    return list(enumerate(sheet.to_python(skip_empty_area=False), start=1))


def _decide_encodings(
    rows: Sequence[tuple[int, list[Any]]], header: Header, layout: WorkbookLayout, judge: NameJudge
) -> dict[str, str]:
    """Decide each column: a workbook is in Unicode, but text of an old font holds other letters than shown."""
    samples: dict[str, list[bytes]] = {column: [] for column in header.columns}
    for _, values in rows:
        for column, value in zip(header.columns, values, strict=False):
            if isinstance(value, str) and not value.isascii():
                samples[column].append(value.encode())
    decided = encodings.decide_columns(samples, layout.name_columns, judge)
    return {column: encoding or encodings.UTF_8 for column, encoding in decided.items()}


def _rows(
    rows: Sequence[tuple[int, list[Any]]], header: Header, decided: Mapping[str, str]
) -> Iterator[TableRow | Rejected]:
    for number, values in rows:
        yield _row(number, [_json_cell(value) for value in values], header, decided)


def _row(row: int, cells: Sequence[Cell], header: Header, decided: Mapping[str, str]) -> TableRow | Rejected:
    width = len(header.columns)
    if any(cell is not None for cell in cells[width:]):
        return Rejected(row=row, rule="row_too_long", field=None, raw=header.raw + _line(cells))
    raw = header.raw + _line(cells[:width])
    read: dict[str, Cell] = dict.fromkeys(header.columns)
    for column, cell in zip(header.columns, cells, strict=False):
        encoding = decided.get(column, encodings.UTF_8)
        text = encodings.decode(cell.encode(), encoding) if isinstance(cell, str) else cell
        if text is None and cell is not None:
            return Rejected(row=row, rule="bytes_not_in_encoding", field=column, raw=raw)
        read[column] = text
    return TableRow(row=row, cells=read, raw=raw)


def _json_cell(value: object) -> Cell:
    """Return a cell in JSON's types: dates and times as ISO text, an empty cell as None."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, str):
        return value or None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value if isinstance(value, int | float) else None
