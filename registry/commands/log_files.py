"""What the commands around the log read from files: keys, heads, bundles, what the second sink was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from registry.model.errors import RegistryError
from registry.protect.log.checkpoint import BadCheckpoint, Verifier
from registry.protect.log.cosignature import WitnessVerifier
from registry.protect.log.log_records import BadBundle
from registry.protect.log.log_sink import read_sink

LARGEST: Final = 64 * 1024  # bytes of a head, a request, an answer
T = TypeVar("T")


class LogUnreadable(RegistryError):
    """A key, a head, a proof or a bundle cannot be read."""

    title = "This is not what a log gives out"


def understood(what: str, read: Callable[[], T]) -> T:
    """Return what `read` returns; refuse by the name of the thing, never by its content.

    Raises: LogUnreadable: it is malformed.
    """
    try:
        return read()
    except (BadCheckpoint, BadBundle) as error:
        raise LogUnreadable(str(error), place=what) from None
    except UnicodeDecodeError:
        raise LogUnreadable("not a text", place=what) from None


def verifiers(lines: Sequence[str]) -> tuple[Verifier, ...]:
    """Return the keys of a log. Raises: LogUnreadable."""
    return tuple(understood("--vkey", partial(Verifier.from_vkey, line)) for line in lines)


def witnesses(lines: Sequence[str]) -> tuple[WitnessVerifier, ...]:
    """Return the keys of witnesses. Raises: LogUnreadable."""
    return tuple(understood("--witness-vkey", partial(WitnessVerifier.from_vkey, line)) for line in lines)


def text_of(path: Path, *, largest: int = LARGEST) -> str:
    """Return a small text file. Raises: LogUnreadable: too large, or not a text."""
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise LogUnreadable("the file is too large", place=str(path))
    return understood(str(path), lambda: content.decode())


def told_in(paths: Sequence[Path]) -> dict[bytes, tuple[str, datetime]]:
    """Return what the second sinks of all processes were told."""
    told: dict[bytes, tuple[str, datetime]] = {}
    for path in paths:
        told.update(read_sink(path))
    return told
