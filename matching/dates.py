"""Birth dates as people write them: whole, month and year, year alone, in figures or in words."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from matching.identity import BirthDate, Flag
from matching.names import clean, says_unknown
from matching.syllables import unmark

VIET_NAM = timezone(timedelta(hours=7), "+07")  # no summer time since 1975
_YEARS = range(1900, 2200)
_OLDEST = 130
_SEP = r"\s*[/.\-]\s*"
_TIME = r"(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?"
_YEAR = re.compile(r"(?:nam )?(?P<year>\d{4})(?:\.0+)?")
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}})(?:{_SEP}(?P<day>\d{{1,2}}))?(?:[t ]\s*(?P<time>\d.*))?"
)
_DAY_FIRST = re.compile(rf"(?:ngay )?(?:(?P<day>\d{{1,2}}){_SEP})?(?P<month>\d{{1,2}}){_SEP}(?P<year>\d{{4}}){_TIME}")
_WORDS = re.compile(
    r"(?:sinh )?(?:(?:ngay )?(?:mong |mung )?(?P<day>\d{1,2}) )?thang (?P<month>\d{1,2}),? nam (?P<year>\d{4})"
)


class UnreadableDate(ValueError):
    """The text has none of the forms in which dates are written."""


class ImpossibleDate(ValueError):
    """The text has the form of a date, but the calendar has no such day."""


def _whole(year: int, month: int | None, day: int | None) -> BirthDate:
    if year not in _YEARS:
        raise ImpossibleDate("the year is out of range")
    if month is not None:
        try:
            date(year, month, day or 1)
        except ValueError:
            raise ImpossibleDate("the calendar has no such day") from None
    return BirthDate(year=year, month=month, day=day, placeholder=(month, day) == (1, 1))


def _moment(year: str, month: str, day: str, time: str) -> BirthDate:
    """Read a date with a time; one that names its zone is taken to the day it was in Viet Nam."""
    _whole(int(year), int(month), int(day))
    try:
        moment = datetime.fromisoformat(f"{year}-{int(month):02}-{int(day):02}T{time.strip().upper()}")
    except ValueError:
        raise UnreadableDate("the time after the date cannot be read") from None
    local = moment if moment.tzinfo is None else moment.astimezone(VIET_NAM)
    return _whole(local.year, local.month, local.day)


def _parse(text: str) -> BirthDate:
    for form in (_YEAR, _YEAR_FIRST, _DAY_FIRST, _WORDS):
        found = form.fullmatch(text)
        if found is None:
            continue
        part = found.groupdict()
        if part.get("time"):
            if not part["day"]:
                break
            return _moment(part["year"], part["month"], part["day"], part["time"])
        # 00 for the day or the month is how some forms write 'not known'.
        month, day = int(part.get("month") or 0) or None, int(part.get("day") or 0) or None
        if day is not None and month is None:
            raise ImpossibleDate("a day without a month")
        return _whole(int(part["year"]), month, day)
    raise UnreadableDate("no form of a date")


def read_birth_date(written: str | None) -> tuple[BirthDate | None, frozenset[Flag]]:
    """Return the birth date that `written` gives, as far as it is known, and what is odd about it.

    Reads dd/mm/yyyy (also with - or .), mm/yyyy, yyyy, ISO with or without a time, and 'ngày 3 tháng 5 năm 2014'.
    The day always stands before the month, unless the year is first. Words for 'unknown' give None.

    Raises:
        ImpossibleDate: the calendar has no such day, e.g. the 31st of February.
        UnreadableDate: the text has no known form.
    """
    if written is None:
        return None, frozenset()
    text = " ".join(unmark(clean(written)).lower().lstrip("'").split())
    if not text or says_unknown(written):
        return None, frozenset()
    if not text.isascii():
        raise UnreadableDate("no form of a date")
    birth = _parse(text)
    return birth, frozenset({Flag.BIRTH_PLACEHOLDER}) if birth.placeholder else frozenset()


def from_estimated_age(age: int, on: date) -> BirthDate:
    """Return the year of birth of somebody thought to be `age` years old `on` that day, give or take one year.

    Raises: ImpossibleDate: nobody has that age.
    """
    if not 0 <= age <= _OLDEST:
        raise ImpossibleDate("nobody has that age")
    return BirthDate(year=on.year - age, tolerance_years=1)


def is_after(birth: BirthDate, day: date) -> bool:
    """Tell whether `birth` is certainly later than `day`; an unknown month or day is given the benefit of the doubt."""
    earliest = (birth.year - birth.tolerance_years, birth.month or 1, birth.day or 1)
    return earliest > (day.year, day.month, day.day)
