"""One pupil of a OneRoster service: the user with demographics, enrolments, classes and schools, and what they say.

Source: 1EdTech OneRoster 1.2, Rostering Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connectors.contract import Drift, Record
from connectors.formats.stamps import read_iso_stamp
from connectors.records import ChildFacts, Operation, Rejected, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key, known_facts

Row = Mapping[str, Any]

SYSTEM: Final = "education"
STREAM: Final = "pupils"
GONE: Final = "tobedeleted"
_COMMON: Final = frozenset({"sourcedId", "status", "dateLastModified", "metadata"})
KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "student": _COMMON
    | {
        *("userMasterIdentifier", "username", "userIds", "identifier", "enabledUser"),
        *("givenName", "familyName", "middleName", "preferredFirstName", "preferredMiddleName", "preferredLastName"),
        *("preferredGivenName", "preferredFamilyName", "pronouns", "roles", "userProfiles", "primaryOrg", "agents"),
        *("email", "sms", "phone", "grade", "grades", "password", "resources", "demographics", "orgs", "role"),
    },
    "demographics": _COMMON
    | {
        *("birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "white"),
        *("nativeHawaiianOrOtherPacificIslander", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity"),
        *("countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus"),
    },
}
_KINDS: Final = ((bool, "boolean"), (str, "text"), ((int, float), "number"), (Mapping, "object"), (list, "list"))


def text(value: object) -> str | None:
    """Return a text that says something, or None."""
    return value.strip() or None if isinstance(value, str) else None


def row_id(row: Row) -> str:
    """Return the id of a row; empty: it has none."""
    return text(row.get("sourcedId")) or ""


def is_gone(row: Row) -> bool:
    """Say whether a row is one that its source has marked as deleted."""
    return row.get("status") == GONE


def linked(row: Row, name: str) -> str | None:
    """Return the id to which a link leads."""
    link = row.get(name)
    return text(link.get("sourcedId")) if isinstance(link, Mapping) else text(link)


def joined(student: Row, *, demographics: Row | None, enrollments: Sequence[Row], row: int) -> Record | Rejected:
    """Return the record of one pupil; the latest change of any part of it is its own.

    Args:
        enrollments: each with its `class` and `school` in whole, as far as they are known.
    """
    payload = {
        "student": dict(student),
        "demographics": demographics,
        "enrollments": [dict(one) for one in enrollments],
    }
    key = text(student.get("sourcedId")) or ""
    changed = _changed([student, *([demographics] if demographics else []), *_parts(enrollments)])
    if is_gone(student):
        return Record(key=key, operation=Operation.DELETE, version_at=changed, row=row)
    return Record(key=key, version_at=changed, payload=payload, row=row)


def _parts(enrollments: Iterable[Row]) -> Iterator[Row]:
    for one in enrollments:
        yield one
        yield from (part for name in ("class", "school") if isinstance(part := one.get(name), Mapping))


def _changed(rows: Iterable[Row]) -> datetime | None:
    stamps = (read_iso_stamp(written) for one in rows if (written := text(one.get("dateLastModified"))))
    return max((at for at in stamps if at is not None), default=None)


def drifts(kind: str, row: Row) -> Iterator[Drift]:
    """Yield the fields of a row that the standard does not know."""
    for name in sorted(row.keys() - KNOWN[kind]):
        yield Drift(field=f"{kind}.{name}"[:60], seen=_kind(row[name]), expected=None)


def _kind(value: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def described(
    record: Record, *, number_types: Sequence[str], code_types: Sequence[str], needs_stamp: bool = True
) -> SourceRecord | Rejected:
    """Return what a pupil's record says of a child.

    Args:
        number_types: kinds of a user's further ids that are the personal number, in lower case.
        code_types: kinds that are the pupil's code in the sector.
        needs_stamp: whether a record must say when it was changed.
    """
    if needs_stamp and record.version_at is None:
        return Rejected(row=record.row, rule="stamp_missing", field="student.dateLastModified", raw=b"")
    try:
        return _described(record, set(number_types), set(code_types))
    except RowRefused as refusal:
        return Rejected(row=record.row, rule=refusal.rule, field=refusal.field, raw=b"")


def _described(record: Record, number_types: set[str], code_types: set[str]) -> SourceRecord:
    student = _whole(record.payload.get("student"), "student")
    demographics = _living(record.payload.get("demographics"))
    enrollments = [one for one in _listed(record.payload.get("enrollments")) if isinstance(one, Mapping)]
    active = [one for one in enrollments if not is_gone(one) and one.get("role", "student") == "student"]
    current = max(
        active, key=lambda one: (text(one.get("beginDate")) or "", text(one.get("sourcedId")) or ""), default={}
    )
    return SourceRecord(
        system=SYSTEM,
        stream=STREAM,
        key=checked_key(text(student.get("sourcedId")), "student.sourcedId"),
        row=record.row,
        operation=record.operation,
        version_at=record.version_at,
        facts=ChildFacts(
            name=_name(student),
            sex=_sex(text(demographics.get("sex"))),
            birth_date=text(demographics.get("birthDate")),
            personal_number=_further_id(student, number_types),
        ),
        services=known_facts(
            school=_named(current, "school", "name"),
            **{"class": _named(current, "class", "title")},
            grade=_grade(student, current),
            pupil_code=_further_id(student, code_types),
            status="studying" if current else None,
        ),
        raw=b"",
    )


def _whole(value: object, name: str) -> Row:
    if not isinstance(value, Mapping):
        raise RowRefused("field_missing", name)
    return value


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _living(value: object) -> Row:
    return value if isinstance(value, Mapping) and not is_gone(value) else {}


def _name(student: Row) -> str | None:
    parts = (text(student.get(name)) for name in ("familyName", "middleName", "givenName"))
    return " ".join(part for part in parts if part) or None


def _sex(written: str | None) -> str | None:
    return None if written in ("other", "unspecified") else written


def _further_id(student: Row, types: set[str]) -> str | None:
    for one in _listed(student.get("userIds")):
        if isinstance(one, Mapping) and (text(one.get("type")) or "").lower() in types:
            return text(one.get("identifier"))
    return None


def _named(enrollment: Row, name: str, field: str) -> str | None:
    return text(part.get(field)) if isinstance(part := enrollment.get(name), Mapping) else None


def _grade(student: Row, current: Row) -> str | None:
    for written in (
        student.get("grades"),
        student.get("grade"),
        _in_class(current, "grades"),
        _in_class(current, "grade"),
    ):
        first = written[0] if isinstance(written, list) and written else written
        if grade := text(first):
            return grade
    return None


def _in_class(enrollment: Row, name: str) -> object:
    return part.get(name) if isinstance(part := enrollment.get("class"), Mapping) else None
