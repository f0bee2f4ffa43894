"""The sectors' older forms of file in a drop folder, each read by its own reader as a stream of records.

A record's payload is the row as its reader understood it, column by column; from that the reader's own line is made
again, so that its mapping is the one that maps the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from connectors.contract import CursorKind, Deletes, FileReader, Record, Stream
from connectors.formats.tables import CsvLayout
from connectors.formats.workbooks import WorkbookLayout
from connectors.records import Rejected, SourceRecord
from connectors.sectors import civil_status, protection
from connectors.sectors.file_drop_cursor import Place
from connectors.sectors.file_drop_tables import Step

# The commonest surnames, as a person writes them: by them the old fonts' encodings are told from one another.
_SURNAMES: Final = (
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đào đinh trịnh đoàn trương mai tô lương hà "
    "tạ cao thái châu quách la triệu vương lâm tăng lưu phùng vi lò nông lữ hứa chu thạch kiều"
)
SURNAMES: Final = frozenset(_SURNAMES.split())
_DELIVERED: Final = "delivered"
_JSON_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "protection": protection.FIELDS,
    "health": ("resourceType", "type", "id", "meta", "timestamp", "entry"),
}


class _Form(Enum):
    CSV = auto()
    SHEET = auto()
    JSON = auto()
    OPAQUE = auto()  # a reader of another package: its rows are kept as bytes


def looks_like_a_name(words: Iterable[str]) -> float:
    """Return the share of `words` that are common surnames."""
    judged = [word.casefold() in SURNAMES for word in words]
    return sum(judged) / len(judged) if judged else 0.0


class ReaderRows:
    """One older form of file as a stream of records."""

    def __init__(self, reader: FileReader) -> None:
        self._reader = reader
        self._layout = getattr(reader, "layout", None)
        self._form = _form(reader, self._layout)

    @property
    def file_name(self) -> str:
        """Return the name that such a file has in a drop folder."""
        return self._reader.format.file_name

    def stream(self) -> Stream:
        """Describe the stream."""
        form = self._reader.format
        columns: tuple[str, ...] = form.required_columns
        if self._form is _Form.OPAQUE:
            columns = (_DELIVERED, "encodings")
        elif self._form is _Form.JSON:
            columns = _JSON_FIELDS.get(form.system, columns)
        key = civil_status.KEY_COLUMNS if form.system == "civil_status" else columns[:1]
        return Stream(
            name=form.stream,
            key=key,
            fields=dict.fromkeys(columns, "any"),
            cursor=CursorKind.SEQUENCE,
            deletes=Deletes.TOMBSTONE,
            mapping_version=form.mapping_version,
            deliveries=True,
        )

    def steps(self, path: Path, place: Place) -> Iterator[Step]:
        """Yield the rows of a file behind a place.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        reading = self._reader.open(path, looks_like_a_name)
        encodings = dict(reading.encodings)
        for done, row in enumerate(islice(reading.rows, place.done, None), start=place.done + 1):
            yield self._recorded(row, encodings), Place(done=done)

    def again(self, raw: bytes, *, row: int) -> Record | Rejected:
        """Read a refused row again by what it was refused with."""
        read = self._from_bytes(raw, row=row)
        if isinstance(read, Rejected):
            return Rejected(row=row, rule=read.rule, field=read.field, raw=raw)
        return self._recorded(read, dict(from_json(raw)["encodings"]))

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child, as its reader would."""
        if self._form is _Form.OPAQUE:
            return self._from_bytes(_json(record.payload), row=record.row)
        return self._reader.reread(self._line(record.payload), row=record.row, encodings={})

    def _from_bytes(self, kept: bytes, *, row: int) -> SourceRecord | Rejected:
        try:
            said = from_json(kept)
            line, encodings = str(said[_DELIVERED]).encode("latin-1"), dict(said["encodings"])
        except (ValueError, TypeError, KeyError):
            return Rejected(row=row, rule="row_missing", field=None, raw=kept)
        return self._reader.reread(line, row=row, encodings=encodings)

    def _recorded(self, row: SourceRecord | Rejected, encodings: Mapping[str, str]) -> Record | Rejected:
        if isinstance(row, Rejected):
            return Rejected(row=row.row, rule=row.rule, field=row.field, raw=_kept(row.raw, encodings))
        kept = {_DELIVERED: row.raw.decode("latin-1"), "encodings": dict(encodings)}
        return Record(
            key=row.key,
            operation=row.operation,
            version_at=row.version_at,
            payload=kept if self._form is _Form.OPAQUE else row.written,
            row=row.row,
        )

    def _line(self, payload: Mapping[str, Any]) -> bytes:
        """Return a row as its reader reads one, in UTF-8."""
        if isinstance(self._layout, CsvLayout):
            return _csv_line(list(payload), self._layout) + _csv_line(list(payload.values()), self._layout)
        if self._form is _Form.SHEET:
            return b"\n".join(_json(part) for part in (list(payload), list(payload.values())))
        return _json(payload)


def _form(reader: FileReader, layout: object) -> _Form:
    if isinstance(layout, CsvLayout):
        return _Form.CSV
    if isinstance(layout, WorkbookLayout):
        return _Form.SHEET
    return _Form.JSON if reader.format.system in _JSON_FIELDS else _Form.OPAQUE


def _kept(raw: bytes, encodings: Mapping[str, str]) -> bytes:
    return _json({_DELIVERED: raw.decode("latin-1"), "encodings": dict(encodings)})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _csv_line(texts: list[Any], layout: CsvLayout) -> bytes:
    delimiter = layout.delimiter.decode()
    line = delimiter.join(_csv_cell(text, delimiter, quoting=layout.quoting) for text in texts)
    return line.encode("utf-8", "surrogatepass") + b"\n"


def _csv_cell(text: object, delimiter: str, *, quoting: bool) -> str:
    written = "" if text is None else str(text)
    if quoting and any(sign in written for sign in (delimiter, '"', "\n")):
        return '"' + written.replace('"', '""') + '"'
    return written
