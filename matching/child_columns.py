"""The columns of a child's record in a file: what each may hold, and one row of them as an identity.

A value that cannot be read is not known, and is counted under its column and rule: a file of a million rows is not
refused for one date. The registry reads the same facts by the same readers, but keeps such a record in quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from matching import dates, names, numbers
from matching.ethnicity import read_ethnicity
from matching.identity import BirthDate, Certainty, Flag, Identity, Name, Parent, Scheme, Sex, Unit
from matching.places import read_unit

T = TypeVar("T")

COLUMNS: Final = (
    "record_id",
    "personal_number",
    "full_name",
    "sex",
    "birth_date",
    "commune_code",
    "commune_scheme",
    "ethnicity",
    "mother_name",
    "mother_number",
    "mother_birth_year",
    "father_name",
    "father_number",
    "father_birth_year",
)
REQUIRED: Final = ("record_id",)

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "impossible_date": "the calendar has no such day",
        "unreadable_date": "the date has none of the forms that are read",
        "future_date": "the birth date lies after the year at which ages are reckoned",
        "unknown_sex": "the code for the sex is none that is defined",
        "unknown_scheme": "the list of communes is neither 2024 nor 2025",
        "unknown_commune": "the code is in no list of communes",
        "unknown_ethnicity": "the list of ethnic groups has no such name or code",
        "number_shape": "the number has neither twelve digits nor what a spreadsheet leaves of them",
        "formula_text": "the text begins as a formula that a spreadsheet would run",
        "too_long": "the text is longer than any real value of this column",
        "loose_mark": "a combining mark belongs to no letter",
        "control_character": "the text holds a control character or a code point that is no character",
        "lost_character": "a letter was lost on the way",
        "digits_for_name": "digits stand where a name should",
    }
)

LONGEST_NAME: Final = 120  # characters
_LONGEST: Final = 500
_SEXES: Final[Mapping[str, Sex | None]] = MappingProxyType(
    {
        **dict.fromkeys(("1", "nam", "male", "m", "trai", "con trai", "bé trai"), Sex.MALE),
        **dict.fromkeys(("2", "nữ", "nu", "female", "f", "gái", "con gái", "bé gái"), Sex.FEMALE),
        **dict.fromkeys(("9", "khác", "other", "undetermined"), None),
    }
)
_NO_FLAGS: Final[frozenset[Flag]] = frozenset()


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that could not be read and counts as not known; the value itself is not kept."""

    column: str
    rule: str  # one of RULES


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What one value gives: a fact, what is odd about it, and the rule that it breaks if it gives none."""

    fact: T | None = None
    flags: frozenset[Flag] = _NO_FLAGS
    rule: str | None = None


def _checked(read: Callable[[str], Reading[T]], *, longest: int = _LONGEST) -> Callable[[str | None], Reading[T]]:
    """Return `read` for any text: what is empty, a formula or endless never reaches it."""

    def read_checked(written: str | None) -> Reading[T]:
        if written is None or not written.strip():
            return Reading()
        if len(written) > longest:
            return Reading(rule="too_long")
        if names.looks_like_formula(written):
            return Reading(rule="formula_text")
        return read(written)

    return read_checked


def _read_name(written: str) -> Reading[Name]:
    try:
        name, flags = names.read_name(written)
        if name is not None:
            names.mother_in(name)  # the name within a placeholder is asked for later, and may be damaged as well
    except names.NotAName as fault:
        return Reading(rule=fault.fault.value)
    return Reading(name, flags)


def _read_sex(written: str) -> Reading[Sex]:
    text = names.clean(written).lower()
    if text in _SEXES:
        return Reading(_SEXES[text])
    return Reading() if names.says_unknown(text) else Reading(rule="unknown_sex")


def _read_date(written: str) -> Reading[BirthDate]:
    try:
        birth, flags = dates.read_birth_date(written)
    except dates.ImpossibleDate:
        return Reading(rule="impossible_date")
    except dates.UnreadableDate:
        return Reading(rule="unreadable_date")
    return Reading(birth, flags)


def _read_year(written: str) -> Reading[int]:
    read = _read_date(written)
    return Reading(read.fact.year if read.fact else None, rule=read.rule)


def _read_number(written: str) -> Reading[str]:
    number, flags = numbers.read_number(written)
    return Reading(number, flags, "number_shape" if Flag.NUMBER_SHAPE in flags else None)


def _read_paper(written: str) -> Reading[str]:
    paper = numbers.read_parent_paper(written)
    return Reading(paper, rule=None if paper is not None else _read_number(written).rule)


def _read_ethnicity(written: str) -> Reading[str]:
    code = read_ethnicity(written)
    return Reading(code, rule=None if code is not None or names.says_unknown(written) else "unknown_ethnicity")


def _read_scheme(written: str) -> Reading[Scheme]:
    text = written.strip()
    return Reading(Scheme(text)) if text in set(Scheme) else Reading(rule="unknown_scheme")


read_name = _checked(_read_name, longest=LONGEST_NAME)
read_sex = _checked(_read_sex)
read_year = _checked(_read_year)
read_number = _checked(_read_number)
read_paper = _checked(_read_paper)
read_ethnic_group = _checked(_read_ethnicity)
read_scheme = _checked(_read_scheme)
_read_any_date = _checked(_read_date)


def read_birth(written: str | None, *, year: int) -> Reading[BirthDate]:
    """Return a child's birth date; nobody is born after `year`."""
    read = _read_any_date(written)
    if read.fact is not None and dates.is_after(read.fact, date(year, 12, 31)):
        return Reading(rule="future_date")
    return read


