"""The people whom a simulated population database knows: of a delivered extract, or invented."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class Standing(StrEnum):
    """What is known of a person's being alive."""

    ALIVE = "alive"
    DECEASED = "deceased"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of the simulated database."""

    number: str = field(repr=False)
    full_name: str = field(repr=False)
    birth_date: str = field(default="", repr=False)  # ISO, as far as known: 2014, 2014-05, 2014-05-03
    sex: str = field(default="", repr=False)  # '1' male, '2' female
    former_numbers: tuple[str, ...] = field(default=(), repr=False)
    province: str = ""  # of residence, two digits
    commune: str = ""  # of today's list
    old_ward: str = ""  # of the list before July 2025
    detail: str = field(default="", repr=False)
    ethnicity: str = field(default="", repr=False)
    nationality: str = "VN"
    mother_name: str = field(default="", repr=False)
    mother_number: str = field(default="", repr=False)
    father_name: str = field(default="", repr=False)
    father_number: str = field(default="", repr=False)
    standing: Standing = Standing.ALIVE
    died_on: str = ""  # ISO
    doubled: bool = False  # an entry of the same description stands beside this one


def as_person(known: Person | tuple[str, str, str]) -> Person:
    """Return a person who may be given by number, full name and birth date alone."""
    if isinstance(known, Person):
        return known
    number, full_name, birth_date = known
    return Person(number=number, full_name=full_name, birth_date=birth_date)


class PeopleRefused(Exception):
    """A file of people cannot be read; the message names place and rule."""


def read_people(path: Path) -> Iterator[Person]:
    """Yield the people of a population extract: a CSV file in UTF-8, of which the named columns are taken.

    Raises:
        PeopleRefused: it is no such file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if "personal_number" not in (rows.fieldnames or ()):
                raise PeopleRefused("line 1: the column personal_number is missing")
            for row in rows:
                if row["personal_number"]:
                    yield _person({column: (value or "").strip() for column, value in row.items() if column}, rows)
    except UnicodeDecodeError:
        raise PeopleRefused("the file must be in UTF-8") from None
    except csv.Error:
        raise PeopleRefused("the file must be CSV") from None


def _person(row: dict[str, str], rows: csv.DictReader[str]) -> Person:
    former, status = row.get("replaced_numbers", ""), row.get("status") or Standing.ALIVE.value
    if status not in set(Standing):
        raise PeopleRefused(f"line {rows.line_num}: status must be one of {', '.join(Standing)}")
    return Person(
        number=row["personal_number"],
        full_name=unicodedata.normalize("NFC", row.get("full_name", "")),
        birth_date=row.get("birth_date", ""),
        sex=row.get("sex", ""),
        former_numbers=tuple(former.split(";")) if former else (),
        commune=row.get("residence_commune", ""),
        old_ward=row.get("residence_old_ward", ""),
        detail=row.get("residence_detail", ""),
        ethnicity=row.get("ethnicity", ""),
        nationality=row.get("nationality", "") or "VN",
        mother_name=row.get("mother_name", ""),
        mother_number=row.get("mother_number", ""),
        father_name=row.get("father_name", ""),
        father_number=row.get("father_number", ""),
        standing=Standing(status),
    )


_COLUMNS: dict[str, Callable[[Person], str]] = {
    "personal_number": lambda one: one.number,
    "replaced_numbers": lambda one: ";".join(one.former_numbers),
    "full_name": lambda one: one.full_name,
    "sex": lambda one: one.sex,
    "birth_date": lambda one: one.birth_date,
    "birth_registration_province": lambda one: one.number[:3],
    "residence_commune": lambda one: one.commune,
    "residence_old_ward": lambda one: one.old_ward,
    "residence_detail": lambda one: one.detail,
    "ethnicity": lambda one: one.ethnicity,
    "nationality": lambda one: one.nationality,
    "mother_name": lambda one: one.mother_name,
    "mother_number": lambda one: one.mother_number,
    "father_name": lambda one: one.father_name,
    "father_number": lambda one: one.father_number,
    "status": lambda one: one.standing.value,
}


def write_people(path: Path, people: Iterable[Person], *, at: datetime) -> None:
    """Write people as a population extract that only its owner may read.

    Raises:
        FileExistsError: there is a file of that name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*_COLUMNS, "updated_at"])
        stamp = at.isoformat(timespec="seconds")
        writer.writerows([*(column(one) for column in _COLUMNS.values()), stamp] for one in people)


def everybody(known: Iterable[Person | tuple[str, str, str]]) -> list[Person]:
    """Return people who may be given shortly."""
    return [as_person(one) for one in known]
