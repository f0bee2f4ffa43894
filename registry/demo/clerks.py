"""The clerk of one system: which children get a record there, how often twice, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from registry.demo.chance import generator
from registry.demo.corruption import Breakage, break_values, spoil
from registry.demo.drafts import Draft, Filing, System, draft_of
from registry.demo.gazetteer import Gazetteer
from registry.demo.people import Child, Household

_SECOND_KEY: Final = 0.005
_EXACT_DUPLICATE: Final = 0.01

Coverage = Callable[[Child], float]  # the chance that a child has a record in a system


class Clerk:
    """Writes one system's records about household after household."""

    def __init__(
        self, system: System, seed: int, *, places: Gazetteer, on: date, broken: Sequence[str], expected: int
    ) -> None:
        self.system = system
        self.rng = generator(seed, system)
        self.places = places
        self.on = on
        self._breakage = Breakage(broken, expected=expected)

    def drafts(
        self, household: Household, coverage: Coverage, *, capitals: float
    ) -> Iterator[tuple[Draft, str | None]]:
        """Yield a spoilt draft for each key of a household's children, and the kind of damage if it cannot be read."""
        rng = self.rng
        for child in household.children:
            if rng.random() >= coverage(child):
                continue
            keys = 2 if rng.random() < _SECOND_KEY else 1
            for _ in range(keys):
                draft = spoil(draft_of(household, child, on=self.on), self.system, rng, self.places)
                if keys == 2:
                    draft.faults.append("second_key")
                if "case" not in draft.faults and rng.random() < capitals:
                    draft.shout()
                damage = self._breakage.due()
                if damage is not None:
                    break_values(draft, damage, rng)
                yield draft, damage

    def filing(self, key: str, draft: Draft, rows: Sequence[bytes]) -> Filing:
        """Return the rows under one key; a row on its own is sent twice at times."""
        if len(rows) == 1 and self.rng.random() < _EXACT_DUPLICATE and "second_key" not in draft.faults:
            rows = (*rows, *rows)
            draft.faults.append("exact_duplicate")
        return Filing(system=self.system, key=key, child=draft.child, rows=tuple(rows), faults=tuple(draft.faults))


def csv_line(cells: Sequence[str], *, separator: str = ",", empty: str = "") -> str:
    """Return one line of a table; cells are quoted only where they must be.

    Args:
        cells: the values.
        separator: what stands between them.
        empty: what an empty cell looks like.
    """
    return separator.join(_quoted(cell, separator) if cell else empty for cell in cells)


def _quoted(cell: str, separator: str) -> str:
    if separator in cell or '"' in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
