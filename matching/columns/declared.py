"""What a model file declares of a table: how columns are read, how fields are compared, what blocks rows share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from matching.levels import Level
from matching.schema import FieldSchema, Schema

FULL: Final = "full"  # the context of whole dates
YEAR: Final = "year"  # the context of dates of which one side says no more than the year, or year and month
KNOWN: Final = "known"  # the context of everything that is not a date

DEFAULT_EMPTY: Final = ("", "-", "n/a", "na", "nan", "nil", "none", "null", "unknown")


class Reading(StrEnum):
    """How the values of a column are read before they are compared."""

    TEXT = "text"  # without case, marks and punctuation, single-spaced
    VERBATIM = "verbatim"  # as written, without spaces around
    DIGITS = "digits"  # the digits alone
    DATE = "date"  # by the formats given
    NUMBER = "number"  # a decimal number


class Comparing(StrEnum):
    """Of what kind a field is, which says what rules its levels may have."""

    EQUAL = "equal"
    TEXT = "text"
    NAMES = "names"
    DIGITS = "digits"
    DATE = "date"
    NUMBER = "number"


class Rule(StrEnum):
    """What a level asks of two values; several rules of one level must all hold."""

    EQUAL = "equal"
    JARO_WINKLER = "jaro_winkler"
    LEVENSHTEIN = "levenshtein"
    OSA = "osa"
    DAMERAU = "damerau"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    SOUND = "sound"
    SAME_WORDS = "same_words"
    CONTAINS = "contains"
    INITIAL = "initial"
    DIGITS = "digits"
    TRANSPOSED = "transposed"
    SWAPPED = "swapped"
    SAME_DAY = "same_day"
    DAYS = "days"
    YEARS = "years"
    DIFFERENCE = "difference"
    SWAPPED_WITH = "swapped_with"
    FOUND_IN = "found_in"


class Argument(StrEnum):
    """What stands behind a rule in the file."""

    TRUE = "true"
    SHARE = "a number between 0 and 1"
    COUNT = "a whole number above 0"
    LIMIT = "a number of 0 or more"
    COLUMN = "the name of a column"


_ANY = frozenset(Comparing)
_TEXTS = frozenset({Comparing.TEXT, Comparing.NAMES})
_LETTERS = _TEXTS | {Comparing.DIGITS, Comparing.DATE}


@dataclass(frozen=True, slots=True)
class RuleUse:
    """What a rule needs, where it may stand, and how it is said."""

    argument: Argument
    fields: frozenset[Comparing]
    phrase: str  # what follows 'The given name'; {} is the argument


RULES: Mapping[Rule, RuleUse] = {
    Rule.EQUAL: RuleUse(Argument.TRUE, _ANY, "is the same"),
    Rule.JARO_WINKLER: RuleUse(Argument.SHARE, _TEXTS, "is alike (Jaro-Winkler similarity of {} or more)"),
    Rule.LEVENSHTEIN: RuleUse(Argument.COUNT, _LETTERS, "differs in letters added, dropped or replaced: {} at most"),
    Rule.OSA: RuleUse(Argument.COUNT, _LETTERS, "differs by slips of typing: {} at most"),
    Rule.DAMERAU: RuleUse(Argument.COUNT, _LETTERS, "differs by letters slipped or exchanged: {} at most"),
    Rule.PREFIX: RuleUse(Argument.COUNT, _LETTERS, "begins alike: {} letters"),
    Rule.SUFFIX: RuleUse(Argument.COUNT, _LETTERS, "ends alike: {} letters"),
    Rule.SOUND: RuleUse(Argument.TRUE, _TEXTS, "sounds alike"),
    Rule.SAME_WORDS: RuleUse(Argument.TRUE, frozenset({Comparing.NAMES}), "has the same words in another order"),
    Rule.CONTAINS: RuleUse(Argument.TRUE, frozenset({Comparing.NAMES}), "holds all words of the other"),
    Rule.INITIAL: RuleUse(Argument.TRUE, frozenset({Comparing.NAMES}), "is given by an initial, and it fits"),
    Rule.DIGITS: RuleUse(
        Argument.COUNT, frozenset({Comparing.DIGITS, Comparing.DATE}), "differs in digits: {} at most"
    ),
    Rule.TRANSPOSED: RuleUse(Argument.TRUE, _LETTERS, "has two neighbours exchanged"),
    Rule.SWAPPED: RuleUse(Argument.TRUE, frozenset({Comparing.DATE}), "has day and month exchanged"),
    Rule.SAME_DAY: RuleUse(Argument.TRUE, frozenset({Comparing.DATE}), "has the same day and month"),
    Rule.DAYS: RuleUse(Argument.LIMIT, frozenset({Comparing.DATE}), "differs in days: {} at most"),
    Rule.YEARS: RuleUse(Argument.LIMIT, frozenset({Comparing.DATE}), "differs in calendar years: {} at most"),
    Rule.DIFFERENCE: RuleUse(Argument.LIMIT, frozenset({Comparing.NUMBER}), "differs by {} at most"),
    Rule.SWAPPED_WITH: RuleUse(Argument.COLUMN, _ANY, "is exchanged with the {}"),
    Rule.FOUND_IN: RuleUse(Argument.COLUMN, _ANY, "stands at the {}"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the name that the model gives it."""

    name: str
    reading: Reading
    headers: tuple[str, ...]  # under which it may stand in a file; the first that says something counts
    formats: tuple[str, ...] = ()  # of dates
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule with its argument: a limit, or the name of another column; 1 where the rule needs none."""

    rule: Rule
    argument: float | str = 1.0


@dataclass(frozen=True, slots=True)
class ComparedLevel:
    """A level and its rules; without rules it is whatever the levels before it left over."""

    level: Level
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ComparedField:
    """A field, the column it is about, and its levels: the first that holds is the pair's."""

    name: str
    comparing: Comparing
    column: str
    levels: tuple[ComparedLevel, ...]

    def schema(self) -> FieldSchema:
        """Return the field and its levels without their rules."""
        return FieldSchema(self.name, tuple(each.level for each in self.levels))


