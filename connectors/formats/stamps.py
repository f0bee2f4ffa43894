"""Dates and times as the systems write them. What is not in the agreed form is None: nothing is guessed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone

VIET_NAM = timezone(timedelta(hours=7))  # one zone, no summer time

_YEARS = range(1900, 2200)  # a stamp outside is a slip, and one near the calendar's ends cannot be changed to UTC

_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_IN_WORDS = re.compile(r"ngày\s+([0-9]{1,2})\s+tháng\s+([0-9]{1,2})\s+năm\s+([0-9]{4})", re.IGNORECASE)
_LOCAL = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")


def read_date(text: str | None) -> date | None:
    """Return the date in 'dd/mm/yyyy', 'yyyy-mm-dd' or 'ngày d tháng m năm yyyy'; None if it is none of them."""
    text = unicodedata.normalize("NFC", (text or "").strip())
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _SLASHED.fullmatch(text) or _IN_WORDS.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def read_date_as_iso(text: str | None) -> str | None:
    """Return the date as 'yyyy-mm-dd', or None where `read_date` finds none."""
    found = read_date(text)
    return found.isoformat() if found else None


def read_iso_stamp(text: str) -> datetime | None:
    """Return an ISO 8601 time with its zone; without a zone it is no time that others can be compared to."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return stamp if stamp.tzinfo is not None and stamp.year in _YEARS else None


def read_local_stamp(text: str) -> datetime | None:
    """Return the time in 'dd/mm/yyyy HH:MM:SS' as one of Viet Nam."""
    found = _LOCAL.fullmatch(text.strip())
    if not found:
        return None
    day, month, year, hour, minute, second = (int(part) for part in found.groups())
    try:
        stamp = datetime(year, month, day, hour, minute, second, tzinfo=VIET_NAM)
    except ValueError:
        return None
    return stamp if year in _YEARS else None
