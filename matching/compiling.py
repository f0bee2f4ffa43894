"""Compilation of the few loops that run once a pair or once a key; everything else is plain Python and numpy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar, cast

import numba
from platformdirs import user_cache_path

__all__ = ["compiled", "numba"]

F = TypeVar("F", bound=Callable[..., object])

_PACKAGE: Final = Path(__file__).parent
_NOTHING_COMPILED: Final = ("commands", "engines", "columns", "models", "reference")


def _folder_of_this_code() -> Path:
    """Return the folder for compiled code, another one for every state of the sources.

    A compiled loop has the constants of other files in it, such as the codes of levels. What numba keeps beside a file
    is only compiled anew when that very file changes, and would then count by codes that are no longer meant.
    """
    digest = sha256()
    for source in sorted(_PACKAGE.rglob("*.py")):
        if source.relative_to(_PACKAGE).parts[0] not in _NOTHING_COMPILED:
            digest.update(source.read_bytes())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    root = Path(chosen) if chosen else user_cache_path("child-registry") / "compiled"
    folder = root / digest.hexdigest()[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="child-registry-compiled-"))


numba.config.CACHE_DIR = str(_folder_of_this_code())  # type: ignore[attr-defined]  # numba makes its settings as it starts


def compiled(function: F) -> F:
    """Return `function` compiled to machine code when it is first called; the result is kept on disk.

    Other threads run meanwhile: a compiled loop does not hold the interpreter. Floating point keeps the order that is
    written, so that numpy with the same order gives the same bits.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
