"""A day of a flaky population service leaves no link stuck and no verdict wrong."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow


def test_a_day_of_faults_and_outages_drains_the_queue_with_right_verdicts() -> None:
    done = benchmark("population_day", "--children", 120, "--links", 150, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["stuck links"], report["wrong verdicts"], report["still due"]) == (0, 0, 0)
    assert report["links asked about"] >= 100
    assert report["faults met"] > 20
    assert report["without an answer yet"] == 0
