"""An invented population twice: children whose rows were stolen, and others whose names the attacker has counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from hard_set_habits import Whole, of_seed
from hard_set_names import Called, NameBook
from hard_set_people import World, block_of, year_of
from hard_set_places import places_of

from matching.identity import BirthDate, Certainty, Identity, Name, Parent, Scheme, Sex, Unit
from matching.names import fold
from matching.syllables import phonetic

Parts = tuple[str, ...]
STOLEN, COUNTED = 0, 1  # the two samples: of one population, with nobody in common


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How large the invented population is, and how closely it lives."""

    children: int
    seed: int = 1
    dense: bool = False  # each province is a commune, all of one province: as many children to a commune as in a nation


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Many children, a row each; what stands in clear beside their tokens, and what does not."""

    province: Whole
    commune: Whole
    year: Whole
    sex: Whole
    household: Whole
    day: Whole = field(repr=False)  # since 1970-01-01
    names: list[Parts] = field(repr=False)  # folded syllables
    mothers: list[Parts] = field(repr=False)  # empty: not known
    fathers: list[Parts] = field(repr=False)
    mother_numbers: Whole = field(repr=False)  # -1: not known
    father_numbers: Whole = field(repr=False)
    numbers: Whole = field(repr=False)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.names)

    def identities(self) -> Iterator[Identity]:
        """Yield what the registry understands of each child."""
        units: dict[int, Unit] = {}
        days = self.day.astype("datetime64[D]").astype(object)
        for row, born in enumerate(days):
            code = int(self.commune[row])
            if code not in units:
                units[code] = _unit(code, int(self.province[row]))
            yield Identity(
                name=_name(self.names[row]),
                sex=Sex.FEMALE if self.sex[row] else Sex.MALE,
                birth=BirthDate(year=born.year, month=born.month, day=born.day),
                number=f"{self.numbers[row]:012d}",
                unit=units[code],
                mother=_parent(self.mothers[row], int(self.mother_numbers[row])),
                father=_parent(self.fathers[row], int(self.father_numbers[row])),
            )


def _unit(code: int, province: int) -> Unit:
    text = f"{code:05d}"
    return Unit(
        code=text,
        scheme=Scheme.SINCE_2025,
        certainty=Certainty.EXACT,
        communes=(text,),
        province=f"{province:02d}",
    )


def _name(parts: Parts) -> Name:
    folded = " ".join(parts)
    return Name(written=folded, marked=folded, folded=folded)


def _parent(parts: Parts, number: int) -> Parent | None:
    if not parts:
        return None
    return Parent(name=_name(parts), number=None if number < 0 else f"{number:012d}")


@lru_cache(maxsize=4096)
def _folded(word: str) -> Parts:
    return tuple(fold(word).split())


def _parts(book: NameBook, called: Called) -> list[Parts]:
    texts = book.join(called).to_pylist()
    return [tuple(part for word in (text or "").split() for part in _folded(word)) for text in texts]


def invented(setting: Setting, sample: int) -> People:
    """Return one sample of a population, spread over provinces, sixteen years and households."""
    seed, children = setting.seed, setting.children
    habits = of_seed(seed)
    world = World(seed, 2, habits, places_of(seed, children), NameBook(seed, habits))
    block = block_of(world, sample, children)
    there, places = block.children, world.places
    province = np.array(places.province, dtype=np.int64)[there.home]
    commune = np.array(places.new_code, dtype=np.int64)[there.home]
    if setting.dense:
        province, commune = np.ones_like(province), province
    return People(
        province=province,
        commune=commune,
        year=year_of(there.day),
        sex=there.sex,
        household=there.household,
        day=there.day,
        names=_parts(world.names, there.called),
        mothers=_parts(world.names, block.mothers.called.of(there.mother)),
        fathers=_parts(world.names, block.fathers.called.of(there.father)),
        mother_numbers=np.where(there.mother >= 0, block.mothers.number[there.mother], -1),
        father_numbers=np.where(there.father >= 0, block.fathers.number[there.father], -1),
        numbers=there.number,
    )


def heard(parts: Parts) -> Parts:
    """Return the sound classes of syllables: tokens are made of these, so nothing finer can be read from them."""
    return tuple(sound for part in parts if (sound := _sound(part)))


@lru_cache(maxsize=16384)
def _sound(part: str) -> str:
    return phonetic(part)
