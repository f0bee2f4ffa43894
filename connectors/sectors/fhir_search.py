"""Children and their immunisations from a FHIR server, by what has changed since.

A pass asks for the patients, related persons and immunisations that were changed since the last one, and for the
patients that were deleted. The upper bound is the server's own time, taken from its first answer, and never ours; the
next pass begins there, less an overlap for what is committed late. Records are known by the server's own ids, for that
is all that a deletion names. A dose that was a mistake comes as `entered-in-error`.

    [sources.immunisation]
    connector = "fhir_search"
    [sources.immunisation.settings]
    endpoint = "https://tiemchung.example.vn/fhir"
    token = { file = "/etc/child-registry/immunisation.token" }

Source: FHIR R4 (4.0.1), Search and History.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import ClassVar, Final
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, SecretStr

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
    StartOver,
    Stream,
)
from connectors.formats.fhir_child import ChildDocument
from connectors.formats.fhir_parts import Resource, listed, mended, part, text
from connectors.formats.stamps import read_iso_stamp
from connectors.formats.strict_json import read_json
from connectors.http import Answer, Call, Clock, HttpClient, HttpSettings, Sleep, utc_now
from connectors.oauth import StandingToken
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.fhir_records import FIELDS, SYSTEM, described, drifts, record_of

STREAM: Final = "patients-by-server"
_GONE: Final = frozenset({410})
_MOST_PAGES: Final = 10_000  # that one moment of change may fill
_WITH: Final = (("_revinclude", "RelatedPerson:patient"), ("_revinclude", "Immunization:patient"))


class Phase(StrEnum):
    """What a pass is reading."""

    PATIENT = "Patient"
    RELATED = "RelatedPerson"
    IMMUNIZATION = "Immunization"
    DELETED = "deleted"


PHASES: Final = tuple(Phase)


class FhirSearchSettings(HttpSettings):
    """How the server is asked."""

    max_answer_bytes: int = Field(default=16_000_000, gt=0)
    token: SecretStr | None = None
    overlap_minutes: int = Field(default=60, ge=0, le=10_080)
    largest_page: int = Field(default=200, gt=0, le=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pass stands."""

    since: str | None
    upper: str | None  # the server's time; None: it has not said it yet
    phase: Phase
    behind: str | None  # the time of change to go on from

    def cursor(self) -> str:
        """Return it as a cursor."""
        first = "changed" if self.since else "first"
        return f"{self.since or self.upper}|{self.upper} {first} {self.phase} {self.behind or '-'}"

    def after(self) -> Place | None:
        """Return where the pass goes on; None: at its end. A first pass needs no more than all patients."""
        if self.since is None or self.phase is PHASES[-1]:
            return None
        return replace(self, phase=PHASES[PHASES.index(self.phase) + 1], behind=self.since)


Pages = Generator[Message, None, Place | None]


