"""The extract of the population database: one row for everybody it knows, parents and children alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

from registry.demo.chance import Weighted, generator, moment
from registry.demo.names import FEMALE, MALE, adult_name, family_name
from registry.demo.people import Child, Household, Person

POPULATION_COLUMNS: Final = (
    "personal_number",
    "replaced_numbers",
    "full_name",
    "sex",
    "birth_date",
    "birth_registration_province",
    "residence_commune",
    "residence_old_ward",
    "residence_detail",
    "ethnicity",
    "nationality",
    "mother_name",
    "mother_number",
    "father_name",
    "father_number",
    "status",
    "updated_at",
)
_STATUS_OF_A_CHILD: Final = Weighted([("alive", 995.5), ("deceased", 3.5), ("missing", 1.0)])
_STATUS_OF_A_PARENT: Final = Weighted([("alive", 985.0), ("deceased", 13.0), ("missing", 0.5)])
_NATIONALITY: Final = Weighted([("VN", 996.5), ("LA", 1.0), ("CN", 0.8), ("KR", 0.7), ("KH", 0.6), ("TW", 0.4)])
_CAPITALS: Final = 0.3
_MOTHER_UNKNOWN: Final = 0.066
_FATHER_UNKNOWN: Final = 0.07  # beside the households that name no father
_FIRST_STAMPS: Final = 2036  # days before the extract


class PopulationExtract:
    """Writes down what the population database knows of each household."""

    def __init__(self, seed: int, *, on: date) -> None:
        self._rng = generator(seed, "population")
        self._on = on

    def rows(self, household: Household) -> Iterator[tuple[Person, tuple[str, ...]]]:
        """Yield each known person of a household with the row; cells stand in the order of the columns."""
        parents = [parent for parent in (household.father, household.mother) if parent is not None]
        for parent in parents:
            yield parent, self._row(parent, *self._grandparents(parent))
        for child in household.children:
            if not child.absent:
                yield child, self._row(child, *self._parents(household))

    def _parents(self, household: Household) -> tuple[tuple[str, str], tuple[str, str]]:
        rng = self._rng
        mother = ("", "")
        if rng.random() >= _MOTHER_UNKNOWN:
            mother = (household.mother.called.full, household.mother.number)
        if household.father is None or rng.random() < _FATHER_UNKNOWN:
            return mother, ("", "")
        return mother, (household.father.called.full, household.father.number)

    def _grandparents(self, parent: Person) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return the names alone: numbers of grandparents are never given."""
        rng, group = self._rng, parent.group
        region = parent.home.place.region
        mother = adult_name(rng, group, sex=FEMALE, family=family_name(rng, group, region)).full
        father = adult_name(rng, group, sex=MALE, family=parent.called.family).full
        if rng.random() < _MOTHER_UNKNOWN:
            mother = ""
        if rng.random() < 2 * _FATHER_UNKNOWN:
            father = ""
        return (mother, ""), (father, "")

    def _row(self, person: Person, mother: tuple[str, str], father: tuple[str, str]) -> tuple[str, ...]:
        rng, place = self._rng, person.home.place
        child = isinstance(person, Child)
        names = (person.called.full, mother[0], father[0])
        if rng.random() < _CAPITALS:
            names = (names[0].upper(), names[1].upper(), names[2].upper())
        first = self._on - timedelta(days=_FIRST_STAMPS)
        first = min(max(first, person.born + timedelta(days=5)), self._on)
        stamp = moment(rng, first, self._on - timedelta(days=30))
        return (
            person.number,
            ";".join(person.former_numbers),
            names[0],
            "1" if person.sex == MALE else "2",
            person.born.isoformat() if child else _known_birth(rng, person.born),
            person.birth_province,
            place.commune,
            place.ward,
            person.home.detail,
            person.group,
            _NATIONALITY.draw(rng),
            names[1],
            mother[1],
            names[2],
            father[1],
            (_STATUS_OF_A_CHILD if child else _STATUS_OF_A_PARENT).draw(rng),
            stamp.isoformat(),
        )


def _known_birth(rng: Random, born: date) -> str:
    """Return a parent's birth date as far as it is known."""
    roll = rng.random()
    if roll < 0.0065:
        return f"{born:%Y}"
    return f"{born:%Y-%m}" if roll < 0.009 else born.isoformat()
