"""Lines put into an order of their own without holding them all: sorted pile by pile, spilt to disk when many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Final

_PILES: Final = 24  # at most so many files stand open a table; all tables together stay below the usual limits
_IN_MEMORY: Final = 128 * 1024  # bytes a pile


class Scatter:
    """Collects lines with a position from 0 to 1 and yields them in its order.

    Lines of the same position keep the order in which they came. A line holds no line feed.
    """

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        """Open the piles; files without a name in `directory` take what is too much for memory."""
        self._piles = [
            stack.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(directory)))  # noqa: SIM115 - the stack closes it
            for _ in range(_PILES)
        ]

    def add(self, position: float, line: bytes) -> None:
        """Put a line into its pile."""
        self._piles[int(position * _PILES)].write(b"%.17f\t%s\n" % (position, line))

    def lines(self) -> Iterator[bytes]:
        """Yield every line once, in order, and give the space back."""
        for pile in self._piles:
            pile.seek(0)
            lines = sorted(pile, key=_position)
            pile.close()
            for line in lines:
                yield line[line.index(b"\t") + 1 : -1]


def _position(line: bytes) -> bytes:
    return line[: line.index(b"\t")]