class Part(StrEnum):
    """What a block key takes of a column's value."""

    WHOLE = "whole"
    FIRST = "first"  # so many letters
    LAST = "last"
    SOUND = "sound"
    WORDS = "words"  # all words of one or more columns, in whatever order
    FIRST_WORD = "first_word"
    LAST_WORD = "last_word"
    YEAR = "year"
    YEAR_MONTH = "year_month"
    DAY_MONTH = "day_month"  # in the order of size, so that exchanged ones meet


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One part of a block key; of several columns where `part` is WORDS."""

    columns: tuple[str, ...]
    part: Part
    letters: int = 0

    def written(self) -> str:
        """Return the expression as it stands in a model file."""
        joined = "+".join(self.columns)
        if self.part is Part.WHOLE:
            return joined
        if self.part in (Part.FIRST, Part.LAST):
            return f"{joined}:{self.letters if self.part is Part.FIRST else -self.letters}"
        return f"{joined}:{self.part}"


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """People who are not the one, but share with it more than chance would have it, such as a household."""

    name: str
    rate: float  # how many of them a person has
    shares: Mapping[str, float]  # field → share of them who have the same value


@dataclass(frozen=True, slots=True)
class Hold:
    """A pair that has one of these levels in every one of these fields is not linked without a person."""

    levels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Declared:
    """All that a model file says of the table, beside m, u and the thresholds."""

    id_column: str
    empty: tuple[str, ...]  # words that say nothing, in lower case
    columns: tuple[Column, ...]
    fields: tuple[ComparedField, ...]
    kinds: Mapping[str, tuple[KeyPart, ...]]  # of block keys
    look_alikes: tuple[LookAlikes, ...]
    holds: tuple[Hold, ...]

    def schema(self) -> Schema:
        """Return what a table must hold, and the levels."""
        headers = tuple(dict.fromkeys(header for column in self.columns for header in column.headers))
        required = [column.headers[0] for column in self.columns if not column.optional and len(column.headers) == 1]
        return Schema(
            id_column=self.id_column,
            columns=(self.id_column, *headers),
            required=(self.id_column, *required),
            fields=tuple(field.schema() for field in self.fields),
        )
