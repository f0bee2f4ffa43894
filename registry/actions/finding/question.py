"""What somebody asks for: the words of a search form, read as a number, a record's key, a name, a parent, a date."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from matching import dates, numbers
from matching.identity import BirthDate
from registry.actions.finding.grading import Asked
from registry.actions.finding.name_likeness import Sought
from registry.actions.finding.typed_names import parent_in, readings, typed_with_digits
from registry.model.errors import BadQuery

LONGEST_TEXT: Final = 200  # characters

_NUMBER: Final = re.compile(r"[\d .\-]{11,20}")
_KEY: Final = re.compile(r"(?=.*\d)[^\s]{4,64}")
_BORN: Final = re.compile(
    r"(?P<name>.*?[^\W\d_].*?)[\s,;]+(?:(?:born|sinh|sn)\s*(?:(?:in|on|năm|nam|ngày|ngay)\s*)?)?"
    r"(?P<born>(?:\d{1,2}[/.\-]){0,2}(?:19|20)\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindQuery:
    """What somebody knows of the child they look for: at least the first or the third of these."""

    text: str = field(repr=False)  # a name, with or without marks; a personal number; a record key or case number
    born: str | None = field(default=None, repr=False)  # a date, a month, or a year that may be one off
    mother: str | None = field(default=None, repr=False)  # or the father
    commune: str | None = field(default=None, repr=False)  # its name or code, today's or from before July 2025


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A search that was understood."""

    number: str | None = field(repr=False)  # twelve digits
    key: str | None = field(repr=False)  # what may be a record's own key
    asked: Asked | None = field(repr=False)  # None: a number or a key and nothing else
    commune: str | None


def understand(query: FindQuery) -> Question:
    """Return what is asked for.

    Raises:
        BadQuery: a field breaks a rule.
    """
    text, mother = _tidy(query.text, "text"), _tidy(query.mother, "mother")
    if not text and not mother:
        raise BadQuery("text", "a name or a number is needed")
    number = numbers.read_number(text)[0] if _NUMBER.fullmatch(text) else None
    key = text if _KEY.fullmatch(text) else None
    asked = None
    if (number is None and key is None) or (key is not None and typed_with_digits(key)):
        asked = _asked(text, query.born, mother)
    commune = query.commune.strip() if query.commune else ""
    return Question(number=number, key=key, asked=asked, commune=commune or None)


def _tidy(written: str | None, place: str) -> str:
    text = " ".join((written or "").split())
    if len(text) > LONGEST_TEXT:
        raise BadQuery(place, "too long")
    return text


def _asked(text: str, written_born: str | None, mother: str) -> Asked:
    """Read the words of a name; one that names a parent ('con bà …') or ends in a birth date gives that up."""
    name, born = text, (written_born or "").strip()
    within = _BORN.fullmatch(text)
    if within is not None and not born:
        name, born = within["name"], within["born"]
    parent = parent_in(name)
    if parent is not None:
        name, mother = "", mother or parent
    sought, of_parent = _sought(name), _sought(mother)
    if sought is None and of_parent is None:
        raise BadQuery("text", "no letters to look for")
    return Asked(sought=sought, born=_born(born), mother=of_parent)


def _sought(text: str) -> Sought | None:
    found = readings(text) if text else ()
    return Sought(found) if found else None


def _born(written: str) -> BirthDate | None:
    if not written:
        return None
    try:
        born, _ = dates.read_birth_date(written)
    except (dates.ImpossibleDate, dates.UnreadableDate):
        raise BadQuery("born", "not a date or a year") from None
    return born
