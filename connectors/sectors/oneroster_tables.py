"""OneRoster 1.2 as archives of CSV files: what the archives of a folder come to, taken one after the other.

`manifest.csv` says of each file whether it is `bulk`, and stands in the place of all before it, `delta`, and changes
rows by their ids, or `absent`. In a bulk file nobody is marked as deleted; whoever it lacks is not there any more.

Source: 1EdTech OneRoster 1.2, CSV binding 1.2.1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connectors.contract import FileRefused
from connectors.formats.archive import Archive, open_archive

MANIFEST: Final = "manifest.csv"
MOST_ROWS: Final = 3_000_000  # of all files together: they are held in memory for one pass
LONGEST_CELL: Final = 10_000
_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "users": frozenset({"sourcedId", "givenName", "familyName"}),
    "roles": frozenset({"sourcedId", "userSourcedId", "role"}),
    "demographics": frozenset({"sourcedId", "birthDate", "sex"}),
    "enrollments": frozenset({"sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"}),
    "classes": frozenset({"sourcedId", "title"}),
    "orgs": frozenset({"sourcedId", "name"}),
}
_MODES: Final = frozenset({"bulk", "delta", "absent"})
_FURTHER_ID: Final = re.compile(r"\{([^:{}]{1,60}):([^{}]{1,120})\}")

Cells = dict[str, str]


@dataclass(slots=True)
class Roster:
    """All rows by file and id, and in which archive each last changed."""

    rows: dict[str, dict[str, Cells]] = field(default_factory=lambda: {name: {} for name in _COLUMNS}, repr=False)
    changed_in: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    unknown: set[str] = field(default_factory=set)  # files and columns that the standard's own lists do not have

    def take(self, name: str, cells: Cells, archive: str) -> None:
        """Take one row in."""
        key = cells["sourcedId"]
        if self.rows[name].get(key) != cells:
            self.rows[name][key] = cells
            self.changed_in[name, key] = archive
        if sum(map(len, self.rows.values())) > MOST_ROWS:
            raise FileRefused("archive_too_large", f"{archive}: too many rows")


def read_roster(paths: Sequence[Path]) -> Roster:
    """Return what archives come to, in the order given.

    Raises:
        FileRefused: one cannot be read, or changes what no bulk file has begun.
    """
    roster = Roster()
    begun: set[str] = set()
    for path in paths:
        with open_archive(path) as archive:
            for name, mode in _manifest(archive).items():
                if mode == "absent":
                    continue
                if mode == "delta" and name not in begun:
                    raise FileRefused("delta_without_bulk", f"{archive.name}: {name}.csv")
                begun.add(name)
                _take_file(roster, archive, name, whole=mode == "bulk")
    if paths and "users" not in begun:
        raise FileRefused("file_missing", f"{paths[-1].name}: users.csv")
    return roster


def _take_file(roster: Roster, archive: Archive, name: str, *, whole: bool) -> None:
    entry = f"{name}.csv"
    seen: set[str] = set()
    for cells in _cells(archive, entry, _COLUMNS[name]):
        seen.add(cells["sourcedId"])
        roster.take(name, cells, archive.name)
    if whole:
        roster.rows[name] = {key: cells for key, cells in roster.rows[name].items() if key in seen}


def _manifest(archive: Archive) -> dict[str, str]:
    """Return how each file that is read here was delivered."""
    said = {
        cells["propertyName"]: cells["value"].strip().lower()
        for cells in _cells(archive, MANIFEST, frozenset({"propertyName", "value"}), key="propertyName")
    }
    if not said.get("oneroster.version", "1.2").startswith("1.2"):
        raise FileRefused("version_unknown", f"{archive.name}: {MANIFEST}")
    modes = {name: said.get(f"file.{name}", "absent") for name in _COLUMNS}
    for name, mode in modes.items():
        if mode not in _MODES:
            raise FileRefused("mode_unknown", f"{archive.name}: file.{name}")
    return modes


def _cells(archive: Archive, entry: str, wanted: frozenset[str], *, key: str = "sourcedId") -> Iterator[Cells]:
    place = f"{archive.name}: {entry}"
    with archive.reading(entry) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            rows = csv.reader(text, strict=True)
            header = [name.strip() for name in next(rows, [])]
            if not wanted <= set(header) or len(set(header)) != len(header):
                raise FileRefused("columns_missing", place)
            for number, row in enumerate(rows, start=2):
                if not row:
                    continue
                if len(row) != len(header) or any(len(cell) > LONGEST_CELL for cell in row):
                    raise FileRefused("row_broken", f"{place}: line {number}")
                cells = dict(zip(header, row, strict=True))
                if not cells[key].strip():
                    raise FileRefused("key_missing", f"{place}: line {number}")
                yield {name: cell for name, cell in cells.items() if cell.strip()}
        except (csv.Error, UnicodeDecodeError):
            raise FileRefused("file_broken", place) from None


def further_ids(written: str) -> list[dict[str, str]]:
    """Return a user's further ids, which stand in one cell as `{kind:id}` after each other."""
    return [{"type": kind.strip(), "identifier": value.strip()} for kind, value in _FURTHER_ID.findall(written)]
