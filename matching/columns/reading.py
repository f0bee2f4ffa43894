"""Reading: the values of a column as written become values that can be compared; each distinct one is read once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.columns.declared import Column, Reading

DATE_DIRECTIVES: Final = ("%Y", "%m", "%d")
_GROUPS: Final = {"%Y": r"(?P<year>\d{4})", "%m": r"(?P<month>\d{N})", "%d": r"(?P<day>\d{N})"}
_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_NUMBER: Final = r"^[+-]?\d{1,15}(\.\d{1,15})?$"

Numbers = npt.NDArray[np.int64]


def date_pattern(written: str) -> str | None:
    """Return the regular expression of a date format; None if a day has no month, a month no year, or more is in it.

    Args: `written`: such as '%Y%m%d', '%d/%m/%Y', '%Y-%m' or '%Y'.
    """
    found = re.findall(r"%.", written)
    whole = [directive for directive in DATE_DIRECTIVES if directive in found]
    if sorted(found) != sorted(whole) or whole != list(DATE_DIRECTIVES[: len(whole)]) or not whole:
        return None
    digits = "2" if re.search(r"%.%", written) else "1,2"
    pattern = re.escape(written)
    for directive, group in _GROUPS.items():
        pattern = pattern.replace(re.escape(directive), group.replace("N", digits))
    return f"^{pattern}$"


def read_values(column: Column, values: pa.Array, empty: Sequence[str]) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Read distinct values of a column.

    Returns: the values to compare, null where a value says nothing or cannot be read, and which cannot be read.
    """
    trimmed = pc.utf8_trim_whitespace(values)
    says_nothing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(empty, type=pa.string()))
    written = pc.if_else(says_nothing, pa.scalar(None, pa.string()), trimmed)
    read = _READERS[column.reading](written, column)
    read = pc.if_else(pc.equal(pc.utf8_length(read), 0), pa.scalar(None, pa.string()), read)
    unread = pc.and_(pc.is_valid(written), pc.is_null(read))
    return read, unread.to_numpy(zero_copy_only=False).astype(np.bool_)


def _text(values: pa.Array, _: Column) -> pa.Array:
    """Without case, marks and punctuation; what is written in one word with an apostrophe stays one."""
    folded = pc.utf8_lower(values)
    if pc.all(pc.string_is_ascii(folded)).as_py() is False:
        apart = pc.utf8_lower(pc.utf8_normalize(folded, form="NFKD"))  # a capital may come apart into capitals
        plain = pc.replace_substring_regex(apart, pattern=r"[\p{M}’]+", replacement="")
        folded = pc.replace_substring(pc.replace_substring(plain, pattern="đ", replacement="d"), "ß", "ss")
    folded = pc.replace_substring_regex(folded, pattern=r"['`]+", replacement="")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, pattern=r"[^\p{L}\p{N}]+", replacement=" "))


def _verbatim(values: pa.Array, _: Column) -> pa.Array:
    return values


def _digits(values: pa.Array, _: Column) -> pa.Array:
    return pc.replace_substring_regex(values, pattern=r"\D+", replacement="")


def _number(values: pa.Array, _: Column) -> pa.Array:
    fits = pc.match_substring_regex(values, pattern=_NUMBER)
    kept = pc.if_else(pc.fill_null(fits, fill_value=False), values, pa.scalar(None, pa.string()))
    plain = pc.replace_substring_regex(kept, pattern=r"^\+", replacement="")
    return pc.cast(pc.cast(plain, pa.float64()), pa.string())


def _date(values: pa.Array, column: Column) -> pa.Array:
    """Return whole dates as YYYYMMDD, others as YYYYMM or YYYY, by the first format that fits."""
    read = pa.nulls(len(values), pa.string())
    for written in column.formats:
        waiting = pc.and_(pc.is_null(read), pc.is_valid(values))
        if pc.any(waiting).as_py():
            found = _dates_of(values.filter(waiting), str(date_pattern(written)))
            read = pc.replace_with_mask(read, waiting, found)
    return read


def _dates_of(values: pa.Array, pattern: str) -> pa.Array:
    found = pc.extract_regex(values, pattern=pattern)
    names = [field.name for field in found.type]
    year, month, day = (_part(found, name, names) for name in ("year", "month", "day"))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _DAYS[np.clip(month, 0, 12)] + ((month == 2) & leap)
    valid = (year >= 1) & (month <= 12) & (day <= last)
    valid &= ((month >= 1) | ("month" not in names)) & ((day >= 1) | ("day" not in names))
    digits = 4 + 2 * (len(names) - 1)
    text = pc.utf8_lpad(pc.cast(pa.array(year * 10_000 + month * 100 + day), pa.string()), 8, "0")
    return pc.if_else(pa.array(valid), pc.utf8_slice_codeunits(text, 0, digits), pa.scalar(None, pa.string()))


def _part(found: pa.Array, name: str, names: list[str]) -> Numbers:
    """Return a part of each date as a number; 0 where the format has none, or the date is not written so."""
    if name not in names:
        return np.zeros(len(found), dtype=np.int64)
    digits = pc.fill_null(pc.struct_field(found, name), "0")
    numbers: Numbers = pc.cast(digits, pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


_READERS = {
    Reading.TEXT: _text,
    Reading.VERBATIM: _verbatim,
    Reading.DIGITS: _digits,
    Reading.NUMBER: _number,
    Reading.DATE: _date,
}
