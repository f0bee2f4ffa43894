"""No name and no number of anybody stands in clear in what the main job leaves behind."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow


def test_nobody_is_found_but_the_control() -> None:
    done = benchmark("canary_scan", "--children", 200, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["numbers"] > 200
    assert report["names"] > 400
    assert set(report["hits"].values()) == {0}
    assert report["control"]["write-ahead log"] > 0
    assert {place for place, size in report["bytes"].items() if not size} <= {"temporary files", "core"}
