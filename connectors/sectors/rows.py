"""What all sectors' rows have in common: a key and a time stamp that can be relied on, or the row is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from connectors.formats.lines import JsonRow
from connectors.formats.tables import TableRow
from connectors.records import PersonFacts, Rejected, SourceRecord

RowT = TypeVar("RowT", TableRow, JsonRow)

# No formula, no white space at the ends, nothing invisible: a key is compared and joined on as it stands.
_KEY = re.compile(r"\w(?:[\w ./:-]{0,62}[\w./-])?")
_NUMBER_INSTEAD = re.compile(r"[\d ./-]{6,}")


class RowRefused(Exception):
    """A row breaks `rule` at `field`. No value of it is repeated."""

    def __init__(self, rule: str, field_name: str | None) -> None:
        super().__init__(f"{rule}: {field_name}")
        self.rule = rule
        self.field = field_name


def read_rows(
    rows: Iterable[RowT | Rejected], describe: Callable[[RowT], SourceRecord]
) -> Iterator[SourceRecord | Rejected]:
    """Yield one element for each row: what it describes, or why it cannot be read."""
    return (read_row(row, describe) for row in rows)


def read_row(row: RowT | Rejected, describe: Callable[[RowT], SourceRecord]) -> SourceRecord | Rejected:
    """Return what one row describes, or why it cannot be read."""
    if isinstance(row, Rejected):
        return row
    try:
        return describe(row)
    except RowRefused as refusal:
        return Rejected(row=row.row, rule=refusal.rule, field=refusal.field, raw=row.raw)


def checked_key(key: str | None, field_name: str) -> str:
    """Return `key` if it can be one.

    Raises:
        RowRefused: it is missing, or holds what no key holds, such as a formula.
    """
    if not key:
        raise RowRefused("key_missing", field_name)
    if not _KEY.fullmatch(key):
        raise RowRefused("key_broken", field_name)
    return key


def checked_stamp(text: str | None, field_name: str, *, read: Callable[[str], datetime | None]) -> datetime:
    """Return the row's time stamp: without one it cannot be told which version is newer.

    Raises:
        RowRefused: it is missing or not in the agreed form.
    """
    if not text:
        raise RowRefused("stamp_missing", field_name)
    stamp = read(text)
    if stamp is None:
        raise RowRefused("stamp_broken", field_name)
    return stamp


def checked_names(row: TableRow, columns: Iterable[str]) -> None:
    """Raise RowRefused where a number stands in a column of names: the cells of the row are shifted."""
    for column in columns:
        if _NUMBER_INSTEAD.fullmatch(row.text(column) or ""):
            raise RowRefused("columns_shifted", column)


def person(
    name: str | None, *, number: str | None = None, birth_year: str | None = None, relation: str | None = None
) -> PersonFacts | None:
    """Return a parent or carer, or None where nothing at all is said of one."""
    if not (name or number or birth_year or relation):
        return None
    return PersonFacts(name=name, number=number, birth_year=birth_year, relation=relation)


def known_facts(**facts: object) -> dict[str, object]:
    """Return the facts that are known: those not None."""
    return {name: fact for name, fact in facts.items() if fact is not None}


def whole_number(text: str | None) -> int | None:
    """Return a whole number written in digits, or None."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,12}", text) else None
