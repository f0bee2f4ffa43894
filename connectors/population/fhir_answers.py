"""What a FHIR R4 server says of citizens: bundles of patients and relatives, read strictly into our own facts.

Only what is needed is read, by a few small models; everything else of a resource is left alone. Of a bundle that holds
an error instead of an answer, the error is raised.
Source: HL7 FHIR R4, Patient, RelatedPerson, OperationOutcome; IHE PDQm 3.x, ITI-78 and ITI-119.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import CitizenSnapshot, ContractDrift, Denied, Grade, Kinship, Relative, Transient
from connectors.formats.strict_json import read_json, read_model

MATCH_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
MOTHERS_NAME: Final = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
UNITS: Final = "urn:vn:don-vi-hanh-chinh"  # extension of an address: the commune's code in today's list
MEDIA_TYPES: Final = frozenset({"application/fhir+json", "application/json"})

_PASSING: Final = frozenset({"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"})
_REFUSING: Final = frozenset({"security", "login", "unknown", "expired", "forbidden", "suppressed"})
_SERIOUS: Final = frozenset({"fatal", "error"})
_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_UNIT: Final = re.compile(r"[0-9]{5}")
_SEXES: Final = {"male": "1", "female": "2"}
_KINSHIP: Final = {
    "MTH": Kinship.MOTHER,
    "NMTH": Kinship.MOTHER,
    "FTH": Kinship.FATHER,
    "NFTH": Kinship.FATHER,
    "SPS": Kinship.SPOUSE,
    "HUSB": Kinship.SPOUSE,
    "WIFE": Kinship.SPOUSE,
    "GUARD": Kinship.REPRESENTATIVE,
    "NOK": Kinship.OTHER,
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, strict=True)


class Identifier(_Part):
    """A number and who gave it."""

    system: str | None = None
    value: str | None = Field(default=None, repr=False)
    use: str | None = None


class HumanName(_Part):
    """A name, whole or in parts."""

    use: str | None = None
    text: str | None = Field(default=None, repr=False)
    family: str | None = Field(default=None, repr=False)
    given: list[str] = Field(default_factory=list, repr=False)

    def written(self) -> str | None:
        """Return the name as one line, the family name first."""
        if self.text and self.text.strip():
            return self.text.strip()
        parts = [part.strip() for part in (self.family or "", *self.given) if part.strip()]
        return " ".join(parts) or None


class _Coding(_Part):
    code: str | None = None


class _Concept(_Part):
    coding: list[_Coding] = Field(default_factory=list)
    text: str | None = None


class _Reference(_Part):
    reference: str | None = None


class _Link(_Part):
    other: _Reference
    type: str


class _Extension(_Part):
    url: str
    value_string: str | None = Field(default=None, alias="valueString", repr=False)
    value_code: str | None = Field(default=None, alias="valueCode")


class _Meta(_Part):
    last_updated: str | None = Field(default=None, alias="lastUpdated")


class _Address(_Part):
    text: str | None = Field(default=None, repr=False)
    line: list[str] = Field(default_factory=list, repr=False)
    extension: list[_Extension] = Field(default_factory=list)

    def unit(self, url: str) -> str | None:
        """Return the code of the commune, where an extension says one."""
        codes = [one.value_code for one in self.extension if one.url == url]
        return codes[0] if codes and _UNIT.fullmatch(codes[0] or "") else None


class PatientResource(_Part):
    """A citizen."""

    resource_type: Literal["Patient"] = Field(alias="resourceType")
    id: str | None = None
    meta: _Meta | None = None
    active: bool | None = None
    identifier: list[Identifier] = Field(default_factory=list, repr=False)
    name: list[HumanName] = Field(default_factory=list, repr=False)
    gender: str | None = None
    birth_date: str | None = Field(default=None, alias="birthDate", repr=False)
    deceased: bool | None = Field(default=None, alias="deceasedBoolean")
    deceased_at: str | None = Field(default=None, alias="deceasedDateTime")
    address: list[_Address] = Field(default_factory=list, repr=False)
    link: list[_Link] = Field(default_factory=list)
    extension: list[_Extension] = Field(default_factory=list, repr=False)


class _RelatedPerson(_Part):
    resource_type: Literal["RelatedPerson"] = Field(alias="resourceType")
    active: bool | None = None
    identifier: list[Identifier] = Field(default_factory=list, repr=False)
    name: list[HumanName] = Field(default_factory=list, repr=False)
    relationship: list[_Concept] = Field(default_factory=list)


class _Issue(_Part):
    severity: str
    code: str


class _OperationOutcome(_Part):
    issue: list[_Issue] = Field(min_length=1)


class _Search(_Part):
    mode: str | None = None
    score: float | int | None = None
    extension: list[_Extension] = Field(default_factory=list)


class _Entry(_Part):
    resource: dict[str, Any] = Field(repr=False)
    search: _Search | None = None


class _Bundle(_Part):
    resource_type: Literal["Bundle"] = Field(alias="resourceType")
    type: str
    total: int | None = Field(default=None, ge=0)
    entry: list[_Entry] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource of a searchset, with what the search says of it."""

    resource: Mapping[str, Any]
    score: float | None
    grade: Grade | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchset:
    """What a search found, without warnings."""

    entries: tuple[Entry, ...]
    total: int | None  # of all pages, where the server says it


