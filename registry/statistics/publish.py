"""The only way from children to a number that anybody may see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from types import MappingProxyType
from typing import Final

from registry.exports.published import Cell, Protection, PublishedTable, Status
from registry.model.frame import BaseCell
from registry.statistics.catalogue import TableDefinition
from registry.statistics.cell_key import perturb
from registry.statistics.cube import add_up

MOST_SMALL: Final = 0.5  # of the occupied cells of an area may hold 1 to js children


def publish(
    definition: TableDefinition, cells: Iterable[BaseCell], *, secret: bytes, frame_date: date
) -> PublishedTable:
    """Return the table that may be shown.

    Each number is a function of its set of children and the secret alone. A margin is perturbed from the true
    sum and the key of its children, never added up from perturbed cells.

    Args:
        definition: a table of the catalogue.
        cells: the base cells of the frame, each combination once.
        secret: the secret of the cell keys, 32 to 64 bytes.
        frame_date: the day of the frame.

    Raises:
        BrokenFrame: the base cells break a rule.
        UnfitSecret: the secret has another length.

    """
    noise = definition.noise
    counts = {
        codes: _Count(total.count, perturb(total.count, total.key, secret=secret, table=noise))
        for codes, total in add_up(definition, cells).items()
    }
    combinations = product(*(tuple(entry.code for entry in variable.codes) for variable in definition.variables))
    gates = _Gates(definition, counts, sparse=_sparse_areas(definition, counts))
    return PublishedTable(
        name=definition.name,
        version=definition.version,
        title=definition.title,
        frame=definition.frame,
        method=definition.method,
        frame_date=frame_date,
        axes=tuple(variable.axis() for variable in definition.variables),
        protection=_protection(definition),
        cells=MappingProxyType({codes: gates.cell(codes) for codes in combinations}),
    )


def _protection(definition: TableDefinition) -> Protection:
    """Return what is told about the noise and the gates."""
    noise = definition.noise
    return Protection(
        p_table=noise.id,
        d=noise.d,
        v=noise.v,
        js=noise.js,
        least_in_row=definition.least_in_row,
        least_in_area=definition.least_in_area,
    )


@dataclass(frozen=True, slots=True)
class _Count:
    """A true count and what may be shown of it."""

    true: int = field(default=0, repr=False)
    shown: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True)
class _Gates:
    """What decides whether a number is shown: marks, the area's size and density, the row's size."""

    definition: TableDefinition
    counts: dict[tuple[str, ...], _Count] = field(repr=False)
    sparse: frozenset[str]  # the codes of areas with too many small cells

    def cell(self, codes: tuple[str, ...]) -> Cell:
        """Return what the table says at these codes."""
        definition = self.definition
        for mark in definition.marks:
            if mark.covers(self._by_name(codes)):
                return Cell(mark.status)
        area = self._has(codes, variables=(definition.area,), least=definition.least_in_area)
        row = self._has(codes, variables=definition.rows, least=definition.least_in_row)
        if not (area and row) or self._by_name(codes)[definition.area] in self.sparse:
            return Cell(Status.HIDDEN)
        shown = self.counts.get(codes, _Count()).shown
        return Cell(Status.SHOWN if shown else Status.NONE_OR_FEW, shown)

    def _has(self, codes: tuple[str, ...], *, variables: Collection[str], least: int) -> bool:
        """Return whether the total over all but `variables` reaches `least`.

        The true and the shown total must both reach it. By the true one alone, a shown total far below `least`
        would tell the true one exactly; by the shown one alone, a few children could pass by luck.
        """
        pairs = zip(self.definition.variables, codes, strict=True)
        total = tuple(code if variable.name in variables else variable.total for variable, code in pairs)
        count = self.counts.get(total, _Count())
        return min(count.true, count.shown) >= least

    def _by_name(self, codes: tuple[str, ...]) -> dict[str, str]:
        return {variable.name: code for variable, code in zip(self.definition.variables, codes, strict=True)}


def _sparse_areas(definition: TableDefinition, counts: Mapping[tuple[str, ...], _Count]) -> frozenset[str]:
    """Return the areas where more than half of the occupied cells, margins aside, hold 1 to js children.

    In such an area the p-table alone no longer keeps a guess at the 1s and 2s from being right too often.
    """
    names: list[str] = [variable.name for variable in definition.variables]
    place = names.index(definition.area)
    sizes: dict[str, list[int]] = {}
    for codes, count in counts.items():
        pairs = zip(definition.variables, codes, strict=True)
        if all(code != variable.total or variable.name == definition.area for variable, code in pairs):
            sizes.setdefault(codes[place], []).append(count.true)
    small = {area: sum(size <= definition.noise.js for size in held) for area, held in sizes.items()}
    return frozenset(area for area, held in sizes.items() if small[area] > MOST_SMALL * len(held))
