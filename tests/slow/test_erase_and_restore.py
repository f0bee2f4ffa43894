"""Erased, with the epoch of her keys at its end, a child is gone from the oldest backup too."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow


def test_nothing_of_an_erased_child_opens_or_is_found_in_the_oldest_backup() -> None:
    done = benchmark("erase_and_restore", "--children", 120, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["faults"] == []
    assert report["facts"]["found before"] > 0
    assert report["facts"]["values opened and look-ups"] > 1000
    assert "destroyed" in report["facts"]["the oldest copy with its own keys"]