def read_searchset(content: bytes) -> Searchset:
    """Return what a search found.

    Raises:
        ContractDrift: it is no searchset.
        Transient: the server says in it that it could not answer; Denied: that it would not.
    """
    value = read_json(content)
    raise_outcome(value)
    bundle = read_model(_Bundle, value)
    if bundle.type != "searchset":
        raise ContractDrift("body.type")
    return Searchset(entries=tuple(_entries(bundle)), total=bundle.total)


def _entries(bundle: _Bundle) -> Iterator[Entry]:
    for number, entry in enumerate(bundle.entry):
        mode = entry.search.mode if entry.search else None
        if mode == "outcome" or entry.resource.get("resourceType") == "OperationOutcome":
            raise_outcome(entry.resource)
        elif mode in (None, "match"):
            yield Entry(
                resource=entry.resource,
                score=_score(entry.search, number),
                grade=_grade(entry.search, number),
            )


def _score(search: _Search | None, number: int) -> float | None:
    if search is None or search.score is None:
        return None
    if not 0 <= search.score <= 1:
        raise ContractDrift(f"body.entry.{number}.search.score")
    return float(search.score)


def _grade(search: _Search | None, number: int) -> Grade | None:
    said = [one.value_code for one in search.extension if one.url == MATCH_GRADE] if search else []
    if not said:
        return None
    try:
        return Grade(said[0] or "")
    except ValueError:
        raise ContractDrift(f"body.entry.{number}.search.extension") from None


def raise_outcome(value: object) -> None:
    """Raise what an OperationOutcome says, if this is one that says more than a warning."""
    if not isinstance(value, dict) or value.get("resourceType") != "OperationOutcome":
        return
    serious = {issue.code for issue in read_model(_OperationOutcome, value).issue if issue.severity in _SERIOUS}
    if serious & _REFUSING:
        raise Denied("the server refused the question")
    if serious & _PASSING:
        raise Transient("the server could not answer")
    if serious:
        raise ContractDrift("body.issue")


def read_patient(resource: object) -> PatientResource:
    """Return a resource as a patient.

    Raises:
        ContractDrift: it is none, or a date in it is none.
    """
    patient = read_model(PatientResource, resource, place="Patient")
    for date, place in ((patient.birth_date, "birthDate"), (patient.deceased_at, "deceasedDateTime")):
        if date is not None and not _DATE.match(date):
            raise ContractDrift(f"Patient.{place}")
    return patient


def numbers_of(patient: PatientResource, system: str) -> tuple[list[str], list[str]]:
    """Return the personal numbers in use, and the former ones."""
    own = [one for one in patient.identifier if one.system == system and one.value]
    former = [one.value or "" for one in own if one.use == "old"]
    return [one.value or "" for one in own if one.use != "old"], former


def citizen_of(
    patient: PatientResource, resource: Mapping[str, Any], *, system: str, source_ref: str, units: str = UNITS
) -> CitizenSnapshot:
    """Return what a patient resource says of a citizen.

    Args:
        units: the extension of an address that holds the code of its commune.

    Raises:
        ContractDrift: it bears no number in use, or several.
    """
    numbers, former = numbers_of(patient, system)
    if len(set(numbers)) != 1:
        raise ContractDrift("Patient.identifier")
    mothers = [one.value_string for one in patient.extension if one.url == MOTHERS_NAME]
    addresses = [one.text or ", ".join(one.line) for one in patient.address]
    return CitizenSnapshot(
        personal_number=numbers[0],
        former_numbers=tuple(former),
        full_name=_name(patient.name),
        sex=_SEXES.get(patient.gender or ""),
        birth_date=_day(patient.birth_date),
        commune_code=patient.address[0].unit(units) if patient.address else None,
        address=addresses[0] if addresses and addresses[0] else None,
        mother_name=mothers[0] if mothers else None,
        status="deceased" if is_deceased(patient) else "alive",
        updated_at=_moment(patient.meta.last_updated if patient.meta else None),
        source_ref=source_ref,
        raw=json.dumps(resource, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
    )


def is_deceased(patient: PatientResource) -> bool:
    """Tell whether somebody has died."""
    return bool(patient.deceased) or patient.deceased_at is not None


def _name(names: list[HumanName]) -> str | None:
    in_order = sorted(names, key=lambda one: {"official": 0, "usual": 1, None: 2, "old": 9}.get(one.use, 5))
    return next((written for one in in_order if (written := one.written())), None)


def _day(written: str | None) -> str | None:
    return written[:10] if written else None


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ContractDrift("Patient.meta.lastUpdated") from None
    return found if found.tzinfo else None


def relative_of(resource: object, *, system: str, source_ref: str) -> Relative | None:
    """Return a RelatedPerson as a relative; None: the entry is not in use any more."""
    person = read_model(_RelatedPerson, resource, place="RelatedPerson")
    if person.active is False:
        return None
    codes = [coding.code for concept in person.relationship for coding in concept.coding]
    numbers = [one.value for one in person.identifier if one.system == system and one.value and one.use != "old"]
    return Relative(
        kinship=next((_KINSHIP[code] for code in codes if code in _KINSHIP), Kinship.OTHER),
        name=_name(person.name),
        personal_number=numbers[0] if numbers else None,
        source_ref=source_ref,
    )
