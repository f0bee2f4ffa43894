"""Child-protection cases from the hotline and the communes' intake.

The reporter, the suspect and the notes go into the case's own facts and nowhere else: they are never matched on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.formats.lines import JsonRow, open_json_lines, reread_json_line
from connectors.formats.stamps import VIET_NAM, read_iso_stamp
from connectors.records import CaseFacts, ChildFacts, Operation, PersonFacts, Rejected, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key, checked_stamp, known_facts, person, read_row, read_rows

Group = Annotated[int, Field(ge=1, le=14)]  # Law on Children, article 10


class _Model(BaseModel):
    """A part of a case. Fields that we do not know are kept in what was written, and not read."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class _Child(_Model):
    name: str | None = None
    birth_date: str | None = None
    estimated_age: Annotated[int, Field(ge=0, le=30)] | None = None
    sex: str | None = None
    address: str | None = None
    commune_code: str | None = None
    personal_number: str | None = None


class _Person(_Model):
    name: str | None = None
    personal_number: str | None = None
    relation: str | None = None


class _Suspect(_Model):
    relation: str  # to the child: mother, father, carer, neighbour ...; a code or the clerk's own word
    name: str | None = None


class _Case(_Model):
    case_id: str | None = None
    updated_at: str | None = None
    deleted: bool = False
    received_at: str | None = None
    child: _Child | None = None
    mother: _Person | None = None
    father: _Person | None = None
    carer: _Person | None = None
    groups: list[Group] = []
    harm_level: str | None = None
    channel: str | None = None
    form: str | None = None
    settings: list[str] = []
    measures: list[dict[str, Any]] = []
    plan_at: str | None = None
    status: str | None = None
    notes: str | None = None
    reporter: dict[str, Any] | None = None
    suspect: _Suspect | None = None


FIELDS = tuple(_Case.model_fields)  # those that are read


class Protection:
    """The child-protection file of cases."""

    api = API
    format = FileFormat(
        system="protection",
        stream="cases",
        file_name="protection-cases.jsonl",
        required_columns=("case_id", "updated_at", "child"),
        mapping_version=1,
    )

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:  # noqa: ARG002  JSON is in UTF-8
        """Open the delivered file.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        return Reading(format=self.format, encodings={"*": "utf-8"}, rows=read_rows(open_json_lines(path), _record))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:  # noqa: ARG002  JSON is in UTF-8
        """Read one row again, as `open` would in its file."""
        return read_row(reread_json_line(raw, row=row), _record)


def _record(row: JsonRow) -> SourceRecord:
    case = _read(row)
    key = checked_key(case.case_id, "case_id")
    version_at = checked_stamp(case.updated_at, "updated_at", read=read_iso_stamp)
    if not case.deleted and case.child is None:
        raise RowRefused("field_missing", "child")
    return SourceRecord(
        system=Protection.format.system,
        stream=Protection.format.stream,
        key=key,
        row=row.row,
        operation=Operation.DELETE if case.deleted else Operation.UPSERT,
        version_at=version_at,
        facts=ChildFacts() if case.deleted else _facts(case),
        case=None if case.deleted else _case(case),
        written=row.value,
        raw=row.raw,
    )


def _read(row: JsonRow) -> _Case:
    try:
        return _Case.model_validate(row.value)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"])
    raise RowRefused("field_broken", where)


def _facts(case: _Case) -> ChildFacts:
    child = case.child or _Child()
    return ChildFacts(
        name=_text(child.name),
        sex=_text(child.sex),
        birth_date=_text(child.birth_date),
        estimated_age=child.estimated_age,
        estimated_on=_received_on(case) if child.estimated_age is not None else None,
        personal_number=_text(child.personal_number),
        commune_code=_text(child.commune_code),  # of either list; the system does not say which
        address=_text(child.address),
        mother=_person(case.mother),
        father=_person(case.father),
        carer=_person(case.carer),
    )


def _person(described: _Person | None) -> PersonFacts | None:
    if described is None:
        return None
    return person(_text(described.name), number=_text(described.personal_number), relation=_text(described.relation))


def _received_on(case: _Case) -> str | None:
    received: datetime | None = read_iso_stamp(case.received_at or "")
    return received.astimezone(VIET_NAM).date().isoformat() if received else None


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _case(case: _Case) -> CaseFacts:
    return CaseFacts(
        groups=tuple(sorted(set(case.groups))),
        harm_level=case.harm_level,
        details=known_facts(
            received_at=case.received_at,
            channel=case.channel,
            form=case.form,
            settings=case.settings,
            measures=case.measures,
            plan_at=case.plan_at,
            status=case.status,
        ),
        notes=case.notes,
        reporter=case.reporter,
        suspect=_suspect(case.suspect),
    )


def _suspect(suspect: _Suspect | None) -> dict[str, Any] | None:
    relation = _text(suspect.relation) if suspect else None
    if suspect is None or relation is None:
        return None
    return {"relation": relation, "name": _text(suspect.name)}
