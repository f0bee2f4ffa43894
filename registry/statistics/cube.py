"""From children to base cells and from base cells to every cell of a table: counts add up, keys are XORed.

Everything here is a true count. It stays between the store and `publish`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from registry.model.errors import RegistryError
from registry.model.frame import BaseCell, Fact
from registry.statistics.catalogue import TableDefinition

_FIELDS: Final = "province, age, sex"


class BrokenFrame(RegistryError):
    """The facts or base cells break a rule."""

    status = 500
    title = "The frame cannot be counted"


@dataclass(frozen=True, slots=True)
class CellSum:
    """A true count with the key of its children. Its repr shows neither."""

    count: int = field(default=0, repr=False)
    key: int = field(default=0, repr=False)

    def joined(self, other: BaseCell | CellSum) -> CellSum:
        """Return the sum of two sets of children that have none in common."""
        return CellSum(self.count + other.count, self.key ^ other.key)


def base_cells(facts: Iterable[Fact]) -> tuple[BaseCell, ...]:
    """Return the base cells of the facts: what the store computes by `count(*)` and `bit_xor(record_key)`.

    Raises:
        BrokenFrame: a child stands twice, which would cancel its record key.

    """
    sums: dict[tuple[str | None, int, str | None], CellSum] = {}
    seen: set[bytes] = set()
    for place, fact in enumerate(facts, start=1):
        if fact.pseudonym in seen:
            raise BrokenFrame("one fact a child", field="pseudonym", place=f"fact {place}")
        seen.add(fact.pseudonym)
        cell = (fact.province, fact.age, fact.sex)
        before = sums.get(cell, CellSum())
        sums[cell] = CellSum(before.count + 1, before.key ^ fact.record_key)
    return tuple(
        BaseCell(province=province, age=age, sex=sex, count=total.count, key=total.key)
        for (province, age, sex), total in sums.items()
    )


def add_up(definition: TableDefinition, cells: Iterable[BaseCell]) -> Mapping[tuple[str, ...], CellSum]:
    """Return the sum of every cell of the table, margins included, that has a child.

    Raises:
        BrokenFrame: a base cell stands twice, is empty, or has a value outside the code lists.

    """
    sums: dict[tuple[str, ...], CellSum] = {}
    seen: set[tuple[str | None, int, str | None]] = set()
    for place, cell in enumerate(cells, start=1):
        combination = (cell.province, cell.age, cell.sex)
        if combination in seen:
            raise BrokenFrame("one base cell a combination", field=_FIELDS, place=f"base cell {place}")
        seen.add(combination)
        if cell.count < 1:
            raise BrokenFrame("at least one child", field="count", place=f"base cell {place}")
        for codes in product(*_codes(definition, cell, place=place)):
            sums[codes] = sums.get(codes, CellSum()).joined(cell)
    return sums


def _codes(definition: TableDefinition, cell: BaseCell, *, place: int) -> tuple[tuple[str, ...], ...]:
    """Return, for each variable, the codes that a base cell counts under."""
    values = {"province": cell.province, "age": cell.age, "sex": cell.sex}
    found: list[tuple[str, ...]] = []
    for variable in definition.variables:
        codes = variable.codes_by_value.get(values[variable.name])
        if codes is None:
            raise BrokenFrame(
                f"it must stand in the code list {variable.version}", field=variable.name, place=f"base cell {place}"
            )
        found.append(codes)
    return tuple(found)
