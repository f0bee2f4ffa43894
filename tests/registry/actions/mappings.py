"""Connectors at one version of their mapping or another, and the files that they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.contract import FileFormat, FileReader, NameJudge, Reading
from connectors.records import Rejected, SourceRecord
from connectors.sectors.education import Education
from registry.jobs.opening import Installation
from tests.connectors.deliveries import EDUCATION, csv_bytes
from tests.registry.actions.installed import query

STORED = ("child", "identity", "source_record", "source_version", "child_block", "child_search", "identifier_lookup")

Row = SourceRecord | Rejected


def nothing(_record: SourceRecord) -> bool:
    """Refuse no row."""
    return False


def everything(_record: SourceRecord) -> bool:
    """Refuse every row."""
    return True


def as_read(record: SourceRecord) -> SourceRecord:
    """Understand a row as it was read."""
    return record


@dataclass(frozen=True)
class Mapped:
    """A sector's connector at one version of its mapping: it refuses, or misunderstands, what the real one reads."""

    real: FileReader
    format: FileFormat
    refuses: Callable[[SourceRecord], bool]
    understands: Callable[[SourceRecord], SourceRecord]

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open the file as the real connector does."""
        reading = self.real.open(path, looks_like_a_name)
        return replace(reading, format=self.format, rows=(self._judged(row) for row in reading.rows))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> Row:
        """Read a row again as the real connector does."""
        return self._judged(self.real.reread(raw, row=row, encodings=encodings))

    def _judged(self, row: Row) -> Row:
        if isinstance(row, Rejected):
            return row
        if self.refuses(row):
            return Rejected(row=row.row, rule="not_understood", field=None, raw=row.raw)
        return self.understands(row)


def mapping(
    version: int,
    real: FileReader | None = None,
    *,
    refuses: Callable[[SourceRecord], bool] = nothing,
    understands: Callable[[SourceRecord], SourceRecord] = as_read,
) -> Mapped:
    """Return a connector, by default that of the schools, at a version of its mapping."""
    real = real or Education()
    return Mapped(real, replace(real.format, mapping_version=version), refuses, understands)


def pupil(key: str, **changes: str) -> dict[str, str]:
    """Return a row of a pupil."""
    return EDUCATION | {"Mã học sinh": key} | changes


def pupils(installed: Installation, *rows: Mapping[str, str], name: str = "education.csv") -> Path:
    """Write a file of pupils."""
    path = installed.settings.data / name
    path.write_bytes(csv_bytes(rows).encode())
    return path


def waiting(installed: Installation) -> list[dict[str, Any]]:
    """Return every row that is or was in quarantine, by its place."""
    return query(
        installed,
        "select row_number, rule, mapping_version, attempts, resolved_at is not null as resolved,"
        " sealed_raw is not null as kept from quarantine order by row_number",
    )


def outcomes(installed: Installation, run_id: object) -> list[tuple[int, str]]:
    """Return what became of each row of a run, by its place."""
    rows = query(installed, "select row_number, outcome from ingest_row where run_id = %s order by ordinal", run_id)
    return [(row["row_number"], row["outcome"]) for row in rows]
