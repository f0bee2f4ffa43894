"""Identities as columns of numbers: one dictionary of name parts, and a row a person, for whole-array comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.identity import Flag, Identity, Parent, Sex
from matching.names import mother_in

Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

MOST_PARTS = 8  # longer names are cut: no name in the census has more syllables
MOST_UNITS = 6  # no unit of 2024 was split into more than five of 2025
MOST_FORMER = 3
PARENT_IS_OLDER = 12  # years at least
NONE = -1  # the code of 'not known' in every column


def known_name(identity: Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the syllables of the child's own name, folded and marked; empty when only a placeholder is known."""
    if identity.name is None or identity.name.placeholder:
        return (), ()
    return identity.name.parts, identity.name.marked_parts


def known_mother(identity: Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the mother's syllables, folded and marked; they may stand in the child's placeholder name only."""
    name = identity.mother.name if identity.mother is not None else None
    if (name is None or name.placeholder) and identity.name is not None:
        name = mother_in(identity.name) or name
    return ((), ()) if name is None or name.placeholder else (name.parts, name.marked_parts)


def known_father(identity: Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the father's syllables, folded and marked."""
    name = identity.father.name if identity.father is not None else None
    return ((), ()) if name is None or name.placeholder else (name.parts, name.marked_parts)


class Words:
    """A dictionary of texts: a text gets the next free number when it is first seen."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def code(self, text: str) -> int:
        """Return the number of `text`, giving it one if it is new."""
        return self.numbers.setdefault(text, len(self.numbers))

    def texts(self) -> list[str]:
        """Return every text, at the place of its number."""
        return list(self.numbers)


class Dictionary:
    """The words that two encoded sides share: syllables, syllables with marks, and every other text."""

    def __init__(self) -> None:
        self.parts, self.marks, self.texts = Words(), Words(), Words()


@dataclass(frozen=True, slots=True)
class NameColumns:
    """The names of one role (child, mother, father) of many people."""

    parts: Integers  # (people, MOST_PARTS), folded syllables in written order, NONE to the right
    marks: Integers  # the same with marks
    count: Integers  # syllables known; 0: no name
    joined: Integers  # the folded name without spaces
    joined_marks: Integers
    has_marks: Truths  # a name without any mark may have lost them


@dataclass(frozen=True, slots=True)
class People:
    """Many identities as columns; NONE where a fact is not known."""

    child: NameColumns
    mother: NameColumns
    father: NameColumns
    sex: Integers
    ethnicity: Integers
    birth: Integers  # (people, 3): year, month, day
    jan1: Truths  # the day and month may be invented
    tolerance: Integers  # years of doubt in an estimated year
    number: Longs
    former: Longs  # (people, MOST_FORMER)
    mother_number: Longs
    father_number: Longs
    mother_year: Integers
    father_year: Integers
    communes: Integers  # (people, MOST_UNITS), today's codes it may be
    split: Truths  # more than one of them
    province: Integers
    not_own_number: Truths  # the source itself shows the number to be a parent's

    def __len__(self) -> int:
        return len(self.number)

    @property
    def names(self) -> tuple[NameColumns, NameColumns, NameColumns]:
        """The three roles whose names are known."""
        return self.child, self.mother, self.father


def _names(rows: Sequence[tuple[tuple[str, ...], tuple[str, ...]]], words: Dictionary) -> NameColumns:
    parts = np.full((len(rows), MOST_PARTS), NONE, dtype=np.int32)
    marks = parts.copy()
    count = np.zeros(len(rows), dtype=np.int32)
    joined = np.full(len(rows), NONE, dtype=np.int32)
    joined_marks = joined.copy()
    has_marks = np.zeros(len(rows), dtype=np.bool_)
    for row, (folded, marked) in enumerate(rows):
        if not folded:
            continue
        kept = folded[:MOST_PARTS]
        count[row] = len(kept)
        parts[row, : len(kept)] = [words.parts.code(part) for part in kept]
        marks[row, : len(kept)] = [words.marks.code(part) for part in marked[:MOST_PARTS]]
        joined[row] = words.texts.code("=" + "".join(folded))
        joined_marks[row] = words.texts.code("=" + "".join(marked))
        has_marks[row] = folded != marked
    return NameColumns(parts, marks, count, joined, joined_marks, has_marks)


def number_code(number: str | None) -> int:
    """Return a twelve-digit number, or a nine-digit one of an old identity card, as one integer; NONE if unknown."""
    if number is None or not number.isdigit():
        return NONE
    return int(number) + (10**15 if len(number) != 12 else 0)


def coded_year(number: str | None) -> int | None:
    """Return the birth year that a twelve-digit number carries.

    Source: Decree 137/2015, article 13, and Circular 59/2021, article 4: three digits of place, one of century and sex,
    two of the year.
    """
    if number is None or len(number) != 12 or not number.isdigit():
        return None
    return 1900 + int(number[3]) // 2 * 100 + int(number[4:6])


def is_a_parents_number(identity: Identity) -> bool:
    """Return whether the number typed for the child is shown to be a parent's by the record itself."""
    if identity.number is None:
        return False
    if Flag.NUMBER_OF_PARENT in identity.flags:
        return True
    if any(parent is not None and parent.number == identity.number for parent in (identity.mother, identity.father)):
        return True
    coded = coded_year(identity.number)
    if coded is None:
        return False
    if identity.birth is None:
        return Flag.NUMBER_NOT_A_CHILDS in identity.flags
    return identity.birth.year - coded >= PARENT_IS_OLDER


def _parent_year(parent: Parent | None) -> int:
    if parent is None:
        return NONE
    return parent.birth_year or coded_year(parent.number) or NONE


def _columns_of_units(identities: Sequence[Identity], words: Words) -> tuple[Integers, Truths, Integers]:
    communes = np.full((len(identities), MOST_UNITS), NONE, dtype=np.int32)
    split = np.zeros(len(identities), dtype=np.bool_)
    province = np.full(len(identities), NONE, dtype=np.int32)
    for row, identity in enumerate(identities):
        if identity.unit is None:
            continue
        codes = identity.unit.communes[:MOST_UNITS]
        communes[row, : len(codes)] = [words.code("@" + code) for code in codes]
        split[row] = len(codes) > 1
        if identity.unit.province is not None:
            province[row] = words.code("#" + identity.unit.province)
    return communes, split, province


def _longs(values: Iterable[str | None]) -> Longs:
    return np.array([number_code(value) for value in values], dtype=np.int64)


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int32)


