"""Pupils from a folder of OneRoster 1.2 archives.

The archives are taken in the order of their names. Every pass tells of all pupils as the archives leave them; what was
taken in before changes nothing, a pupil marked `tobedeleted` is gone, and one whom a later bulk file lacks is proposed
to a person as gone.

    [sources.school-files]
    connector = "oneroster_csv"
    [sources.school-files.settings]
    folder = "/srv/child-registry/oneroster"

Source: 1EdTech OneRoster 1.2, CSV binding 1.2.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    ConnectorError,
    ContractDrift,
    CursorKind,
    Deletes,
    Message,
    Record,
    Stream,
    Transient,
)
from connectors.records import Rejected, SourceRecord
from connectors.sectors.oneroster_rows import STREAM, SYSTEM, Row, described, joined
from connectors.sectors.oneroster_tables import Cells, Roster, further_ids, read_roster


class OneRosterCsvSettings(BaseModel):
    """Where the archives are put."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    folder: Path
    number_types: tuple[str, ...] = ("npdb", "personalnumber", "sodinhdanh")
    code_types: tuple[str, ...] = ("moet", "pupilcode")


class OneRosterCsv:
    """Reads pupils from archives; see the module."""

    api: ClassVar[int] = API
    system: ClassVar[str] = SYSTEM
    conformance: ClassVar[str] = "connectors.conformance.scenarios.rosters:ArchiveScenario"

    def __init__(self, settings: OneRosterCsvSettings) -> None:
        self._settings = settings
        self._kept: tuple[str, Roster] | None = None  # of the pass that is being read

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return OneRosterCsvSettings

    def check(self) -> CheckReport:
        """Say whether the folder can be read."""
        try:
            self._archives()
        except ConnectorError as failure:
            return CheckReport(ok=False, faults=(str(failure),))
        return CheckReport(ok=True)

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [
            Stream(
                name=STREAM,
                key=("student.sourcedId",),
                fields={"student": "object", "demographics": "any", "enrollments": "list", "changed_in": "list"},
                required=frozenset({"student"}),
                cursor=CursorKind.NONE,
                deletes=Deletes.NONE,
                mapping_version=1,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield the pupils behind a place.

        Raises:
            ConnectorError: an archive cannot be read, or the folder was changed amid the pass.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        archives = self._archives()
        state = _state(archives)
        first = _place(cursor, state)
        roster = self._roster(archives, state)
        pupils = sorted(_pupils(roster))
        enrolled = _enrolled(roster)
        last = min(first + max(1, limit), len(pupils))
        for row, sourced_id in enumerate(pupils[first:last], start=first + 1):
            yield _record(roster, sourced_id, enrolled.get(sourced_id, ()), row)
        yield Checkpoint(cursor=f"{state} {last}", more=last < len(pupils))

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a pupil's record says of a child."""
        settings = self._settings
        return described(record, number_types=settings.number_types, code_types=settings.code_types, needs_stamp=False)

    def _archives(self) -> list[Path]:
        try:
            found = [path for path in self._settings.folder.iterdir() if path.suffix.lower() == ".zip"]
            return sorted(path for path in found if path.is_file() and not path.is_symlink())
        except OSError:
            raise Transient("the folder cannot be read") from None

    def _roster(self, archives: Sequence[Path], state: str) -> Roster:
        """Return what the archives come to; kept as long as the folder stays as it is."""
        if self._kept is None or self._kept[0] != state:
            self._kept = state, read_roster(archives)
        return self._kept[1]


def _state(archives: Sequence[Path]) -> str:
    """Return a mark of which archives there are, and how large and new they are."""
    try:
        told = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in archives]
    except OSError:
        raise Transient("the folder cannot be read") from None
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _place(cursor: str | None, state: str) -> int:
    """Return behind how many pupils a pass goes on; it begins again where the folder was changed meanwhile."""
    if cursor is None:
        return 0
    before, _, number = cursor.partition(" ")
    if not (number.isascii() and number.isdigit() and before):
        raise ContractDrift("cursor")
    return int(number) if before == state else 0


def _pupils(roster: Roster) -> set[str]:
    """Return the ids of the users who are pupils: by their roles, or where these are not told by an enrolment."""
    told = roster.rows["roles"] or roster.rows["enrollments"]
    ids = {cells.get("userSourcedId", "") for cells in told.values() if cells.get("role") == "student"}
    return {key for key, cells in roster.rows["users"].items() if key in ids or cells.get("role") == "student"}


def _enrolled(roster: Roster) -> dict[str, list[Cells]]:
    found: dict[str, list[Cells]] = {}
    for cells in roster.rows["enrollments"].values():
        found.setdefault(cells.get("userSourcedId", ""), []).append(cells)
    return found


def _record(roster: Roster, sourced_id: str, enrolled: Sequence[Cells], row: int) -> Record | Rejected:
    user = roster.rows["users"][sourced_id]
    demographics = roster.rows["demographics"].get(sourced_id)
    parts = [("users", sourced_id), ("demographics", sourced_id)]
    enrollments = []
    for cells in enrolled:
        parts += [("enrollments", cells["sourcedId"]), ("classes", cells["classSourcedId"])]
        enrollments.append(_enrollment(roster, cells))
    student: dict[str, Any] = {**user, "userIds": further_ids(user.get("userIds", ""))}
    record = joined(student, demographics=demographics, enrollments=enrollments, row=row)
    if isinstance(record, Rejected) or not record.payload:
        return record
    changed = sorted({archive for part in parts if (archive := roster.changed_in.get(part))})
    return replace(record, payload={**record.payload, "changed_in": changed})


def _enrollment(roster: Roster, cells: Cells) -> Row:
    rows = roster.rows
    room: Mapping[str, str] = rows["classes"].get(cells.get("classSourcedId", ""), {})
    school: Mapping[str, str] = rows["orgs"].get(cells.get("schoolSourcedId", ""), {})
    return {**cells, "class": dict(room), "school": dict(school)}
