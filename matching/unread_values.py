"""Values of a file that could not be read: counted by column and rule, with the first rows in which they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.child_columns import RULES, Unread

_MOST_ROWS: Final = 5


@dataclass(frozen=True, slots=True)
class UnreadValues:
    """How often a column broke a rule, and where first. No value is kept."""

    column: str
    rule: str
    count: int
    first_rows: tuple[int, ...]  # counted from 1 behind the header

    @property
    def sentence(self) -> str:
        """What to tell whoever gave the file."""
        rows = ", ".join(map(str, self.first_rows)) + (", …" if self.count > len(self.first_rows) else "")
        return f"column {self.column}: not read in {self.count} rows, because {RULES[self.rule]} (rows {rows})"


class UnreadTally:
    """The count while a file is read; several threads may add to it, in any order of the rows."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[Unread, tuple[int, tuple[int, ...]]] = {}

    def note(self, column: str, rules: Sequence[str | None], codes: npt.NDArray[Any], rows: npt.NDArray[Any]) -> None:
        """Count the rows whose value breaks a rule.

        Args: rules: of every distinct value; codes: which value a row has; rows: its number in the file, from 0.
        """
        for rule in {rule for rule in rules if rule is not None}:
            breaks = np.array([other == rule for other in rules], dtype=np.bool_)
            self._add(Unread(column, rule), rows[breaks[codes]])

    def _add(self, unread: Unread, rows: npt.NDArray[Any]) -> None:
        if not len(rows):
            return
        with self._lock:
            count, first = self._seen.get(unread, (0, ()))
            rows_so_far = sorted((*first, *(int(row) + 1 for row in np.sort(rows)[:_MOST_ROWS])))
            self._seen[unread] = count + len(rows), tuple(rows_so_far[:_MOST_ROWS])

    def values(self) -> tuple[UnreadValues, ...]:
        """Return what was counted so far, by column and rule."""
        with self._lock:
            seen = sorted((unread.column, unread.rule, *counted) for unread, counted in self._seen.items())
        return tuple(UnreadValues(*each) for each in seen)
