"""Pupils from a OneRoster 1.2 service over HTTP.

The first pass reads all pupils by their ids, with those parts of the other lists that belong to each page. A later one
reads what has changed: pupils, and the demographics, enrolments, classes and schools by which a pupil's record changes
too. Lists are read in the order of change and from a time on, not by place alone, for a list that moves while it is
read by places loses rows; where many have changed at one time, a total that shrinks sends the reading back.

A pupil is gone when the service says `tobedeleted`, and never because she is not in a list.

    [sources.school-roster]
    connector = "oneroster"
    [sources.school-roster.settings]
    endpoint = "https://csdl.example.vn"
    token_url = "https://csdl.example.vn/oauth2/token"
    client_id = "child-registry"
    client_secret = { file = "/etc/child-registry/roster.secret" }

Source: 1EdTech OneRoster 1.2, Rostering Service (REST/JSON); OAuth 2.0 client credentials, RFC 6749.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel

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
)
from connectors.http import Clock, Sleep, utc_now
from connectors.records import Rejected, SourceRecord
from connectors.sectors.oneroster_cursor import Phase, Place, mark, place_of
from connectors.sectors.oneroster_rows import STREAM, SYSTEM, Row, described, drifts, joined, linked, row_id, text
from connectors.sectors.oneroster_service import AskedOnce, OneRosterSettings, Service

Pages = Generator[Message, None, Place | None]  # returns where to go on; None: the pass is at its end


class OneRoster:
    """Reads pupils; see the module."""

    api: ClassVar[int] = API
    system: ClassVar[str] = SYSTEM
    conformance: ClassVar[str] = "connectors.conformance.scenarios.rosters:RosterScenario"

    def __init__(self, settings: OneRosterSettings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return OneRosterSettings

    def check(self) -> CheckReport:
        """Say whether the service answers us."""
        try:
            with self._service() as service:
                service.rows("orgs", limit=1)
        except ConnectorError as failure:
            return CheckReport(ok=False, faults=(f"{type(failure).__name__}: {failure}",))
        return CheckReport(ok=True)

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [
            Stream(
                name=STREAM,
                key=("student.sourcedId",),
                fields={"student": "object", "demographics": "any", "enrollments": "list"},
                required=frozenset({"student"}),
                cursor=CursorKind.TIMESTAMP,
                deletes=Deletes.TOMBSTONE,
                overlap=timedelta(minutes=self._settings.overlap_minutes),
                mapping_version=1,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield one page of pupils.

        Raises:
            ConnectorError: the service failed.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        place = place_of(cursor, now=self._clock())
        size = max(1, min(limit, self._settings.largest_page))
        read = self._everybody if place.phase is Phase.EVERYBODY else self._changed
        with self._service() as service:
            following = yield from read(service, place, size)
        if following is None:
            yield Checkpoint(cursor=f"{place.upper}|", more=False)
        else:
            yield Checkpoint(cursor=following.cursor(), more=True)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a pupil's record says of a child."""
        settings = self._settings
        return described(record, number_types=settings.number_types, code_types=settings.code_types)

    def count(self, stream: str) -> int:
        """Return how many pupils the service has.

        Raises:
            ConnectorError: the service failed.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        with self._service() as service:
            return service.rows("students", limit=1, filtered="status='active'")[1]

    def _service(self) -> Service:
        return Service(self._settings, clock=self._clock, sleep=self._sleep)

    def _everybody(self, service: Service, place: Place, size: int) -> Pages:
        """Yield the next pupils by id; return where to go on."""
        back = 1 if place.offset else 0  # the last one of the page before shows whether the list has moved
        rows, total = service.rows("students", limit=size + back, sort="sourcedId", offset=place.offset - back)
        if back and place.behind and (not rows or mark(row_id(rows[0])) != place.behind):
            gone = max(0, place.total - total)
            return replace(place, offset=max(0, place.offset - size - gone), behind="", total=total)
        students = rows[back:]
        if not students:
            return None
        between = f">='{_quoted(row_id(students[0]))}' AND {{field}}<='{_quoted(row_id(students[-1]))}'"
        demographics = {row_id(one): one for one in service.every("demographics", "sourcedId", between)}
        enrollments = service.every("enrollments", "user.sourcedId", between)
        asked = AskedOnce(service.one)
        for number, student in enumerate(students, start=1):
            own = [asked.whole(one) for one in enrollments if linked(one, "user") == row_id(student)]
            yield from self._pupil(student, demographics.get(row_id(student)), own, number)
        if len(students) < size:
            return None
        return replace(place, offset=place.offset + len(students), behind=mark(row_id(students[-1])), total=total)

    def _changed(self, service: Service, place: Place, size: int) -> Pages:
        """Yield the pupils whose records have changed by the next rows of a list; return where to go on."""
        filtered = f"dateLastModified>='{place.behind}' AND dateLastModified<'{place.upper}'"
        rows, total = service.rows(
            place.phase.value, limit=size, filtered=filtered, sort="dateLastModified", offset=place.offset
        )
        if place.offset and 0 <= total < place.total:  # some have changed once more and left: others stand before us
            return replace(place, offset=max(0, place.offset - (place.total - total)), total=total)
        asked = AskedOnce(service.one)
        ids = dict.fromkeys(one for row in rows for one in self._whose(service, place.phase, row))
        own = {row_id(row): row for row in rows} if place.phase is Phase.STUDENTS else {}
        for number, one in enumerate(ids, start=1):
            student = own.get(one) or asked("students", one)
            if student is not None:
                enrollments = [
                    asked.whole(each) for each in service.every("enrollments", "user.sourcedId", f"='{_quoted(one)}'")
                ]
                yield from self._pupil(student, asked("demographics", one), enrollments, number)
        return _following(place, rows, size=size, total=total)

    def _whose(self, service: Service, phase: Phase, row: Row) -> Iterator[str]:
        """Yield the ids of the pupils whose records a row belongs to."""
        own = row_id(row)
        if phase in (Phase.STUDENTS, Phase.DEMOGRAPHICS):
            found: list[str | None] = [own]
        elif phase is Phase.ENROLLMENTS:
            found = [linked(row, "user")] if row.get("role", "student") == "student" else []
        else:
            field = "class.sourcedId" if phase is Phase.CLASSES else "school.sourcedId"
            enrolled = service.every("enrollments", field, f"='{_quoted(own)}'")
            found = [linked(one, "user") for one in enrolled if one.get("role", "student") == "student"]
        yield from (one for one in found if one)

    def _pupil(self, student: Row, demographics: Row | None, enrollments: Sequence[Row], row: int) -> Iterator[Message]:
        yield from drifts("student", student)
        if demographics is not None:
            yield from drifts("demographics", demographics)
        yield joined(student, demographics=demographics, enrollments=enrollments, row=row)


def _following(place: Place, rows: Sequence[Row], *, size: int, total: int) -> Place | None:
    """Return where to go on: behind the last time of change, or within it if a whole page has changed at once."""
    if len(rows) < size:
        return place.after()
    last = text(rows[-1].get("dateLastModified"))
    if last is None:
        raise ContractDrift(f"{place.phase}.dateLastModified")
    if last == place.behind:
        return replace(place, offset=place.offset + len(rows), total=total)
    return replace(place, behind=last, offset=0, total=-1)


def _quoted(value: str) -> str:
    return value.replace("'", "''")
