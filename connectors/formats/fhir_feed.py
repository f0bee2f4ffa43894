"""Feeds of patients: a message of the patient master identity registry, a transaction or a collection, or one patient.

Read are only what a register of children keeps. A reference must lead somewhere within the feed, or name an identifier.

Source: FHIR R4 (4.0.1), Bundle and MessageHeader; IHE ITI Patient Master Identity Registry, ITI-93; mobile Patient
Demographics Query, ITI-119.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import ChildDocument, checked_immunizations
from connectors.formats.fhir_parts import Resource, identifiers, is_too_deep, listed, mended, misshapen, part, text

PATIENT_FEED: Final = "urn:ihe:iti:pmir:2019:patient-feed"
MOST_ENTRIES: Final = 1000
_PLAIN: Final = frozenset({"transaction", "batch", "history", "collection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One child of a feed."""

    child: ChildDocument = field(repr=False)
    merged_into: Resource | None = field(default=None, repr=False)  # a reference: another record stands for this one


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseImmunization:
    """A dose of a child who is not in the feed herself, and the identifier that names her."""

    immunization: Resource = field(repr=False)
    system: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What was read, and which fields were not as the standard has them."""

    is_message: bool
    entries: tuple[FeedEntry, ...] = field(repr=False)
    loose: tuple[LooseImmunization, ...] = field(default=(), repr=False)
    drift: tuple[str, ...] = ()


def is_message(value: object) -> bool:
    """Say whether a value means to be a message, so that its refusal is a message too."""
    return isinstance(value, Mapping) and value.get("type") == "message"


def read_feed(value: object) -> Feed:
    """Read a feed.

    Raises:
        FhirRefused: it is none, or something in it leads nowhere.
    """
    if is_too_deep(value):
        raise FhirRefused("json_too_deep", "Bundle")
    if not isinstance(value, Mapping):
        raise FhirRefused("json_not_an_object", "Bundle")
    if value.get("resourceType") == "Patient":
        return _Reader([{"resource": value}]).feed(is_message=False)
    if value.get("resourceType") != "Bundle":
        raise FhirRefused("resource_unknown", "resourceType")
    if value.get("type") == "message":
        return _Reader(_entries(_content(value))).feed(is_message=True)
    if text(value.get("type")) not in _PLAIN:
        raise FhirRefused("bundle_type_unknown", "Bundle.type")
    return _Reader(_entries(value)).feed(is_message=False)


def _entries(bundle: Resource) -> list[Resource]:
    entries = listed(bundle, "entry")
    if len(entries) > MOST_ENTRIES:
        raise FhirRefused("too_many_entries", "Bundle.entry")
    return entries


def _content(message: Resource) -> Resource:
    """Return the bundle that a message is about."""
    entries = _entries(message)
    header = part(entries[0], "resource") if entries else {}
    if header.get("resourceType") != "MessageHeader":
        raise FhirRefused("header_missing", "Bundle.entry[0]")
    if header.get("eventUri") != PATIENT_FEED:
        raise FhirRefused("event_unknown", "MessageHeader.eventUri")
    wanted = {text(focus.get("reference")) for focus in listed(header, "focus")}
    for entry in entries[1:]:
        content = part(entry, "resource")
        addresses = {text(entry.get("fullUrl")), f"Bundle/{content.get('id')}"}
        if content.get("resourceType") == "Bundle" and not wanted.isdisjoint(addresses):
            return content
    raise FhirRefused("focus_missing", "MessageHeader.focus")


class _Reader:
    """Reads the entries of one bundle."""

    def __init__(self, entries: list[Resource]) -> None:
        self._resources = [part(entry, "resource") for entry in entries]
        self._at: dict[str, int] = {}  # where each address leads
        for place, (entry, resource) in enumerate(zip(entries, self._resources, strict=True)):
            for address in (entry.get("fullUrl"), f"{resource.get('resourceType')}/{resource.get('id')}"):
                self._at.setdefault(str(address), place)

    def feed(self, *, is_message: bool) -> Feed:
        """Return what the bundle says."""
        guardians = self._guardians()
        children = [place for place in self._of("Patient") if place not in guardians]
        loose = tuple(self._loose())
        if not children and not loose:
            raise FhirRefused("patient_missing", "Bundle.entry")
        return Feed(
            is_message=is_message,
            entries=tuple(self._entry(place, guardians) for place in children),
            loose=loose,
            drift=tuple(sorted({path for resource in self._resources for path in misshapen(resource)})),
        )

    def _of(self, kind: str) -> list[int]:
        return [place for place, one in enumerate(self._resources) if one.get("resourceType") == kind]

    def _guardians(self) -> dict[int, int]:
        """Return the patients who are a related person of another one: place of the patient → of that person."""
        found = {}
        for place in self._of("Patient"):
            for link in listed(self._resources[place], "link"):
                other = self._at.get(str(part(link, "other").get("reference")))
                if link.get("type") == "seealso" and other is not None and other in self._of("RelatedPerson"):
                    found[place] = other
        return found

    def _entry(self, place: int, guardians: Mapping[int, int]) -> FeedEntry:
        patient = self._resources[place]
        related = [one for one in self._of("RelatedPerson") if self._patient_of(one) == place]
        child = ChildDocument(
            patient=mended(patient),
            related=tuple(mended(self._resources[one]) for one in related),
            guardians=tuple(mended(self._resources[one]) for one, person in guardians.items() if person in related),
            immunizations=tuple(
                mended(self._resources[one]) for one in self._of("Immunization") if self._patient_of(one) == place
            ),
            others=tuple(self._resources[one] for one in self._referred(patient)),
        )
        checked_immunizations(child)
        replaced = (link for link in listed(patient, "link") if link.get("type") == "replaced-by")
        return FeedEntry(child=child, merged_into=next((part(link, "other") for link in replaced), None))

    def _referred(self, patient: Resource) -> Iterator[int]:
        """Yield where the references of a patient to others lead."""
        named: dict[str, list[Resource]] = {
            "managingOrganization": listed(patient, "managingOrganization"),
            "generalPractitioner": listed(patient, "generalPractitioner"),
            "contact.organization": [part(contact, "organization") for contact in listed(patient, "contact")],
        }
        for name, references in named.items():
            for reference in references:
                address = text(reference.get("reference"))
                if address is None:
                    continue
                if address not in self._at:
                    raise FhirRefused("reference_broken", f"Patient.{name}")
                yield self._at[address]

    def _patient_of(self, place: int) -> int | None:
        """Return whose related person or dose this is; None: of somebody outside, named by an identifier."""
        resource = self._resources[place]
        reference = part(resource, "patient")
        address = text(reference.get("reference"))
        found = self._at.get(address) if address else None
        if found is not None and self._resources[found].get("resourceType") == "Patient":
            return found
        if _named(reference) is not None and resource.get("resourceType") == "Immunization":
            return None
        raise FhirRefused("reference_broken", f"{resource.get('resourceType')}.patient")

    def _loose(self) -> Iterator[LooseImmunization]:
        for place in self._of("Immunization"):
            named = _named(part(self._resources[place], "patient"))
            if self._patient_of(place) is None and named is not None:
                dose = mended(self._resources[place])
                checked_immunizations(ChildDocument(patient={}, immunizations=(dose,)))
                yield LooseImmunization(immunization=dose, system=named[0], value=named[1])


def _named(reference: Resource) -> tuple[str, str] | None:
    """Return list and value by which a reference names somebody: as an identifier, or in a search."""
    identifier = part(reference, "identifier")
    system, value = text(identifier.get("system")), text(identifier.get("value"))
    if system and value:
        return system, value
    _, asked, searched = (text(reference.get("reference")) or "").partition("Patient?identifier=")
    system, bar, value = searched.partition("|")
    return (system, value) if asked and bar and system and value else None


def reference_identifier(reference: Resource) -> tuple[str, str] | None:
    """Return list and value by which a reference names somebody, or None."""
    return _named(reference)


def merge_doses(older: tuple[Resource, ...], newer: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """Return doses with the newer ones in the place of those of the same identifier; one without is always another."""
    found: dict[Any, Resource] = {}
    for number, dose in enumerate((*older, *newer)):
        keys = [(system, value) for system, value, _ in identifiers(dose)]
        found[keys[0] if keys else (number,)] = dose
    return tuple(found.values())
