"""One running registry for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from registry.protect.keyring import Keyring
from tests.web.world import World, running_world


@pytest.fixture(scope="module")
def world(module_database_url: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A registry of the module's own."""
    at = datetime.fromisoformat("2026-11-01T08:00:00+00:00")
    with running_world(module_database_url, keyring, at, tmp_path_factory.mktemp("drop")) as running:
        yield running
