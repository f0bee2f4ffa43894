"""Simulated sources that are asked over HTTP, and the connectors that ask them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from connectors.sectors.pull_changes import PullChanges, PullChangesSettings
from connectors.sectors.pull_window import PullWindow, PullWindowSettings
from connectors.simulators.sectors.faulty import serve_source
from connectors.simulators.sectors.invented import invented_child
from connectors.simulators.sectors.paged import ChangesSource, PagedSource, put_all

NOW = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
SECRET = "simulated"
WINDOW = {
    "system": "health",
    "stream": "doses",
    "path": "/dong-bo",
    "since": date(2026, 1, 1),
    "parameters": {"Loai": "TRE_EM"},
    "rows": "data.danhSach",
    "error_path": "code",
    "token": SECRET,
    "first_wait": 0.001,
}
CHANGES = {
    "system": "social_aid",
    "path": "/changes",
    "rows": "items",
    "next": "next",
    "more": "more",
    "token": SECRET,
    "first_wait": 0.001,
}


def seeded(seed: int) -> Random:
    """Return chance that is the same for the same seed."""
    return Random(seed)  # noqa: S311  invents children, keeps no secret


def children(count: int) -> list[dict[str, Any]]:
    """Return invented children."""
    chance = seeded(3)
    return [invented_child(number, chance, at=FIRST + timedelta(hours=number)) for number in range(count)]


@contextmanager
def windowed(source: PagedSource, **said: Any) -> Iterator[PullWindow]:
    """Connect to a paged source."""
    with serve_source(source) as url:
        connector = PullWindow(
            PullWindowSettings.model_validate({"endpoint": url, **WINDOW, **said}), clock=lambda: NOW, sleep=no_sleep
        )
        try:
            yield connector
        finally:
            connector.close()


@contextmanager
def fed(source: ChangesSource, **said: Any) -> Iterator[PullChanges]:
    """Connect to a feed."""
    with serve_source(source) as url:
        connector = PullChanges(
            PullChangesSettings.model_validate({"endpoint": url, **CHANGES, **said}), sleep=no_sleep
        )
        try:
            yield connector
        finally:
            connector.close()


def no_sleep(_seconds: float) -> None:
    """Wait for nothing."""


def paged(count: int = 25, **said: Any) -> PagedSource:
    """Return a source whose children changed an hour after one another."""
    source = PagedSource(**said)
    put_all(source, children(count), first=FIRST, step=timedelta(hours=1))
    return source
