"""Households of an invented population, one block of them at a time: who lives where, with whom, and is called what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from hard_set_habits import CHILDHOOD_DAYS, ON, Habits, Reals, Truths, Whole
from hard_set_names import BOY, GIRL, KINH, NOBODY, Called, NameBook, inherited
from hard_set_places import Places

from registry.demo.profiles import PEOPLES

_TODAY: Final = np.datetime64(ON, "D").astype(np.int64)
_MOST_BIRTHS: Final = 6
_STEP: Final = 61_803_399  # shares no factor with a power of ten, so a series meets every value once
_FREE: Final = 1_000_000


@dataclass(slots=True, kw_only=True)
class Adults:
    """The parents of one block, mothers or fathers; a child points to one by its place."""

    called: Called
    year: Whole
    number: Whole


@dataclass(slots=True, kw_only=True)
class Children:
    """All children of one block, those absent from the population included."""

    household: Whole
    twins: Whole  # the birth they share; -1 for a single birth
    sex: Whole
    day: Whole  # since 1970-01-01
    group: Whole
    home: Whole  # place
    mother: Whole  # place among the mothers; -1 unknown
    father: Whole
    number: Whole
    called: Called

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.household)


@dataclass(slots=True, kw_only=True)
class Block:
    """Some households."""

    children: Children
    mothers: Adults
    fathers: Adults


@dataclass(frozen=True, slots=True)
class World:
    """What all blocks of a set share."""

    seed: int
    blocks: int
    habits: Habits
    places: Places
    names: NameBook


def _segment_rank(keys: Whole) -> Whole:
    """Return for each row how many rows of the same key stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys)) - first
    return rank


def _births(rng: np.random.Generator, habits: Habits, count: int) -> tuple[Whole, Whole]:
    """Return household and day of every birth of the last sixteen years, eldest first."""
    several = np.array([0.70, 0.21, 0.065, 0.018, 0.007]) * (1 - habits.only_child)
    births = 1 + np.searchsorted(np.cumsum([habits.only_child, *several]), rng.random(count) * 0.999999, side="right")
    gaps = habits.first_gap + rng.gamma(2.0, habits.gap_scale, (count, _MOST_BIRTHS))
    after = np.cumsum(gaps, axis=1) - gaps[:, :1]
    focus = (rng.random(count) * births).astype(np.int64)
    shift = rng.random(count) * CHILDHOOD_DAYS - after[np.arange(count), focus]
    day = after + shift[:, None]
    real = (np.arange(_MOST_BIRTHS) < births[:, None]) & (day >= 0) & (day < CHILDHOOD_DAYS)
    household, place = np.nonzero(real)
    return household, (_TODAY - CHILDHOOD_DAYS + 1 + day[household, place]).astype(np.int64)


def year_of(day: Whole) -> Whole:
    """Return the calendar year of days since 1970-01-01."""
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def _groups(rng: np.random.Generator, places: Places, home: Whole) -> Whole:
    group = np.full(len(home), KINH, dtype=np.int64)
    province = np.array(places.province)[home]
    for code, shares in PEOPLES.items():
        chosen = np.flatnonzero(province == code)
        codes = np.array([*map(int, shares), KINH])
        bounds = np.cumsum([*shares.values(), max(1000 - sum(shares.values()), 0)])
        group[chosen] = codes[np.searchsorted(bounds, rng.random(len(chosen)) * bounds[-1], side="right")]
    return group