def read_commune(code: str | None, scheme: Scheme | None) -> Reading[Unit]:
    """Return the unit of a code, over both lists when the file does not say which it is from."""

    def of_list(written: str) -> Reading[Unit]:
        unit = read_unit(written, scheme)
        if unit is None or unit.certainty is Certainty.EXACT:
            return Reading(unit)
        if unit.certainty is Certainty.AMBIGUOUS:
            return Reading(unit, frozenset({Flag.UNIT_AMBIGUOUS}))
        known = unit.province is not None
        return Reading(unit, frozenset({Flag.UNIT_UNKNOWN}), None if known else "unknown_commune")

    return _checked(of_list)(code)


class _Row:
    """One row while it is read: what it gave so far, and what could not be read."""

    def __init__(self, row: Mapping[str, str | None]) -> None:
        self.row = row
        self.flags: set[Flag] = set()
        self.unread: list[Unread] = []

    def fact(self, column: str, read: Callable[[str | None], Reading[T]], *, is_childs: bool = True) -> T | None:
        """Return the fact in a column; what is odd about a parent's says nothing of the child."""
        reading = read(self.row.get(column))
        if is_childs:
            self.flags |= reading.flags
        if reading.rule is not None:
            self.unread.append(Unread(column, reading.rule))
        return reading.fact

    def parent(self, role: str) -> Parent | None:
        """Return what the row says of one parent."""
        parent = Parent(
            name=self.fact(f"{role}_name", read_name, is_childs=False),
            number=self.fact(f"{role}_number", read_paper, is_childs=False),
            birth_year=self.fact(f"{role}_birth_year", read_year, is_childs=False),
        )
        return None if parent == Parent() else parent


def _mother(written: Parent | None, child: Name | None) -> Parent | None:
    """Return the mother as written; where nobody wrote her name, the one that a newborn is called after."""
    after = names.mother_in(child) if child is not None else None
    if after is None or (written is not None and written.name is not None):
        return written
    known = written or Parent()
    return Parent(name=after, number=known.number, birth_year=known.birth_year)


def _number_flags(number: str | None, sex: Sex | None, *, birth: BirthDate | None, year: int) -> frozenset[Flag]:
    if number is None:
        return frozenset()
    return numbers.flags_of(number, sex=sex, birth_year=birth.year if birth else None, on=date(year, 12, 31))


def identity_of(row: Mapping[str, str | None], *, year: int) -> tuple[Identity, tuple[Unread, ...]]:
    """Return the comparable facts of one row, and what of it could not be read.

    Args:
        row: some of COLUMNS as written; None or an empty text: not known.
        year: at which ages are reckoned: nobody is born later, and a number of somebody older is no child's.
    """
    reading = _Row(row)
    name = reading.fact("full_name", read_name)
    sex = reading.fact("sex", read_sex)
    birth = reading.fact("birth_date", lambda written: read_birth(written, year=year))
    number = reading.fact("personal_number", read_number)
    scheme = reading.fact("commune_scheme", read_scheme)
    unit = reading.fact("commune_code", lambda written: read_commune(written, scheme))
    ethnicity = reading.fact("ethnicity", read_ethnic_group)
    mother, father = _mother(reading.parent("mother"), name), reading.parent("father")
    flags = reading.flags | _number_flags(number, sex, birth=birth, year=year)
    if number is not None and number in {parent.number for parent in (mother, father) if parent is not None}:
        flags.add(Flag.NUMBER_OF_PARENT)
    identity = Identity(
        name=name,
        sex=sex,
        birth=birth,
        number=number,
        unit=unit,
        ethnicity=ethnicity,
        mother=mother,
        father=father,
        flags=frozenset(flags),
    )
    return identity, tuple(reading.unread)
