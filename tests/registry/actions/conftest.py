"""What every test of an action may ask for: an installation of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from registry.jobs.opening import Installation
from registry.protect.keyring import Keyring
from tests.registry.actions.installed import installed_on


@pytest.fixture
def installed(database_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a database of the test's own."""
    with installed_on(database_url, keyring, clock, tmp_path) as opened:
        yield opened
