"""Working days of Viet Nam: Saturdays, Sundays and public holidays are none, exchanged Saturdays are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

_SATURDAY: Final = 5
_VIET_NAM: Final = timezone(timedelta(hours=7))  # the same all year, unchanged since 1975


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """The days off of one year. `known`: they were announced; otherwise more may come."""

    known: bool
    off: frozenset[date]
    worked: frozenset[date]  # Saturdays worked in exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A last day. `certain` is False where the days off of a year on the way are not announced: it may be later."""

    day: date
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """The calendar by which clocks run. A year that is not in it has no days off but Saturdays and Sundays."""

    years: Mapping[int, DaysOff]

    def is_working(self, day: date) -> bool:
        """Say whether offices work on a day."""
        year = self.years.get(day.year)
        if day.weekday() >= _SATURDAY:
            return year is not None and day in year.worked
        return year is None or day not in year.off

    def after(self, day: date, *, days: int) -> Due:
        """Return the last of so many working days after a day; the day itself does not count."""
        last, left = day, days
        while left:
            last += timedelta(days=1)
            left -= self.is_working(last)
        return self._due(day, last)

    def not_before(self, day: date, *, days: int) -> Due:
        """Return the last of so many days after a day; if it is no working day, the next one.

        Source: Civil Code 91/2015/QH13, article 148(5): a span that ends on a day off ends with the next working day.
        """
        last = day + timedelta(days=days)
        while not self.is_working(last):
            last += timedelta(days=1)
        return self._due(day, last)

    def _due(self, first: date, last: date) -> Due:
        spanned = (self.years.get(year) for year in range(first.year, last.year + 1))
        return Due(day=last, certain=all(year is not None and year.known for year in spanned))


def day_in_viet_nam(at: datetime) -> date:
    """Return the day in Viet Nam at a moment."""
    return at.astimezone(_VIET_NAM).date()
