"""Published tables: as a page with headers that can be read aloud, and as a sheet to take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby, product
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from matching import places
from registry.exports.published import STATUS_LABELS, Axis, Cell, PublishedTable, Status
from registry.exports.sheet import csv_of, notes_of
from registry.model.access import Purpose
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.statistics import catalogue
from registry.statistics.request import request_table
from registry.web.rendering import render
from registry.web.translation import Language, is_language
from registry.web.visitor import Member, Visitor

router = APIRouter()

MARKS: Final[Mapping[Status, str]] = {
    Status.NONE_OR_FEW: "0",
    Status.HIDDEN: "c",
    Status.IMPOSSIBLE: "×",
    Status.NOT_APPLICABLE: "–",
    Status.NOT_AVAILABLE: ":",
}
_NUMBERED: Final = frozenset({Status.SHOWN, Status.NONE_OR_FEW})


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: the labels of its codes but for the area, and its cells."""

    labels: tuple[str, ...]
    total: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one area."""

    label: str
    lines: tuple[Line, ...]

    @property
    def says_something(self) -> bool:
        """Whether the area has a number at all."""
        return any(cell.status in _NUMBERED for line in self.lines for cell in line.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A published table as a page shows it."""

    title: str
    frame: str
    frame_date: date
    method: str
    row_axes: tuple[str, ...]
    column_axes: str
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    silent: int  # areas without any number, left out
    marks: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]


@router.get("/tables")
def index(visitor: Member) -> Response:
    """List the tables of the catalogue."""
    authorize(visitor.access(Purpose.STATISTICS), Action.TABLE)
    titles = {name: catalogue.load(name).title.read(visitor.language) for name in catalogue.names()}
    return render(visitor, "tables.html", titles=titles)


@router.get("/tables/{name}.{language}.csv")
def sheet(visitor: Member, name: str, language: str) -> Response:
    """Return a table as a sheet in one of the two languages."""
    if not is_language(language):
        raise NotFound
    content = csv_of(_published(visitor, name), language=language, places=places.provinces(), for_excel=True)
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{language}.csv"'},
    )


@router.get("/tables/{name}")
def show(visitor: Member, name: str) -> Response:
    """Show a table."""
    definition = catalogue.load(name)
    grid = grid_of(_published(visitor, name), rows=definition.rows, area=definition.area, language=visitor.language)
    return render(visitor, "table.html", name=name, grid=grid, symbols=MARKS)


def _published(visitor: Visitor, name: str) -> PublishedTable:
    with visitor.begin(Purpose.STATISTICS) as transaction:
        return request_table(transaction, visitor.services.vault.keyring, name)


def grid_of(table: PublishedTable, *, rows: tuple[str, ...], area: str, language: Language) -> Grid:
    """Return a table as rows under areas.

    Args:
        rows: the variables that make a row, the area among them; the others are the columns.
        area: the variable that is a place; it comes first.
    """
    others = [axis for axis in table.axes if axis.name in rows and axis.name != area]
    across = [axis for axis in table.axes if axis.name not in rows]
    place = next(axis for axis in table.axes if axis.name == area)
    labels = {axis.name: _labels(axis, language) for axis in table.axes}
    order = (place, *others, *across)
    parts = [
        Part(labels[area][code], tuple(_lines(table, order, labels, code=code, down=len(others))))
        for code in labels[area]
    ]
    shown = tuple(part for part in parts if part.says_something) or tuple(parts[:1])
    present = {cell.status for cell in table.cells.values()}
    return Grid(
        title=table.title.read(language),
        frame=table.frame.read(language),
        frame_date=table.frame_date,
        method=table.method.read(language),
        row_axes=tuple(axis.label.read(language) for axis in others),
        column_axes=", ".join(axis.label.read(language) for axis in across),
        columns=tuple(" – ".join(one) for one in product(*(labels[axis.name].values() for axis in across))),
        parts=shown,
        silent=len(parts) - len(shown),
        marks=tuple(
            (sign, STATUS_LABELS[status].read(language)) for status, sign in MARKS.items() if status in present
        ),
        notes=notes_of(table, language=language),
    )


def _lines(
    table: PublishedTable, order: tuple[Axis, ...], labels: Mapping[str, Mapping[str, str]], *, code: str, down: int
) -> Iterator[Line]:
    """Return the rows of one area.

    Args:
        down: how many axes after the area make a row.
    """
    codes = [tuple(one.code for one in axis.codes) for axis in order[1:]]
    names = [axis.name for axis in order]
    for row, combinations in groupby(product(*codes), key=lambda one: one[:down]):
        cells = []
        for combination in combinations:
            at = dict(zip(names, (code, *combination), strict=True))
            cells.append(table.cell(*(at[axis.name] for axis in table.axes)))
        words = tuple(labels[axis.name][one] for axis, one in zip(order[1:], row, strict=False))
        yield Line(
            words,
            total=all(one == axis.codes[0].code for axis, one in zip(order[1:], row, strict=False)),
            cells=tuple(cells),
        )


def _labels(axis: Axis, language: Language) -> dict[str, str]:
    return {code.code: code.read(language, places=places.provinces()) for code in axis.codes}
