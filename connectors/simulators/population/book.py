"""The book of the simulated population database: who stands in it, what happens to them, who is found."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from random import Random

from connectors.simulators.population.people import Person, Standing

Clock = Callable[[], datetime]


class Kind(StrEnum):
    """What happened to an entry."""

    CORRECTED = "corrected"
    MOVED = "moved"
    DIED = "died"
    REIDENTIFIED = "reidentified"
    DOUBLED = "doubled"


class NobodyThere(Exception):
    """Nobody in the book has this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, in the order in which it was written down."""

    sequence: int
    kind: Kind
    number: str = field(repr=False)  # in use after it
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How somebody stands in the book under the number asked for."""

    person: Person = field(repr=False)
    asked: str = field(repr=False)

    @property
    def cancelled(self) -> bool:
        """Tell whether another number is in use instead of the one asked for."""
        return self.asked != self.person.number


class Book:
    """People by number, and what changed. Several requests and the admin's door share it."""

    def __init__(self, people: Iterable[Person], *, clock: Clock, seed: int) -> None:
        self._people = {person.number: person for person in people}
        self._now_used = {old: person.number for person in self._people.values() for old in person.former_numbers}
        self._ordered: tuple[Person, ...] | None = None  # None: to be put in order anew
        self._changed: list[Change] = []
        self._clock = clock
        self._chance = Random(seed)  # noqa: S311  invents numbers, keeps no secret
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._people)

    def entry(self, number: str) -> Entry | None:
        """Return who has or had the number."""
        with self._lock:
            person = self._people.get(self._now_used.get(number, number))
            return None if person is None else Entry(person=person, asked=number)

    def everybody(self) -> tuple[Person, ...]:
        """Return all people in the order of their numbers."""
        with self._lock:
            if self._ordered is None:
                self._ordered = tuple(self._people[number] for number in sorted(self._people))
            return self._ordered

    def household(self, person: Person) -> list[Person]:
        """Return those who live with somebody as far as parents tell: parents and brothers and sisters."""
        parents = {number for number in (person.father_number, person.mother_number) if number}
        heads = parents or {person.number}

        def at_home(other: Person) -> bool:
            return other.number in parents | {person.number} or not heads.isdisjoint(
                {other.father_number, other.mother_number}
            )

        return [other for other in self.everybody() if at_home(other)]

    def other_than(self, number: str) -> Person:
        """Return somebody else."""
        others = (person for person in self.everybody() if person.number != number)
        return next(others, Person(number="000000000000", full_name="Người Khác", birth_date="1970", sex="1"))

    def changed(self, since: datetime, until: datetime) -> Iterator[Person]:
        """Yield those whose entry changed in a window, as they stand now, the longest unchanged first."""
        with self._lock:
            last = {change.number: change.at for change in self._changed}
        for number, at in sorted(last.items(), key=lambda item: (item[1], item[0])):
            entry = self.entry(number)
            if entry is not None and not entry.cancelled and since <= at < until:
                yield entry.person

    def changed_at(self, number: str) -> datetime | None:
        """Return when somebody's entry last changed; None: it stands as at the beginning."""
        with self._lock:
            return next((change.at for change in reversed(self._changed) if change.number == number), None)

    # What may happen to people

    def die(self, number: str, *, on: str = "") -> None:
        """Let somebody die; `on` is an ISO date."""
        day = on or (self._clock() + timedelta(hours=7)).date().isoformat()
        self._set(number, Kind.DIED, lambda person: replace(person, standing=Standing.DECEASED, died_on=day))

    def move(self, number: str, *, commune: str, detail: str = "", province: str = "") -> None:
        """Let somebody live elsewhere."""
        self._set(
            number,
            Kind.MOVED,
            lambda person: replace(person, commune=commune, old_ward="", detail=detail, province=province),
        )

    def correct(
        self, number: str, *, full_name: str | None = None, sex: str | None = None, birth_date: str | None = None
    ) -> None:
        """Write somebody's name, sex or birth date anew."""

        def corrected(person: Person) -> Person:
            return replace(
                person,
                full_name=person.full_name if full_name is None else full_name,
                sex=person.sex if sex is None else sex,
                birth_date=person.birth_date if birth_date is None else birth_date,
            )

        self._set(number, Kind.CORRECTED, corrected)

    def double(self, number: str) -> None:
        """Let a second entry of the same description stand beside somebody's."""
        self._set(number, Kind.DOUBLED, lambda person: replace(person, doubled=True))

    def renumber(self, number: str, *, to: str = "") -> str:
        """Cancel somebody's number and give another; return it."""
        with self._lock:
            new = to or self._free_like(number)
            if self.entry(new) is not None:
                raise ValueError("the new number is somebody's")
            self._set(
                number,
                Kind.REIDENTIFIED,
                lambda person: replace(person, number=new, former_numbers=(*person.former_numbers, person.number)),
            )
            return new

    def _free_like(self, number: str) -> str:
        new = number
        while self.entry(new) is not None:
            new = f"{number[:6]}{self._chance.randint(0, 999_999):06d}"
        return new

    def _set(self, number: str, kind: Kind, alter: Callable[[Person], Person]) -> None:
        with self._lock:
            entry = self.entry(number)
            if entry is None:
                raise NobodyThere
            before, after = entry.person, alter(entry.person)
            self._people.pop(before.number)
            self._people[after.number] = after
            self._ordered = None
            self._now_used |= dict.fromkeys(after.former_numbers, after.number)
            self._changed.append(
                Change(sequence=len(self._changed) + 1, kind=kind, number=after.number, at=self._clock())
            )


def fits(person: Person, *, name: str, born: str) -> bool:
    """Tell whether name and birth date, as far as it is known, are somebody's."""
    return letters(person.full_name) == letters(name) and same_day(person.birth_date, born)


def same_day(one: str, other: str) -> bool:
    """Tell whether two dates, as far as each is known, can be one."""
    first, second = one.replace("-", ""), other.replace("-", "")
    return bool(first and second) and (first.startswith(second) or second.startswith(first))


@lru_cache(maxsize=1 << 17)
def letters(name: str) -> str:
    """Return a name in capitals without marks and spaces: the service is not particular about them."""
    plain = [letter for letter in unicodedata.normalize("NFKD", name.upper()) if not unicodedata.combining(letter)]
    return "".join(plain).replace("Đ", "D").replace(" ", "")
