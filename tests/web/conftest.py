"""One running registry for all tests of the pages; a test that changes an account makes one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.web.world import World, running_world

BEGINNING = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def world(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A registry with invented people."""
    name = database_server.clone(template)
    with running_world(database_server.url(name), keyring, BEGINNING, tmp_path_factory.mktemp("drop")) as running:
        yield running
    database_server.drop(name)
