"""Which field of a source's record says what of a child, told by settings instead of by code.

[mapping]
key = ["maHoSo"]
version_at = "capNhatLuc"
deleted = "trangThai"
deleted_when = ["XOA"]
[mapping.facts]
name = "hoTen"
"mother.name" = "me.hoTen"            # a path into an object
[mapping.meanings.sex]
"1" = "male"
[mapping.services]
school = "truong.ten"
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.contract import Record
from connectors.formats.stamps import read_date_as_iso, read_iso_stamp, read_local_stamp
from connectors.records import ChildFacts, Operation, PersonFacts, Rejected, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key, checked_stamp, person

Path = Annotated[str, Field(min_length=1, max_length=200)]  # a field's own name, or names joined by dots
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

_TEXTS: Final = (
    "name",
    "sex",
    "birth_date",
    "personal_number",
    "ethnicity",
    "commune_code",
    "commune_scheme",
    "address",
)
_OF_A_PERSON: Final = ("name", "number", "birth_year", "relation")
_PERSONS: Final = ("mother", "father", "carer")
FACTS: Final = frozenset(
    {*_TEXTS, "estimated_age", "estimated_on", *(f"{who}.{what}" for who in _PERSONS for what in _OF_A_PERSON)}
)
_SCHEMES: Final = frozenset({"2024", "2025"})
_DOSE: Final = re.compile(r"([\w/+-]{1,20}):([0-9]{1,2}):([0-9]{4}-[0-9]{2}-[0-9]{2})")
_AGE: Final = re.compile(r"[0-9]{1,2}")


class StampForm(StrEnum):
    """How a source writes the time of a change."""

    ISO = "iso"  # with its zone
    LOCAL = "local"  # 'dd/mm/yyyy HH:MM:SS' in Viet Nam


class ServiceForm(StrEnum):
    """What a fact of a service becomes; what does not have the form is left out, and kept in what was written."""

    WHOLE_NUMBER = "whole_number"
    DATE = "date"
    DOSES = "doses"  # 'VACCINE:2:2024-08-17;...'


class FieldMapping(BaseModel):
    """Which field says what."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: tuple[Path, ...] = Field(min_length=1, max_length=8)
    version: Path | None = None  # the source's own number
    version_at: Path | None = None
    version_at_form: StampForm = StampForm.ISO
    deleted: Path | None = None
    deleted_when: frozenset[str] = frozenset({"tobedeleted"})
    facts: Mapping[str, Path]
    required: frozenset[str] = frozenset({"name"})  # facts without which a record is not understood
    services: Mapping[Name, Path] = Field(default_factory=dict)
    service_forms: Mapping[Name, ServiceForm] = Field(default_factory=dict)
    meanings: Mapping[str, Mapping[str, str]] = Field(
        default_factory=dict
    )  # of a fact or service: as written → as meant

    @field_validator("facts")
    @classmethod
    def _facts_known(cls, said: Mapping[str, Path]) -> Mapping[str, Path]:
        if unknown := sorted(said.keys() - FACTS):
            raise ValueError(f"{unknown[0]} is none of: {', '.join(sorted(FACTS))}")
        return said

    @field_validator("required")
    @classmethod
    def _required_known(cls, said: frozenset[str]) -> frozenset[str]:
        if unknown := sorted(said - FACTS):
            raise ValueError(f"{unknown[0]} is none of: {', '.join(sorted(FACTS))}")
        return said

    def paths(self) -> frozenset[str]:
        """Return every path that is read."""
        own = (path for path in (self.version, self.version_at, self.deleted) if path is not None)
        return frozenset({*self.key, *own, *self.facts.values(), *self.services.values()})

    def required_paths(self) -> frozenset[str]:
        """Return the paths that a record cannot do without, tombstones apart."""
        return frozenset({*self.key, *(self.facts[name] for name in self.required if name in self.facts)})

    def kinds(self) -> dict[str, str]:
        """Return the fields that the mapping knows, by the first step of their paths, as streams tell them."""
        nested = {path.partition(".")[0] for path in self.paths() if "." in path}
        plain = {path for path in self.paths() if "." not in path}
        return dict.fromkeys(sorted(nested), "object") | dict.fromkeys(sorted(plain - nested), "any")


def found_at(payload: Mapping[str, Any], path: str) -> object:
    """Return what stands at a path; None if nothing does. A field whose own name has dots comes first."""
    if path in payload:
        return payload[path]
    if "." not in path:
        return None
    at: object = payload
    for step in path.split("."):
        if not isinstance(at, Mapping):
            return None
        at = at.get(step)
    return at


def text_at(payload: Mapping[str, Any], path: str) -> str | None:
    """Return the text or number at a path as text without outer white space; None if it is empty.

    Raises:
        RowRefused: an object or a list stands there.
    """
    value = found_at(payload, path)
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    raise RowRefused("field_broken", path)


