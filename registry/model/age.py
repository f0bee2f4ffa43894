"""The age of a child on a day, from a birth date that may be known in part."""

from __future__ import annotations

from datetime import date
from typing import Final

from registry.model.errors import RegistryError

CHILD_BELOW: Final = 16  # years. Source: Law on Children 2016 (102/2016/QH13), article 1
_MIDDLE_OF_YEAR: Final = (7, 1)
_MIDDLE_OF_MONTH: Final = 15

Birth = tuple[int, int | None, int | None]  # year, month, day; None: not known, and then neither is what follows


class NotADate(RegistryError):
    """The parts of a birth date make no day of the calendar."""

    status = 422
    title = "A birth date is no date"


def age_on(birth: Birth, day: date) -> int | None:
    """Return the completed years of a child on a day, or None where that person is no child then.

    A birth date known in part stands in the middle of what is known: 1 July of the year, or the 15th of the
    month. So the ages of many such children are right on average. Someone who may have been born by that day
    is 0 even where the middle lies after it. A child of 29 February turns a year older on 1 March of a common
    year. None means not yet born on that day, or 16 and older.

    Raises:
        NotADate: no such month or day, or a day without its month.

    """
    year, month, in_month = birth
    if month is None and in_month is not None:
        raise NotADate("a day needs its month", field="birth date")
    earliest = _date(year, month or 1, in_month or 1)
    if earliest > day:
        return None
    default_month, default_day = _MIDDLE_OF_YEAR if month is None else (month, _MIDDLE_OF_MONTH)
    born = _date(year, month or default_month, in_month or default_day)
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return max(years, 0) if years < CHILD_BELOW else None


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotADate("no such day in the calendar", field="birth date") from None
