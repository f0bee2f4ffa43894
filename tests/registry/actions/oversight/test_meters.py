"""What is counted: bounded in its labels, apart from every other registry of the process."""

from __future__ import annotations

from registry.actions.oversight.meters import Meters
from registry.actions.oversight.read_gauges import Gauges
from registry.protect.requests.request_watch import Answered

NOTHING = Gauges(quarantined={}, alarms={}, damaged={}, key_ages={}, unsealed_leaves=0)


class Timer:
    """A time that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1
        return self.now


def lines(meters: Meters, gauges: Gauges | None = NOTHING) -> set[str]:
    """Return the lines of the exposition."""
    return set(meters.text(gauges, {"waiting": 2}).decode().splitlines())


def test_two_registries_count_apart() -> None:
    one, other = Meters(), Meters()
    one.search("commune", 0.1)
    assert 'child_registry_search_seconds_count{tier="commune"} 1.0' in lines(one)
    assert not any("commune" in line for line in lines(other))


def test_a_search_is_measured_once_it_says_how_wide_it_looked() -> None:
    meters = Meters(timer=Timer())
    with meters.searching() as told:
        told("province")
    with meters.searching():
        pass
    assert 'child_registry_search_seconds_sum{tier="province"} 1.0' in lines(meters)


def test_requests_are_counted_by_the_class_of_their_status() -> None:
    meters = Meters()
    for status in (200, 204, 404, 0):
        meters.request(Answered(route="/find", method="GET", status=status, seconds=0.01))
    assert {
        'child_registry_requests_total{method="GET",route="/find",status="2xx"} 2.0',
        'child_registry_requests_total{method="GET",route="/find",status="4xx"} 1.0',
        'child_registry_requests_total{method="GET",route="/find",status="0xx"} 1.0',
    } <= lines(meters)


def test_no_gauge_has_more_labels_than_may_be_told() -> None:
    many = {("education", f"rule_{number}"): float(number) for number in range(1000)}
    told = lines(Meters(), Gauges(quarantined=many, alarms={}, damaged={}, key_ages={}, unsealed_leaves=7))
    rows = [line for line in told if line.startswith("child_registry_quarantined_rows{")]
    assert len(rows) == 401
    assert f'child_registry_quarantined_rows{{rule="other",system="other"}} {float(sum(range(600)))}' in rows
    assert "child_registry_unsealed_leaves 7.0" in told
    assert 'child_registry_jobs{state="waiting"} 2.0' in told


def test_without_a_database_there_is_one_gauge() -> None:
    told = {line for line in lines(Meters(), None) if line.startswith("child_registry")}
    assert told == {"child_registry_database_up 0.0"}


def test_no_counter_shows_itself() -> None:
    assert repr(Meters()) == "Meters()"
