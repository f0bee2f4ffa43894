"""Killed with -9 anywhere in a page, the reading of a source comes to the same end as one that nobody disturbed."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow
KILLS = 15


def test_no_record_is_lost_or_doubled_however_the_reading_is_killed() -> None:
    done = benchmark("sync_kill_loop", "--kills", KILLS, "--children", 150, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["rows"]["records"] > 100
    assert report["rows"]["quarantined"] > 5
    assert sum(life["killed"] for life in report["lives"]) == KILLS
    assert [life["differences"] for life in report["lives"]] == [{}] * len(report["lives"])
