"""Keeps the memory of this process out of core dumps and away from other processes: it holds keys and open records."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # Source: linux/prctl.h


def harden_process() -> None:
    """Let no core be written of this process and what it starts, and no other process of the account look into it.

    A program that is started gets the second protection from its own start only. Where the system refuses one of the
    two, the other still holds: neither is worth not working for.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most != 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