class _Issuer:
    """Gives out personal numbers, never one twice in any block."""

    def __init__(self, world: World, block: int) -> None:
        self._world = world
        self._block = block

    def issue(self, rng: np.random.Generator, prefix: Whole, *, sex: Whole, year: Whole) -> Whole:
        """Return a number for each person; a few do not fit the person."""
        habits = self._world.habits
        odd = rng.random(len(prefix))
        sex = np.where(odd < habits.misfit_number / 2, 1 - sex, sex)
        year = np.where((odd > habits.misfit_number / 2) & (odd < habits.misfit_number), year - 1, year)
        head = (prefix * 10 + 2 * ((year - 1900) // 100) + sex) * 100 + year % 100
        turn = _segment_rank(head) * self._world.blocks + self._block
        if int(turn.max(initial=0)) >= _FREE:
            raise ValueError("number: a province, year and sex has more people than numbers")
        free = (turn * _STEP + (head + self._world.seed) * 7919) % _FREE
        return np.asarray(head * _FREE + free)


def _share_cousins(rng: np.random.Generator, world: World, homes: Whole, mothers: Called, fathers: Called) -> None:
    """Let some households be those of a brother or sister of the parent next door in the list."""
    count = len(homes)
    kin = np.flatnonzero(rng.random(count) < world.habits.cousin)
    kin = kin[kin > 0]
    by_father = rng.random(len(kin)) < 0.55
    near = rng.random(len(kin)) < 0.7
    homes[kin[near]] = homes[kin[near] - 1]
    for called, chosen in ((fathers, kin[by_father]), (mothers, kin[~by_father])):
        called.family[chosen] = called.family[chosen - 1]
        same = chosen[rng.random(len(chosen)) < 0.5]
        called.first_middle[same] = called.first_middle[same - 1]
        called.second_middle[same] = called.second_middle[same - 1]
        called.clan_last[chosen] = called.clan_last[chosen - 1]


def _name_siblings(rng: np.random.Generator, world: World, children: Children, birth: Whole) -> None:
    """Give children names that follow those of their brothers and sisters."""
    habits, called = world.habits, children.called
    fixed = np.isin(children.group, list(world.names.markers))
    eldest = np.searchsorted(children.household, children.household, side="left")
    same_sex = children.sex == children.sex[eldest]
    roll = rng.random(len(children))
    shares = np.where(same_sex, roll < habits.sibling_middle, roll < habits.sibling_middle_other_sex) & ~fixed
    marker = np.isin(called.first_middle[eldest], world.names.old_middle)
    shares &= same_sex | ~marker
    shares &= np.arange(len(children)) != eldest
    _copy_middle(called, np.flatnonzero(shares), eldest)
    alike = np.flatnonzero((rng.random(len(children)) < habits.sibling_alike) & same_sex & ~fixed & (roll > 0))
    alike = alike[eldest[alike] != alike]
    called.given[alike] = world.names.alike_of(rng, called.given[eldest[alike]], sex=children.sex[alike])
    _name_twins(rng, world, children, birth, fixed=fixed)
    _part_namesakes(rng, world, children)


def _copy_middle(called: Called, rows: Whole, model: Whole) -> None:
    called.first_middle[rows] = called.first_middle[model[rows]]
    called.second_middle[rows] = called.second_middle[model[rows]]


def _name_twins(rng: np.random.Generator, world: World, children: Children, birth: Whole, *, fixed: Truths) -> None:
    second = np.flatnonzero(birth[1:] == birth[:-1]) + 1
    first = second - 1
    called = children.called
    middle = (rng.random(len(second)) < world.habits.twin_middle) & ~fixed[second]
    marker = np.isin(called.first_middle[first], world.names.old_middle)
    middle &= (children.sex[first] == children.sex[second]) | ~marker
    called.first_middle[second[middle]] = called.first_middle[first[middle]]
    called.second_middle[second[middle]] = called.second_middle[first[middle]]
    alike = (rng.random(len(second)) < world.habits.twin_alike) & ~fixed[second]
    chosen = second[alike]
    called.given[chosen] = world.names.alike_of(rng, called.given[first[alike]], sex=children.sex[chosen])


def _part_namesakes(rng: np.random.Generator, world: World, children: Children) -> None:
    """No two of a household bear one given name, but for a few with other middle names."""
    called = children.called
    for _ in range(12):
        order = np.lexsort((called.given, children.household))
        same = (children.household[order][1:] == children.household[order][:-1]) & (
            called.given[order][1:] == called.given[order][:-1]
        )
        later, earlier = order[1:][same], order[:-1][same]
        middle = (called.first_middle[later] != called.first_middle[earlier]) & (children.group[later] == KINH)
        later = later[~(middle & (rng.random(len(later)) < world.habits.sibling_same_given * 20))]
        if not len(later):
            return
        drawn = world.names.call(rng, called.family[later], children.group[later], sex=children.sex[later], child=True)
        called.given[later] = drawn.given


def _make_namesakes(rng: np.random.Generator, world: World, children: Children) -> None:
    """Give some children the whole name of a stranger of their commune, most born another day, some the same."""
    count, habits = len(children), world.habits
    order = np.lexsort((rng.random(count), children.sex, children.home))
    model, copy = order[:-1], order[1:]
    fits = (children.home[model] == children.home[copy]) & (children.sex[model] == children.sex[copy])
    fits &= (children.group[model] == children.group[copy]) & (children.household[model] != children.household[copy])
    fits &= (children.twins[copy] < 0) & (children.twins[model] < 0)
    roll = rng.random(count - 1)
    same_day = fits & (roll < habits.namesake)
    chosen = fits & (roll < habits.namesake + habits.neighbour_namesake)
    chosen[1:] &= ~chosen[:-1]  # one at a time
    same_day &= chosen
    model, copy, same_day = model[chosen], copy[chosen], same_day[chosen]
    for part in (children.called.family, children.called.first_middle, children.called.second_middle):
        part[copy] = part[model]
    children.called.given[copy] = children.called.given[model]
    children.day[copy[same_day]] = children.day[model[same_day]]


@dataclass(slots=True)
class _Homes:
    """What the households of a block are, one entry each."""

    home: Whole
    group: Whole  # of the mother
    father_group: Whole


def _adults(rng: np.random.Generator, world: World, year: Reals, *, home: Whole, group: Whole, sex: int) -> Adults:
    sexes = np.full(len(home), sex)
    family = world.names.family(rng, group, world.places.region[home])
    return Adults(
        called=world.names.call(rng, family, group, sex=sexes, child=False),
        year=year.astype(np.int64),
        number=np.zeros(len(home), dtype=np.int64),
    )


def _homes(rng: np.random.Generator, world: World, count: int) -> _Homes:
    home = world.places.draw(rng, count)
    group = _groups(rng, world.places, home)
    mixed = rng.random(count) < world.habits.mixed_marriage
    return _Homes(home, group, np.where(mixed, _groups(rng, world.places, home), group))


def _parents(rng: np.random.Generator, world: World, homes: _Homes, first_year: Whole) -> tuple[Adults, Adults]:
    """Return the mothers, and twice as many fathers: the second half are those of half brothers and sisters."""
    count = len(homes.home)
    age = np.where(homes.group == KINH, rng.normal(26.0, 4.6, count), rng.normal(22.5, 3.8, count)).clip(16.5, 41)
    mothers = _adults(rng, world, first_year - age, home=homes.home, group=homes.group, sex=GIRL)
    older = rng.normal(3.0, 3.6, 2 * count).clip(-6, 20)
    twice = np.concatenate([homes.home, homes.home])
    group = np.concatenate([homes.father_group, homes.father_group])
    fathers = _adults(rng, world, np.tile(mothers.year, 2) - older, home=twice, group=group, sex=BOY)
    _share_cousins(rng, world, homes.home, mothers.called, fathers.called)
    return mothers, fathers


def _born(rng: np.random.Generator, habits: Habits, wanted: int) -> tuple[Whole, Whole, Whole]:
    """Return birth, household and day of exactly so many children; twins share a birth."""
    household, day = _births(rng, habits, int(wanted / 1.25) + 60)
    twin = rng.random(len(day)) < habits.twin_birth
    birth = np.repeat(np.arange(len(day)), 1 + twin)[:wanted]
    if len(birth) < wanted:
        raise ValueError("households: too few births for the number of children")
    return birth, household[birth], day[birth]


def block_of(world: World, index: int, wanted: int) -> Block:
    """Return the block `index` of a set with exactly `wanted` children."""
    rng = np.random.default_rng([world.seed, 4, index])
    habits = world.habits
    birth, household, day = _born(rng, habits, wanted)
    used = int(household[-1]) + 1
    homes = _homes(rng, world, used)
    first_year = year_of(day)[np.searchsorted(household, np.arange(used)).clip(max=wanted - 1)]
    mothers, fathers = _parents(rng, world, homes, first_year)
    father = np.where(rng.random(used) < habits.fatherless, NOBODY, np.arange(used))
    mother = np.where(rng.random(used) < habits.motherless, NOBODY, np.arange(used))
    later = rng.random(len(birth)) < habits.half_sibling
    children = _children(rng, world, birth, household=household, day=day, home=homes.home)
    children.father = np.where(later & (father[household] >= 0), household + used, father[household])
    children.mother = mother[household]
    second = np.flatnonzero(birth[1:] == birth[:-1]) + 1
    children.father[second] = children.father[second - 1]
    block = Block(children=children, mothers=mothers, fathers=fathers)
    _name_children(rng, world, block, homes=homes, birth=birth)
    _number(rng, world, index, block=block, home=homes.home)
    return block


def _children(
    rng: np.random.Generator, world: World, birth: Whole, *, household: Whole, day: Whole, home: Whole
) -> Children:
    count = len(birth)
    sex = (rng.random(count) > 0.527).astype(np.int64)
    second = np.flatnonzero(birth[1:] == birth[:-1]) + 1
    same = rng.random(len(second)) < world.habits.twin_same_sex
    sex[second] = np.where(same, sex[second - 1], 1 - sex[second - 1])
    twins = np.full(count, -1, dtype=np.int64)
    twins[second] = twins[second - 1] = birth[second]
    own = home[household]
    away = np.flatnonzero(rng.random(count) < world.habits.lives_elsewhere)
    own[away] = world.places.elsewhere(rng, own[away])
    none = np.full(count, NOBODY, dtype=np.int64)
    return Children(
        household=household,
        twins=twins,
        sex=sex,
        day=day,
        group=none,
        home=own,
        mother=none,
        father=none,
        number=none,
        called=Called(none, none, none, none, np.zeros(count, dtype=bool)),
    )


def _name_children(rng: np.random.Generator, world: World, block: Block, *, homes: _Homes, birth: Whole) -> None:
    children, household = block.children, block.children.household
    mothers, fathers = block.mothers.called, block.fathers.called
    kin = np.where(rng.random(len(homes.home)) < 0.82, homes.father_group, homes.group)
    children.group = kin[household]
    known = (children.father >= 0) & (homes.father_group[household] == children.group)
    from_father = np.where(known, fathers.family[children.father], NOBODY)
    from_mother = np.where(homes.group[household] == children.group, mothers.family[household], NOBODY)
    family = inherited(children.group, father=from_father, mother=from_mother)
    children.called = world.names.call(rng, family, children.group, sex=children.sex, child=True)
    mothers_name = rng.random(len(children)) < world.habits.mothers_family_as_middle
    mothers_name &= (children.called.second_middle != NOBODY) & (children.group == KINH)
    children.called.first_middle = np.where(mothers_name, mothers.family[household], children.called.first_middle)
    _name_siblings(rng, world, children, birth)
    _make_namesakes(rng, world, children)


def _number(rng: np.random.Generator, world: World, index: int, *, block: Block, home: Whole) -> None:
    """Give everybody a number, parents and children from one series."""
    children, mothers, fathers = block.children, block.mothers, block.fathers
    where = np.concatenate([children.home, home, home, home])
    elsewhere = rng.random(len(where)) < world.habits.born_elsewhere
    where = np.where(elsewhere, world.places.draw(rng, len(where)), where)
    sex = np.concatenate([children.sex, np.ones(len(home), dtype=np.int64), np.zeros(2 * len(home), dtype=np.int64)])
    year = np.concatenate([year_of(children.day), mothers.year, fathers.year])
    numbers = _Issuer(world, index).issue(rng, world.places.prefix[where], sex=sex, year=year)
    cut = [len(children), len(children) + len(home)]
    children.number, mothers.number, fathers.number = np.split(numbers, cut)
