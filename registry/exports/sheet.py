"""A published table as CSV: notes on `#` lines, then one line a cell with codes, labels, the count and its status."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from io import StringIO
from typing import Final

from registry.exports.published import STATUS_LABELS, Language, PublishedTable, Status

COUNT_COLUMN: Final = "children"
STATUS_COLUMN: Final = "status"
LABEL_SUFFIX: Final = "_label"
COMMENT: Final = "#"
LINE_END: Final = "\r\n"  # RFC 4180, section 2
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_of(table: PublishedTable, *, language: Language, places: Mapping[str, str], for_excel: bool = False) -> bytes:
    """Return the table as UTF-8 CSV that explains itself.

    The note `sha256` is the hash of everything after the notes: the header line and all below it.

    Args:
        table: a published table; no other can be written.
        language: of the labels and notes; column names, codes and statuses are the same in both.
        places: the name of each place by its code.
        for_excel: put a byte order mark first, without which Excel misreads Vietnamese letters.

    Raises:
        UnlabelledPlace: a place of the table is missing among `places`.

    """
    body = _lines(_rows(table, language=language, places=places)).encode()
    notes = (*notes_of(table, language=language), ("sha256", sha256(body).hexdigest()))
    head = "".join(f"{COMMENT} {key}: {_one_line(text)}{LINE_END}" for key, text in notes).encode()
    return (BYTE_ORDER_MARK if for_excel else b"") + head + body


def notes_of(table: PublishedTable, *, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what a reader must know about the table, as pairs of a fixed key and a text."""
    noise = table.protection
    lists = (
        (f"code_list.{axis.name}", f"{axis.version} ({axis.source})" if axis.source else axis.version)
        for axis in table.axes
    )
    marks = ((f"status.{status}", words.read(language)) for status, words in STATUS_LABELS.items())
    return (
        ("title", table.title.read(language)),
        ("table", f"{table.name} {table.version}"),
        ("frame_date", table.frame_date.isoformat()),
        ("frame", table.frame.read(language)),
        ("method", table.method.read(language)),
        ("p_table", f"{noise.p_table} D={noise.d} V={noise.v:g} js={noise.js}"),
        ("least_in_row", str(noise.least_in_row)),
        ("least_in_area", str(noise.least_in_area)),
        *lists,
        *marks,
    )


def columns_of(table: PublishedTable) -> tuple[str, ...]:
    """Return the names of the columns: code and label of each variable, the count, its status and what that means."""
    axes = (name for axis in table.axes for name in (axis.name, axis.name + LABEL_SUFFIX))
    return (*axes, COUNT_COLUMN, STATUS_COLUMN, STATUS_COLUMN + LABEL_SUFFIX)


def _rows(table: PublishedTable, *, language: Language, places: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    labels = tuple({code.code: code.read(language, places=places) for code in axis.codes} for axis in table.axes)
    yield columns_of(table)
    for codes in table.combinations():
        cell = table.cell(*codes)
        pairs = (part for code, names in zip(codes, labels, strict=True) for part in (code, harmless(names[code])))
        count = "" if cell.shown is None else str(cell.shown)
        yield (*pairs, count, cell.status, _status_label(cell.status, language=language))


def _status_label(status: Status, *, language: Language) -> str:
    """Return the words for a status; an ordinary count needs none on its line."""
    return "" if status is Status.SHOWN else STATUS_LABELS[status].read(language)


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    written = StringIO(newline="")
    csv.writer(written, lineterminator=LINE_END).writerows(rows)
    return written.getvalue()


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe goes before its first sign."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
