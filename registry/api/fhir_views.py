"""A source's own patients as FHIR resources: its own words, mended where they were not as the standard has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from connectors.formats.fhir_child import ChildDocument, guardian_of, roles_of
from connectors.formats.fhir_domains import IdentityDomain, IdentityDomains
from connectors.formats.fhir_parts import MAIDEN_NAME, Resource, best_name, listed, maiden_name, mended, text
from registry.actions.fhir.own_patients import OwnPatient
from registry.actions.fhir.patient_query import FoundPatient

Json = dict[str, Any]

_PATIENT: Final = (
    *("active", "name", "telecom", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime", "address"),
    *("maritalStatus", "multipleBirthBoolean", "multipleBirthInteger", "contact", "communication"),
    *("generalPractitioner", "managingOrganization"),
)
_RELATED: Final = ("active", "relationship", "name", "telecom", "gender", "birthDate", "address")
_OF_GUARDIAN: Final = ("name", "gender", "birthDate")


def patient_resource(found: FoundPatient, domains: IdentityDomains, *, shown: Iterable[IdentityDomain] = ()) -> Json:
    """Return a patient.

    Args:
        shown: the lists whose identifiers are wanted; none: all.
    """
    record, resource = found.record, found.guardian or found.record.child.patient
    replaced = record.child.replaced if found.guardian is None else ()
    wanted = {domain.url for domain in shown}
    written = [one for one in _identifiers(resource, domains) if not wanted or text(one.get("system")) in wanted]
    old = [{"use": "old", "system": url, "value": value} for url, value in replaced if not wanted or url in wanted]
    document: Json = {
        "resourceType": "Patient",
        "id": str(patient_id(found)),
        **_meta(record.seen_at),
        **({"identifier": [*written, *old]} if written or old else {}),
        **_chosen(resource, _PATIENT),
    }
    if found.guardian is None:
        return document | _extension(record.child)
    related = next((one for one in related_resources(record, domains) if _is_hers(one, found.guardian)), None)
    if related is not None:
        document["link"] = [{"other": {"reference": f"RelatedPerson/{related['id']}"}, "type": "seealso"}]
    return document


def patient_id(found: FoundPatient) -> UUID:
    """Return the id of a patient: that of the record's identity, or of her guardian one made from it."""
    if found.guardian is None:
        return found.record.child_id
    return uuid5(found.record.child_id, f"guardian {list(found.record.child.guardians).index(found.guardian)}")


def related_resources(record: OwnPatient, domains: IdentityDomains) -> list[Json]:
    """Return the related persons of a child, told more of by the patients that they are."""
    found = []
    for number, related in enumerate(record.child.related):
        herself = guardian_of(record.child, related) or {}
        known = {name: value for name, value in _chosen(mended(herself), _OF_GUARDIAN).items() if name not in related}
        written = _identifiers(related, domains)
        found.append(
            {
                "resourceType": "RelatedPerson",
                "id": str(uuid5(record.child_id, f"related {number}")),
                **({"identifier": written} if written else {}),
                "patient": {"reference": f"Patient/{record.child_id}"},
                **known,
                **_chosen(related, _RELATED),
            }
        )
    return found


def included_resources(record: OwnPatient, kinds: Iterable[str]) -> Iterator[Json]:
    """Yield the organisations and practitioners that a patient refers to."""
    wanted = set(kinds)
    return (dict(one) for one in record.child.others if one.get("resourceType") in wanted)


def _identifiers(resource: Resource, domains: IdentityDomains) -> list[Json]:
    """Return identifiers with each list called by its one address."""
    found = []
    for identifier in listed(resource, "identifier"):
        domain = domains.named(text(identifier.get("system")) or "")
        found.append({**identifier, "system": domain.url} if domain is not None else dict(identifier))
    return found


def _chosen(resource: Resource, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: resource[name] for name in names if resource.get(name) not in (None, [], {})}


def _meta(at: datetime | None) -> Json:
    return {} if at is None else {"meta": {"lastUpdated": at.isoformat()}}


def _extension(child: ChildDocument) -> Json:
    """Return the mother's name, as written or as she is known by."""
    mothers = (one for one in child.related if "MTH" in roles_of(one))
    names = (best_name(one) or best_name(guardian_of(child, one) or {}) for one in mothers)
    name = maiden_name(child.patient) or next((name for name in names if name), None)
    return {"extension": [{"url": MAIDEN_NAME, "valueString": name}]} if name else {}


def _is_hers(related: Json, guardian: Resource) -> bool:
    values = {text(one.get("value")) for one in listed(guardian, "identifier")} - {None}
    return any(text(one.get("value")) in values for one in related.get("identifier", ()))
