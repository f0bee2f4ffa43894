"""Rows of the vault's table of figures, and the arithmetic they share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure beside its goal."""

    name: str
    goal: str
    measured: str
    n: int
    how: str
    met: bool | None  # None: reported, without a bound
    load: float  # of the machine, over the last minute


def load() -> float:
    """Return the machine's load average of the last minute: figures taken under load are slower."""
    return os.getloadavg()[0]


def lower_bound(hits: int, tried: int) -> float:
    """Return the lower end of the 95 % interval of a share.

    Source: Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212.
    """
    if tried == 0:
        return 0.0
    share, square = hits / tried, _Z_95**2
    middle = share + square / (2 * tried)
    spread: float = _Z_95 * (share * (1 - share) / tried + square / (4 * tried**2)) ** 0.5
    return max(0.0, (middle - spread) / (1 + square / tried))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as one table in Markdown."""
    lines = ["| figure | goal | measured | n | met | load | how |", "|---|---|---|---|---|---|---|"]
    said = {True: "yes", False: "NO", None: "-"}
    for one in figures:
        cells = (one.name, one.goal, one.measured, str(one.n), said[one.met], f"{one.load:.1f}", one.how)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
