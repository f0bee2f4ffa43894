"""How people are written as FHIR R4 resources by the simulated server."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.simulators.population.book import Entry
from connectors.simulators.population.people import Person, Standing

NUMBER_SYSTEM = "urn:vn:so-dinh-danh"
COMMUNE = "urn:vn:don-vi-hanh-chinh"
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
MAIDEN_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_GENDER = {"1": "male", "2": "female"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How this server names resources: ids tell nothing of a person."""

    seed: int

    def of(self, number: str, *, double: bool = False) -> str:
        """Return the id of the patient with a number."""
        digest = hashlib.sha256(f"{self.seed} {number}".encode()).hexdigest()[:24]
        return f"{digest}-2" if double else digest


def patient(entry: Entry, names: Names, *, updated: datetime, double: bool = False) -> dict[str, Any]:
    """Return a patient; one whose number is cancelled is not active and points to the one in use."""
    person = entry.person
    written: dict[str, Any] = {
        "resourceType": "Patient",
        "id": names.of(entry.asked, double=double),
        "meta": {"lastUpdated": updated.isoformat(timespec="seconds")},
        "identifier": _identifiers(entry),
        "active": not entry.cancelled,
        "name": [_name(person.full_name)],
    }
    if person.sex:
        written["gender"] = _GENDER.get(person.sex, "unknown")
    if person.birth_date:
        written["birthDate"] = person.birth_date
    if person.standing is Standing.DECEASED:
        written |= {"deceasedDateTime": person.died_on} if person.died_on else {"deceasedBoolean": True}
    if person.commune or person.detail:
        written["address"] = [_address(person)]
    if person.mother_name:
        written["extension"] = [{"url": MAIDEN_NAME, "valueString": person.mother_name}]
    if entry.cancelled:
        other = {"reference": f"Patient/{names.of(person.number)}"}
        written["link"] = [{"other": other, "type": "replaced-by"}]
    return written


def _identifiers(entry: Entry) -> list[dict[str, str]]:
    person = entry.person
    if entry.cancelled:
        return [{"use": "old", "system": NUMBER_SYSTEM, "value": entry.asked}]
    former = [{"use": "old", "system": NUMBER_SYSTEM, "value": old} for old in person.former_numbers]
    return [{"use": "official", "system": NUMBER_SYSTEM, "value": person.number}, *former]


def _name(full_name: str) -> dict[str, Any]:
    words = full_name.split()
    written: dict[str, Any] = {"use": "official", "text": full_name}
    if len(words) > 1:
        written |= {"family": words[0], "given": words[1:]}
    return written


def _address(person: Person) -> dict[str, Any]:
    address: dict[str, Any] = {"use": "home", "country": "VN"}
    if person.detail:
        address["line"] = [person.detail]
    if person.province:
        address["state"] = person.province
    if person.commune:
        address["extension"] = [{"url": COMMUNE, "valueCode": person.commune}]
    return address


def related(entry: Entry, names: Names) -> list[dict[str, Any]]:
    """Return a patient's parents as related persons."""
    person, owner = entry.person, names.of(entry.asked)
    parents = (
        ("m", "MTH", person.mother_name, person.mother_number),
        ("f", "FTH", person.father_name, person.father_number),
    )
    written = []
    for mark, role, name, number in parents:
        if not name and not number:
            continue
        one: dict[str, Any] = {
            "resourceType": "RelatedPerson",
            "id": f"{owner}-{mark}",
            "active": True,
            "patient": {"reference": f"Patient/{owner}"},
            "relationship": [{"coding": [{"system": _ROLE, "code": role}]}],
        }
        if number:
            one["identifier"] = [{"use": "official", "system": NUMBER_SYSTEM, "value": number}]
        if name:
            one["name"] = [_name(name)]
        written.append(one)
    return written


def group(person: Person, members: Sequence[Person], names: Names) -> dict[str, Any]:
    """Return a household as a group of patients."""
    entities = [{"entity": {"reference": f"Patient/{names.of(one.number)}"}} for one in members]
    return {
        "resourceType": "Group",
        "id": f"{names.of(person.number)}-h",
        "active": True,
        "type": "person",
        "actual": True,
        "quantity": len(entities),
        "member": entities,
    }


def outcome(code: str, words: str, *, severity: str = "error") -> dict[str, Any]:
    """Return an outcome of an operation."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": words}],
    }


def capability(now: datetime) -> dict[str, Any]:
    """Return what the server can do."""
    params = ("identifier", "family", "given", "name", "birthdate", "gender", "mothersMaidenName", "_lastUpdated")
    kinds = {name: "token" if name in ("identifier", "gender") else "string" for name in params}
    kinds |= {"birthdate": "date", "_lastUpdated": "date"}
    searched = [{"name": name, "type": kinds[name]} for name in params]
    operations = [
        {"name": "match", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-match"},
        {"name": "ihe-pix", "definition": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"},
    ]
    reads = [{"code": "read"}, {"code": "search-type"}]
    resources: list[dict[str, Any]] = [
        {"type": "Patient", "interaction": reads, "searchParam": searched, "operation": operations},
        {"type": "RelatedPerson", "interaction": [{"code": "search-type"}]},
        {"type": "Group", "interaction": [{"code": "search-type"}]},
    ]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.isoformat(timespec="seconds"),
        "kind": "instance",
        "implementation": {"description": "A simulated population database"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "resource": resources}],
    }


def bundle(entries: Sequence[dict[str, Any]], *, total: int, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a search's result."""
    written: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    return {**written, "entry": list(entries)} if entries else written
