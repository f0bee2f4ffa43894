"""Names of invented people: by group, sex, generation and family, as the people concerned build them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

from registry.demo import name_lists
from registry.demo.chance import Weighted, pick
from registry.demo.gazetteer import reference_rows
from registry.demo.profiles import KINH, Region

MALE: Final = "male"
FEMALE: Final = "female"

_REGIONAL: Final = {  # how much more or less often a surname is met than in the country as a whole
    Region.NORTH: {"Huỳnh": 0.01, "Võ": 0.1, "Hoàng": 1.8, "Vũ": 2.0, "Phan": 0.5},
    Region.CENTRE: {"Huỳnh": 0.4, "Vũ": 0.4, "Hồ": 1.8, "Phan": 1.5, "Đặng": 1.3},
    Region.SOUTH: {"Huỳnh": 1.5, "Võ": 1.5, "Hoàng": 0.4, "Vũ": 0.4},
}
_REGIONAL[Region.MOUNTAINS] = _REGIONAL[Region.NORTH]
_SYLLABLES: Final = {  # of today's children
    MALE: Weighted([(2, 1.5), (3, 68.0), (4, 30.0), (5, 0.5)]),
    FEMALE: Weighted([(2, 0.8), (3, 45.0), (4, 53.5), (5, 0.7)]),
}
_WITHOUT_FAMILY_NAME: Final = frozenset({"12", "15", "16", "22", "28", "29"})
_MATRILINEAL: Final = frozenset({"10", "11", "20"})  # children take the mother's clan


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A name with the parts it was made of, so that a brother or sister can be given a fitting one."""

    full: str = field(repr=False)
    given: str = field(repr=False)
    family: str = field(repr=False)
    middles: tuple[str, ...] = field(default=(), repr=False)


Pattern = Callable[[str, str, str], str]  # family, given, sex -> the name as it is written


def _given_before_clan(family: str, given: str, sex: str) -> str:
    return f"Y {given} {family}" if sex == MALE else f"H'{given} {family}"


def _clan_then_marker(family: str, given: str, sex: str) -> str:
    return f"{family} {given}" if sex == MALE else f"{family} H'{given}"


def _a_or_y(_family: str, given: str, sex: str) -> str:
    return f"{'A' if sex == MALE else 'Y'} {given}"


def _k_or_ka(_family: str, given: str, sex: str) -> str:
    return f"K'{given}" if sex == MALE else f"Ka {given}"


def _dieu_or_thi(_family: str, given: str, sex: str) -> str:
    return f"{'Điểu' if sex == MALE else 'Thị'} {given}"


def _mong(family: str, given: str, sex: str) -> str:
    return f"{family} {'A' if sex == MALE else 'Thị'} {given}"


def _khmer(family: str, given: str, sex: str) -> str:
    return f"{family} Thị {given}" if sex == FEMALE and len(given) < 5 and family != "Thị" else f"{family} {given}"


_PATTERNS: Final[dict[str, Pattern]] = {
    "05": _khmer,
    "08": _mong,
    "10": _clan_then_marker,
    "11": _given_before_clan,
    "12": _a_or_y,
    "15": _k_or_ka,
    "16": _a_or_y,
    "20": _given_before_clan,
    "22": _dieu_or_thi,
    "28": _k_or_ka,
    "29": _a_or_y,
}
_GIVEN: Final = {
    "05": {MALE: name_lists.KHMER_GIVEN, FEMALE: name_lists.KHMER_WOMEN},
    "08": {MALE: name_lists.MONG_MEN, FEMALE: name_lists.MONG_WOMEN},
}
_HIGHLAND: Final = {MALE: name_lists.HIGHLAND_MEN, FEMALE: name_lists.HIGHLAND_WOMEN}
_CHILD_GIVEN: Final = {MALE: name_lists.BOYS_GIVEN, FEMALE: name_lists.GIRLS_GIVEN}
_CHILD_MIDDLE: Final = {MALE: name_lists.BOYS_MIDDLE, FEMALE: name_lists.GIRLS_MIDDLE}


def family_name(rng: Random, group: str, region: Region) -> str:
    """Return a family or clan name of an ethnic group; empty where the group has none."""
    if group == KINH:
        return _surnames(region).draw(rng)
    if group in _WITHOUT_FAMILY_NAME:
        return ""
    families = _families().get(group) or name_lists.FAMILIES.get(group) or name_lists.UPLAND_FAMILIES
    return families.draw(rng)


def inherited_family(group: str, *, father: str | None, mother: str | None) -> str | None:
    """Return the family name that a child takes: the father's, or the mother's where descent goes by her.

    Args:
        group: the child's ethnic group.
        father: the father's family name; None where he is unknown or of another group.
        mother: the mother's, likewise.
    """
    first, second = (mother, father) if group in _MATRILINEAL else (father, mother)
    return first or second


