"""Installations for the tests of the duties of the law."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.jobs.opening import Installation
from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.registry.actions.installed import AT, installed_on
from tests.registry.law.family import a_girl


@pytest.fixture(scope="session")
def girls_database(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with the girl, whose case names her father as the suspect; to be copied."""
    name = database_server.clone(template)
    with installed_on(database_server.url(name), keyring, AT, tmp_path_factory.mktemp("girl")) as opened:
        a_girl(opened, case_facts={"suspect": {"relation": "father", "name": "Nguyễn Văn Sáu"}})
    yield name
    database_server.drop(name)


@pytest.fixture
def installed(
    girls_database: str, database_server: DatabaseServer, keyring: Keyring, tmp_path: Path
) -> Iterator[Installation]:
    """A copy of that database of the test's own."""
    name = database_server.clone(girls_database)
    with installed_on(database_server.url(name), keyring, AT, tmp_path) as opened:
        opened.settings.keys.mkdir(mode=0o700)
        yield opened
    database_server.drop(name)
