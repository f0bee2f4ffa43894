"""A published table: perturbed counts and marks under closed code lists. Every format is made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import Final, Literal

from registry.model.errors import RegistryError

Language = Literal["vi", "en"]


class UnfitTable(RegistryError):
    """A table breaks a rule of publishing."""

    status = 500
    title = "This may not be published"


class UnlabelledPlace(RegistryError):
    """A place of the code list has no name among the given labels."""

    status = 500
    title = "A place has no name"


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Vietnamese and in English."""

    vi: str
    en: str

    def read(self, language: Language) -> str:
        """Return the words in one language."""
        return self.vi if language == "vi" else self.en


class Status(StrEnum):
    """What a cell says. Only the first two come with a number."""

    SHOWN = "shown"
    NONE_OR_FEW = "none_or_few"  # the number is 0: nobody, or too few to show
    HIDDEN = "hidden"  # too few children in the row or in its area
    IMPOSSIBLE = "impossible"  # the codes exclude each other
    NOT_APPLICABLE = "not_applicable"
    NOT_AVAILABLE = "not_available"  # no source reports it


STATUS_LABELS: Final[Mapping[Status, Words]] = {
    Status.SHOWN: Words(vi="số đã làm nhiễu nhẹ", en="count with slight random noise"),
    Status.NONE_OR_FEW: Words(vi="không có, hoặc quá ít để công bố", en="none, or too few to show"),
    Status.HIDDEN: Words(
        vi="không công bố: hàng hoặc địa bàn có quá ít trẻ em", en="hidden: too few children in the row or area"
    ),
    Status.IMPOSSIBLE: Words(vi="không thể xảy ra", en="impossible combination"),
    Status.NOT_APPLICABLE: Words(vi="không áp dụng", en="not applicable"),
    Status.NOT_AVAILABLE: Words(vi="chưa có nguồn số liệu", en="not available: no source reports it"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A published count, or the mark that stands in its place; never both."""

    status: Status
    shown: int | None = None  # None: a mark stands in its place

    def __post_init__(self) -> None:
        fits = {Status.SHOWN: (self.shown or 0) > 0, Status.NONE_OR_FEW: self.shown == 0}
        if not fits.get(self.status, self.shown is None):
            raise UnfitTable("a number goes with the statuses shown and none_or_few only", field="cell")


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list."""

    code: str
    label: Words | None = None  # None: a place, whose name the caller of an export gives

    def read(self, language: Language, *, places: Mapping[str, str]) -> str:
        """Return the code's label.

        Raises:
            UnlabelledPlace: the code is a place that `places` does not name.

        """
        if self.label is not None:
            return self.label.read(language)
        if self.code not in places:
            raise UnlabelledPlace("every place of the list needs a name", field="places", place=self.code)
        return places[self.code]


@dataclass(frozen=True, slots=True)
class Axis:
    """One variable of a table with its closed code list, in the order of display."""

    name: str
    label: Words
    version: str  # of the code list
    source: str | None  # who keeps the code list; None: this registry
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """What is told about the protection of a table: all but the keys."""

    p_table: str
    d: int  # the noise is at most this far from 0
    v: float  # variance of the noise
    js: int  # no count from 1 to this number is ever published
    least_in_row: int
    least_in_area: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A table as it may be shown to anybody."""

    name: str
    version: str
    title: Words
    frame: Words  # who is counted
    method: Words
    frame_date: date
    axes: tuple[Axis, ...]
    protection: Protection
    cells: Mapping[tuple[str, ...], Cell]  # one for every combination of codes, in the order of the axes

    def __post_init__(self) -> None:
        if set(self.cells) != set(self.combinations()):
            raise UnfitTable("the cells are those of the code lists", place=self.name)
        if any(cell.shown is not None and 1 <= cell.shown <= self.protection.js for cell in self.cells.values()):
            raise UnfitTable("no count is smaller than may be published", place=self.name)

    def combinations(self) -> Iterator[tuple[str, ...]]:
        """Yield the codes of every cell in the order of display."""
        return product(*(tuple(code.code for code in axis.codes) for axis in self.axes))

    def cell(self, *codes: str) -> Cell:
        """Return the cell of these codes, one for each axis in order."""
        return self.cells[codes]
