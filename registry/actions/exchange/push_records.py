"""The form in which a system pushes a record, and what it says of a child. The form is published as a JSON Schema.

What is not a record of this form is refused and not kept. What is one, and breaks a rule of its values, is for the
intake to judge. A field that the form does not know stays in what was written, and its place is told back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.formats.stamps import read_iso_stamp
from connectors.records import CaseFacts, ChildFacts, Operation, PersonFacts, Rejected, SourceRecord
from matching.names import looks_like_formula
from registry.protect.canonical import compact_json
from registry.protect.requests.strict_json import NotStrictJson, strict_json

MAPPING_VERSION: Final = 1
PROTECTION: Final = "protection"  # the one system whose records hold cases
DEEPEST: Final = 12  # levels of nesting in one record
LONGEST_KEY: Final = 200
UNREADABLE: Final = object()  # stands for a line that is no JSON
_LARGEST_NUMBER: Final = 2**63 - 1
_LONGEST_NOTES: Final = 20_000
_GROUPS: Final = 14

Text = Annotated[str, Field(max_length=500)]


class _Part(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    __str__ = __repr__


class PushedPerson(_Part):
    """A parent or carer, as written."""

    name: Text | None = None
    number: Text | None = Field(default=None, description="of an identity paper")
    birth_year: Text | None = None
    relation: Text | None = Field(default=None, description="of a carer, such as 'bà ngoại'")


class PushedChild(_Part):
    """What identifies the child, as written. null or absent: not known."""

    name: Text | None = None
    sex: Text | None = None
    birth_date: Text | None = Field(default=None, description="yyyy, mm/yyyy, dd/mm/yyyy or yyyy-mm-dd")
    estimated_age: Annotated[int, Field(ge=0, le=30)] | None = Field(default=None)
    estimated_on: Text | None = None
    personal_number: Text | None = None
    ethnicity: Text | None = Field(default=None, description="name or code")
    commune_code: Text | None = None
    commune_scheme: Literal["2024", "2025"] | None = None
    address: Text | None = None
    mother: PushedPerson | None = None
    father: PushedPerson | None = None
    carer: PushedPerson | None = None


class PushedCase(_Part):
    """A child-protection case; taken from the system `protection` alone."""

    groups: list[Annotated[int, Field(ge=1, le=14)]] = Field(default=[], max_length=14)
    harm_level: Text | None = None
    details: dict[str, Any] = Field(default={})
    notes: Annotated[str, Field(max_length=_LONGEST_NOTES)] | None = Field(default=None)
    reporter: dict[str, Any] | None = Field(default=None)
    suspect: dict[str, Any] | None = Field(default=None)


class PushedRecord(_Part):
    """One record of a system, in one version."""

    key: str = Field(min_length=1, max_length=LONGEST_KEY, description="the record's own id there")
    operation: Literal["upsert", "delete"] = "upsert"
    version: Annotated[int, Field(ge=0, le=_LARGEST_NUMBER)] | None = Field(
        default=None, description="the system's own number of the version: a higher one is newer"
    )
    version_at: Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})] | None = Field(
        default=None, description="when the record was changed there, with a time zone"
    )
    child: PushedChild | None = Field(default=None, description="needed unless the record is deleted")
    services: dict[str, Any] = Field(default={}, description="coded facts of the sector")
    case: PushedCase | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Whose records they are: what the intake asks of a form."""

    system: str
    stream: str
    mapping_version: int = MAPPING_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A record that has the form."""

    record: SourceRecord = field(repr=False)
    unknown: tuple[str, ...] = ()  # pointers of the parts that hold fields which the form does not know


@dataclass(frozen=True, slots=True)
class NotARecord:
    """What has not the form: where, and by which rule."""

    pointer: str
    rule: str


def understand(element: object, stream: Stream, *, row: int) -> Understood | NotARecord:
    """Return what one element of a push says; args: row: its place, from 1."""
    if not isinstance(element, dict):
        return NotARecord("", "not_json" if element is UNREADABLE else "not_an_object")
    fault = _json_fault(element)
    if fault is not None:
        return NotARecord("", fault)
    try:
        pushed = PushedRecord.model_validate(element)
    except ValidationError as error:
        return _broken(error)
    wrong = _wrong(pushed, stream)
    if wrong is not None:
        return wrong
    return Understood(record=_record(pushed, element, stream, row=row), unknown=tuple(_unknown(element)))


def reread(raw: bytes, stream: Stream, *, row: int) -> SourceRecord | Rejected:
    """Read a record again that was kept as it was pushed; a form that has changed may understand it now."""
    try:
        understood = understand(strict_json(raw), stream, row=row)
    except NotStrictJson:
        understood = NotARecord("", "not_json")
    if isinstance(understood, NotARecord):
        return Rejected(row=row, rule=understood.rule, field=understood.pointer or None, raw=raw)
    return understood.record


def _wrong(pushed: PushedRecord, stream: Stream) -> NotARecord | None:
    """Return what the schema cannot say of a record that has the form."""
    if pushed.version_at is not None and read_iso_stamp(pushed.version_at) is None:
        return NotARecord("/version_at", "stamp_broken")
    if not is_key(pushed.key):
        return NotARecord("/key", "key_broken")
    if pushed.operation == "upsert" and pushed.child is None:
        return NotARecord("/child", "field_missing")
    if pushed.case is not None and stream.system != PROTECTION:
        return NotARecord("/case", "case_not_here")
    if not _is_group(pushed.services.get("group")):
        return NotARecord("/services/group", "field_broken")
    return None


def _is_group(group: object) -> bool:
    """Tell whether this can be a group of article 10 of the Law on Children, or none."""
    return group is None or (type(group) is int and 1 <= group <= _GROUPS)


def is_key(key: str) -> bool:
    """Tell whether a record can have this key: one line of printed signs, which no spreadsheet would run."""
    return 0 < len(key) <= LONGEST_KEY and key.isprintable() and key == key.strip() and not looks_like_formula(key)


def _broken(error: ValidationError) -> NotARecord:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    pointer = "".join(f"/{step}" for step in first["loc"])
    return NotARecord(pointer, _RULES.get(first["type"], "field_broken"))


_RULES: Final[Mapping[str, str]] = {
    "missing": "field_missing",
    "string_too_long": "too_long",
    "string_too_short": "field_missing",
}


def _json_fault(element: Mapping[str, Any]) -> str | None:
    """Return what two readers could understand differently, or no reader should have to: depth, numbers, half signs."""
    waiting: list[tuple[object, int]] = [(element, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > DEEPEST:
                return "too_deep"
            inner = value if isinstance(value, list) else [*value, *value.values()]
            waiting.extend((one, depth + 1) for one in inner)
        elif isinstance(value, str):
            if not _is_text(value):
                return "text_broken"
        elif not _is_number(value):
            return "number_broken"
    return None


def _is_number(value: object) -> bool:
    """Tell whether a plain value is one that every reader knows; true, false and null are."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) <= _LARGEST_NUMBER


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a sign
        return False
    return "\0" not in text


