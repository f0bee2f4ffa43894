"""A drop folder into which data packages are put, one for each time that something is written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.conformance.scenario import Row, Scenario, Trouble

_TABLE: Final = "child-records"


class DropScenario(Scenario):
    """A folder of packages with changes; what is gone is said by a row of its own."""

    stream = _TABLE

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drop"
        self._folder.mkdir()
        self._sequence = 0
        self.settings = {"folder": str(self._folder), "system": "health", "settle_seconds": 0}

    def key(self, number: int) -> str:
        """Return the key of a row."""
        return f"KIT-{number:06}"

    def write(self, rows: Sequence[Row]) -> None:
        """Put a package of these rows into the folder."""
        self._deliver([self._said(row) for row in rows])

    def repeat(self, rows: Sequence[Row]) -> None:
        """Deliver rows once more."""
        self.write(rows)

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Deliver that rows are gone."""
        gone = {"status": "tobedeleted", "full_name": "", "birth_date": "", "sex": "", "mother_name": ""}
        self._deliver([self._said(Row(number=number, at=at)) | gone for number in numbers])

    def trouble(self, kind: Trouble) -> None:
        """Take the folder away, or put something into it that is no package."""
        if kind is Trouble.DOWN:
            shutil.rmtree(self._folder)
            return
        for package in self._folder.iterdir():
            package.write_bytes(b"no package at all")

    def _said(self, row: Row) -> dict[str, str]:
        told = {
            "record_id": self.key(row.number),
            "updated_at": row.at.isoformat(),
            "status": "active",
            "full_name": f"Trần Thị Mẫu {row.number}",
            "birth_date": f"2019-05-{1 + row.number % 28:02}",
            "sex": "female",
            "mother_name": f"Lê Thị Mẫu {row.version}",
        }
        if row.without is not None:
            told[row.without] = ""
        return told | ({row.beside: "gì đó"} if row.beside else {})

    def _deliver(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._sequence += 1
        columns = list(dict.fromkeys(name for row in rows for name in row))
        written = io.StringIO()
        writer = csv.DictWriter(written, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        content = written.getvalue().encode()
        table = {"name": _TABLE, "path": f"{_TABLE}.csv", "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        descriptor = {"name": "kit", "sequence": self._sequence, "mode": "delta", "resources": [table]}
        with zipfile.ZipFile(self._folder / f"kit-{self._sequence:04}.zip", "w") as package:
            package.writestr("datapackage.json", json.dumps(descriptor))
            package.writestr(f"{_TABLE}.csv", content)
