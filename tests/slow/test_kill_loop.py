"""Killed with -9 anywhere and run again, the main job comes to the same end."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow
KILLS = 12


def test_no_row_is_lost_or_doubled_however_the_job_or_its_database_is_killed() -> None:
    done = benchmark("kill_loop", "--kills", KILLS, "--children", 800, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    lives = report["lives"]
    assert report["rows"]["records"] > 1000
    assert sum(len(life["killed"]) for life in lives) == KILLS
    assert [life["differences"] for life in lives] == [{}] * len(lives)
    assert [life["unsound"] for life in lives] == [""] * len(lives)
    refusals = [refusal for life in lives for refusal in life["refusals"]]
    assert all(refusal.startswith(("1: child-registry: ", "0: ")) for refusal in refusals), refusals
