"""How sure the simulated FHIR server is of a patient whom a description fits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulators.population.book import Book, Entry, letters, same_day
from connectors.simulators.population.fhir_resources import NUMBER_SYSTEM

_SEX = {"male": "1", "female": "2"}


class TooLittle(Exception):
    """The description says too little to match anybody."""


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


class _Identifier(_Sent):
    system: str = ""
    value: str = ""


class _Name(_Sent):
    text: str = ""
    family: str = ""
    given: list[str] = []


class _Patient(_Sent):
    resourceType: Literal["Patient"]  # noqa: N815  the standard's own name
    identifier: list[_Identifier] = []
    name: list[_Name] = []
    birthDate: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None = None  # noqa: N815  as above
    gender: str = ""


class _Parameter(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    name: Literal["resource", "onlyCertainMatches", "count"]
    resource: _Patient | None = None
    valueBoolean: bool = False  # noqa: N815  as above
    valueInteger: Annotated[int, Field(gt=0)] = 100  # noqa: N815  as above


class _Parameters(_Sent):
    resourceType: Literal["Parameters"]  # noqa: N815  as above
    parameter: list[_Parameter]


class NotUnderstood(Exception):
    """What was sent is neither a patient nor the parameters of a match; the message names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Whom a patient resource describes, and which matches are wanted."""

    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    born: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    only_certain: bool = False
    count: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One fitting entry."""

    entry: Entry
    score: float
    grade: str


def described(document: object) -> Described:
    """Read a patient, bare or among the parameters of a match.

    Raises:
        NotUnderstood: it is neither.
        TooLittle: there is neither a number, nor a name and a birth date.
    """
    try:
        if isinstance(document, dict) and document.get("resourceType") == "Patient":
            return _described(_Patient.model_validate(document))
        said = {one.name: one for one in _Parameters.model_validate(document).parameter}
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
        raise NotUnderstood(place or "a resource is expected") from None
    patient = said["resource"].resource if "resource" in said else None
    if patient is None:
        raise NotUnderstood("parameter.resource")
    only_certain = "onlyCertainMatches" in said and said["onlyCertainMatches"].valueBoolean
    count = said["count"].valueInteger if "count" in said else 100
    return replace(_described(patient), only_certain=only_certain, count=count)


def _described(patient: _Patient) -> Described:
    numbers = [one.value for one in patient.identifier if one.system == NUMBER_SYSTEM]
    first = patient.name[0] if patient.name else _Name()
    said = Described(
        number=numbers[0] if numbers else "",
        name=first.text or " ".join(part for part in (first.family, *first.given) if part),
        born=patient.birthDate or "",
        sex=_SEX.get(patient.gender, ""),
    )
    if not said.number and not (said.name and said.born):
        raise TooLittle
    return said


def matches(book: Book, said: Described) -> list[Match]:
    """Return whom the description fits, the surest first."""
    found: dict[str, Match] = {}
    entry = book.entry(said.number) if said.number else None
    if entry is not None:
        agrees = _agrees(entry, said)
        found[entry.person.number] = Match(
            entry=entry, score=1.0 if agrees else 0.35, grade="certain" if agrees else "possible"
        )
    for person in book.everybody() if said.name else []:
        if person.number not in found and letters(person.full_name) == letters(said.name):
            match = _by_description(Entry(person=person, asked=person.number), said)
            found |= {person.number: match} if match else {}
    doubled = [one for one in found.values() for _ in range(1 + one.entry.person.doubled)]
    return sorted(doubled, key=lambda one: (-one.score, one.entry.asked))


def _agrees(entry: Entry, said: Described) -> bool:
    person = entry.person
    return (
        (not said.name or letters(person.full_name) == letters(said.name))
        and (not said.born or same_day(person.birth_date, said.born))
        and (not said.sex or person.sex in ("", said.sex))
    )


def _by_description(entry: Entry, said: Described) -> Match | None:
    """Grade somebody of the same name: without a number nobody is certain."""
    person = entry.person
    if said.born and not same_day(person.birth_date, said.born):
        return None
    if said.sex and person.sex not in ("", said.sex):
        return Match(entry=entry, score=0.1, grade="certainly-not")
    whole = len(said.born) == 10 and person.birth_date == said.born
    return Match(entry=entry, score=0.9, grade="probable") if whole else Match(entry=entry, score=0.6, grade="possible")
