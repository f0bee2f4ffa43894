"""Grades a stored identity against what somebody searched: how sure one may be, and why, in words.

A grade rests on this child's own evidence alone, whatever else was found: a lone weak hit is never called likely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from matching.identity import BirthDate
from registry.actions.finding.name_likeness import GIVEN_LEFT_OUT, SOUNDS_THE_SAME, Likeness, Sought
from registry.model.finding import Finding, name_in

MATCHES: Final = 0.15  # support from which a birth date or a parent speaks for the child
WHOLE_DATE: Final = 0.4
SAME_PARENT: Final = 0.3
SIMILAR_PARENT: Final = 0.2
NAME_NOT_KNOWN: Final = 0.5

_UNKNOWN_BIRTH: Final = Likeness(-0.1, "the birth date is not known")
_UNKNOWN_PARENTS: Final = Likeness(-0.05, "no parent's name is known")
_OTHER_PARENT: Final = Likeness(-0.3, "another mother's name")
_SAME_MOTHER: Final = Likeness(SAME_PARENT, "the mother's name is the same")
_SIMILAR_MOTHER: Final = Likeness(SIMILAR_PARENT, "the mother's name is similar")
_SAME_FATHER: Final = Likeness(SAME_PARENT, "the father's name is the same")
_SIMILAR_FATHER: Final = Likeness(SIMILAR_PARENT, "the father's name is similar")
_NO_NAME: Final = Likeness(NAME_NOT_KNOWN, "the child's name is not known")


class Grade(StrEnum):
    """How sure one may be that this is the child."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was searched, prepared once for many comparisons. A name, a parent, or both are given."""

    sought: Sought | None = field(repr=False)
    born: BirthDate | None = field(repr=False)
    mother: Sought | None = field(repr=False)  # or the father: they are not told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """The grade of one identity. Equal evidence has an equal `weight`; it orders answers and means nothing else."""

    weight: int  # thousandths
    grade: Grade
    reasons: tuple[str, ...]


def compare(asked: Asked, facts: Finding) -> Graded | None:
    """Return the grade of a child by her facts; None: neither name nor parents are like those sought."""
    name = asked.sought.likeness(facts.folded, facts.marked) if asked.sought and facts.folded else None
    if name is None and asked.sought is not None and (facts.folded or asked.mother is None):
        return None
    mother = _mother_likeness(asked.mother, facts) if asked.mother else None
    born = _birth_likeness(asked.born, facts) if asked.born else None
    if name is None:
        if mother is None or mother.grade < SIMILAR_PARENT:
            return None
        name = _NO_NAME if asked.sought is not None else None
    elif name.grade <= GIVEN_LEFT_OUT and not _supported(born, mother):
        return None
    given = [one for one in (name, born, mother) if one is not None]
    return Graded(
        weight=round(1000 * sum(one.grade for one in given)),
        grade=_grade(name, born, mother),
        reasons=tuple(one.reason for one in given),
    )


def worth_reading(asked: Asked, raw: bytes) -> bool:
    """Tell at little cost whether facts, as they are sealed, may be those of somebody asked for."""
    sought = asked.sought
    if sought is None:
        return True
    folded = name_in(raw)
    return sought.may_fit(folded) if folded else asked.mother is not None


def _supported(born: Likeness | None, mother: Likeness | None) -> bool:
    whole_date = born is not None and born.grade >= WHOLE_DATE
    return whole_date or (mother is not None and mother.grade >= SIMILAR_PARENT)


def _birth_likeness(asked: BirthDate, facts: Finding) -> Likeness:
    return _dates_alike(asked, facts.born) if facts.born else _UNKNOWN_BIRTH


@lru_cache(maxsize=4096)
def _dates_alike(asked: BirthDate, written: str) -> Likeness:
    year, month, day = _parts(written)
    if asked.day and day:
        if (asked.year, asked.month, asked.day) == (year, month, day):
            return Likeness(WHOLE_DATE, "the same birth date")
        if (asked.year, asked.month, asked.day) == (year, day, month):
            return Likeness(0.2, "day and month are exchanged")
    apart = abs(asked.year - year)
    if apart == 0:
        return Likeness(0.15, "the same year of birth")
    return Likeness(0.11, "the year of birth is one off") if apart == 1 else Likeness(-0.5, "another year of birth")


def _parts(written: str) -> tuple[int, int, int]:
    """Return year, month and day; 0 for what is not known."""
    numbers = (*map(int, written.split("-")), 0, 0)
    return numbers[0], numbers[1], numbers[2]


def _mother_likeness(asked: Sought, facts: Finding) -> Likeness:
    """Return how like the name sought is to a parent's; whose it is, the mother's or the father's, is said."""
    if not facts.mother and not facts.father:
        return _UNKNOWN_PARENTS
    mother = asked.likeness(facts.mother, facts.mother) if facts.mother else None
    father = asked.likeness(facts.father, facts.father) if facts.father else None
    if mother is not None and (father is None or mother.grade >= father.grade):
        return _SAME_MOTHER if mother.grade >= SOUNDS_THE_SAME else _SIMILAR_MOTHER
    if father is not None:
        return _SAME_FATHER if father.grade >= SOUNDS_THE_SAME else _SIMILAR_FATHER
    return _OTHER_PARENT


def _grade(name: Likeness | None, born: Likeness | None, mother: Likeness | None) -> Grade:
    given = [one.grade for one in (born, mother) if one is not None]
    support = sum(grade >= MATCHES for grade in given)
    whole_date = born is not None and born.grade >= WHOLE_DATE
    if any(grade < 0 for grade in given):
        return Grade.POSSIBLE
    if name is None:
        sure = whole_date and mother is not None and mother.grade >= SAME_PARENT
        return Grade.LIKELY if sure else Grade.POSSIBLE
    if name.grade < SOUNDS_THE_SAME:
        return Grade.LIKELY if support == len((born, mother)) and name.grade > GIVEN_LEFT_OUT else Grade.POSSIBLE
    if support == len((born, mother)) and whole_date:
        return Grade.CERTAIN
    return Grade.LIKELY if support else Grade.POSSIBLE
