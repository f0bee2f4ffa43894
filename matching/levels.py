"""The fields that are compared, and the levels in which each can agree or differ, with the reason in words.

Levels of one context are told apart from each other only; which context applies depends on what is known, not on
whether it agrees. So a name typed without marks is not held against a pair: it is judged among names without marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int8]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Level:
    """One way in which a field can agree or differ."""

    name: str
    context: str
    reason: str  # an English sentence, the key of its translation


MISSING = Level("missing", "", "Not known on one side")
RELATIVES = Level("relatives", "", "What agrees would agree with a relative or a namesake as well")


class Field(IntEnum):
    """The fields compared; the value is the column of the field in every array of levels."""

    NUMBER = 0
    GIVEN = 1
    MIDDLE = 2
    SURNAME = 3
    ORDER = 4
    BIRTH = 5
    SEX = 6
    COMMUNE = 7
    ETHNICITY = 8
    MOTHER = 9
    FATHER = 10
    MOTHER_NUMBER = 11
    FATHER_NUMBER = 12
    MOTHER_YEAR = 13
    FATHER_YEAR = 14


def _parent_levels(who: str, other: str) -> tuple[Level, ...]:
    return (
        Level("same", "marked", f"The {who}'s name is the same"),
        Level("other_marks", "marked", f"The {who}'s name differs in its marks only"),
        Level("typo", "marked", f"The {who}'s name differs by one slip"),
        Level("part", "marked", f"The {who}'s name is a part of the other"),
        Level("given_same", "marked", f"Only the {who}'s given name is the same"),
        Level("swapped", "marked", f"The {who}'s name stands at the {other}"),
        Level("different", "marked", f"The {who}'s name is another"),
        Level("plain_same", "plain", f"The {who}'s name is the same, compared without marks"),
        Level("plain_typo", "plain", f"The {who}'s name differs by one slip, compared without marks"),
        Level("plain_part", "plain", f"The {who}'s name is a part of the other, compared without marks"),
        Level("plain_given_same", "plain", f"Only the {who}'s given name is the same, compared without marks"),
        Level("plain_different", "plain", f"The {who}'s name is another, compared without marks"),
        Level("short_same", "short", f"The {who} is named by the given name only, and it is the same"),
        Level("short_different", "short", f"The {who} is named by one word only, and it is another"),
    )


def _parent_number_levels(who: str) -> tuple[Level, ...]:
    return (
        Level("same", "number", f"The {who}'s number is the same"),
        Level("near", "number", f"The {who}'s number differs by one slip"),
        Level("different", "number", f"The {who}'s number is another"),
    )


def _parent_year_levels(who: str) -> tuple[Level, ...]:
    return (
        Level("same", "year", f"The {who}'s birth year is the same"),
        Level("near", "year", f"The {who}'s birth year differs by one"),
        Level("different", "year", f"The {who}'s birth year is another"),
    )


LEVELS: dict[Field, tuple[Level, ...]] = {
    Field.NUMBER: (
        Level("same", "number", "The personal number is the same"),
        Level("former", "number", "The personal number is one that was replaced"),
        Level("transposed", "number", "The personal number has two neighbouring digits exchanged"),
        Level("one_digit", "number", "The personal number differs in one digit"),
        Level("different", "number", "The personal number is another"),
        Level("of_parent", "parent", "The number typed for the child is the mother's or the father's"),
    ),
    Field.GIVEN: (
        Level("same", "marked", "The given name is the same"),
        Level("other_marks", "marked", "The given name differs in its marks only"),
        Level("spelling", "marked", "The given name differs in i and y only"),
        Level("typo", "marked", "The given name differs by one slip, and nobody bears it as written"),
        Level("near", "marked", "The given name differs in one letter, but both are names in use"),
        Level("different", "marked", "The given name is another"),
        Level("plain_same", "plain", "The given name is the same, compared without marks"),
        Level("plain_spelling", "plain", "The given name differs in i and y only, compared without marks"),
        Level(
            "plain_typo",
            "plain",
            "The given name differs by one slip, compared without marks, and nobody bears it as written",
        ),
        Level(
            "plain_near", "plain", "The given name differs in one letter, compared without marks, and both are in use"
        ),
        Level("plain_different", "plain", "The given name is another, compared without marks"),
        Level("call_same", "call", "The child is called by the given name only, and it is the same"),
        Level("call_other", "call", "The child is called by one word that is not the given name; it may be a nickname"),
    ),
    Field.MIDDLE: (
        Level("same", "some", "The middle name is the same"),
        Level("part", "some", "One middle name holds the other"),
        Level("typo", "some", "The middle name differs by one slip"),
        Level("overlap", "some", "The middle names share a word"),
        Level("different", "some", "The middle name is another"),
        Level("dropped", "some", "The population has no middle name"),
        Level("none_both", "none", "Neither has a middle name"),
        Level("omitted", "none", "The record leaves the middle name out"),
    ),
    Field.SURNAME: (
        Level("same", "surname", "The surname is the same"),
        Level("typo", "surname", "The surname differs by one slip"),
        Level("different", "surname", "The surname is another"),
    ),
    Field.ORDER: (
        Level("as_written", "order", "The words of the name stand in the same order"),
        Level("swapped", "order", "The words of the name stand in another order"),
    ),
    Field.BIRTH: (
        Level("exact", "full", "The birth date is the same"),
        Level("swapped", "full", "Day and month of the birth date are exchanged"),
        Level("year_shift", "full", "The birth date is the same but for one year"),
        Level("year_digit", "full", "The birth date is the same but for one digit of the year"),
        Level("one_part", "full", "The birth date differs in the day or in the month"),
        Level("same_year", "full", "Only the birth year is the same"),
        Level("near_year", "full", "The birth year differs by one"),
        Level("different", "full", "The birth date is another"),
        Level("jan1_exact", "jan1", "Both are born on 1 January, which often stands for an unknown day"),
        Level(
            "jan1_same_year", "jan1", "One says 1 January, which often stands for an unknown day; the year is the same"
        ),
        Level("jan1_near_year", "jan1", "One says 1 January, and the birth year differs by one"),
        Level("jan1_different", "jan1", "One says 1 January, and the birth year is another"),
        Level("year_same", "year", "Only the birth year is known, and it is the same"),
        Level("year_near", "year", "Only the birth year is known, and it differs by one"),
        Level("year_different", "year", "Only the birth year is known, and it is another"),
        Level("estimate_same", "estimate", "The age is estimated, and the birth year fits"),
        Level("estimate_near", "estimate", "The age is estimated, and the birth year differs by one"),
        Level("estimate_far", "estimate", "The age is estimated, and the birth year differs by two"),
        Level("estimate_different", "estimate", "The age is estimated, and the birth year does not fit"),
    ),
    Field.SEX: (
        Level("same", "sex", "The sex is the same"),
        Level("different", "sex", "The sex is another"),
    ),
    Field.COMMUNE: (
        Level("same", "exact", "The commune is the same"),
        Level("same_province", "exact", "The commune is another of the same province"),
        Level("elsewhere", "exact", "The province is another: moved, or registered elsewhere"),
        Level("split_overlap", "split", "The old commune was split, and one of its parts is the same"),
        Level("split_same_province", "split", "The old commune was split; only the province is the same"),
        Level("split_elsewhere", "split", "The old commune was split, and the province is another"),
    ),
    Field.ETHNICITY: (
        Level("same", "ethnicity", "The ethnic group is the same"),
        Level("different", "ethnicity", "The ethnic group is another"),
    ),
    Field.MOTHER: _parent_levels("mother", "father"),
    Field.FATHER: _parent_levels("father", "mother"),
    Field.MOTHER_NUMBER: _parent_number_levels("mother"),
    Field.FATHER_NUMBER: _parent_number_levels("father"),
    Field.MOTHER_YEAR: _parent_year_levels("mother"),
    Field.FATHER_YEAR: _parent_year_levels("father"),
}

_AT: dict[Field, dict[str, int]] = {
    field: {level.name: place for place, level in enumerate(levels, start=1)} for field, levels in LEVELS.items()
}


def level_of(field: Field, code: int) -> Level:
    """Return the level that `code` stands for; 0 is MISSING."""
    return MISSING if code == 0 else LEVELS[field][code - 1]


def code_of(field: Field, name: str) -> int:
    """Return the code of a level by its name."""
    return 0 if name == MISSING.name else _AT[field][name]


def reasons() -> tuple[str, ...]:
    """Return every reason that evidence may give, each once: the keys that a translation must have."""
    levels = [MISSING, RELATIVES, *(level for levels in LEVELS.values() for level in levels)]
    return tuple(dict.fromkeys(level.reason for level in levels))


def choose(field: Field, *cases: tuple[Truths, str]) -> Codes:
    """Return for each pair the level of the first case that holds."""
    codes = np.zeros(len(cases[0][0]), dtype=np.int8)
    for holds, name in reversed(cases):
        codes[holds] = code_of(field, name)
    return codes
