"""What every test of an action may ask for: an installation, empty or with a population extract.

The databases live as long as the session and are emptied for each test: that is many times faster than to clone one.
A test that changes rights or the extract takes a database of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from registry.jobs.opening import Installation
from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.people import population
from tests.registry.actions.commune import fill
from tests.registry.actions.installed import AT, empty, installed_on, load


@pytest.fixture(scope="session")
def kept_url(database_server: DatabaseServer, template: str) -> Iterator[str]:
    """The address of a migrated database that is emptied for each test."""
    name = database_server.clone(template)
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture(scope="session")
def peopled_url(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a database in which the population extract is loaded, and all else is emptied for each test."""
    name = database_server.clone(template)
    with installed_on(database_server.url(name), keyring, AT, tmp_path_factory.mktemp("peopled")) as opened:
        load(opened, population())
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture
def bare(kept_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation in which nothing is stored."""
    empty(kept_url)
    with installed_on(kept_url, keyring, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def installed(bare: Installation) -> Installation:
    """The installation of a test; a module whose tests need the population says so by replacing this."""
    return bare


@pytest.fixture
def peopled(peopled_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation in which the population extract is loaded."""
    empty(peopled_url, but=("extract_", "shared_key", "key_version"))
    with installed_on(peopled_url, keyring, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def own(database_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a database of the test's own."""
    with installed_on(database_url, keyring, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def commune(installed: Installation) -> Installation:
    """A commune of the test's own, with a girl, a boy and some of the village."""
    fill(installed)
    return installed


@pytest.fixture(scope="module")
def shared(
    module_database_url: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The same commune for all tests of a module that only look."""
    with installed_on(module_database_url, keyring, AT, tmp_path_factory.mktemp("shared")) as opened:
        fill(opened)
        yield opened