def recorded(payload: Mapping[str, Any], mapping: FieldMapping, *, row: int) -> Record:
    """Return a payload as a record: its key, its version, whether it is a tombstone.

    Raises:
        RowRefused: its key or stamp is missing or broken.
    """
    parts = [checked_key(text_at(payload, path), path) for path in mapping.key]
    return Record(
        key=":".join(parts),
        operation=Operation.DELETE if _is_deleted(payload, mapping) else Operation.UPSERT,
        version=_version(payload, mapping),
        version_at=stamp_of(payload, mapping),
        payload=payload,
        row=row,
    )


def stamp_of(payload: Mapping[str, Any], mapping: FieldMapping) -> datetime | None:
    """Return the time of the change; None where the source tells none.

    Raises:
        RowRefused: it ought to, and does not, or not in the agreed form.
    """
    if mapping.version_at is None:
        return None
    read = read_local_stamp if mapping.version_at_form is StampForm.LOCAL else read_iso_stamp
    return checked_stamp(text_at(payload, mapping.version_at), mapping.version_at, read=read)


def _is_deleted(payload: Mapping[str, Any], mapping: FieldMapping) -> bool:
    return mapping.deleted is not None and text_at(payload, mapping.deleted) in mapping.deleted_when


def _version(payload: Mapping[str, Any], mapping: FieldMapping) -> int | None:
    if mapping.version is None:
        return None
    text = text_at(payload, mapping.version)
    if text is None or not re.fullmatch(r"[0-9]{1,18}", text):
        raise RowRefused("version_missing" if text is None else "version_broken", mapping.version)
    return int(text)


def described(record: Record, mapping: FieldMapping, *, system: str, stream: str) -> SourceRecord | Rejected:
    """Return what a record says of a child by a mapping, or why it cannot be understood."""
    raw = canonical(record.payload)
    try:
        deleted = record.operation is Operation.DELETE
        return SourceRecord(
            system=system,
            stream=stream,
            key=record.key,
            row=record.row,
            operation=record.operation,
            version_at=record.version_at,
            facts=ChildFacts() if deleted else _facts(record.payload, mapping),
            services={} if deleted else _services(record.payload, mapping),
            written=dict(record.payload),
            raw=raw,
        )
    except RowRefused as refusal:
        return Rejected(row=record.row, rule=refusal.rule, field=refusal.field, raw=raw)


def canonical(payload: Mapping[str, Any]) -> bytes:
    """Return a payload as bytes: the same content, the same bytes."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")  # half a pair is refused by whoever reads it again


def _facts(payload: Mapping[str, Any], mapping: FieldMapping) -> ChildFacts:
    said = {name: _meant(text_at(payload, path), mapping.meanings.get(name)) for name, path in mapping.facts.items()}
    for name in sorted(mapping.required):
        if said.get(name) is None:
            raise RowRefused("field_missing", mapping.facts.get(name, name))
    scheme, age = said.get("commune_scheme"), said.get("estimated_age")
    return ChildFacts(
        name=said.get("name"),
        sex=said.get("sex"),
        birth_date=said.get("birth_date"),
        estimated_age=int(age) if age is not None and _AGE.fullmatch(age) else None,
        estimated_on=read_date_as_iso(said.get("estimated_on")),
        personal_number=said.get("personal_number"),
        ethnicity=said.get("ethnicity"),
        commune_code=said.get("commune_code"),
        commune_scheme=scheme if scheme in _SCHEMES else None,
        address=said.get("address"),
        mother=_person("mother", said),
        father=_person("father", said),
        carer=_person("carer", said),
    )


def _person(who: str, said: Mapping[str, str | None]) -> PersonFacts | None:
    return person(
        said.get(f"{who}.name"),
        number=said.get(f"{who}.number"),
        birth_year=said.get(f"{who}.birth_year"),
        relation=said.get(f"{who}.relation"),
    )


def _meant(text: str | None, meanings: Mapping[str, str] | None) -> str | None:
    return text if text is None or meanings is None else meanings.get(text, text)


def _services(payload: Mapping[str, Any], mapping: FieldMapping) -> dict[str, Any]:
    found = {name: _service(name, payload, mapping) for name in mapping.services}
    return {name: fact for name, fact in found.items() if fact is not None}


def _service(name: str, payload: Mapping[str, Any], mapping: FieldMapping) -> object:
    path, form = mapping.services[name], mapping.service_forms.get(name)
    value = found_at(payload, path)
    if value is None or (form is None and isinstance(value, list)):
        return value
    text = _meant(text_at(payload, path), mapping.meanings.get(name))
    match form:
        case ServiceForm.WHOLE_NUMBER:
            return int(text) if text and re.fullmatch(r"[0-9]{1,12}", text) else None
        case ServiceForm.DATE:
            return read_date_as_iso(text)
        case ServiceForm.DOSES:
            return _doses(text)
        case _:
            return text


def _doses(text: str | None) -> list[dict[str, object]] | None:
    found = [_DOSE.fullmatch(part.strip()) for part in (text or "").split(";") if part.strip()]
    doses = [
        {"vaccine": dose[1], "dose": int(dose[2]), "date": dose[3], "status": "completed"} for dose in found if dose
    ]
    return doses if doses and len(doses) == len(found) else None
