"""People: packed rows seen as columns, for comparing whole arrays at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.forms import Forms
from matching.packed import (
    BIRTH,
    CHILD,
    CHILD_JOINED,
    COUNT_SHIFT,
    ETHNICITY_SHIFT,
    FACTS,
    FATHER,
    FATHER_COUNT_SHIFT,
    FATHER_JOINED,
    FATHER_NUMBER,
    FORMER,
    JAN1_SHIFT,
    MARKS_SHIFT,
    MOST_FORMER,
    MOST_PARTS,
    MOTHER,
    MOTHER_COUNT_SHIFT,
    MOTHER_JOINED,
    MOTHER_NUMBER,
    NOT_OWN_NUMBER_SHIFT,
    NUMBER,
    PARENT_YEARS,
    PLACE,
    SEX_SHIFT,
    SHARES,
    TOLERANCE_SHIFT,
    Longs,
    Packed,
    Rows,
)
from matching.vocabulary import MOST_UNITS, NONE

Integers = npt.NDArray[np.int32]
Truths = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

MILLION = 1_000_000
SHARE_BYTES = 16


@dataclass(frozen=True, slots=True)
class NameColumns:
    """The names of one role (child, mother, father) of many people."""

    parts: Integers  # (people, MOST_PARTS), codes of folded syllables in written order, NONE to the right
    marks: Integers  # the same with marks
    count: Integers  # syllables known; 0: no name
    joined: Integers  # hash of the folded name without spaces; 0: no name
    joined_marks: Integers
    has_marks: Truths  # a name without any mark may have lost them


@dataclass(frozen=True, slots=True)
class People:
    """Many people as columns; NONE where a number or a place is not known, 0 where another fact is not."""

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
    province: Integers
    not_own_number: Truths  # the source itself shows the number to be a parent's
    shares: Bytes  # (people, SHARE_BYTES), see `matching.shares`

    def __len__(self) -> int:
        return len(self.number)


def _bits(rows: Rows, shift: int, width: int) -> Integers:
    return (rows[:, FACTS] >> shift) & ((1 << width) - 1)


def _name(rows: Rows, forms: Forms, role: int, *, joined: int, count: Integers) -> NameColumns:
    marks = rows[:, role : role + MOST_PARTS]
    has_marks = _bits(rows, MARKS_SHIFT + role // MOST_PARTS, 1) > 0
    return NameColumns(forms.folded[marks + 1], marks, count, rows[:, joined], rows[:, joined + 1], has_marks)


def _number(rows: Rows, word: int) -> Longs:
    first, last = rows[:, word].astype(np.int64), rows[:, word + 1].astype(np.int64)
    return np.where(first >= 0, first * MILLION + last, NONE)


def _former(packed: Packed) -> Longs:
    at = packed.rows[:, FORMER]
    if not len(packed.former):
        return np.full((len(at), MOST_FORMER), NONE, dtype=np.int64)
    return np.where((at >= 0)[:, None], packed.former[np.maximum(at, 0)], NONE)


def _places(rows: Rows, forms: Forms) -> tuple[Integers, Integers]:
    at = rows[:, PLACE]
    if not len(forms.places):
        return np.full((len(at), MOST_UNITS), NONE, dtype=np.int32), np.full(len(at), NONE, dtype=np.int32)
    found = np.where((at >= 0)[:, None], forms.places[at], NONE)
    return found[:, :MOST_UNITS], found[:, MOST_UNITS]


def unpack(packed: Packed, forms: Forms) -> People:
    """Return packed rows as columns.

    Args: `forms`: of the vocabulary that the rows were packed with.
    """
    rows = packed.rows
    birth, years = rows[:, BIRTH], rows[:, PARENT_YEARS]
    communes, province = _places(rows, forms)
    return People(
        child=_name(rows, forms, CHILD, joined=CHILD_JOINED, count=_bits(rows, COUNT_SHIFT, 4)),
        mother=_name(rows, forms, MOTHER, joined=MOTHER_JOINED, count=_bits(rows, MOTHER_COUNT_SHIFT, 4)),
        father=_name(rows, forms, FATHER, joined=FATHER_JOINED, count=_bits(rows, FATHER_COUNT_SHIFT, 4)),
        sex=_bits(rows, SEX_SHIFT, 2),
        ethnicity=_bits(rows, ETHNICITY_SHIFT, 7),
        birth=np.stack([birth >> 9, (birth >> 5) & 15, birth & 31], axis=1),
        jan1=_bits(rows, JAN1_SHIFT, 1) > 0,
        tolerance=_bits(rows, TOLERANCE_SHIFT, 3),
        number=_number(rows, NUMBER),
        former=_former(packed),
        mother_number=_number(rows, MOTHER_NUMBER),
        father_number=_number(rows, FATHER_NUMBER),
        mother_year=years & 0xFFFF,
        father_year=years >> 16,
        communes=communes,
        province=province,
        not_own_number=_bits(rows, NOT_OWN_NUMBER_SHIFT, 1) > 0,
        shares=np.ascontiguousarray(rows[:, SHARES : SHARES + SHARE_BYTES // 4]).view(np.uint8),
    )
