"""An installation on a database of the test's own, and the files of a small invented province."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from registry.demo.invention import invent
from registry.jobs.opening import Installation, installation
from registry.settings import Settings


@pytest.fixture
def installed(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A new demo installation."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = Settings(data=tmp_path / "data", database_url=SecretStr(database_url))
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an invented province that is no larger than a village."""
    folder = tmp_path_factory.mktemp("village")
    invent(folder, seed=6, children=80, on=date(2026, 10, 31))
    return folder


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an invented province that is larger than one batch of each kind."""
    folder = tmp_path_factory.mktemp("province")
    invent(folder, seed=5, children=1000, on=date(2026, 10, 31))
    return folder
