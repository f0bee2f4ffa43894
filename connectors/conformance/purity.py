"""Watching a call for what a pure function does not do: looking at the clock, chance, the environment, files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Final, TypeVar

AnswerT = TypeVar("AnswerT")

_CLOCK: Final = frozenset({"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "monotonic"})
_CHANCE: Final = frozenset({"random", "getrandbits", "urandom", "token_bytes"})
_OUTSIDE: Final = frozenset({"open", "connect", "connect_ex", "stat", "listdir", "scandir", "getenv"})
_TIME_MODULES: Final = frozenset({"time", "datetime"})


def watched(call: Callable[[], AnswerT]) -> tuple[AnswerT, frozenset[str]]:
    """Make a call and return its answer, and what it looked at: 'the clock', 'chance', 'the environment', 'files'.

    What is done inside functions written in C is not seen.
    """
    seen: set[str] = set()

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call":
            seen.update(looked_at(argument))
        elif event == "call" and frame.f_globals.get("__name__") == "os" and "getitem" in frame.f_code.co_name:
            seen.add("the environment")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        answer = call()
    finally:
        sys.setprofile(before)
    return answer, frozenset(seen)


def looked_at(called: object) -> set[str]:
    """Return what a function written in C looks at, if that is outside of its arguments."""
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    home = getattr(owner, "__module__", None) or getattr(owner, "__name__", None) or getattr(called, "__module__", "")
    if name in _CLOCK and home in _TIME_MODULES:
        return {"the clock"}
    if name in _CHANCE:
        return {"chance"}
    return {"files or the net"} if name in _OUTSIDE else set()
