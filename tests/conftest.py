"""What every test may ask for: a database, a keyring, a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from registry.protect.keys.keyring import Keyring, Mark
from tests.database import DatabaseServer, running_server


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """A PostgreSQL server for this session."""
    with running_server(os.environ.get("CHILD_REGISTRY_TEST_DATABASE_URL")) as server:
        yield server


@pytest.fixture(scope="session")
def template(database_server: DatabaseServer) -> str:
    """The name of a migrated database, to be cloned."""
    return database_server.template()


@pytest.fixture(scope="session")
def template_url(database_server: DatabaseServer, template: str) -> str:
    """The address of the migrated database, to be read only."""
    return database_server.url(template)


@pytest.fixture
def database_url(database_server: DatabaseServer, template: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = database_server.clone(template)
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture(scope="module")
def module_database_url(database_server: DatabaseServer, template: str) -> Iterator[str]:
    """A migrated database that the tests of one module share."""
    name = database_server.clone(template)
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture
def empty_database_url(database_server: DatabaseServer) -> Iterator[str]:
    """A database of the test's own in which nothing was migrated."""
    name = database_server.clone(None)
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """A demo keyring of this session."""
    return Keyring.create(tmp_path_factory.mktemp("keys") / "keys", mark=Mark.DEMO)


@pytest.fixture
def clock() -> datetime:
    """The time at which every test takes place."""
    return datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
