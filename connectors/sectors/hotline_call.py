"""One call to the hotline: what is said of the child, and what the case is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import Record
from connectors.formats.stamps import VIET_NAM, read_iso_stamp
from connectors.records import CaseFacts, ChildFacts, Operation, PersonFacts, SourceRecord
from connectors.sectors.mapping import canonical
from connectors.sectors.rows import RowRefused, known_facts, person

Group = Annotated[int, Field(ge=1, le=14)]  # Law on Children, article 10
Age = Annotated[int, Field(ge=0, le=120)]
Text = Annotated[str, Field(max_length=4000)]

_SEXES: Final = frozenset({"male", "female"})  # 'unknown' is nothing that is known
_LABELS: Final[Mapping[str, str]] = {  # of the notes, as the officer reads them
    "channel": "Liên hệ với tổng đài qua",
    "state": "Tình trạng của trẻ",
    "likely_harm": "Nguy cơ nếu không được giúp",
    "family": "Hoàn cảnh gia đình",
    "help_given": "Đã được hỗ trợ",
}
_PARENTS: Final[Mapping[str, str]] = {"mother": "Mẹ", "father": "Cha", "carer": "Người chăm sóc"}


class _Part(BaseModel):
    """A part of a call. Fields that are not known are kept in what was written, and not read."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class _Child(_Part):
    name: Text | None = None
    birth_date: Text | None = None
    estimated_age: Annotated[int, Field(ge=0, le=30)] | None = None
    sex: Text | None = None
    personal_number: Text | None = None
    ethnicity: Text | None = None


class _Place(_Part):
    address: Text | None = None
    commune_code: Text | None = None
    commune_scheme: Text | None = None


class _Person(_Part):
    name: Text | None = None
    age: Age | None = None
    job: Text | None = None
    personal_number: Text | None = None
    relation: Text | None = None


class _Informant(_Part):
    willing: bool = False
    name: Text | None = None
    phone: Text | None = None
    relation: Text | None = None


class _Suspect(_Part):
    relation: Text | None = None
    name: Text | None = None


class _Call(_Part):
    call_id: str
    sequence: int | None = None
    version: int | None = None
    updated_at: str | None = None
    withdrawn: bool = False
    received_at: str | None = None
    channel: str | None = None  # how it came to the hotline
    child: _Child = _Child()
    place: _Place = _Place()
    state: Text | None = None
    likely_harm: Text | None = None
    harm_level: Text | None = None
    groups: list[Group] = []
    settings: list[Text] = []
    mother: _Person | None = None
    father: _Person | None = None
    carer: _Person | None = None
    family: Text | None = None
    help_given: Text | None = None
    informant: _Informant | None = None
    suspect: _Suspect | None = None


CALL_FIELDS: Final[Mapping[str, str]] = dict.fromkeys(_Call.model_fields, "any") | {
    "call_id": "text",
    "sequence": "number",
    "version": "number",
}


def call_of(record: Record, *, system: str, stream: str) -> SourceRecord:
    """Return what a call says.

    Raises:
        RowRefused: a field of it has not the agreed form.
    """
    deleted = record.operation is Operation.DELETE
    call = _Call(call_id=record.key) if deleted else _read(record.payload)
    return SourceRecord(
        system=system,
        stream=stream,
        key=record.key,
        row=record.row,
        operation=record.operation,
        version_at=record.version_at,
        facts=ChildFacts() if deleted else _facts(call),
        case=None if deleted else _case(call),
        written=dict(record.payload),
        raw=canonical(record.payload),
    )


def _read(payload: Mapping[str, Any]) -> _Call:
    known = {name: value for name, value in payload.items() if value is not None}
    try:
        return _Call.model_validate(known)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    raise RowRefused("field_broken", ".".join(str(step) for step in first["loc"]))


def _facts(call: _Call) -> ChildFacts:
    child, place = call.child, call.place
    sex = _text(child.sex)
    return ChildFacts(
        name=_text(child.name),
        sex=sex if sex in _SEXES else None,
        birth_date=_text(child.birth_date),
        estimated_age=child.estimated_age,
        estimated_on=_day(call.received_at) if child.estimated_age is not None else None,
        personal_number=_text(child.personal_number),
        ethnicity=_text(child.ethnicity),
        commune_code=_text(place.commune_code),
        commune_scheme=place.commune_scheme if place.commune_scheme in ("2024", "2025") else None,
        address=_text(place.address),
        mother=_person(call.mother),
        father=_person(call.father),
        carer=_person(call.carer),
    )


def _person(said: _Person | None) -> PersonFacts | None:
    if said is None:
        return None
    return person(_text(said.name), number=_text(said.personal_number), relation=_text(said.relation))


def _case(call: _Call) -> CaseFacts:
    return CaseFacts(
        groups=tuple(sorted(set(call.groups))),
        harm_level=_text(call.harm_level),
        details=known_facts(
            received_at=call.received_at,
            channel="hotline_111",
            form="01",
            settings=sorted(set(call.settings)) or None,
            status="received",
        ),
        notes=_notes(call),
        reporter=_reporter(call.informant),
        suspect=_suspect(call.suspect),
    )


def _notes(call: _Call) -> str | None:
    lines = [f"{label}: {text}" for name, label in _LABELS.items() if (text := _text(getattr(call, name)))]
    for name, label in _PARENTS.items():
        said: _Person | None = getattr(call, name)
        facts = [] if said is None else [f"{said.age} tuổi" if said.age is not None else None, _text(said.job)]
        if known := ", ".join(fact for fact in facts if fact):
            lines.append(f"{label}: {known}")
    return "\n".join(lines) or None


def _reporter(caller: _Informant | None) -> dict[str, Any] | None:
    """Return who called, if that person agreed to be known."""
    if caller is None or not caller.willing:
        return None
    known = known_facts(name=_text(caller.name), phone=_text(caller.phone), relation=_text(caller.relation))
    return known or None


def _suspect(said: _Suspect | None) -> dict[str, Any] | None:
    known = known_facts(relation=_text(said.relation), name=_text(said.name)) if said else {}
    return known or None


def _day(received_at: str | None) -> str | None:
    received: datetime | None = read_iso_stamp(received_at or "")
    return received.astimezone(VIET_NAM).date().isoformat() if received else None


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None
