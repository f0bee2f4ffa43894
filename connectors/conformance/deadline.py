"""A longest time for what a connector does: one that hangs is found broken and does not hang the kit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """It took too long. Not an Exception: a connector that catches everything must not catch this."""


@contextmanager
def longest(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime in the block when it takes longer; where the system has no such alarm, there is no limit."""
    alarm = getattr(signal, "SIGALRM", None)
    if seconds is None or alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(alarm, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)


def _ring(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise OutOfTime
