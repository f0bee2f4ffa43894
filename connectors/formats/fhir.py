"""FHIR R4 bundles, one a line: the few resources and fields that a register of children reads.

Unknown fields and resources are passed over here and kept in what was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

ResourceT = TypeVar("ResourceT", bound="Element")


class FhirRefused(Exception):
    """A bundle cannot be read; `path` says where, `rule` why. No value of it is repeated."""

    def __init__(self, rule: str, path: str) -> None:
        super().__init__(f"{rule}: {path}")
        self.rule = rule
        self.path = path


class Element(BaseModel):
    """A part of a resource, written in camelCase outside."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True
    )


class Identifier(Element):
    """A number and who gave it."""

    system: str
    value: str


class Coding(Element):
    """A code and its list."""

    system: str | None = None
    code: str | None = None


class CodeableConcept(Element):
    """One meaning in several code lists."""

    coding: list[Coding] = []

    def code_of(self, system: str) -> str | None:
        """Return the code from the list `system`."""
        return next((coding.code for coding in self.coding if coding.system == system), None)


class HumanName(Element):
    """A name as one text."""

    text: str | None = None


class Address(Element):
    """An address; with a district it is one of before July 2025."""

    text: str | None = None
    line: list[str] = []
    city: str | None = None
    district: str | None = None
    state: str | None = None


class Meta(Element):
    """When this version was written."""

    last_updated: str | None = None


class Reference(Element):
    """Points to another resource."""

    reference: str | None = None


class Patient(Element):
    """The child."""

    meta: Meta = Meta()
    identifier: list[Identifier] = []
    name: list[HumanName] = []
    gender: str | None = None
    birth_date: str | None = None
    address: list[Address] = []

    def identifier_of(self, system: str) -> str | None:
        """Return the first identifier given by `system`."""
        return next((identifier.value for identifier in self.identifier if identifier.system == system), None)


class RelatedPerson(Element):
    """A parent or carer."""

    patient: Reference = Reference()
    identifier: list[Identifier] = []
    relationship: list[CodeableConcept] = []
    name: list[HumanName] = []
    birth_date: str | None = None


class ProtocolApplied(Element):
    """Which dose of a series."""

    dose_number_positive_int: int | None = None


class Immunization(Element):
    """One dose given, or recorded as not given."""

    patient: Reference = Reference()
    status: str | None = None
    vaccine_code: CodeableConcept = CodeableConcept()
    occurrence_date_time: str | None = None
    protocol_applied: list[ProtocolApplied] = []


class _Entry(Element):
    full_url: str | None = None
    resource: dict[str, Any]


class _Bundle(Element):
    resource_type: Literal["Bundle"]
    entry: list[_Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildBundle:
    """What one bundle says of one child."""

    patient: Patient = field(repr=False)
    related: tuple[RelatedPerson, ...] = field(repr=False)
    immunizations: tuple[Immunization, ...] = field(repr=False)


def read_bundle(value: dict[str, Any]) -> ChildBundle:
    """Read a bundle about exactly one patient.

    Raises:
        FhirRefused: it is no such bundle, or something in it points to another patient.
    """
    bundle = _validated(_Bundle, value, "Bundle")
    patients = [entry for entry in bundle.entry if entry.resource.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise FhirRefused("patient_not_single", "Bundle.entry")
    url = patients[0].full_url
    return ChildBundle(
        patient=_validated(Patient, patients[0].resource, "Patient"),
        related=tuple(_of_patient(bundle, RelatedPerson, url)),
        immunizations=tuple(_of_patient(bundle, Immunization, url)),
    )


def _of_patient(bundle: _Bundle, kind: type[RelatedPerson] | type[Immunization], url: str | None) -> Iterator[Any]:
    name = kind.__name__
    for entry in bundle.entry:
        if entry.resource.get("resourceType") != name:
            continue
        resource = _validated(kind, entry.resource, name)
        if resource.patient.reference not in (None, url):
            raise FhirRefused("reference_broken", f"{name}.patient.reference")
        yield resource


def _validated(kind: type[ResourceT], value: object, path: str) -> ResourceT:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    rule = "field_missing" if first["type"] == "missing" else "field_broken"
    raise FhirRefused(rule, ".".join([path, *(str(step) for step in first["loc"])]))
