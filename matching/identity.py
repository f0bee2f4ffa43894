"""The comparable facts of one person, normalised: what two descriptions are compared by."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Sex(StrEnum):
    """Sex as the population database codes it; unknown is None, never a third value."""

    MALE = "male"
    FEMALE = "female"


class Scheme(StrEnum):
    """The list of administrative units that a code was taken from."""

    BEFORE_2025 = "2024"  # valid until 2025-06-30: provinces, districts, communes
    SINCE_2025 = "2025"  # valid from 2025-07-01: provinces, communes


class Certainty(StrEnum):
    """How surely a unit is known in today's list."""

    EXACT = "exact"
    AMBIGUOUS = "ambiguous"  # the old unit was split: several targets, a person decides
    UNKNOWN = "unknown"  # the code is in no list that we carry


class Flag(StrEnum):
    """What is odd about a value that is kept all the same; a flag is never a refusal."""

    NUMBER_SHAPE = "number_shape"  # not twelve digits, and no single lost zero
    NUMBER_ZERO_RESTORED = "number_zero_restored"  # eleven digits: a spreadsheet dropped the first zero
    NUMBER_PREFIX_UNKNOWN = "number_prefix_unknown"
    NUMBER_SEX_MISMATCH = "number_sex_mismatch"
    NUMBER_YEAR_MISMATCH = "number_year_mismatch"
    NUMBER_NOT_A_CHILDS = "number_not_a_childs"
    NUMBER_OF_PARENT = "number_of_parent"  # the same number stands at the mother or the father
    NAME_PLACEHOLDER = "name_placeholder"  # 'Con bà …': named after the mother before registration
    NAME_UNKNOWN = "name_unknown"
    NAME_REPAIRED = "name_repaired"  # look-alike letters, zero-width characters, misplaced marks
    BIRTH_PLACEHOLDER = "birth_placeholder"  # 1 January: often means 'only the year is known'
    BIRTH_ESTIMATED = "birth_estimated"  # a year computed from an estimated age
    UNIT_AMBIGUOUS = "unit_ambiguous"
    UNIT_UNKNOWN = "unit_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A person's name in the forms that comparison needs. Its repr shows nothing of it."""

    written: str = field(repr=False)  # as delivered, NFC
    marked: str = field(repr=False)  # lower case, tone placement normalised, single-spaced: 'nguyễn thị hoà'
    folded: str = field(repr=False)  # letters a-z and single spaces: 'nguyen thi hoa'
    placeholder: bool = False  # named after the mother, or a word for 'unknown'

    @property
    def parts(self) -> tuple[str, ...]:
        """The folded syllables in written order."""
        return tuple(self.folded.split())

    @property
    def marked_parts(self) -> tuple[str, ...]:
        """The marked syllables in written order; as many as `parts`."""
        return tuple(self.marked.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthDate:
    """A birth date as far as it is known. Month and day are None where only the year (or month) is known."""

    year: int = field(repr=False)
    month: int | None = field(default=None, repr=False)
    day: int | None = field(default=None, repr=False)
    placeholder: bool = False  # 1 January: the day and month may be invented
    tolerance_years: int = 0  # 1 when the year was computed from an estimated age

    def iso(self) -> str:
        """Return 'yyyy', 'yyyy-mm' or 'yyyy-mm-dd'."""
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
            if self.day is not None:
                text += f"-{self.day:02d}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A commune as (code, scheme), and what it is in today's list. Never a bare code."""

    code: str
    scheme: Scheme
    certainty: Certainty
    communes: tuple[str, ...]  # today's codes it may be: one if exact, several if ambiguous, none if unknown
    province: str | None  # today's two-digit code: always exact when the unit is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What is known of one parent; an absent parent is None in `Identity`, not an empty Parent."""

    name: Name | None = None
    number: str | None = field(default=None, repr=False)  # twelve digits, or nine of an old identity card
    birth_year: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person's comparable facts. None always means: not known, which is no evidence either way."""

    name: Name | None = None
    sex: Sex | None = None
    birth: BirthDate | None = None
    number: str | None = field(default=None, repr=False)  # twelve digits; shape-checked, not trusted
    former_numbers: tuple[str, ...] = field(default=(), repr=False)  # cancelled and replaced numbers
    unit: Unit | None = None
    ethnicity: str | None = field(default=None, repr=False)  # two-digit code of the official list
    mother: Parent | None = None
    father: Parent | None = None
    flags: frozenset[Flag] = frozenset()
