"""One running registry for all tests of the interface for systems."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.web.conftest import BEGINNING
from tests.web.world import World, running_world


@pytest.fixture(scope="session")
def world(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A registry with invented people, apart from the one of the pages."""
    name = database_server.clone(template)
    with running_world(database_server.url(name), keyring, BEGINNING, tmp_path_factory.mktemp("drop")) as running:
        yield running
    database_server.drop(name)
