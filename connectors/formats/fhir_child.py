"""One child in FHIR: the patient, who is related to her, her immunisations, and what a register keeps of them.

It is kept and delivered as one bundle. The first `Patient` of the bundle is the child; any further one is a guardian
who is a patient too, and never becomes a child of the register by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_domains import IdentityDomains
from connectors.formats.fhir_parts import (
    ROLE,
    Resource,
    address_text,
    best_name,
    codes,
    identifiers,
    listed,
    maiden_name,
    part,
    text,
)
from connectors.records import ChildFacts, PersonFacts

VACCINE: Final = "urn:vn:tcmr:vaccine"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
STATUSES: Final = frozenset({"completed", "not-done", "entered-in-error"})
_NO_CARERS: Final = frozenset({"WIFE", "HUSB", "SPS", "DOMPART", "CHILD", "SON", "DAU"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildDocument:
    """What a source says of one child."""

    patient: Resource = field(repr=False)
    related: tuple[Resource, ...] = field(default=(), repr=False)
    guardians: tuple[Resource, ...] = field(default=(), repr=False)  # patients who are a related person of the child
    immunizations: tuple[Resource, ...] = field(default=(), repr=False)
    others: tuple[Resource, ...] = field(default=(), repr=False)  # organisations and practitioners that are referred to
    replaced: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # identifiers of records merged into this one

    def to_json(self) -> dict[str, Any]:
        """Return it as one bundle."""
        parts = (self.patient, *self.guardians, *self.related, *self.immunizations, *self.others)
        document: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": dict(one)} for one in parts],
        }
        if self.replaced:
            document["identifier"] = [{"system": domain, "value": value} for domain, value in self.replaced]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ChildDocument | None:
        """Read it again; None: it is no bundle about anybody."""
        parts = [part(entry, "resource") for entry in listed(document, "entry")]
        patients = _of(parts, "Patient")
        if document.get("resourceType") != "Bundle" or not patients:
            return None
        return cls(
            patient=patients[0],
            guardians=patients[1:],
            related=_of(parts, "RelatedPerson"),
            immunizations=_of(parts, "Immunization"),
            others=tuple(one for one in parts if one.get("resourceType") in ("Organization", "Practitioner")),
            replaced=tuple((one["system"], one["value"]) for one in listed(document, "identifier")),
        )

    def standing(self) -> Iterator[Resource]:
        """Yield the immunisations that the source has not taken back."""
        return (dose for dose in self.immunizations if dose.get("status") != "entered-in-error")


def _of(parts: list[Resource], kind: str) -> tuple[Resource, ...]:
    return tuple(one for one in parts if one.get("resourceType") == kind)


def facts_of(child: ChildDocument, domains: IdentityDomains) -> ChildFacts:
    """Return what identifies the child."""
    addresses = listed(child.patient, "address")
    return ChildFacts(
        name=best_name(child.patient),
        sex=text(child.patient.get("gender")),
        birth_date=text(child.patient.get("birthDate")),
        personal_number=_personal_number(child.patient, domains),
        # No code is given; the district, abolished in July 2025, tells which list the names are of.
        commune_scheme=None if not addresses else "2024" if text(addresses[0].get("district")) else "2025",
        address=address_text(child.patient),
        mother=_mother(child, domains),
        father=_relative(child, domains, "FTH"),
        carer=_carer(child, domains),
    )


def services_of(child: ChildDocument, domains: IdentityDomains) -> dict[str, Any]:
    """Return the facts of the health sector: cards, and the doses that stand."""
    services: dict[str, Any] = {}
    for system, value, _ in identifiers(child.patient):
        domain = domains.named(system)
        if domain is not None and domain.service is not None:
            services.setdefault(domain.service, value)
    return {**services, "doses": [dose_of(one) for one in child.standing()]}


def dose_of(immunization: Resource) -> dict[str, Any]:
    """Return one dose, given or recorded as not given."""
    concepts = listed(immunization, "vaccineCode")
    applied = next(iter(listed(immunization, "protocolApplied")), {})
    number = applied.get("doseNumberPositiveInt")
    facts = {
        "vaccine": next(codes(concepts, VACCINE), None),
        "cvx": next(codes(concepts, CVX), None),
        "date": (text(immunization.get("occurrenceDateTime")) or "")[:10] or None,
        "dose": number if isinstance(number, int) else None,
        "status": text(immunization.get("status")),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def other_identifiers(
    child: ChildDocument, domains: IdentityDomains, *, but: tuple[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the identifiers by which the child is found beside her record's own and her personal number.

    Those of guardians who are patients themselves, and of records that were merged into this one, lead to it too.

    Args:
        but: list and value of the record's own.
    """
    found = [(system, value) for one in (child.patient, *child.guardians) for system, value, _ in identifiers(one)]
    known = [(domain.url, value) for system, value in found if (domain := domains.named(system)) is not None]
    return tuple(dict.fromkeys(each for each in (*known, *child.replaced) if each != but))


def checked_immunizations(child: ChildDocument) -> None:
    """Refuse a dose whose state is none that is defined.

    Raises:
        FhirRefused: a status is missing or unknown.
    """
    for dose in child.immunizations:
        if text(dose.get("status")) not in STATUSES:
            raise FhirRefused("status_unknown", "Immunization.status")


def roles_of(related: Resource) -> frozenset[str]:
    """Return what somebody is to the child."""
    return frozenset(codes(listed(related, "relationship"), ROLE))


def _mother(child: ChildDocument, domains: IdentityDomains) -> PersonFacts | None:
    mother = _relative(child, domains, "MTH")
    maiden = maiden_name(child.patient)
    if mother is None or (mother.name is None and maiden):
        return PersonFacts(name=maiden) if maiden else mother
    return mother


def _relative(child: ChildDocument, domains: IdentityDomains, role: str) -> PersonFacts | None:
    found = (_person(child, one, domains) for one in child.related if role in roles_of(one))
    return next((person for person in found if person is not None), None)


def _carer(child: ChildDocument, domains: IdentityDomains) -> PersonFacts | None:
    for related in child.related:
        roles = roles_of(related)
        if not roles & {"MTH", "FTH"} and not roles & _NO_CARERS:
            return _person(child, related, domains, relation=next(iter(sorted(roles)), None))
    return None


def _person(
    child: ChildDocument, related: Resource, domains: IdentityDomains, *, relation: str | None = None
) -> PersonFacts | None:
    """Return a related person, told more of by the patient that she is, where she is one."""
    herself = next((one for one in child.guardians if _is_same(one, related)), {})
    name = best_name(related) or best_name(herself)
    number = _personal_number(related, domains) or _personal_number(herself, domains)
    born = (text(related.get("birthDate")) or text(herself.get("birthDate")) or "")[:4] or None
    if not (name or number or born):
        return None
    return PersonFacts(name=name, number=number, birth_year=born, relation=relation)


def _is_same(guardian: Resource, related: Resource) -> bool:
    return bool({one[:2] for one in identifiers(guardian)} & {one[:2] for one in identifiers(related)})


def guardian_of(child: ChildDocument, related: Resource) -> Resource | None:
    """Return the patient who is a related person, or None."""
    return next((one for one in child.guardians if _is_same(one, related)), None)


def _personal_number(resource: Resource, domains: IdentityDomains) -> str | None:
    for system, value, _ in identifiers(resource):
        domain = domains.named(system)
        if domain is not None and domain.personal_number:
            return value
    return None
