"""Parts of FHIR resources as they come, read tolerantly: what is not as the standard has it is noted, not guessed at.

Only the standard's own shapes are understood. One element where a list belongs is taken as a list of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Resource = Mapping[str, Any]

ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
MAIDEN_NAME: Final = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
DEEPEST: Final = 24  # levels; a bundle within a message has about twelve
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Patient": (
        *("identifier", "name", "telecom", "address", "contact", "communication", "generalPractitioner", "link"),
        "extension",
    ),
    "RelatedPerson": ("identifier", "name", "telecom", "address", "relationship"),
    "Immunization": ("identifier", "protocolApplied"),
}

_ANY: Final = frozenset(
    {"resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension"}
)
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "Patient": _ANY
    | {
        *("identifier", "active", "name", "telecom", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime"),
        *("address", "maritalStatus", "multipleBirthBoolean", "multipleBirthInteger", "photo", "contact"),
        *("communication", "generalPractitioner", "managingOrganization", "link"),
    },
    "RelatedPerson": _ANY
    | {
        *("identifier", "active", "patient", "relationship", "name", "telecom", "gender", "birthDate", "address"),
        *("photo", "period", "communication"),
    },
    "Immunization": _ANY
    | {
        *("identifier", "status", "statusReason", "vaccineCode", "patient", "encounter", "occurrenceDateTime"),
        *("occurrenceString", "recorded", "primarySource", "reportOrigin", "location", "manufacturer", "lotNumber"),
        *("expirationDate", "site", "route", "doseQuantity", "performer", "note", "reasonCode", "reasonReference"),
        *("isSubpotent", "subpotentReason", "education", "programEligibility", "fundingSource", "reaction"),
        "protocolApplied",
    },
}


def text(value: object) -> str | None:
    """Return a text that says something, without white space at its ends; or None."""
    return value.strip() or None if isinstance(value, str) else None


def listed(resource: Resource, name: str) -> list[Resource]:
    """Return the elements of a field that may be repeated."""
    value = resource.get(name)
    if isinstance(value, Mapping):
        return [value]
    return [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []


def part(resource: Resource, name: str) -> Resource:
    """Return a field that holds fields itself; empty if there is none."""
    value = resource.get(name)
    return value if isinstance(value, Mapping) else {}


def misshapen(resource: Resource) -> Iterator[str]:
    """Yield the paths of fields that should be lists and are not."""
    kind = str(resource.get("resourceType"))
    for name in _LISTS.get(kind, ()):
        if name in resource and not isinstance(resource[name], list):
            yield f"{kind}.{name}"


def unknown(resource: Resource) -> Iterator[tuple[str, object]]:
    """Yield path and value of the fields that the standard does not know; a name may begin with `_`."""
    kind = str(resource.get("resourceType"))
    if kind in _KNOWN:
        for name in sorted(resource.keys() - _KNOWN[kind]):
            if name.removeprefix("_") not in _KNOWN[kind]:
                yield f"{kind}.{name}"[:60], resource[name]


def mended(resource: Resource) -> dict[str, Any]:
    """Return a resource with lists where the standard has lists."""
    kind = str(resource.get("resourceType"))
    lists = _LISTS.get(kind, ())
    return {
        name: [value] if name in lists and not isinstance(value, list) else value for name, value in resource.items()
    }


def is_too_deep(value: object) -> bool:
    """Say whether a JSON value is nested deeper than any message is."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def best_name(resource: Resource) -> str | None:
    """Return the name by which somebody is known: the official one, else the first that can be read.

    Without a whole text the family name comes first, as in Viet Nam.
    """
    names = listed(resource, "name")
    for name in sorted(names, key=lambda each: each.get("use") != "official"):
        written = text(name.get("text")) or _joined(name)
        if written:
            return written
    return None


def _joined(name: Resource) -> str | None:
    given = name.get("given")
    words = [name.get("family"), *(given if isinstance(given, list) else [given])]
    return " ".join(word for word in map(text, words) if word) or None


def codes(concepts: list[Resource], system: str) -> Iterator[str]:
    """Yield the codes of concepts that are of one code list."""
    for concept in concepts:
        for coding in listed(concept, "coding"):
            code = text(coding.get("code"))
            if coding.get("system") == system and code:
                yield code


def identifiers(resource: Resource) -> Iterator[tuple[str, str, str | None]]:
    """Yield list, value and use of the identifiers that have a list and a value."""
    for identifier in listed(resource, "identifier"):
        system, value = text(identifier.get("system")), text(identifier.get("value"))
        if system and value:
            yield system, value, text(identifier.get("use"))


def address_text(resource: Resource) -> str | None:
    """Return the first address as one text."""
    for address in listed(resource, "address"):
        lines = address.get("line")
        parts = [*(lines if isinstance(lines, list) else []), *(address.get(n) for n in ("city", "district", "state"))]
        written = text(address.get("text")) or ", ".join(one for one in map(text, parts) if one)
        if written:
            return written
    return None


def maiden_name(patient: Resource) -> str | None:
    """Return the mother's maiden name where the patient's record has it."""
    found = (text(one.get("valueString")) for one in listed(patient, "extension") if one.get("url") == MAIDEN_NAME)
    return next((name for name in found if name), None)
