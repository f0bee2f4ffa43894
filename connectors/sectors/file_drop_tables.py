"""Tables of a drop folder: of a data package, or alone; CSV in UTF-8 or a workbook, by the same schema.

Each row becomes a record of texts as they stand there. A formula is text like any other. What breaks the schema that
the package itself brings is refused here; what breaks the agreed one, by the mapping.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from connectors.contract import FileRefused, Record
from connectors.formats.archive import open_archive
from connectors.formats.data_package import DESCRIPTOR, Mode, Package, Resource, check_arrived, read_descriptor
from connectors.formats.data_package_fields import SchemaRules, text_of
from connectors.formats.headers import SEARCHED_ROWS, Header, check_header, closest, read_header
from connectors.formats.lines import Line, PhysicalLines
from connectors.formats.opening import open_for_reading
from connectors.formats.tables import Cell, CsvLayout, CutRow, cut_row
from connectors.formats.workbooks import MAX_PACKED_BYTES, rows_of
from connectors.records import Rejected
from connectors.sectors.file_drop_cursor import Place
from connectors.sectors.mapping import FieldMapping, recorded, text_at
from connectors.sectors.rows import RowRefused

MAX_FIELD_LETTERS: Final = 20_000

Step = tuple[Record | Rejected, Place]  # what a row says, and the place behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForm:
    """How the tables of a stream are read."""

    mapping: FieldMapping
    rules: SchemaRules | None  # the agreed ones
    delimiter: str = ","
    sheet: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the columns that a table must have."""
        own = [path for path in (self.mapping.version_at, self.mapping.version) if path is not None]
        return tuple(dict.fromkeys([*self.mapping.key, *own, *sorted(self.mapping.required_paths())]))

    @property
    def known(self) -> tuple[str, ...]:
        """Return the columns whose names are known, however they are spaced and capitalised."""
        agreed = self.rules.columns if self.rules else ()
        return tuple(dict.fromkeys([*self.needed, *sorted(self.mapping.paths()), *agreed]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A table where it lies: in a file, or in a package's archive or folder."""

    path: Path  # of the file, the archive, or the folder of the package
    resource: Resource | None = None  # None: a file of its own
    rules: SchemaRules | None = None  # that the package brings

    @property
    def is_workbook(self) -> bool:
        """Say whether it is a workbook."""
        if self.resource is not None:
            return self.resource.is_workbook
        return self.path.suffix.lower() == ".xlsx"

    @contextmanager
    def reading(self) -> Iterator[IO[bytes]]:
        """Open the table itself.

        Raises:
            FileRefused: it is not there or broken.
        """
        if self.resource is None:
            with open_for_reading(self.path) as stream:
                yield stream
        elif self.path.is_dir():
            with open_for_reading(table_in_folder(self.path, self.resource)) as stream:
                yield stream
        else:
            with open_archive(self.path) as archive, archive.reading(self.resource.path) as entry:
                yield entry

    def check_arrived(self) -> None:
        """Compare what came with what the package promises.

        Raises:
            FileRefused: it differs.
        """
        if self.resource is not None:
            with self.reading() as stream:
                check_arrived(stream, self.resource, self.path.name)


def table_in_folder(folder: Path, resource: Resource) -> Path:
    """Return the file of a package's table, which must lie in the package.

    Raises:
        FileRefused: a link leads out of it.
    """
    path = folder / resource.path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise FileRefused("archive_unsafe", f"{folder.name}: {resource.name}")
    return path


def open_package(path: Path) -> tuple[Package, bytes]:
    """Return the descriptor of a package and what tells its content from another's without reading it all.

    Raises:
        FileRefused: it is unsafe, or its descriptor is missing or broken.
    """
    if path.is_dir():
        with open_for_reading(path / DESCRIPTOR) as stream:
            content = stream.read()
        return read_descriptor(io.BytesIO(content), path.name), content
    with open_archive(path) as archive:
        with archive.reading(DESCRIPTOR) as entry:
            package = read_descriptor(entry, path.name)
        sums = [[one.filename, one.CRC, one.file_size] for one in archive.opened.infolist()]
    return package, json.dumps(sums).encode()


def is_whole(package: Package, resource: Resource) -> bool:
    """Tell whether a table holds all records there are."""
    return package.mode_of(resource) is Mode.BULK


def steps(held: Held, form: TableForm, place: Place) -> Iterator[Step]:
    """Yield the rows of a table behind a place.

    Raises:
        FileRefused: it cannot be read as a whole.
    """
    return _sheet_steps(held, form, place) if held.is_workbook else _csv_steps(held, form, place)


def again(raw: bytes, form: TableForm, *, row: int) -> Record | Rejected:
    """Read a refused row again by its bytes, which hold the header with it."""
    layout = _layout(form.delimiter)
    lines = PhysicalLines(io.BytesIO(raw))
    try:
        header = _csv_header(lines, form, layout)
    except FileRefused as refused:
        return Rejected(row=row, rule=refused.rule, field=None, raw=raw)
    line = lines.take()
    if line is None:
        return Rejected(row=row, rule="row_missing", field=None, raw=raw)
    cut = cut_row(line, lines, layout, len(header.columns))
    return _csv_record(replace(cut, row=row), header, form, None)


def _layout(delimiter: str) -> CsvLayout:
    return CsvLayout(columns=(), name_columns=(), delimiter=delimiter.encode())


def _csv_steps(held: Held, form: TableForm, place: Place) -> Iterator[Step]:
    layout = _layout(held.resource.dialect.delimiter if held.resource else form.delimiter)
    with held.reading() as stream:
        lines = PhysicalLines(cast("BinaryIO", stream))
        header = _csv_header(lines, form, layout)
        if place.done:
            stream.seek(place.offset)
            lines = PhysicalLines(cast("BinaryIO", stream), number=place.line, offset=place.offset)
        done = place.done
        for line in lines:
            row = cut_row(line, lines, layout, len(header.columns))
            if row.rule is None and not any(value.strip() for value in row.fields):
                continue
            done += 1
            number, offset = lines.place
            yield _csv_record(row, header, form, held.rules), Place(done=done, line=number, offset=offset)


def _csv_header(lines: PhysicalLines, form: TableForm, layout: CsvLayout) -> Header:
    """Return the header, among the first lines, and leave the lines behind it.

    Raises:
        FileRefused: there is none, or it lacks a column.
    """
    first = list(islice(lines, SEARCHED_ROWS))
    headers = [
        read_header(line.number, _header_cells(line, layout), form.known, raw=_ended(line.raw))
        for line in first
        if not line.overlong
    ]
    header = check_header(closest(headers, form.needed), form.needed)
    lines.give_back([line for line in first if line.number > header.row])
    return header


def _ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw + b"\n"


def _header_cells(line: Line, layout: CsvLayout) -> list[str]:
    alone = PhysicalLines(io.BytesIO(line.raw))
    first = alone.take()
    cut = cut_row(first, alone, layout, 0).fields if first is not None else ()
    return [cell.decode("utf-8", "replace") for cell in cut]


def _csv_record(row: CutRow, header: Header, form: TableForm, brought: SchemaRules | None) -> Record | Rejected:
    raw = header.raw + row.raw
    if row.rule is not None:
        return Rejected(row=row.row, rule=row.rule, field=None, raw=raw)
    cells: dict[str, str | None] = {}
    for column, value in zip(header.columns, row.fields, strict=True):
        try:
            cells[column] = value.decode()
        except UnicodeDecodeError:
            return Rejected(row=row.row, rule="bytes_not_in_encoding", field=column, raw=raw)
    return _record(cells, form, brought, row=row.row, raw=raw)


def _record(
    cells: Mapping[str, str | None], form: TableForm, brought: SchemaRules | None, *, row: int, raw: bytes
) -> Record | Rejected:
    """Return a row as a record, or the rule it breaks of the schema that was delivered with it."""
    known = brought or form.rules
    payload = {name: cast("str | None", known.known(cell)) if known else cell or None for name, cell in cells.items()}
    try:
        for name, cell in payload.items():
            if cell is not None and len(cell) > MAX_FIELD_LETTERS:
                raise RowRefused("too_long", name)
        record = recorded(payload, form.mapping, row=row)
    except RowRefused as refusal:
        return Rejected(row=row, rule=refusal.rule, field=refusal.field, raw=raw)
    broken = brought.broken_by(payload) if brought is not None and not is_withdrawn(payload, form.mapping) else None
    return record if broken is None else Rejected(row=row, rule=broken[0], field=broken[1], raw=raw)


def is_withdrawn(payload: Mapping[str, str | None], mapping: FieldMapping) -> bool:
    """Tell whether a row withdraws its record: then it need not say anything else."""
    return mapping.deleted is not None and text_at(payload, mapping.deleted) in mapping.deleted_when


def _sheet_steps(held: Held, form: TableForm, place: Place) -> Iterator[Step]:
    with held.reading() as stream:
        rows = rows_of(io.BytesIO(stream.read(MAX_PACKED_BYTES + 1)), held.path.name, form.sheet)
    header = _sheet_header(rows, form)
    below = [
        (number, cells) for number, cells in rows if number > header.row and any(cell is not None for cell in cells)
    ]
    for done, (number, cells) in enumerate(islice(below, place.done, None), start=place.done + 1):
        yield _sheet_record(cells, header, form, held.rules, row=number), Place(done=done)


def _sheet_header(rows: Sequence[tuple[int, list[Cell]]], form: TableForm) -> Header:
    headers = [_sheet_names(number, cells, form) for number, cells in rows[:SEARCHED_ROWS]]
    return check_header(closest(headers, form.needed), form.needed)


def _sheet_names(number: int, cells: Sequence[Cell], form: TableForm) -> Header:
    names = [cell if isinstance(cell, str) else "" for cell in cells]
    width = max((place for place, name in enumerate(names, start=1) if name.strip()), default=0)
    return read_header(number, names[:width], form.known, raw=_csv_line(names[:width]))


def _sheet_record(
    cells: Sequence[Cell], header: Header, form: TableForm, brought: SchemaRules | None, *, row: int
) -> Record | Rejected:
    width = len(header.columns)
    texts = [text_of(cell) for cell in cells]
    raw = header.raw + _csv_line([text or "" for text in texts])
    if any(text is not None for text in texts[width:]):
        return Rejected(row=row, rule="row_too_long", field=None, raw=raw)
    padded = [*texts[:width], *[None] * (width - len(texts))]
    return _record(dict(zip(header.columns, padded, strict=True)), form, brought, row=row, raw=raw)


def _csv_line(texts: Sequence[str]) -> bytes:
    """Return cells as a line of CSV: a refused row of a workbook is read again like one of a file."""
    quoted = ['"' + text.replace('"', '""').replace("\r", " ") + '"' for text in texts]
    return ",".join(quoted).encode() + b"\n"
