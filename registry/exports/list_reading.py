"""Reads a list of children that somebody found, or what is left of it: its codes, and how its rows are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.exports.child_list import COLUMNS, SEXES
from registry.exports.marks import CODE, FoundRow, person_of

_DATE: Final = re.compile(r"(?:(?P<day>\d{1,2})[/.\-])?(?P<month>\d{1,2})[/.\-](?P<year>(?:19|20)\d{2})")
_ISO: Final = re.compile(r"(?P<iso>(?:19|20)\d{2}-\d{2}-\d{2})(?:[T ].*)?")
_YEAR: Final = re.compile(r"(?:19|20)\d{2}")
_SEXES: Final = frozenset(word for words in SEXES.values() for word in (words.vi.lower(), words.en.lower()))
_ONE_DIGIT: Final = 10
_LONGEST_NAME: Final = 200
_IN_NAMES: Final = str.maketrans("", "", "'’.-")
_TITLES: Final = {
    name: frozenset({title.vi.casefold(), title.en.casefold()})
    for name, title, _ in COLUMNS
    if name in ("name", "birth")
}


@dataclass(frozen=True, slots=True)
class FoundList:
    """What was found in a file."""

    codes: tuple[str, ...]
    rows: tuple[FoundRow, ...]


def read_list(table: Iterable[Sequence[str]]) -> FoundList:
    """Return the codes and the rows of a table of texts; lines that are no child's are passed over."""
    codes: list[str] = []
    rows: list[FoundRow] = []
    name_at: int | None = None
    for cells in table:
        tidy = [" ".join(cell.split()) for cell in cells]
        codes += [found for cell in tidy for found in CODE.findall(cell.upper())]
        title = next((place for place, cell in enumerate(tidy) if cell.casefold() in _TITLES["name"]), None)
        if title is not None:
            name_at = title
            continue
        row = _row(tidy, name_at)
        if row is not None:
            rows.append(row)
    return FoundList(tuple(codes), tuple(rows))


def _row(cells: Sequence[str], name_at: int | None) -> FoundRow | None:
    """Return a row that has a name; args: name_at: where names stand, if a title said so."""
    if name_at is not None and name_at < len(cells):
        name: str | None = cells[name_at]
    else:
        name = next((cell for cell in cells if _looks_like_a_name(cell)), None)
    birth, zeros = _birth(cells)
    if not name or not birth:
        return None
    sex = next((cell for cell in cells if cell.lower() in _SEXES), None)
    return FoundRow(person=person_of(name, birth), zeros=zeros, capital=None if sex is None else sex[0].isupper())


def _looks_like_a_name(cell: str) -> bool:
    words = cell.translate(_IN_NAMES).split() if len(cell) <= _LONGEST_NAME else []
    return len(words) > 1 and all(map(str.isalpha, words))


def _birth(cells: Sequence[str]) -> tuple[str | None, bool | None]:
    """Return the birth date of a row, and whether it is written with zeros; None: that cannot be told."""
    for cell in cells:
        if found := _DATE.fullmatch(cell):
            parts = [part for part in (found["day"], found["month"]) if part is not None]
            small = {part.startswith("0") for part in parts if int(part) < _ONE_DIGIT}
            iso = "-".join([found["year"], *(part.zfill(2) for part in reversed(parts))])
            return iso, small.pop() if len(small) == 1 else None
        if found := _ISO.fullmatch(cell):
            return found["iso"], None
    return next(((cell, None) for cell in cells if _YEAR.fullmatch(cell)), (None, None))
