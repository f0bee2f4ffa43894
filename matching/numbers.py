"""The twelve-digit personal number: read, and compared with what else is known. It has no check digit.

Three digits for the place of birth registration, one for century and sex, two for the year, six at random. A number
is never proof: it can be mistyped, a parent's, or cancelled and replaced. So everything odd is a flag, no refusal.
Source: Decree 137/2015 art. 13; Circular 59/2021 art. 4.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from matching import reference
from matching.identity import Flag, Sex
from matching.names import says_unknown

CHILD_UNTIL = 16  # years; Law on Children 2016, article 1
_IGNORED = re.compile(r"[\s.'’`´\-\u200b\u200c\u200d\u2060\ufeff]+")
_CELL = re.compile(r"([1-9]\d{7,11})\.0+")
_SCIENTIFIC = re.compile(r"([1-9])[.,](\d+)[eE]\+?(\d+)")
_CENTURIES_IN_USE = "0123"  # 1900-1999 and 2000-2099


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(row["id_code"] for row in reference.rows("id_province_codes"))


def _digits(written: str) -> str:
    """Return what `written` is without the ways of setting a number apart, e.g. '040.311.497.002' or a cell's '.0'."""
    text = written.strip()
    if (cell := _CELL.fullmatch(text)) is not None:
        return cell[1]
    if (power := _SCIENTIFIC.fullmatch(text)) is not None:
        # Only a power that still shows every digit is the number; from a rounded one nothing can be had back.
        return power[1] + power[2] if int(power[3]) == len(power[2]) else text
    return _IGNORED.sub("", text)


def _restored(digits: str) -> str | None:
    """Return the number whose leading zeros a spreadsheet dropped, if there is one.

    A spreadsheet drops every leading zero, so what is left never begins with one; a number that lacks a digit
    elsewhere mostly does.
    """
    if len(digits) not in {10, 11} or digits.startswith("0"):
        return None
    number = digits.zfill(12)
    return number if number[:3] in _prefixes() and number[3] in _CENTURIES_IN_USE else None


def _is_number(digits: str, length: int) -> bool:
    return len(digits) == length and digits.isascii() and digits.isdecimal()


def read_number(written: str | None) -> tuple[str | None, frozenset[Flag]]:
    """Return the twelve digits that `written` gives, and what is odd about them; None when it gives none.

    Spaces, dots, a leading apostrophe and a spreadsheet's '.0' are left out; lost leading zeros are restored.
    """
    if written is None or not written.strip() or says_unknown(written):
        return None, frozenset()
    digits = _digits(written)
    if _is_number(digits, 12):
        return digits, frozenset()
    restored = _restored(digits) if _is_number(digits, len(digits)) else None
    if restored is not None:
        return restored, frozenset({Flag.NUMBER_ZERO_RESTORED})
    return None, frozenset({Flag.NUMBER_SHAPE})


def year_of(number: str) -> int:
    """Return the year of birth that a twelve-digit number states."""
    return 1900 + 100 * (int(number[3]) // 2) + int(number[4:6])


def sex_of(number: str) -> Sex:
    """Return the sex that a twelve-digit number states."""
    return Sex.FEMALE if int(number[3]) % 2 else Sex.MALE


def flags_of(number: str, *, sex: Sex | None, birth_year: int | None, on: date) -> frozenset[Flag]:
    """Return what of a twelve-digit number does not fit the person; facts that are not known raise no flag.

    Args: on: the day to reckon the age at; a number of somebody surely 16 or older then is not a child's.
    """
    year = year_of(number)
    odd = {
        Flag.NUMBER_PREFIX_UNKNOWN: number[:3] not in _prefixes(),  # also when the birth was registered abroad
        Flag.NUMBER_SEX_MISMATCH: sex is not None and sex != sex_of(number),
        Flag.NUMBER_YEAR_MISMATCH: year > on.year or (birth_year is not None and birth_year != year),
        Flag.NUMBER_NOT_A_CHILDS: on.year - year > CHILD_UNTIL,
    }
    return frozenset(flag for flag, is_odd in odd.items() if is_odd)


def read_parent_paper(written: str | None) -> str | None:
    """Return the twelve digits, or the nine of an old identity card, that `written` gives; None when neither."""
    number, _ = read_number(written)
    if number is None and written is not None and _is_number(_digits(written), 9):
        return _digits(written)
    return number
