"""Whoever seals the log may be killed with -9 anywhere: the log stays whole and no leaf is lost."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow
KILLS = 15


def test_no_leaf_is_lost_and_no_head_is_torn() -> None:
    done = benchmark("seal_kill_loop", "--kills", KILLS, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["kills"], report["faults"], report["lost"]) == (KILLS, [], 0)
    assert report["written"] > KILLS
    assert report["heads"] > 1
