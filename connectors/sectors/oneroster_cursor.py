"""The place in a pass over a OneRoster service: what is being read, from which change on, up to which moment.

A cursor is the time from which the pass reads, a bar, and the place within the pass:

    2026-11-01T00:00:00.000Z|2026-11-22T03:00:00.000Z students 2026-11-04T10:00:00.000Z 0 120

It holds times and counts. In a pass over all pupils a short mark of the last one read stands in the place of a time: by
it the next page sees whether the list has moved.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from connectors.failures import ContractDrift
from connectors.formats.stamps import read_iso_stamp


class Phase(StrEnum):
    """What a pass is reading."""

    EVERYBODY = "everybody"  # all pupils by their ids: the first pass
    STUDENTS = "students"  # what has changed since, list by list
    DEMOGRAPHICS = "demographics"
    ENROLLMENTS = "enrollments"
    CLASSES = "classes"
    ORGS = "orgs"


CHANGED: Final = (Phase.STUDENTS, Phase.DEMOGRAPHICS, Phase.ENROLLMENTS, Phase.CLASSES, Phase.ORGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pass stands."""

    since: str | None  # None: from the beginning
    upper: str  # nothing that changed then or later is read in this pass
    phase: Phase
    behind: str = ""  # EVERYBODY: mark of the last pupil read; else the time of change to go on from
    offset: int = 0  # EVERYBODY: how many were read; else how many that changed at that very time
    total: int = -1  # how many there were; -1: not known yet

    def cursor(self) -> str:
        """Return it as a cursor."""
        return f"{self.since or self.upper}|{self.upper} {self.phase} {self.behind or '-'} {self.offset} {self.total}"

    def after(self) -> Place | None:
        """Return where the pass goes on when a list is read; None: it is at its end."""
        if self.phase in (Phase.EVERYBODY, CHANGED[-1]):
            return None
        following = CHANGED[CHANGED.index(self.phase) + 1]
        return replace(self, phase=following, behind=self.since or "", offset=0, total=-1)


def place_of(cursor: str | None, *, now: datetime) -> Place:
    """Return the place that a cursor names; a time alone begins a pass that ends at `now`.

    Raises:
        ContractDrift: it is no cursor of ours.
    """
    upper = stamp(now)
    if cursor is None:
        return Place(since=None, upper=upper, phase=Phase.EVERYBODY)
    since, bar, rest = cursor.partition("|")
    if bar and rest:
        return _within(since, rest)
    began = read_iso_stamp(since)
    if began is None:
        raise ContractDrift("cursor")
    return Place(since=stamp(began), upper=upper, phase=Phase.STUDENTS, behind=stamp(began))


def _within(since: str, rest: str) -> Place:
    try:
        upper, phase, behind, offset, total = rest.split(" ")
        return Place(
            since=None if Phase(phase) is Phase.EVERYBODY else since,
            upper=upper,
            phase=Phase(phase),
            behind="" if behind == "-" else behind,
            offset=int(offset),
            total=int(total),
        )
    except ValueError:
        raise ContractDrift("cursor") from None


def mark(sourced_id: str) -> str:
    """Return by what a pupil is known again in a cursor, and by nobody else."""
    return hashlib.sha256(sourced_id.encode()).hexdigest()[:8]


def stamp(at: datetime) -> str:
    """Return a moment as the service writes it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
