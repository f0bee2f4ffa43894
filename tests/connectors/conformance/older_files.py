"""The five older forms of file in a drop folder, for the kit: each a file that is written anew as it changes."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.conformance.scenario import NotOffered, Row, Scenario, Trouble
from connectors.contract import FileReader
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid
from tests.connectors.deliveries import (
    BIRTH,
    CASE,
    EDUCATION,
    SOCIAL_AID,
    bundle,
    csv_bytes,
    json_lines,
    social_aid_text,
    write_births,
)


class OlderFile(Scenario):
    """One file, which holds all rows."""

    reader: FileReader

    def __init__(self, folder: Path) -> None:
        self.stream = self.reader.format.stream
        self._path = folder / self.reader.format.file_name
        self._rows: dict[int, Row] = {}
        self.settings = {
            "folder": str(folder),
            "system": self.reader.format.system,
            "settle_seconds": 0,
            "older_files": True,
            "older_whole": True,
        }

    def write(self, rows: Sequence[Row]) -> None:
        self._rows |= {row.number: row for row in rows}
        self._save()

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        del at
        self._rows = {number: row for number, row in self._rows.items() if number not in numbers}
        self._save()

    def trouble(self, kind: Trouble) -> None:
        if kind is Trouble.DOWN:
            raise NotOffered("a folder without a file is a folder into which nothing was dropped yet")
        self._path.write_bytes(b"\x00\xff" * 100)

    def _save(self) -> None:
        rows = list(self._rows.values())
        if any(row.without or row.beside for row in rows):
            raise NotOffered("the form of the file has a fixed list of columns")
        self.save(rows)

    @abstractmethod
    def save(self, rows: Sequence[Row]) -> None:
        """Write the file."""


class Pupils(OlderFile):
    reader = Education()

    def key(self, number: int) -> str:
        return f"{1_000_000_000 + number}"

    def save(self, rows: Sequence[Row]) -> None:
        said = [
            EDUCATION
            | {"Mã học sinh": self.key(row.number), "Lớp": f"{row.version}A", "Cập nhật lúc": row.at.isoformat()}
            for row in rows
        ]
        self._path.write_bytes(csv_bytes(said).encode())


class Allowances(OlderFile):
    reader = SocialAid()

    def key(self, number: int) -> str:
        return f"DT{number:08}"

    def save(self, rows: Sequence[Row]) -> None:
        said = [
            SOCIAL_AID
            | {
                "MA_DT": self.key(row.number),
                "MUC_TC": f"{row.version}50000",
                "NGAY_CN": row.at.strftime("%d/%m/%Y %H:%M:%S"),
            }
            for row in rows
        ]
        self._path.write_bytes(social_aid_text(*said).encode())


class Doses(OlderFile):
    reader = Health()

    def key(self, number: int) -> str:
        return f"{700_000_000_000_000_000 + number}"

    def save(self, rows: Sequence[Row]) -> None:
        self._path.write_bytes(json_lines(*(self._said(row) for row in rows)))

    def _said(self, row: Row) -> dict[str, Any]:
        identifier = [{"system": "urn:vn:tcmr:code", "value": self.key(row.number)}]
        address = [{"text": f"Thôn {row.version}"}]
        return bundle(identifier=identifier, address=address, meta={"lastUpdated": row.at.isoformat()})


class Births(OlderFile):
    reader = CivilStatus()

    def key(self, number: int) -> str:
        return f"00043:01/2021:{number}/2021"

    def save(self, rows: Sequence[Row]) -> None:
        said = [BIRTH | {"Số giấy khai sinh": f"{row.number}/2021", "Nơi sinh": f"Ví Dụ {row.version}"} for row in rows]
        write_births(self._path, *said)


class Cases(OlderFile):
    reader = Protection()

    def key(self, number: int) -> str:
        return f"BVTE-2025-{number:06}"

    def save(self, rows: Sequence[Row]) -> None:
        said: list[Mapping[str, Any]] = [
            CASE
            | {"case_id": self.key(row.number), "notes": f"Ghi chú {row.version}.", "updated_at": row.at.isoformat()}
            for row in rows
        ]
        self._path.write_bytes(b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in said))


OLDER_FILES: tuple[type[OlderFile], ...] = (Pupils, Allowances, Doses, Births, Cases)
