"""What is counted while the registry runs: requests by route, searches by tier; and how it is told to whoever watches.

A label is a template of an address, a code of ours or the name of a system. None is a person, an account or an id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from registry.actions.oversight.read_gauges import Counted, Gauges
from registry.protect.requests.request_watch import Answered

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
TIERS: Final = frozenset({"commune", "province", "nation", "identifier"})
OTHER: Final = "other"
_MOST_LABELS: Final = 400  # of one gauge; what goes beyond is told together as "other"
_STEPS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Meters:
    """The counters of one running registry, apart from those of any other in the same process."""

    def __init__(self, *, timer: Callable[[], float] = time.perf_counter) -> None:
        """Begin at zero; args: timer: seconds that only grow."""
        self._timer = timer
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "child_registry_requests",
            "Requests answered",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "child_registry_request_seconds",
            "Seconds from a request to the end of its answer",
            ("route",),
            buckets=_STEPS,
            registry=self._registry,
        )
        self._searches = Histogram(
            "child_registry_search_seconds",
            "Seconds of searches for a child, by how wide they looked",
            ("tier",),
            buckets=_STEPS,
            registry=self._registry,
        )

    def __repr__(self) -> str:
        return "Meters()"

    def request(self, answered: Answered) -> None:
        """Count a request: its status as a class, such as 2xx; 0xx where the client had gone."""
        self._requests.labels(answered.route, answered.method, f"{answered.status // 100}xx").inc()
        self._latency.labels(answered.route).observe(answered.seconds)

    def search(self, tier: str, seconds: float) -> None:
        """Count a search."""
        self._searches.labels(tier if tier in TIERS else OTHER).observe(seconds)

    @contextmanager
    def searching(self) -> Iterator[Callable[[str], None]]:
        """Measure a search; the block says how wide it looked. One that is refused is not counted."""
        began = self._timer()
        tiers: list[str] = []
        yield tiers.append
        for tier in tiers[:1]:
            self.search(tier, self._timer() - began)

    def text(self, gauges: Gauges | None, jobs: Mapping[str, int]) -> bytes:
        """Return everything in the form of the Prometheus exposition format.

        Args:
            gauges: what the database says; None: it does not answer.
            jobs: background jobs by state.
        """
        return generate_latest(self._registry) + generate_latest(_standing(gauges, jobs))


def _standing(gauges: Gauges | None, jobs: Mapping[str, int]) -> CollectorRegistry:
    registry = CollectorRegistry()
    up = Gauge("child_registry_database_up", "Whether the database answers", registry=registry)
    up.set(0 if gauges is None else 1)
    if gauges is None:
        return registry
    states: Counted = {(state,): float(number) for state, number in jobs.items()}
    by_label = (
        ("jobs", "Background jobs", ("state",), states),
        ("quarantined_rows", "Rows that wait in quarantine", ("system", "rule"), gauges.quarantined),
        ("alarms", "Alarms by kind, waiting for somebody or acknowledged", ("kind", "state"), gauges.alarms),
        ("damaged_values", "Sealed values that cannot be read", ("place",), gauges.damaged),
        ("key_age_seconds", "Seconds since the active key of a domain was made", ("domain",), gauges.key_ages),
    )
    for name, told, labels, values in by_label:
        gauge = Gauge(f"child_registry_{name}", told, labels, registry=registry)
        for label, value in _bounded(values).items():
            gauge.labels(*label).set(value)
    Gauge("child_registry_unsealed_leaves", "Leaves of the access log without a signed place", registry=registry).set(
        gauges.unsealed_leaves
    )
    return registry


def _bounded(values: Counted) -> dict[tuple[str, ...], float]:
    """Return so many labels as may be told, the greatest first; the rest in one."""
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = dict(ordered[:_MOST_LABELS])
    rest = ordered[_MOST_LABELS:]
    if rest:
        shown[(OTHER,) * len(rest[0][0])] = sum(value for _, value in rest)
    return shown
