"""Households of an invented province, one after the other: pure, streamed and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from registry.demo.chance import Weighted, generator, whole
from registry.demo.gazetteer import Gazetteer, Home, Place, every_place, home_in, surviving_codes
from registry.demo.names import (
    FEMALE,
    MALE,
    Called,
    adult_name,
    child_name,
    family_name,
    inherited_family,
    sibling_name,
    twin_name,
)
from registry.demo.numbers import NumberIssuer
from registry.demo.people import Child, Household, Person
from registry.demo.profiles import KINH

CHILDHOOD_YEARS: Final = 16  # Law on Children 102/2016/QH13, Art. 1
NEW_UNITS: Final = date(2025, 7, 1)  # the day the new list of communes came into force

_BIRTHS: Final = Weighted([(1, 33.0), (2, 48.0), (3, 14.0), (4, 4.0), (5, 1.0)])
_TWIN_BIRTHS: Final = 0.0125
_ABSENT: Final = 0.045
_ABSENT_TWIN: Final = 0.12
_FATHERLESS: Final = 0.085
_BORN_ELSEWHERE: Final = 0.09
_LIVES_ELSEWHERE: Final = 0.03
_MISFIT: Final = 0.003
_REPLACED: Final = 0.006
_YEAR: Final = 365.2425


@dataclass(frozen=True, slots=True)
class _Birth:
    rank: int
    born: date
    twins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kin:
    """What brothers and sisters share."""

    group: str
    home: Home
    mother: Person
    father: Person | None

    def family(self) -> str | None:
        """The family name that a parent of the children's own group hands down."""
        father = self.father.called.family if self.father is not None and self.father.group == self.group else None
        mother = self.mother.called.family if self.mother.group == self.group else None
        return inherited_family(self.group, father=father, mother=mother)


def households(seed: int, children: int, *, on: date, provinces: Sequence[str] | None = None) -> Iterator[Household]:
    """Yield households until they hold exactly `children` children, those absent from the population included.

    Args:
        seed: the same seed gives the same people.
        children: how many.
        on: the day on which every child is younger than sixteen.
        provinces: codes valid from 2025-07-01; one province of many peoples if not given.
    """
    inventor = _Inventor(seed, children=children, on=on, provinces=provinces)
    left, index = children, 0
    while left > 0:
        household = inventor.household(index)
        if len(household.children) > left:
            household = replace(household, children=household.children[:left])
        if household.children:
            yield household
        left -= len(household.children)
        index += 1


