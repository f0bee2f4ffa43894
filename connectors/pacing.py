"""When to ask an outside system again: so many calls a second, and ever longer pauses after failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

Elapsed = Callable[[], float]  # seconds of a clock that never jumps
Chance = Callable[[], float]  # from 0 to 1


class Pace:
    """So many calls a second, evenly: each takes the next place in a row that all threads share."""

    def __init__(self, calls_per_second: float | None, elapsed: Elapsed) -> None:
        self._gap = 1.0 / calls_per_second if calls_per_second else 0.0
        self._elapsed = elapsed
        self._next = elapsed()
        self._lock = threading.Lock()

    def wait(self, *, at_most: float) -> float | None:
        """Take the next place and return the seconds until it; None, and no place is taken, if that is too long."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = self._elapsed()
            place = max(now, self._next)
            if place - now > at_most:
                return None
            self._next = place + self._gap
            return place - now


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that double, shortened by chance so that many who failed together do not come back together."""

    first: float  # seconds
    longest: float  # seconds
    chance: Chance

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after the `attempt`-th failure, from 1: between half of the whole and the whole.

        Source: M. Brooker, "Exponential Backoff And Jitter", 2015: the 'equal jitter' form.
        """
        whole = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        return whole * (0.5 + self.chance() / 2)
