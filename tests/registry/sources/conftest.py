"""An installation on a database that is emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from registry.jobs.opening import Installation
from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.registry.actions.installed import empty, installed_on


@pytest.fixture(scope="session")
def sources_url(database_server: DatabaseServer, template: str) -> Iterator[str]:
    """The address of a migrated database that is emptied for each test."""
    name = database_server.clone(template)
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture
def installed(sources_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation in which nothing has happened."""
    empty(sources_url)
    with installed_on(sources_url, keyring, clock, tmp_path) as opened:
        yield opened