class _Inventor:
    """Holds what lasts from one household to the next: places, and which numbers are taken."""

    def __init__(self, seed: int, *, children: int, on: date, provinces: Sequence[str] | None) -> None:
        self._rng = generator(seed, "households")
        self._places = Gazetteer(seed, children=children, provinces=provinces)
        self._issuer = NumberIssuer(seed)
        self._on = on

    def household(self, index: int) -> Household:
        """Return the household of this index."""
        rng = self._rng
        place = self._places.place(rng)
        home = home_in(rng, place)
        group = self._places.people(rng, place)
        births = _births(rng, self._on)
        uid = f"h{index:07d}"
        mother = self._mother(f"{uid}-m", home, group, births[0].born)
        father = None if rng.random() < _FATHERLESS else self._father(f"{uid}-f", home, group, mother=mother)
        kin_group = mother.group if father is None or rng.random() < 0.15 else father.group
        kin = _Kin(group=kin_group, home=home, mother=mother, father=father)
        living = [birth for birth in births if _childhood_starts(self._on) < birth.born <= self._on]
        children = self._children(uid, kin, living)
        return Household(index=index, home=home, mother=mother, father=father, children=children)

    def _mother(self, uid: str, home: Home, group: str, first_birth: date) -> Person:
        rng = self._rng
        age = min(max(rng.gauss(25.5, 4.6) if group == KINH else rng.gauss(22.0, 3.6), 16.5), 41.0)
        born = first_birth - timedelta(days=round(age * _YEAR))
        return self._adult(uid, home, group, sex=FEMALE, born=born)

    def _father(self, uid: str, home: Home, group: str, *, mother: Person) -> Person:
        rng = self._rng
        own = group if rng.random() < 0.9 else self._places.people(rng, home.place)
        born = mother.born - timedelta(days=round(min(max(rng.gauss(3.2, 3.6), -6.0), 20.0) * _YEAR))
        return self._adult(uid, home, own, sex=MALE, born=born)

    def _adult(self, uid: str, home: Home, group: str, *, sex: str, born: date) -> Person:
        rng = self._rng
        family = family_name(rng, group, home.place.region)
        prefix = self._birth_province(home.place, born, elsewhere=0.18)
        former, number = self._numbers(prefix, sex=sex, born=born)
        return Person(
            uid=uid,
            called=adult_name(rng, group, sex=sex, family=family),
            sex=sex,
            born=born,
            number=number,
            former_numbers=former,
            birth_province=prefix,
            group=group,
            home=self._own_home(home),
        )

    def _children(self, uid: str, kin: _Kin, births: list[_Birth]) -> tuple[Child, ...]:
        rng = self._rng
        born: list[Child] = []
        elder: dict[str, Called] = {}  # the eldest of each sex: the pattern for those who follow
        for birth in births:
            lost = rng.random() < (_ABSENT_TWIN if birth.twins else _ABSENT)
            sexes = _sexes(rng, twins=birth.twins)
            for place, sex in enumerate(sexes):
                called = self._call(kin, sex, elder=elder.get(sex), twin=born[-1].called if place else None)
                for _ in range(4):
                    if all(called.full != sibling.called.full for sibling in born):
                        break
                    called = self._call(kin, sex, elder=None, twin=None)
                elder.setdefault(sex, called)
                order = f"{birth.rank}{'ab'[place]}" if birth.twins else f"{birth.rank}"
                absent = lost and place == len(sexes) - 1
                born.append(self._child(f"{uid}-c{order}", kin, birth, called=called, sex=sex, absent=absent))
        return tuple(born)

    def _call(self, kin: _Kin, sex: str, *, elder: Called | None, twin: Called | None) -> Called:
        rng = self._rng
        if twin is not None:
            return twin_name(rng, twin, kin.group, sex=sex)
        if elder is not None and rng.random() < 0.45:
            return sibling_name(rng, elder, kin.group, sex=sex)
        family = kin.family() or family_name(rng, kin.group, kin.home.place.region)
        return child_name(rng, kin.group, sex=sex, family=family, mothers_family=kin.mother.called.family)

    def _child(self, uid: str, kin: _Kin, birth: _Birth, *, called: Called, sex: str, absent: bool) -> Child:
        prefix = self._birth_province(kin.home.place, birth.born, elsewhere=_BORN_ELSEWHERE)
        former, number = ((), "") if absent else self._numbers(prefix, sex=sex, born=birth.born)
        return Child(
            uid=uid,
            called=called,
            sex=sex,
            born=birth.born,
            number=number,
            former_numbers=former,
            birth_province=prefix,
            group=kin.group,
            home=self._own_home(kin.home),
            twin=birth.twins,
        )

    def _own_home(self, home: Home) -> Home:
        if self._rng.random() >= _LIVES_ELSEWHERE:
            return home
        return home_in(self._rng, self._places.elsewhere(self._rng, home.place))

    def _birth_province(self, place: Place, born: date, *, elsewhere: float) -> str:
        rng = self._rng
        code = "0" + place.old_province
        if rng.random() < elsewhere:
            all_places = every_place()
            code = "0" + all_places[whole(rng, 0, len(all_places) - 1)].old_province
        return code if born < NEW_UNITS else surviving_codes()[code]

    def _numbers(self, prefix: str, *, sex: str, born: date) -> tuple[tuple[str, ...], str]:
        """Return the cancelled numbers and the current one, which at times fits the person no better."""
        rng = self._rng
        roll = rng.random()
        if roll < _MISFIT:
            return (), self._misfit(prefix, sex=sex, born=born)
        former: tuple[str, ...] = ()
        if roll < _MISFIT + _REPLACED:
            former = tuple(self._misfit(prefix, sex=sex, born=born) for _ in range(2 if rng.random() < 0.1 else 1))
        return former, self._issuer.issue(prefix, sex=sex, year=born.year)

    def _misfit(self, prefix: str, *, sex: str, born: date) -> str:
        """Return a number given with the wrong sex, year or place."""
        kind = whole(self._rng, 0, 2)
        if kind == 0:
            return self._issuer.issue(prefix, sex=MALE if sex == FEMALE else FEMALE, year=born.year)
        if kind == 1:
            return self._issuer.issue(prefix, sex=sex, year=born.year + (1 if self._rng.random() < 0.5 else -1))
        others = sorted(code for code in surviving_codes() if code != prefix)
        return self._issuer.issue(others[whole(self._rng, 0, len(others) - 1)], sex=sex, year=born.year)


def _sexes(rng: Random, *, twins: bool) -> tuple[str, ...]:
    """Return the sex of each child of one birth."""
    first = MALE if rng.random() < 0.527 else FEMALE
    if not twins:
        return (first,)
    other = MALE if first == FEMALE else FEMALE
    return (first, first if rng.random() < 0.82 else other)


def _childhood_starts(on: date) -> date:
    """Return the birthday of somebody who turns sixteen on `on`; whoever was born later is still a child."""
    day = 28 if (on.month, on.day) == (2, 29) else on.day
    return date(on.year - CHILDHOOD_YEARS, on.month, day)


def _births(rng: Random, on: date) -> list[_Birth]:
    """Return all births of a mother: one falls evenly into the sixteen years, the others lie around it."""
    count = _BIRTHS.draw(rng)
    focus = whole(rng, 0, count - 1)
    days = [0.0] * count
    days[focus] = rng.random() * ((on - _childhood_starts(on)).days - 1)  # days before `on`
    for rank in range(focus + 1, count):
        days[rank] = days[rank - 1] - _interval(rng)
    for rank in range(focus - 1, -1, -1):
        days[rank] = days[rank + 1] + _interval(rng)
    return [
        _Birth(rank + 1, on - timedelta(days=int(before)), rng.random() < _TWIN_BIRTHS)
        for rank, before in enumerate(days)
    ]


def _interval(rng: Random) -> float:
    """Return the days between two births."""
    return 430.0 + rng.gammavariate(2.0, 480.0)
