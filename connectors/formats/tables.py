"""Delivered tables: CSV files read as bytes, so that each row keeps what it was delivered as, below its header.

A row begins on a physical line and ends there, unless a quoted field runs over the line's end. A line that is empty or
holds nothing but delimiters is not a row. A quote that never closes costs its own line, not the lines below.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from connectors.contract import FileRefused, NameJudge
from connectors.formats import encodings
from connectors.formats.headers import SEARCHED_ROWS, Header, check_header, closest, read_header
from connectors.formats.lines import MAX_LINE_BYTES, Line, PhysicalLines
from connectors.formats.opening import open_for_reading, refuse_unless_text
from connectors.records import Rejected

Cell = str | float | int | bool | None

MAX_ROW_LINES = 50  # a quoted field over more lines than that was never closed
SAMPLED_ROWS = 20_000
SAMPLED_VALUES = 4_000  # with letters outside ASCII, of one column

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_QUOTED = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"')  # possessive: half of a doubled quote never closes a field


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row of a table: its cells by column, and what it was delivered as."""

    row: int
    cells: Mapping[str, Cell] = field(repr=False)
    raw: bytes = field(repr=False)  # the header's line and the row: a table of one row

    def text(self, column: str) -> str | None:
        """Return the cell as text without outer white space; None if it is empty. Whole numbers have no decimals."""
        cell = self.cells[column]
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        return str(cell).strip() or None if cell is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An opened table: the encoding decided for each column ('*' for all), and its rows."""

    encodings: Mapping[str, str]
    rows: Iterator[TableRow | Rejected]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """How a CSV file is agreed to look."""

    columns: tuple[str, ...]
    name_columns: tuple[str, ...]  # hold full names of persons: an encoding is decided by them
    delimiter: bytes = b","
    quoting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CutRow:
    """One row cut into fields, or the rule it breaks."""

    row: int
    raw: bytes = field(repr=False)  # without the header
    fields: tuple[bytes, ...] = field(default=(), repr=False)
    rule: str | None = None


def open_csv(path: Path, layout: CsvLayout, looks_like_a_name: NameJudge) -> Table:
    """Open a CSV file: find its header and decide the encoding of each column; the rows are read on demand.

    Raises:
        FileRefused: it is empty, of another kind, lacks a column, or is in an encoding that cannot be told.
    """
    refuse_unless_text(path)
    header = _find_header(path, layout)
    decided = _decide_encodings(path, header, layout, looks_like_a_name)
    return Table(encodings=decided, rows=_rows(path, header, layout, decided))


def reread_csv(raw: bytes, layout: CsvLayout, *, row: int, decided: Mapping[str, str]) -> TableRow | Rejected:
    """Read one row again from its `raw`, as it would be read at `row` of a file with the encodings `decided`."""
    lines = PhysicalLines(io.BytesIO(raw))
    head, line = lines.take(), lines.take()
    if head is None or line is None:
        return Rejected(row=row, rule="row_missing", field=None, raw=raw)
    try:
        header = _header_among([replace(head, raw=raw[: raw.find(b"\n") + 1])], layout)
    except FileRefused as refused:
        return Rejected(row=row, rule=refused.rule, field=None, raw=raw)
    raw_row = cut_row(replace(line, number=row), lines, layout, len(header.columns))
    if lines.take() is not None:
        return Rejected(row=row, rule="row_not_alone", field=None, raw=raw)
    return _decoded(raw_row, header, _used_encodings(header, decided))


def _find_header(path: Path, layout: CsvLayout) -> Header:
    with open_for_reading(path) as stream:
        first = [line for line in islice(PhysicalLines(stream), SEARCHED_ROWS) if not line.overlong]
    return _header_among(first, layout)


def _header_among(lines: Sequence[Line], layout: CsvLayout) -> Header:
    headers = [
        read_header(line.number, names, layout.columns, raw=line.raw)
        for line in lines
        for encoding in encodings.ENCODINGS
        if (names := _header_names(line, layout, encoding)) is not None
    ]
    return check_header(closest(headers, layout.columns), layout.columns)


def _header_names(line: Line, layout: CsvLayout, encoding: str) -> list[str] | None:
    fields = _fields(line.raw.rstrip(b"\r\n"), layout)
    decoded = [encodings.decode(name, encoding) for name in fields or ()]
    names = [name for name in decoded if name is not None]
    return names if names and len(names) == len(decoded) else None


def _decide_encodings(path: Path, header: Header, layout: CsvLayout, judge: NameJudge) -> dict[str, str]:
    """Decide each column by a sample of it.

    Raises:
        FileRefused: a column's encoding cannot be told, or there is no row.
    """
    decided: dict[str, str] = {}
    for column, encoding in encodings.decide_columns(_sample(path, header, layout), layout.name_columns, judge).items():
        if encoding is None:
            raise FileRefused("encoding_unknown", f"{path.name}: column {column}")
        decided[column] = encoding
    return decided


def _sample(path: Path, header: Header, layout: CsvLayout) -> dict[str, list[bytes]]:
    """Return the first values outside ASCII of each column.

    Raises:
        FileRefused: there is not one row below the header.
    """
    samples: dict[str, list[bytes]] = {column: [] for column in header.columns}
    empty = True
    for row in islice(_raw_rows(path, header, layout), SAMPLED_ROWS):
        empty = False
        for column, value in zip(header.columns, row.fields, strict=False):
            if not value.isascii() and len(samples[column]) < SAMPLED_VALUES and row.rule is None:
                samples[column].append(value)
    if empty:
        raise FileRefused("file_empty", f"{path.name}: no row below the header")
    return samples


def _rows(path: Path, header: Header, layout: CsvLayout, decided: Mapping[str, str]) -> Iterator[TableRow | Rejected]:
    used = _used_encodings(header, decided)
    for raw_row in _raw_rows(path, header, layout):
        yield _decoded(raw_row, header, used)


def _used_encodings(header: Header, decided: Mapping[str, str]) -> list[str]:
    """Return the encoding of each column; one that was plain ASCII in the sample may hold letters further down."""
    known = [decided.get(column, encodings.ASCII) for column in header.columns]
    telling = [encoding for encoding in known if encoding != encodings.ASCII]
    main = max(telling, key=telling.count, default=encodings.UTF_8)
    return [main if encoding == encodings.ASCII else encoding for encoding in known]


def _decoded(raw_row: CutRow, header: Header, used: Sequence[str]) -> TableRow | Rejected:
    raw = header.raw + raw_row.raw
    if raw_row.rule:
        return Rejected(row=raw_row.row, rule=raw_row.rule, field=None, raw=raw)
    cells: dict[str, Cell] = {}
    for column, encoding, value in zip(header.columns, used, raw_row.fields, strict=True):
        text = encodings.decode(value, encoding)
        if text is None:
            return Rejected(row=raw_row.row, rule="bytes_not_in_encoding", field=column, raw=raw)
        cells[column] = text
    return TableRow(row=raw_row.row, cells=cells, raw=raw)


def _raw_rows(path: Path, header: Header, layout: CsvLayout) -> Iterator[CutRow]:
    """Yield the rows below the header, each cut into as many fields as there are columns or with its rule."""
    with open_for_reading(path) as stream:
        lines = PhysicalLines(stream)
        for line in lines:
            if line.number <= header.row:
                continue
            row = cut_row(line, lines, layout, len(header.columns))
            if row.rule or any(value.strip() for value in row.fields):
                yield row


def cut_row(line: Line, lines: PhysicalLines, layout: CsvLayout, width: int) -> CutRow:
    """Return the row that begins with a line, cut into `width` fields or with the rule it breaks; it may take more."""
    if line.overlong:
        return CutRow(row=line.number, raw=line.raw, rule="line_too_long")
    taken, fields = _joined(line, lines, layout)
    raw = b"".join(part.raw for part in taken)
    if fields is None or (len(taken) > 1 and len(fields) != width):
        # Never closed, or closed by a quote of some later row: only this line is at fault.
        lines.give_back(taken[1:])
        return CutRow(
            row=line.number, raw=line.raw, rule="quote_unclosed" if line.raw.endswith(b"\n") else "row_truncated"
        )
    return CutRow(row=line.number, raw=raw, fields=fields, rule=_rule_broken(raw, fields, width))


def _joined(line: Line, lines: PhysicalLines, layout: CsvLayout) -> tuple[list[Line], tuple[bytes, ...] | None]:
    """Take as many lines as the row's quoted fields run over; no fields if a quote stays open."""
    taken = [line]
    raw = line.raw
    while (fields := _fields(raw.rstrip(b"\r\n"), layout)) is None:
        following = lines.take() if len(taken) < MAX_ROW_LINES and len(raw) < MAX_LINE_BYTES else None
        if following is None:
            break
        taken.append(following)
        raw += following.raw
        if following.overlong:
            break
    return taken, fields


def _rule_broken(raw: bytes, fields: Sequence[bytes], width: int) -> str | None:
    if not any(value.strip() for value in fields):
        return None
    if _CONTROL.search(raw):
        return "control_characters"
    if len(fields) < width:
        return "row_too_short"
    return "row_too_long" if len(fields) > width else None


def _fields(raw: bytes, layout: CsvLayout) -> tuple[bytes, ...] | None:
    """Return the fields of a row, or None if a quote is still open at its end."""
    if not layout.quoting or b'"' not in raw:
        return tuple(raw.split(layout.delimiter))
    fields: list[bytes] = []
    place = 0
    while place <= len(raw):
        value = b""
        if raw.startswith(b'"', place):
            quoted = _QUOTED.match(raw, place)
            if quoted is None:
                return None
            value = quoted[1].replace(b'""', b'"')
            place = quoted.end()
            if b"\n" in value and place < len(raw) and not raw.startswith(layout.delimiter, place):
                return None  # what closed it is the opening quote of some later row
        end = raw.find(layout.delimiter, place)
        end = len(raw) if end < 0 else end
        fields.append(value + raw[place:end])
        place = end + 1
    return tuple(fields)
