"""Deliveries for a drop folder, made small: invented children in the published columns, as packages and as files."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from connectors.sectors.file_drop import FileDrop, FileDropSettings

CHILD = {
    "record_id": "HS-001",
    "updated_at": "2026-01-02T03:04:05+07:00",
    "status": "active",
    "full_name": "Trần Thị Mẫu",
    "birth_date": "2019-05-03",
    "sex": "female",
    "personal_number": "001319000001",
    "commune_code": "00004",
    "commune_scheme": "2025",
    "mother_name": "Lê Thị Mẫu",
    "mother_birth_year": "1990",
    "school": "Trường Mầm non Ví Dụ",
    "doses": "BCG:1:2019-05-04; VGB:1:2019-05-04",
    "allowance_vnd": "750000",
}
TABLE = "child-records"


def child(number: int, **changes: str) -> dict[str, str]:
    """Return one invented child."""
    return CHILD | {"record_id": f"HS-{number:03d}", "full_name": f"Trần Thị Mẫu {number}"} | changes


def csv_text(rows: Sequence[Mapping[str, str]], *, delimiter: str = ",") -> str:
    """Return rows as CSV."""
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0] if rows else CHILD), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def descriptor(content: bytes, sequence: int, *, mode: str = "delta", **resource: Any) -> dict[str, Any]:
    """Return the descriptor of a package of one table."""
    told = {
        "name": TABLE,
        "path": f"{TABLE}.csv",
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "bytes": len(content),
    }
    return {"name": "clinics", "sequence": sequence, "mode": mode, "resources": [told | resource]}


def packed(
    folder: Path,
    sequence: int,
    rows: Sequence[Mapping[str, str]],
    *,
    mode: str = "delta",
    name: str | None = None,
    content: bytes | None = None,
    **resource: Any,
) -> Path:
    """Put a package into a folder."""
    table = csv_text(rows).encode() if content is None else content
    path = folder / (name or f"clinics-{sequence:04d}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", json.dumps(descriptor(table, sequence, mode=mode, **resource)))
        archive.writestr(str(resource.get("path", f"{TABLE}.csv")), table)
    return path


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return rows as a workbook."""
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def drop(folder: Path, **settings: Any) -> FileDrop:
    """Return the connector of a folder whose files need not settle."""
    said = {"folder": folder, "system": "health", "settle_seconds": 0, **settings}
    return FileDrop(FileDropSettings.model_validate(said))