class FhirSearch:
    """Reads what a server has changed; see the module."""

    api: ClassVar[int] = API
    system: ClassVar[str] = SYSTEM
    conformance: ClassVar[str] = "connectors.conformance.scenarios.bundles:FhirServerScenario"

    def __init__(self, settings: FhirSearchSettings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return FhirSearchSettings

    def check(self) -> CheckReport:
        """Say whether the server answers us as one of R4."""
        try:
            with self._server() as server:
                statement = server.asked("metadata", [])[0]
        except ConnectorError as failure:
            return CheckReport(ok=False, faults=(f"{type(failure).__name__}: {failure}",))
        well = str(statement.get("fhirVersion", "")).startswith("4.")
        return CheckReport(ok=well, faults=() if well else ("the server is not of FHIR R4",))

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [
            Stream(
                name=STREAM,
                key=("entry",),
                fields=FIELDS,
                required=frozenset({"entry"}),
                cursor=CursorKind.TIMESTAMP,
                deletes=Deletes.TOMBSTONE,
                overlap=timedelta(minutes=self._settings.overlap_minutes),
                mapping_version=1,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield one page of what has changed.

        Raises:
            ConnectorError: the server failed; StartOver where it has forgotten so early changes.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        place = place_of(cursor)
        size = max(1, min(limit, self._settings.largest_page))
        with self._server() as server:
            if place.upper is None:
                place = replace(place, upper=server.time())
            read = self._deleted if place.phase is Phase.DELETED else self._changed
            following = yield from read(server, place, size)
        if following is None:
            yield Checkpoint(cursor=f"{place.upper}|", more=False)
        else:
            yield Checkpoint(cursor=following.cursor(), more=True)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a patient's record says of a child."""
        return described(record, stream=STREAM)

    def _server(self) -> _Server:
        return _Server(self._settings, clock=self._clock, sleep=self._sleep)

    def _changed(self, server: _Server, place: Place, size: int) -> Pages:
        """Yield the patients whose records have changed; return where to go on."""
        asked = [("_lastUpdated", f"lt{place.upper}"), ("_sort", "_lastUpdated"), ("_count", str(size))]
        if place.behind is not None:
            asked.append(("_lastUpdated", f"ge{place.behind}"))
        beside = _WITH if place.phase is Phase.PATIENT else ()
        found, last, more = server.moment(place.phase.value, [*asked, *beside])
        if place.phase is not Phase.PATIENT:
            ids = dict.fromkeys(one for row in found if (one := _patient_of(row)))
            found = server.patients(tuple(ids), size=size)
        yield from _children(found)
        if not more:
            return place.after()
        return replace(place, behind=last)

    def _deleted(self, server: _Server, place: Place, _size: int) -> Pages:
        """Yield tombstones of the patients who were deleted since."""
        entries = server.history(place.since or "")
        latest: dict[str, Resource] = {}
        for entry in entries:
            request = part(entry, "request")
            latest.setdefault((text(request.get("url")) or "").partition("?")[0], entry)
        row = 0
        for url, entry in latest.items():
            if part(entry, "request").get("method") == "DELETE":
                row += 1
                at = read_iso_stamp(text(part(entry, "response").get("lastModified")) or "")
                gone = ChildDocument(patient={})
                yield record_of(gone, url.rpartition("/")[2], row=row, operation=Operation.DELETE, at=at)
        return None


class _Server:
    """One server, while a block runs."""

    def __init__(self, settings: FhirSearchSettings, *, clock: Clock, sleep: Sleep) -> None:
        credentials = None if settings.token is None else StandingToken(settings.token)
        self._client = HttpClient(settings, clock=clock, sleep=sleep, credentials=credentials)

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def asked(self, target: str, query: Iterable[tuple[str, str]]) -> tuple[Resource, str]:
        """Return a resource and the server's time as its answer's head has it.

        Raises:
            ConnectorError: the server failed.
        """
        written = urlencode(list(query), quote_via=quote, safe=":,|")
        whole = target if target.startswith("http") else f"/{target}{'?' if written else ''}{written}"

        def read(answer: Answer) -> tuple[Resource, str]:
            if answer.status in _GONE:
                raise StartOver("the server has forgotten the changes behind the cursor")
            document = read_json(answer.content)
            if not isinstance(document, Mapping) or document.get("resourceType") == "OperationOutcome":
                raise ContractDrift("resourceType")
            return document, answer.headers.get("Date", "")

        return self._client.ask(
            Call(target=whole, headers={"Accept": "application/fhir+json"}, accepts=_GONE), read=read
        )

    def time(self) -> str:
        """Return the server's own time.

        Raises:
            ContractDrift: it does not say it.
        """
        bundle, date = self.asked("Patient", [("_summary", "count")])
        written = text(part(bundle, "meta").get("lastUpdated"))
        at = read_iso_stamp(written) if written else _date(date)
        if at is None:
            raise ContractDrift("Bundle.meta.lastUpdated")
        return stamp(at)

    def moment(self, kind: str, query: Sequence[tuple[str, str]]) -> tuple[list[Resource], str, bool]:
        """Return a page, its last time of change, and whether there is more; all of one moment come together."""
        found: list[Resource] = []
        bundle, _ = self.asked(kind, query)
        total = bundle.get("total")
        for _ in range(_MOST_PAGES):
            found += _resources(bundle)
            times = sorted({_changed(one) for one in found if one.get("resourceType") == kind})
            following = _next(bundle)
            if following is None or len(times) > 1:
                return found, times[-1] if times else "", following is not None
            bundle, _ = self.asked(following, [])
            if bundle.get("total") != total:  # the list has moved: what stood behind may stand before us now
                bundle, _ = self.asked(kind, query)
                total = bundle.get("total")
        raise ContractDrift("Bundle.link: the list does not end")

    def patients(self, ids: Sequence[str], *, size: int) -> list[Resource]:
        """Return patients by id, with all that belongs to them."""
        found: list[Resource] = []
        for first in range(0, len(ids), size):
            wanted = ",".join(ids[first : first + size])
            following: str | None = "Patient"
            query: Sequence[tuple[str, str]] = [("_id", wanted), *_WITH]
            while following is not None:
                bundle, _ = self.asked(following, query)
                found += _resources(bundle)
                following, query = _next(bundle), []
        return found

    def history(self, since: str) -> list[Resource]:
        """Return what has happened to patients since a time, the latest first."""
        found: list[Resource] = []
        following: str | None = "Patient/_history"
        query: Sequence[tuple[str, str]] = [("_since", since), ("_count", "500")]
        while following is not None:
            bundle, _ = self.asked(following, query)
            found += listed(bundle, "entry")
            following, query = _next(bundle), []
        return found


def _resources(bundle: Resource) -> list[Resource]:
    if bundle.get("resourceType") != "Bundle":
        raise ContractDrift("Bundle")
    return [resource for entry in listed(bundle, "entry") if (resource := part(entry, "resource"))]


def _next(bundle: Resource) -> str | None:
    return next((text(one.get("url")) for one in listed(bundle, "link") if one.get("relation") == "next"), None)


def _changed(resource: Resource) -> str:
    written = text(part(resource, "meta").get("lastUpdated"))
    at = read_iso_stamp(written) if written else None
    if at is None:
        raise ContractDrift(f"{resource.get('resourceType')}.meta.lastUpdated")
    return stamp(at)


def _children(resources: Sequence[Resource]) -> Iterator[Message]:
    """Yield the records of the patients among some resources."""
    patients = {str(one.get("id")): one for one in resources if one.get("resourceType") == "Patient"}
    for row, (key, patient) in enumerate(patients.items(), start=1):
        own = {
            kind: tuple({str(one.get("id")): one for one in resources if _belongs(one, kind, key)}.values())
            for kind in ("RelatedPerson", "Immunization")
        }
        parts = (patient, *own["RelatedPerson"], *own["Immunization"])
        yield from drifts(parts)
        yield record_of(
            ChildDocument(
                patient=mended(patient),
                related=tuple(map(mended, own["RelatedPerson"])),
                immunizations=tuple(map(mended, own["Immunization"])),
            ),
            key,
            row=row,
        )


def _belongs(resource: Resource, kind: str, patient: str) -> bool:
    return resource.get("resourceType") == kind and _patient_of(resource) == patient


def _patient_of(resource: Resource) -> str | None:
    reference = text(part(resource, "patient").get("reference")) or ""
    return reference.rpartition("Patient/")[2] or None


def place_of(cursor: str | None) -> Place:
    """Return the place that a cursor names.

    Raises:
        ContractDrift: it is no cursor of ours.
    """
    if cursor is None:
        return Place(since=None, upper=None, phase=Phase.PATIENT, behind=None)
    since, bar, rest = cursor.partition("|")
    if bar and rest:
        try:
            upper, first, phase, behind = rest.split(" ")
            return Place(
                since=None if first == "first" else since,
                upper=upper,
                phase=Phase(phase),
                behind=None if behind == "-" else behind,
            )
        except ValueError:
            raise ContractDrift("cursor") from None
    began = read_iso_stamp(since)
    if began is None:
        raise ContractDrift("cursor")
    return Place(since=stamp(began), upper=None, phase=Phase.PATIENT, behind=stamp(began))


def stamp(at: datetime) -> str:
    """Return a moment as servers write it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date(written: str) -> datetime | None:
    try:
        return parsedate_to_datetime(written)
    except ValueError:
        return None
