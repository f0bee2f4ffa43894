"""Whoever rotates keys, rebuilds the search or erases may be killed with -9 anywhere: nothing is lost."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow
KILLS = 12


def test_nothing_is_unreadable_or_lost_and_who_was_erased_stays_so() -> None:
    done = benchmark("key_kill_loop", "--kills", KILLS, "--children", 150, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == sum(report["during"].values()) == KILLS
    assert (report["unreadable"], report["lost"], report["erased_left"]) == ({}, 0, 0)
    assert report["opened_at_the_end"] > 2000
    assert report["guest"]["failed"] == 0
    assert report["guest"]["reads"] > KILLS
