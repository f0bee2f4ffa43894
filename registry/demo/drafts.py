"""A record before it is put into a system's format: what the clerk there believed of one child."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from registry.demo.gazetteer import Home
from registry.demo.people import Child, Household


class System(StrEnum):
    """The sectors that send a file, by the names they carry in the truth."""

    EDUCATION = "education"
    HEALTH = "health"
    CIVIL_STATUS = "civil_status"
    SOCIAL_AID = "social_aid"
    PROTECTION = "protection"


@dataclass(slots=True, kw_only=True)
class Draft:
    """One child as one system describes it; faults are worked into the fields, and noted."""

    household: Household = field(repr=False)
    child: Child = field(repr=False)
    name: str = field(repr=False)
    sex: str | None  # "male", "female", None where nobody wrote it down
    born: tuple[int, int, int] = field(repr=False)  # year, month, day; need not exist in the calendar
    number: str | None = field(repr=False)
    mother: str | None = field(repr=False)
    father: str | None = field(repr=False)
    home: Home = field(repr=False)
    on: date  # the day of the delivery: a mistake may be old, but never of the future
    faults: list[str] = field(default_factory=list)
    address: str | None = field(default=None, repr=False)  # stands in for the home's when set

    def shout(self) -> None:
        """Put the names into capitals, as some clerks write them all."""
        self.name = self.name.upper()
        self.mother = self.mother.upper() if self.mother else self.mother
        self.father = self.father.upper() if self.father else self.father

    def copy(self) -> Draft:
        """Return another version to change; both note their faults in one list."""
        return replace(self)

    @property
    def day_first(self) -> str:
        """The birth date as dd/mm/yyyy."""
        year, month, day = self.born
        return f"{day:02d}/{month:02d}/{year}"

    @property
    def year_first(self) -> str:
        """The birth date as yyyy-mm-dd."""
        year, month, day = self.born
        return f"{year}-{month:02d}-{day:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What a system holds under one key: the rows, the oldest version first, and what is known to be wrong."""

    system: System
    key: str
    child: Child = field(repr=False)
    rows: tuple[bytes, ...] = field(repr=False)
    faults: tuple[str, ...]


def draft_of(household: Household, child: Child, *, on: date) -> Draft:
    """Return the truth, ready to be spoilt."""
    return Draft(
        household=household,
        child=child,
        name=child.called.full,
        sex=child.sex,
        born=(child.born.year, child.born.month, child.born.day),
        number=child.number or None,
        mother=household.mother.called.full,
        father=None if household.father is None else household.father.called.full,
        home=child.home,
        on=on,
    )


def years_between(born: date, day: date) -> int:
    """Return the age in whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