_PERSONS: Final = ("mother", "father", "carer")
_KNOWN: Final = frozenset(PushedRecord.model_fields)
_KNOWN_OF_CHILD: Final = frozenset(PushedChild.model_fields)
_KNOWN_OF_PERSON: Final = frozenset(PushedPerson.model_fields)


def _unknown(element: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts that hold a field which the form does not know; its name is not repeated."""
    if not element.keys() <= _KNOWN:
        yield ""
    child = element.get("child")
    if not child:
        return
    if not child.keys() <= _KNOWN_OF_CHILD:
        yield "/child"
    for role in _PERSONS:
        if not (child.get(role) or {}).keys() <= _KNOWN_OF_PERSON:
            yield f"/child/{role}"


def _record(pushed: PushedRecord, element: dict[str, Any], stream: Stream, *, row: int) -> SourceRecord:
    deleted = pushed.operation == "delete"
    return SourceRecord(
        system=stream.system,
        stream=stream.stream,
        key=pushed.key,
        row=row,
        operation=Operation.DELETE if deleted else Operation.UPSERT,
        version=pushed.version,
        version_at=None if pushed.version_at is None else read_iso_stamp(pushed.version_at),
        facts=ChildFacts() if deleted or pushed.child is None else _facts(pushed.child),
        services={} if deleted else pushed.services,
        case=None if deleted or pushed.case is None else _case(pushed.case),
        written=element,
        raw=compact_json(element),
    )


def _facts(child: PushedChild) -> ChildFacts:
    return ChildFacts(
        name=child.name,
        sex=child.sex,
        birth_date=child.birth_date,
        estimated_age=child.estimated_age,
        estimated_on=child.estimated_on,
        personal_number=child.personal_number,
        ethnicity=child.ethnicity,
        commune_code=child.commune_code,
        commune_scheme=child.commune_scheme,
        address=child.address,
        mother=_person(child.mother),
        father=_person(child.father),
        carer=_person(child.carer),
    )


def _person(person: PushedPerson | None) -> PersonFacts | None:
    if person is None or person == PushedPerson():
        return None
    return PersonFacts(name=person.name, number=person.number, birth_year=person.birth_year, relation=person.relation)


def _case(case: PushedCase) -> CaseFacts:
    return CaseFacts(
        groups=tuple(sorted(set(case.groups))),
        harm_level=case.harm_level,
        details=case.details,
        notes=case.notes,
        reporter=case.reporter,
        suspect=case.suspect,
    )
