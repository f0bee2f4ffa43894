"""Grades a stored identity against what somebody searched: how sure one may be, and why, in words.

A grade rests on this child's own evidence alone, whatever else was found: a lone weak hit is never called likely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from matching.identity import BirthDate, Identity
from registry.actions.name_likeness import SOUNDS_THE_SAME, Likeness, Sought, likeness

MATCHES: Final = 0.15  # support from which a birth date or a parent speaks for the child
WHOLE_DATE: Final = 0.4


class Grade(StrEnum):
    """How sure one may be that this is the child."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was searched, prepared once for many comparisons."""

    sought: Sought = field(repr=False)
    born: BirthDate | None = field(repr=False)
    mother: Sought | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """The grade of one identity; `rank` orders answers and means nothing else."""

    rank: float
    grade: Grade
    reasons: tuple[str, ...]


def compare(asked: Asked, identity: Identity) -> Graded | None:
    """Return the grade of an identity; None: its name is not like the one sought."""
    if identity.name is None:
        return None
    name = likeness(asked.sought, identity.name)
    if name is None:
        return None
    born = _birth_likeness(asked.born, identity.birth) if asked.born else None
    mother = _mother_likeness(asked.mother, identity) if asked.mother else None
    given = [one for one in (name, born, mother) if one is not None]
    return Graded(
        rank=sum(one.grade for one in given),
        grade=_grade(name, born, mother),
        reasons=tuple(one.reason for one in given),
    )


def _birth_likeness(asked: BirthDate, born: BirthDate | None) -> Likeness:
    if born is None:
        return Likeness(-0.1, "the birth date is not known")
    if asked.day and born.day:
        if (asked.year, asked.month, asked.day) == (born.year, born.month, born.day):
            return Likeness(WHOLE_DATE, "the same birth date")
        if (asked.year, asked.month, asked.day) == (born.year, born.day, born.month):
            return Likeness(0.2, "day and month are exchanged")
    years = abs(asked.year - born.year)
    if years == 0:
        return Likeness(0.15, "the same year of birth")
    return Likeness(0.05, "the year of birth is one off") if years == 1 else Likeness(-0.5, "another year of birth")


def _mother_likeness(asked: Sought, identity: Identity) -> Likeness:
    names = [parent.name for parent in (identity.mother, identity.father) if parent and parent.name]
    if not names:
        return Likeness(-0.05, "no parent's name is known")
    found = [one.grade for name in names if (one := likeness(asked, name)) is not None]
    if not found:
        return Likeness(-0.3, "another mother's name")
    if max(found) >= SOUNDS_THE_SAME:
        return Likeness(0.3, "the mother's name is the same")
    return Likeness(0.2, "the mother's name is similar")


def _grade(name: Likeness, born: Likeness | None, mother: Likeness | None) -> Grade:
    given = [one.grade for one in (born, mother) if one is not None]
    support = sum(grade >= MATCHES for grade in given)
    if any(grade < 0 for grade in given):
        return Grade.POSSIBLE
    if name.grade < SOUNDS_THE_SAME:
        return Grade.LIKELY if support == len((born, mother)) else Grade.POSSIBLE
    if support == len((born, mother)) and born is not None and born.grade >= WHOLE_DATE:
        return Grade.CERTAIN
    return Grade.LIKELY if support else Grade.POSSIBLE
