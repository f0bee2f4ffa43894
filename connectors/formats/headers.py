"""Finding the header of a table: the row that names the columns, wherever in its first rows it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.contract import FileRefused

SEARCHED_ROWS = 20  # exports carry title rows above the header
MAX_HEADER_BYTES = 20_000  # every row carries the header's line with it

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns of a table, in its order: required ones by their agreed name, others as written."""

    row: int
    columns: tuple[str, ...]
    doubled: tuple[str, ...] = ()  # required ones that stand there twice
    raw: bytes = field(repr=False)  # the line as delivered: with it in front, a row's own bytes can be read again

    def missing(self, required: Sequence[str]) -> tuple[str, ...]:
        """Return those of `required` that are not among the columns."""
        return tuple(column for column in required if column not in self.columns)


def read_header(row: int, cells: Sequence[str], required: Sequence[str], *, raw: bytes) -> Header:
    """Return the row read as a header; letters' case, spacing and Unicode form of the names do not matter.

    Args: raw: one line with its end.
    """
    agreed = {_canonical(column): column for column in required}
    columns: list[str] = []
    doubled: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = agreed.get(_canonical(cell)) or cell.strip() or f"({place})"
        if name in columns:
            doubled.append(name)
            name = f"{name} ({place})"
        columns.append(name)
    doubled_required = tuple(name for name in doubled if name in required)
    return Header(row=row, columns=tuple(columns), doubled=doubled_required, raw=raw)


def _canonical(name: str) -> str:
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", name))
    return " ".join(visible.split()).casefold()


def closest(headers: Iterable[Header], required: Sequence[str]) -> Header | None:
    """Return the header that lacks the fewest of `required`, the upper one of equals; None if no row has any."""
    found = [header for header in headers if len(header.missing(required)) < len(required)]
    return min(found, key=lambda header: len(header.missing(required)), default=None)


def check_header(header: Header | None, required: Sequence[str]) -> Header:
    """Return the header if it has every required column once.

    Raises:
        FileRefused: there is none, it is endless, or a column is missing, renamed or doubled.
    """
    if header is None:
        raise FileRefused("column_missing", f"no header in the first {SEARCHED_ROWS} rows: column {required[0]}")
    if missing := header.missing(required):
        raise FileRefused("column_missing", f"row {header.row}: column {', column '.join(missing)}")
    if len(header.raw) > MAX_HEADER_BYTES:
        raise FileRefused("header_too_long", f"row {header.row}: more than {MAX_HEADER_BYTES} bytes")
    if header.doubled:
        raise FileRefused("column_doubled", f"row {header.row}: column {', column '.join(header.doubled)}")
    return header
