"""Lines come out in the order of their positions, however many there are."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.demo.scatter import Scatter

POSITIONS = st.lists(st.floats(0, 1, exclude_max=True), max_size=80)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(positions=POSITIONS)
def test_lines_come_out_in_the_order_of_their_positions(tmp_path: Path, positions: list[float]) -> None:
    rounded = [round(position, 6) % 1 for position in positions]
    with ExitStack() as stack:
        scatter = Scatter(tmp_path, stack)
        for number, position in enumerate(rounded):
            scatter.add(position, b"%d" % number)
        out = [int(line) for line in scatter.lines()]
    assert out == sorted(range(len(rounded)), key=lambda number: rounded[number])


def test_what_is_too_much_for_memory_goes_to_disk_and_comes_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        scatter = Scatter(tmp_path, stack)
        for number in range(3000):
            scatter.add(0.5, b"%06d" % number + b"x" * 90)
        out = [int(line[:6]) for line in scatter.lines()]
    assert out == list(range(3000))
    assert list(tmp_path.iterdir()) == []
