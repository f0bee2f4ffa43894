"""A health sector's FHIR server: patients, related persons and immunisations, searched by time of change, with history.

Each resource is stamped as it is put in; `at` may lie behind what was read, as where it was committed late. A next page
is a link that the server makes, and lists are made anew for each page, so they move when something is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.sectors.faulty import SectorFault, SimulatedSource
from connectors.simulators.sectors.invented import invented_name

Resource = dict[str, Any]

ROOT: Final = "/fhir"
MEDIA_TYPE: Final = "application/fhir+json"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
CODE: Final = "urn:vn:tcmr:code"


class FhirSource(SimulatedSource):
    """The server; its clock stands where it is put."""

    def __init__(
        self,
        *,
        now: datetime,
        seed: int = 0,
        shares: Mapping[SectorFault, float] | None = None,
        slow_seconds: float = 0.2,
    ) -> None:
        super().__init__(seed=seed, shares=shares, slow_seconds=slow_seconds)
        self.now = now
        self._resources: dict[tuple[str, str], Resource] = {}
        self._deleted: dict[tuple[str, str], datetime] = {}
        self._forgotten: datetime | None = None
        self._between: list[Callable[[FhirSource], None]] = []

    def put(self, resource: Mapping[str, Any], *, at: datetime) -> None:
        """Put a resource in, or in place of that of its id."""
        with self.lock:
            kept = deepcopy(dict(resource))
            kept["meta"] = {"lastUpdated": written(at)}
            self._resources[kept["resourceType"], kept["id"]] = kept
            self._deleted.pop((kept["resourceType"], kept["id"]), None)

    def delete(self, kind: str, resource_id: str, *, at: datetime) -> None:
        """Delete a resource; its history keeps that."""
        with self.lock:
            self._resources.pop((kind, resource_id))
            self._deleted[kind, resource_id] = at

    def resource(self, kind: str, resource_id: str) -> Resource:
        """Return a resource as it stands."""
        with self.lock:
            return deepcopy(self._resources[kind, resource_id])

    def forget(self, before: datetime) -> None:
        """Forget the history before a time: whoever asks for it is told so."""
        with self.lock:
            self._forgotten = before

    def between(self, happens: Callable[[FhirSource], None]) -> None:
        """Let something happen once, after the next answer to a search."""
        with self.lock:
            self._between.append(happens)

    def answered(self, asked: Asked) -> Answered:
        """Return what was asked for."""
        path = asked.path.removeprefix(f"{ROOT}/")
        if path == "metadata":
            return _answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        if path == "Patient/_history":
            return self._history(asked)
        if path in ("Patient", "RelatedPerson", "Immunization"):
            answered = self._search(path, asked)
            for happens in [self._between.pop(0)] if self._between else []:
                happens(self)
            return answered
        return _answer({"resourceType": "OperationOutcome", "issue": []}, status=404)

    def _search(self, kind: str, asked: Asked) -> Answered:
        found = [one for (own, _), one in self._resources.items() if own == kind and _fits(one, asked)]
        found.sort(key=lambda one: (one["meta"]["lastUpdated"], one["id"]))
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "meta": {"lastUpdated": written(self.now)},
        }
        if asked.first("_summary") == "count":
            return _answer(bundle)
        count, offset = int(asked.first("_count") or 50), int(asked.first("_offset") or 0)
        page = found[offset : offset + count]
        bundle["entry"] = [{"resource": one, "search": {"mode": "match"}} for one in page]
        bundle["entry"] += [{"resource": one, "search": {"mode": "include"}} for one in self._beside(page, asked)]
        if offset + count < len(found):
            query = [(name, value) for name, value in asked.query if name != "_offset"]
            following = urlencode([*query, ("_offset", str(offset + count))], quote_via=quote)
            bundle["link"] = [{"relation": "next", "url": f"{asked.url}?{following}"}]
        return _answer(bundle)

    def _beside(self, page: list[Resource], asked: Asked) -> list[Resource]:
        ids = {f"Patient/{one['id']}" for one in page}
        kinds = {value.partition(":")[0] for value in asked.every("_revinclude")}
        return [
            one for (kind, _), one in self._resources.items() if kind in kinds and one["patient"]["reference"] in ids
        ]

    def _history(self, asked: Asked) -> Answered:
        since = asked.first("_since") or ""
        if self._forgotten is not None and since < written(self._forgotten):
            return Answered(status=410)
        entries = [
            (at, {"request": {"method": "DELETE", "url": f"{kind}/{one}"}, "response": {"lastModified": written(at)}})
            for (kind, one), at in self._deleted.items()
            if kind == "Patient" and written(at) >= since
        ]
        entries.sort(key=lambda each: each[0], reverse=True)
        bundle = {"resourceType": "Bundle", "type": "history", "entry": [entry for _, entry in entries]}
        return _answer(bundle)


def _fits(resource: Resource, asked: Asked) -> bool:
    ids = asked.first("_id")
    if ids is not None and resource["id"] not in ids.split(","):
        return False
    at = resource["meta"]["lastUpdated"]
    return all(at >= one[2:] if one.startswith("ge") else at < one[2:] for one in asked.every("_lastUpdated"))


def _answer(resource: Resource, *, status: int = 200) -> Answered:
    return json_answer(resource, status=status, media_type=MEDIA_TYPE)


def written(at: datetime) -> str:
    """Return a moment as the server writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def patient(number: int, name: str) -> Resource:
    """Return an invented child."""
    return {
        "resourceType": "Patient",
        "id": f"srv-{number:05d}",
        "identifier": [{"system": CODE, "value": f"TC{number:05d}"}],
        "name": [{"text": name}],
        "gender": ("male", "female")[number % 2],
        "birthDate": "2024-05-06",
    }


def mother(number: int, name: str) -> Resource:
    """Return the mother of an invented child."""
    return {
        "resourceType": "RelatedPerson",
        "id": f"rel-{number:05d}",
        "patient": {"reference": f"Patient/srv-{number:05d}"},
        "relationship": [{"coding": [{"system": ROLE, "code": "MTH"}]}],
        "name": [{"text": name}],
    }


def dose(number: int, *, status: str = "completed", vaccine: str = "BCG") -> Resource:
    """Return a dose of an invented child."""
    return {
        "resourceType": "Immunization",
        "id": f"imm-{number:05d}",
        "identifier": [{"system": "urn:invented:doses", "value": f"{number:05d}"}],
        "status": status,
        "patient": {"reference": f"Patient/srv-{number:05d}"},
        "vaccineCode": {"coding": [{"system": "urn:vn:tcmr:vaccine", "code": vaccine}]},
        "occurrenceDateTime": "2024-05-07",
    }


def fill(source: FhirSource, *, children: int, at: datetime) -> None:
    """Fill a server with invented children, changed a second apart."""
    for number in range(1, children + 1):
        changed = at + timedelta(seconds=number)
        source.put(patient(number, invented_name(source.chance)), at=changed)
        source.put(mother(number, invented_name(source.chance)), at=changed)
        source.put(dose(number), at=changed)
