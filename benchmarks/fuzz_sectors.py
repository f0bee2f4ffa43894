"""The readers of sectors' deliveries and answers that `benchmarks/fuzz.py` fuzzes: refusals are `ConnectorError`s."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

from connectors.contract import Checkpoint, Record
from connectors.formats.data_package import read_descriptor, read_schema
from connectors.formats.data_package_fields import SchemaRules
from connectors.formats.strict_json import read_json
from connectors.sectors.file_drop import FileDrop, FileDropSettings
from connectors.sectors.file_drop_cursor import Cursor, read_cursor
from connectors.sectors.hotline import Hotline, HotlineSettings
from connectors.sectors.published import SCHEMA
from connectors.sectors.pull import row_read, rows_of
from connectors.sectors.pull_changes import PullChanges, PullChangesSettings
from connectors.sectors.pull_window_cursor import opened, read_standing

FOLDER = Path(tempfile.mkdtemp())
TABLE = "child-records"
HEADER = "record_id,updated_at,status,full_name,birth_date,doses"
ROW = "HS-1,2026-01-02T03:04:05+07:00,active,Trần Thị Mẫu,2019-05-03,BCG:1:2019-05-04"
CALL = {"call_id": "111-1", "updated_at": "2026-01-02T03:04:05Z", "child": {"estimated_age": 6}, "groups": [1]}
FEED = PullChangesSettings.model_validate({"endpoint": "http://127.0.0.1:9", "system": "health", "rows": "items"})
MAPPERS = {
    "feed": (PullChanges(FEED), FEED),
    "call": (Hotline(call := HotlineSettings.model_validate({"endpoint": "http://127.0.0.1:9"})), call),
}

Reader = Callable[[bytes], object]


def _dropped(name: str) -> Reader:
    folder = FOLDER / name.rpartition(".")[2]
    folder.mkdir()
    settings = FileDropSettings(folder=folder, system="health", settle_seconds=0)

    def read(content: bytes) -> None:
        (folder / name).write_bytes(content)
        connector, cursor, more = FileDrop(settings), None, True
        while more:
            for message in connector.read(TABLE, cursor, limit=20):
                if isinstance(message, Record):
                    connector.map(message)
                elif isinstance(message, Checkpoint):
                    cursor, more = message.cursor, message.more

    return read


def _answered(kind: str) -> Reader:
    connector, settings = MAPPERS[kind]

    def read(content: bytes) -> None:
        for row in rows_of(read_json(content), settings):
            found = row_read(row, settings, place=1)
            if isinstance(found, Record):
                connector.map(found)

    return read


def _descriptor(content: bytes) -> None:
    for resource in read_descriptor(io.BytesIO(content), "package.zip").resources:
        if resource.schema_ is not None:
            SchemaRules(resource.schema_, "table").broken_by({"record_id": "HS-1"})


READERS: dict[str, Reader] = {
    "package_descriptor": _descriptor,
    "table_schema": lambda content: SchemaRules(read_schema(content, "schema.json"), "table"),
    "drop_zip": _dropped("clinics.zip"),
    "drop_csv": _dropped(f"{TABLE}.csv"),
    "drop_xlsx": _dropped(f"{TABLE}.xlsx"),
    "drop_cursor": lambda content: read_cursor(content.decode("utf-8", "replace")),
    "window_cursor": lambda content: read_standing(content.decode("utf-8", "replace")),
    "feed_answer": _answered("feed"),
    "hotline_answer": _answered("call"),
}


def seeds(name: str) -> list[bytes]:
    """Return what a reader begins with."""
    table = f"{HEADER}\n{ROW}\n".encode()
    told = {"sequence": 1, "mode": "bulk", "resources": [{"name": TABLE, "path": "t.csv"}]}
    row = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    now = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    return {
        "package_descriptor": [json.dumps(told).encode()],
        "table_schema": [SCHEMA.read_bytes()],
        "drop_zip": [_zipped(json.dumps(told).encode(), table)],
        "drop_csv": [table, b"\xef\xbb\xbf" + table],
        "drop_xlsx": [_workbook()],
        "drop_cursor": [Cursor().behind("0" * 12, 1).text().encode()],
        "window_cursor": [opened(now.date(), now, days=3, size=5).text().encode()],
        "feed_answer": [json.dumps({"items": [row]}).encode()],
        "hotline_answer": [json.dumps({"items": [CALL]}).encode()],
    }[name]


def _zipped(descriptor: bytes, table: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", descriptor)
        archive.writestr("t.csv", table)
    return written.getvalue()


def _workbook() -> bytes:
    book, written = Workbook(), io.BytesIO()
    book.active.append(HEADER.split(","))
    book.active.append(ROW.split(","))
    book.save(written)
    return written.getvalue()
