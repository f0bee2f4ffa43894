"""What a mapping looks at beside its record is seen."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.conformance.purity import looked_at, watched


@pytest.mark.parametrize(
    ("call", "seen"),
    [
        (lambda: datetime.now(UTC), {"the clock"}),
        (lambda: date.today(), {"the clock"}),  # noqa: DTZ011  what a mapping may not do
        (lambda: time.time(), {"the clock"}),
        (lambda: os.environ.get("HOME"), {"the environment"}),
        (lambda: random.random(), {"chance"}),  # noqa: S311  likewise
        (lambda: Path(os.devnull).read_bytes(), {"files or the net"}),
        (lambda: "Trần Thị Mẫu".casefold(), set()),
        (lambda: datetime.fromisoformat("2014-05-03"), set()),
    ],
)
def test_a_call_tells_what_it_looks_at(call: Callable[[], object], seen: set[str]) -> None:
    assert watched(call)[1] == seen


def test_the_functions_of_the_clock_chance_and_files_are_known() -> None:
    assert looked_at(time.time) == looked_at(datetime.now) == {"the clock"}
    assert looked_at(os.urandom) == {"chance"}
    assert looked_at(open) == {"files or the net"}
    assert looked_at(len) == looked_at("".join) == set()
