"""Compilation of the loop over pairs and of the small functions that it is put together from.

They work on the arrays they are given and make none. So arrays need not be counted whenever they are handed on (numba
calls that counting its run-time, nrt), which would cost ten times what comparing does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from matching.compiling import numba

F = TypeVar("F", bound=Callable[..., object])

_UNCOUNTED: Final[dict[str, Any]] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def inlined(function: F) -> F:
    """Return `function` compiled into whatever calls it."""
    return cast(F, numba.njit(forceinline=True, **_UNCOUNTED)(function))


def uncounted(function: F) -> F:
    """Return `function` compiled as one of its own."""
    return cast(F, numba.njit(**_UNCOUNTED)(function))
