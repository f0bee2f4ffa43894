"""Packed rows: one person's comparable facts as 48 small numbers, side by side in memory.

A pair of rows is all that comparing reads, so a nation's children fit in the memory of one machine (192 bytes each)
and a pair costs a handful of reads. What a number stands for is in the vocabulary that both sides share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.encode import is_a_parents_number, known_father, known_mother, known_name
from matching.identity import Identity, Parent, Sex
from matching.numbers import year_of
from matching.vocabulary import NONE, Vocabulary, text_hash

Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

MOST_PARTS: Final = 8  # longer names are cut: no name in the census has more syllables
MOST_FORMER: Final = 3

# Where each fact stands in a row.
CHILD: Final = 0  # eight codes of marked syllables in written order, NONE to the right
MOTHER: Final = 8
FATHER: Final = 16
CHILD_JOINED: Final = 24  # 32-bit hash of the folded name without spaces; 0: no name
CHILD_JOINED_MARKED: Final = 25
MOTHER_JOINED: Final = 26
MOTHER_JOINED_MARKED: Final = 27
FATHER_JOINED: Final = 28
FATHER_JOINED_MARKED: Final = 29
NUMBER: Final = 30  # two words: the first six digits and the last six; NONE, NONE: not known
MOTHER_NUMBER: Final = 32
FATHER_NUMBER: Final = 34
BIRTH: Final = 36  # year << 9 | month << 5 | day; 0 stands for what is not known
PLACE: Final = 37  # code in Places
FACTS: Final = 38  # the small facts below, bit by bit
PARENT_YEARS: Final = 39  # mother's birth year | father's << 16; 0: not known
FORMER: Final = 40  # row in `Packed.former`; NONE: no former number
SHARES: Final = 41  # four words: sixteen bytes, see `matching.shares`; 0 until they are looked up
WORDS: Final = 48  # three cache lines

# Where each small fact stands in FACTS.
SEX_SHIFT: Final = 0  # two bits: 0 not known, 1 male, 2 female
ETHNICITY_SHIFT: Final = 2  # seven bits: the official code; 0 not known
COUNT_SHIFT: Final = 9  # four bits: syllables of the child's name
MOTHER_COUNT_SHIFT: Final = 13
FATHER_COUNT_SHIFT: Final = 17
MARKS_SHIFT: Final = 21  # one bit each for child, mother and father: the name has marks
JAN1_SHIFT: Final = 24  # one bit: day and month may be invented
TOLERANCE_SHIFT: Final = 25  # three bits: years of doubt in an estimated year
NOT_OWN_NUMBER_SHIFT: Final = 28  # one bit: the source itself shows the number to be a parent's

OLD_CARD: Final = 1_000_000  # added to the first word of a nine-digit number of an old identity card


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Many people as packed rows. Its repr shows nobody."""

    rows: Rows  # (people, WORDS)
    former: Longs  # (people with former numbers, MOST_FORMER), NONE to the right

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Packed({len(self.rows)} people)"


def joined_hash(text: str) -> int:
    """Return the 32-bit hash of a name without spaces as a signed word; never 0, which stands for 'no name'."""
    number = text_hash(text)
    mixed = (number ^ (number >> 32)) & 0xFFFFFFFF
    word = mixed or 1
    return word - (1 << 32) if word >= 1 << 31 else word


def number_words(number: str | None) -> tuple[int, int]:
    """Return a twelve-digit number, or a nine-digit one of an old identity card, as two words of six digits."""
    if number is None or not number.isdigit() or len(number) not in {9, 12}:
        return NONE, NONE
    if len(number) == 12:
        return int(number[:6]), int(number[6:])
    return OLD_CARD + int(number[:3]), int(number[3:])


def birth_word(identity: Identity) -> int:
    """Return the birth date as one word."""
    birth = identity.birth
    return 0 if birth is None else birth.year << 9 | (birth.month or 0) << 5 | (birth.day or 0)


def _parent_year(parent: Parent | None) -> int:
    if parent is None:
        return 0
    if parent.birth_year:
        return parent.birth_year
    return year_of(parent.number) if parent.number is not None and len(parent.number) == 12 else 0


def _name_words(parts: tuple[tuple[str, ...], tuple[str, ...]], vocabulary: Vocabulary) -> tuple[list[int], int, int]:
    """Return the codes of a name, its joined hash and that with marks."""
    folded, marked = parts
    if not folded:
        return [NONE] * MOST_PARTS, 0, 0
    codes = [vocabulary.syllables.code(part) for part in marked[:MOST_PARTS]]
    codes += [NONE] * (MOST_PARTS - len(codes))
    return codes, joined_hash("".join(folded)), joined_hash("".join(marked))


def _facts_word(identity: Identity, names: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> int:
    word = 0
    if identity.sex is not None:
        word |= (2 if identity.sex is Sex.FEMALE else 1) << SEX_SHIFT
    if identity.ethnicity is not None:
        word |= int(identity.ethnicity) << ETHNICITY_SHIFT
    shifts = (COUNT_SHIFT, MOTHER_COUNT_SHIFT, FATHER_COUNT_SHIFT)
    for place, ((folded, marked), shift) in enumerate(zip(names, shifts, strict=True)):
        word |= min(len(folded), MOST_PARTS) << shift
        word |= (folded != marked) << (MARKS_SHIFT + place)
    if identity.birth is not None:
        word |= identity.birth.placeholder << JAN1_SHIFT
        word |= min(identity.birth.tolerance_years, 7) << TOLERANCE_SHIFT
    return word | is_a_parents_number(identity) << NOT_OWN_NUMBER_SHIFT


def _row(identity: Identity, vocabulary: Vocabulary) -> list[int]:
    names = known_name(identity), known_mother(identity), known_father(identity)
    child, mother, father = (_name_words(name, vocabulary) for name in names)
    row = [*child[0], *mother[0], *father[0], *child[1:], *mother[1:], *father[1:]]
    row += number_words(identity.number)
    row += number_words(identity.mother.number if identity.mother else None)
    row += number_words(identity.father.number if identity.father else None)
    row += [birth_word(identity), vocabulary.places.code(identity.unit), _facts_word(identity, names)]
    row += [_parent_year(identity.mother) | _parent_year(identity.father) << 16, NONE]
    return row + [0] * (WORDS - len(row))


def pack(identities: Sequence[Identity], vocabulary: Vocabulary) -> Packed:
    """Return `identities` as packed rows; both sides of a comparison must share one `vocabulary`."""
    rows = np.array([_row(identity, vocabulary) for identity in identities], dtype=np.int32).reshape(-1, WORDS)
    former: list[list[int]] = []
    for place, identity in enumerate(identities):
        if identity.former_numbers:
            rows[place, FORMER] = len(former)
            numbers = [int(number) for number in identity.former_numbers[:MOST_FORMER]]
            former.append(numbers + [NONE] * (MOST_FORMER - len(numbers)))
    return Packed(rows, np.array(former, dtype=np.int64).reshape(-1, MOST_FORMER))
