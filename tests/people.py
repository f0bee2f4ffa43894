"""Made-up children, citizens and source records as plain functions with keyword overrides; nobody here exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.contract import CitizenSnapshot, FileFormat
from connectors.records import CaseFacts, ChildFacts, Operation, PersonFacts, Rejected, SourceRecord
from connectors.sectors.education import Education
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from registry.protect.canonical import compact_json

HERE, NEXT_DOOR, PROVINCE = "05443", "01840", "19"  # two communes of one province, in today's codes
ELSEWHERE, FAR_PROVINCE = "00004", "01"

PUPILS: Final = Education.format
PATIENTS: Final = Health.format
CASES: Final = Protection.format

_FIRST_STAMP = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
_SURNAMES = ("Trần", "Phạm", "Hoàng", "Vũ")
_MIDDLES = ("Văn", "Đức", "Gia")
_GIVENS = ("Bình", "Cường", "Dũng", "Sơn", "Tùng")


def stamp(day: int) -> datetime:
    """Return a time stamp of a source; a higher `day` is newer."""
    return _FIRST_STAMP + timedelta(days=day)


def facts(**changes: Any) -> ChildFacts:
    """Return a well-described girl as a source writes her; `mother` and `father` may be given as names."""
    for role in ("mother", "father"):
        if isinstance(changes.get(role), str):
            changes[role] = PersonFacts(name=changes[role])
    usual = ChildFacts(
        name="Nguyễn Thị Hoà",
        sex="Nữ",
        birth_date="03/05/2014",
        personal_number="019314052001",
        ethnicity="Kinh",
        commune_code=HERE,
        commune_scheme="2025",
        address="Thôn Suối Mơ",
        mother=PersonFacts(name="Lê Thị Mai"),
        father=PersonFacts(name="Nguyễn Văn Sáu"),
    )
    return replace(usual, **changes)


def record(
    key: str = "EDU0001",
    *,
    day: int | None = 0,
    row: int = 1,
    form: FileFormat = PUPILS,
    services: Mapping[str, Any] | None = None,
    **changes: Any,
) -> SourceRecord:
    """Return one row of a system.

    Args:
        day: of the row's time stamp; None: the source gives none.
        form: the file it stands in.
        changes: of the facts.
    """
    described = facts(**changes)
    written = {"key": key, "day": day, **asdict(described), **(services or {})}
    return SourceRecord(
        system=form.system,
        stream=form.stream,
        key=key,
        row=row,
        version_at=None if day is None else stamp(day),
        facts=described,
        services=dict(services or {}),
        written=written,
        raw=compact_json(written),
    )


def tombstone(key: str = "EDU0001", *, day: int | None = 1, row: int = 1, form: FileFormat = PUPILS) -> SourceRecord:
    """Return the row that withdraws a record."""
    written = {"key": key, "day": day, "deleted": True}
    return SourceRecord(
        system=form.system,
        stream=form.stream,
        key=key,
        row=row,
        operation=Operation.DELETE,
        version_at=None if day is None else stamp(day),
        written=written,
        raw=compact_json(written),
    )


def case(
    key: str = "BVTE-2026-0001",
    *,
    day: int = 0,
    row: int = 1,
    case_facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> SourceRecord:
    """Return a protection case of the girl.

    Args:
        case_facts: changes of the case.
        changes: of the facts of the child.
    """
    usual = CaseFacts(
        groups=(3, 9),
        harm_level="medium",
        details={"form": "05", "status": "in_progress"},
        notes="Cháu đang ở với bà ngoại, tinh thần ổn định hơn.",
        reporter={"name": "Bùi Văn Tín", "phone": "01998000123"},
    )
    held = replace(usual, **(case_facts or {}))
    plain = record(key, day=day, row=row, form=CASES, **changes)
    written = {**plain.written, "case": asdict(held)}
    return replace(plain, case=held, written=written, raw=compact_json(written))


def broken(row: int = 1, *, raw: bytes = "EDU0099;Bế Thị Rách;?".encode(), rule: str = "row_too_short") -> Rejected:
    """Return a row that cannot be read."""
    return Rejected(row=row, rule=rule, field=None, raw=raw)


def numbered(rows: Sequence[SourceRecord | Rejected]) -> list[SourceRecord | Rejected]:
    """Return the rows with their places in a file, from 1."""
    return [replace(row, row=place) for place, row in enumerate(rows, start=1)]


def citizen(number: str = "019314052001", **changes: Any) -> CitizenSnapshot:
    """Return the girl as the population database describes her, or somebody else."""
    usual = CitizenSnapshot(
        personal_number=number,
        full_name="Nguyễn Thị Hoà",
        sex="2",
        birth_date="2014-05-03",
        commune_code=HERE,
        address="Thôn Suối Mơ",
        ethnicity="01",
        mother_name="Lê Thị Mai",
        father_name="Nguyễn Văn Sáu",
        updated_at=_FIRST_STAMP,
    )
    return replace(usual, **changes)


def twins() -> list[CitizenSnapshot]:
    """Return two brothers of one day, whose names differ by a mark."""
    home = {
        "sex": "1",
        "birth_date": "2016-02-09",
        "mother_name": "Hoàng Thị Lan",
        "mother_number": "019184000777",
        "father_name": "Lê Văn Tám",
        "father_number": "019082000555",
    }
    return [
        citizen("019216000101", full_name="Lê Minh Anh", **home),
        citizen("019216000102", full_name="Lê Minh Ánh", **home),
    ]


def twin_record(key: str, name: str, **changes: Any) -> SourceRecord:
    """Return a row about one of the twins, without a number unless one is given."""
    home = {"sex": "Nam", "birth_date": "09/02/2016", "mother": "Hoàng Thị Lan", "father": "Lê Văn Tám"}
    return record(key, **{"name": name, "personal_number": None, **home, **changes})


def village() -> list[CitizenSnapshot]:
    """Return sixty boys of the commune, so that there are frequencies to count and people to be confused with."""
    people = []
    names = [f"{one} {two} {three}" for one in _SURNAMES for two in _MIDDLES for three in _GIVENS]
    for place, name in enumerate(names):
        year, month, day = 2012 + place % 8, 1 + place % 12, 2 + place % 26
        people.append(
            citizen(
                f"0192{year % 100:02d}{500000 + place:06d}",
                full_name=name,
                sex="1",
                birth_date=f"{year}-{month:02d}-{day:02d}",
                mother_name=f"Đỗ Thị {_SURNAMES[place % 4]} {_GIVENS[place % 5]}",
                father_name=f"{name.split()[0]} Hữu {_GIVENS[place % 5]}",
            )
        )
    return people


def population(*more: CitizenSnapshot) -> list[CitizenSnapshot]:
    """Return the girl, the twins, the village, and whoever else is named."""
    return [citizen(), *twins(), *village(), *more]
