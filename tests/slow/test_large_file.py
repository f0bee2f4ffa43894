"""Memory stays flat however large a delivered file is."""

from __future__ import annotations

import json

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow


def test_a_file_of_fifty_megabytes_takes_no_more_memory_than_one_of_five() -> None:
    done = benchmark("large_file", "--megabytes", 5, 50, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    small, large = json.loads(done.stdout)
    assert large["rows"] > 9 * small["rows"]
    assert large["accounted"] == large["rows"]
    assert large["peak_megabytes"] < small["peak_megabytes"] + 64
