"""The invented people: what is true of them, whatever any system writes down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from registry.demo.gazetteer import Home
from registry.demo.names import Called


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person as the population database should know them."""

    uid: str  # household, then m, f or c with the rank of the birth; twins a and b
    called: Called = field(repr=False)
    sex: str  # "male" or "female"
    born: date = field(repr=False)
    number: str = field(repr=False)  # empty: in nobody's database
    former_numbers: tuple[str, ...] = field(default=(), repr=False)
    birth_province: str  # three digits: where the birth was registered
    group: str = field(repr=False)  # code of the ethnic group
    home: Home = field(repr=False)

    @property
    def absent(self) -> bool:
        """Whether the population database does not know the person."""
        return not self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Child(Person):
    """A child, with what the sectors must know to have a reason for a record."""

    twin: bool = False

    def age_on(self, day: date) -> int:
        """Return the age in whole years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """Parents and those of their children who are younger than sixteen."""

    index: int
    home: Home = field(repr=False)
    mother: Person = field(repr=False)
    father: Person | None = field(repr=False)  # None: nobody names him
    children: tuple[Child, ...] = field(repr=False)