def adult_name(rng: Random, group: str, *, sex: str, family: str) -> Called:
    """Return the name of somebody born before the fashion of today's children."""
    if group in _PATTERNS:
        return _patterned(rng, group, sex=sex, family=family)
    given = _reference_weights("given_names.csv", "given_name")[sex].draw(rng)
    roll = rng.random()
    count = 0 if roll < 0.02 else 1 if roll < 0.8 else 2
    middles = _distinct(rng, _reference_weights("middle_names.csv", "middle_name")[sex], count, without=given)
    return _called(family, middles, given)


def child_name(rng: Random, group: str, *, sex: str, family: str, mothers_family: str) -> Called:
    """Return the name of a child, with the mother's family name as a middle name at times."""
    if group in _PATTERNS:
        return _patterned(rng, group, sex=sex, family=family)
    given = _CHILD_GIVEN[sex].draw(rng)
    count = _SYLLABLES[sex].draw(rng) - 2
    if group != KINH and rng.random() < 0.35:  # old middle names live on outside the towns
        return _called(family, ("Thị" if sex == FEMALE else "Văn",), given)
    middles = _distinct(rng, _CHILD_MIDDLE[sex], count, without=given)
    if count >= 2 and mothers_family not in ("", family) and rng.random() < 0.2:
        middles = (mothers_family, *middles[1:])
    return _called(family, middles, given)


def sibling_name(rng: Random, elder: Called, group: str, *, sex: str) -> Called:
    """Return a name that shares the middle names of a brother or sister."""
    if group in _PATTERNS:
        return _patterned(rng, group, sex=sex, family=elder.family)
    taken = {elder.given, elder.family, *elder.middles}
    given = next((name for name in (_CHILD_GIVEN[sex].draw(rng) for _ in range(12)) if name not in taken), "Tâm")
    if sex == MALE and "Thị" in elder.middles:
        return _called(elder.family, tuple(name for name in elder.middles if name != "Thị") or ("Văn",), given)
    return _called(elder.family, elder.middles, given)


def twin_name(rng: Random, elder: Called, group: str, *, sex: str) -> Called:
    """Return a twin's name: same middle names, and often a given name that sounds alike."""
    called = sibling_name(rng, elder, group, sex=sex)
    if group in _PATTERNS or rng.random() < 0.3:
        return called
    alike = [name for name in _CHILD_GIVEN[sex].values if name[0] == elder.given[0] and name != elder.given]
    alike = [name for name in alike if name not in elder.middles]
    return _called(called.family, called.middles, pick(rng, alike)) if alike else called


def _called(family: str, middles: tuple[str, ...], given: str) -> Called:
    return Called(full=" ".join((family, *middles, given)), given=given, family=family, middles=middles)


def _patterned(rng: Random, group: str, *, sex: str, family: str) -> Called:
    given = _GIVEN.get(group, _HIGHLAND)[sex].draw(rng)
    return Called(full=_PATTERNS[group](family, given, sex).strip(), given=given, family=family)


def _distinct(rng: Random, weights: Weighted[str], count: int, *, without: str) -> tuple[str, ...]:
    chosen: list[str] = []
    for _ in range(12):
        if len(chosen) == count:
            break
        name = weights.draw(rng)
        if name != without and name not in chosen:
            chosen.append(name)
    chosen.sort(key=lambda name: name not in ("Thị", "Văn"))  # these two stand first
    return tuple(chosen)


@cache
def _surnames(region: Region) -> Weighted[str]:
    factors = _REGIONAL.get(region, {})
    rows = reference_rows("surnames.csv")
    return Weighted((row["surname"], float(row["share"]) * factors.get(row["surname"], 1.0)) for row in rows)


@cache
def _reference_weights(file: str, column: str) -> dict[str, Weighted[str]]:
    rows = reference_rows(file)
    return {
        sex: Weighted((row[column], float(row["expected_count"])) for row in rows if row["sex"] == sex)
        for sex in (MALE, FEMALE)
    }


@cache
def _families() -> dict[str, Weighted[str]]:
    codes = {row["name"]: row["code"] for row in reference_rows("ethnic_groups.csv")}
    families = {}
    for row in reference_rows("ethnic_name_patterns.csv"):
        names = [name for name in row["family_or_clan_names"].split(";") if name]
        if names:
            families[codes[row["ethnic_group"]]] = Weighted((name, 1.0) for name in names)
    return families


@cache
def group_names() -> dict[str, str]:
    """Return the Vietnamese names of the ethnic groups by code."""
    return {row["code"]: row["name"] for row in reference_rows("ethnic_groups.csv")}
