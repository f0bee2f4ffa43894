"""What the law sets in numbers, days and texts: dated entries of a file that a lawyer can change."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Self, TypeVar
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from registry.model.access import Purpose
from registry.model.errors import RegistryError
from registry.model.working_days import DaysOff, WorkingDays

_SHIPPED: Final = "law.toml"
_NAMES_OF_BASES: Final = UUID("a1b3c4f2-6f0e-5d2a-9a55-3f6f8b0c7d11")


class LawRefused(RegistryError):
    """The file of legal numbers cannot be used."""

    title = "The file of legal numbers cannot be used"


class NoRule(RegistryError):
    """The file has no entry of this name for this day."""

    status = 500
    title = "There is no legal rule for this day"


class Use(StrEnum):
    """What a family may consent to; nothing else hangs on consent."""

    DISCLOSURE = "disclosure"
    RESEARCH = "research"
    MEDIA = "media"
    SERVICES = "services"  # that are voluntary


class Clock(StrEnum):
    """The numbers that the duties ask for."""

    ANSWER_WORKING_DAYS = "answer_working_days"
    STOP_DAYS = "stop_days"
    STOP_DAYS_WITH_OTHERS = "stop_days_with_others"
    DO_DAYS = "do_days"
    DO_DAYS_WITH_OTHERS = "do_days_with_others"
    EXTENSION_DAYS = "extension_days"
    CONSENT_AGE = "consent_age"
    BREACH_HOURS = "breach_hours"
    BREACH_WARNING_HOURS = "breach_warning_hours"


class Kept(StrEnum):
    """What the retention schedule speaks of."""

    AGE_OUT = "age_out"
    CLOSED_CASE = "closed_case"
    QUARANTINE = "quarantine"
    ALARM = "alarm"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Dated(_Entry):
    valid_from: date
    law: Annotated[str, Field(min_length=1)]


class LegalNumber(_Dated):
    """A number with its first day and its source."""

    name: Clock
    value: Annotated[int, Field(ge=1, le=3660)]
    checked: str


class RetentionRule(_Dated):
    """How long something is kept; `age` is the age in years at which the span begins."""

    name: Kept
    months: Annotated[int, Field(ge=0, le=1200)]
    age: Annotated[int, Field(ge=0, le=100)] | None = None
    checked: str

    @model_validator(mode="after")
    def _age_where_due(self) -> Self:
        if (self.age is not None) != (self.name is Kept.AGE_OUT):
            raise ValueError("an age belongs to age_out, and to nothing else")
        return self


class LegalBasis(_Dated):
    """A law that allows a purpose, as it comes with the program."""

    purpose: Purpose
    article: Annotated[str, Field(min_length=1)]
    wording: Annotated[str, Field(min_length=1)]

    @property
    def basis_id(self) -> UUID:
        """Return the id under which the register knows it; another text is another basis."""
        return uuid5(_NAMES_OF_BASES, "|".join((self.purpose, self.law, self.article, self.valid_from.isoformat())))


class ConsentText(_Entry):
    """A text to be signed."""

    use: Use
    version: Annotated[str, Field(min_length=1, max_length=20)]
    language: str
    wording: Annotated[str, Field(min_length=20)]

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the wording."""
        return hashlib.sha256(self.wording.encode()).digest()


class _Year(_Entry):
    year: Annotated[int, Field(ge=2000, le=2200)]
    known: bool
    source: str
    off: tuple[date, ...]
    worked: tuple[date, ...] = ()


class _File(_Entry):
    number: tuple[LegalNumber, ...]
    retention: tuple[RetentionRule, ...]
    year: tuple[_Year, ...]
    basis: tuple[LegalBasis, ...]
    consent_text: tuple[ConsentText, ...]


D = TypeVar("D", bound=_Dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """All legal numbers, spans, days off, bases and texts that an installation goes by."""

    numbers: tuple[LegalNumber, ...]
    retention: tuple[RetentionRule, ...]
    days: WorkingDays
    bases: tuple[LegalBasis, ...]
    texts: tuple[ConsentText, ...] = field(repr=False)

    def number(self, name: Clock, *, on: date) -> int:
        """Return a number as it stands on a day.

        Raises:
            NoRule: none is valid then.
        """
        return _standing((entry for entry in self.numbers if entry.name is name), on, name).value

    def kept(self, name: Kept, *, on: date) -> RetentionRule:
        """Return how long something is kept, as it stands on a day.

        Raises:
            NoRule: no rule is valid then.
        """
        return _standing((entry for entry in self.retention if entry.name is name), on, name)

    def text(self, use: Use, language: str) -> ConsentText:
        """Return the newest text of a use in a language.

        Raises:
            NoRule: there is none.
        """
        found = [text for text in self.texts if text.use is use and text.language == language]
        if not found:
            raise NoRule(place=f"{use.value} {language}")
        return found[-1]

    def text_of(self, digest: bytes) -> ConsentText | None:
        """Return the text of a digest, or None."""
        return next((text for text in self.texts if text.digest == digest), None)


def _standing(entries: Iterable[D], on: date, name: str) -> D:
    valid = [entry for entry in entries if entry.valid_from <= on]
    if not valid:
        raise NoRule(place=name)
    return max(valid, key=lambda entry: entry.valid_from)


def months_before(day: date, months: int) -> date:
    """Return the day that lies so many months before another; a shorter month ends earlier."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first_of_next = date(years + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - timedelta(days=1)).day
    return date(years, month + 1, min(day.day, last))


def read_law(text: str, *, place: str) -> Law:
    """Return what a file says.

    Raises:
        LawRefused: it is no TOML, or an entry breaks a rule; the place is named.
    """
    try:
        found = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        raise LawRefused("it is not TOML", place=place) from None
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"])
        raise LawRefused(f"an entry breaks a rule: {where}", place=place) from None
    missing = sorted({*Clock} - {entry.name for entry in found.number}) + sorted(
        {*Kept} - {entry.name for entry in found.retention}
    )
    if missing:
        raise LawRefused(f"an entry is missing: {', '.join(missing)}", place=place)
    years = {
        one.year: DaysOff(known=one.known, off=frozenset(one.off), worked=frozenset(one.worked)) for one in found.year
    }
    return Law(
        numbers=found.number,
        retention=found.retention,
        days=WorkingDays(years=years),
        bases=found.basis,
        texts=found.consent_text,
    )


@cache
def shipped_law() -> Law:
    """Return what comes with the program."""
    text = files("registry.model").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return read_law(text, place=_SHIPPED)


def law_of(path: Path | None) -> Law:
    """Return the law of an installation; args: path: its own file; None: what comes with the program.

    Raises:
        LawRefused: the file cannot be read or used.
    """
    if path is None:
        return shipped_law()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise LawRefused("it cannot be read", place=path.name) from None
    return read_law(text, place=path.name)