def _births(identities: Sequence[Identity]) -> Integers:
    rows = [
        (NONE, NONE, NONE) if i.birth is None else (i.birth.year, i.birth.month or NONE, i.birth.day or NONE)
        for i in identities
    ]
    return np.array(rows, dtype=np.int32).reshape(len(rows), 3)


def _former(identities: Sequence[Identity]) -> Longs:
    former = np.full((len(identities), MOST_FORMER), NONE, dtype=np.int64)
    for row, identity in enumerate(identities):
        for place, number in enumerate(identity.former_numbers[:MOST_FORMER]):
            former[row, place] = number_code(number)
    return former


def encode(identities: Sequence[Identity], words: Dictionary) -> People:
    """Return `identities` as columns; both sides of a comparison must share one `words`."""
    communes, split, province = _columns_of_units(identities, words.texts)
    return People(
        child=_names([known_name(i) for i in identities], words),
        mother=_names([known_mother(i) for i in identities], words),
        father=_names([known_father(i) for i in identities], words),
        sex=_integers(NONE if i.sex is None else int(i.sex is Sex.FEMALE) for i in identities),
        ethnicity=_integers(NONE if i.ethnicity is None else words.texts.code("~" + i.ethnicity) for i in identities),
        birth=_births(identities),
        jan1=np.array([i.birth is not None and i.birth.placeholder for i in identities], dtype=np.bool_),
        tolerance=_integers(0 if i.birth is None else i.birth.tolerance_years for i in identities),
        number=_longs(i.number for i in identities),
        former=_former(identities),
        mother_number=_longs(i.mother.number if i.mother else None for i in identities),
        father_number=_longs(i.father.number if i.father else None for i in identities),
        mother_year=_integers(_parent_year(i.mother) for i in identities),
        father_year=_integers(_parent_year(i.father) for i in identities),
        communes=communes,
        split=split,
        province=province,
        not_own_number=np.array([is_a_parents_number(i) for i in identities], dtype=np.bool_),
    )
