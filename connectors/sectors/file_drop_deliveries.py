"""What lies in a drop folder, and which delivery of a stream is read next.

A delivery is known by the digest of its content. Packages say their place in the order by a sequence: one that is used
twice, comes late, or would leave a gap between changes is refused, and nothing behind it is read in its stead. A file
that is still being copied waits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.contract import FileRefused
from connectors.formats.opening import open_for_reading
from connectors.sectors.file_drop_cursor import Cursor

RECEIPT: Final = ".receipt.json"
DIGEST_LETTERS: Final = 12
_UNFINISHED: Final = (".part", ".tmp", ".filepart", ".crdownload", RECEIPT)

Signature = tuple[int, int, int]  # size, time of change, place on the disk: what shows that a file was changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery of a stream."""

    name: str  # as it lies in the folder
    path: Path  # of the file whose rows are read, or of the archive that holds it
    digest: str
    sequence: int | None = None
    bulk: bool = False  # it says that it holds all records there are
    signature: Signature = (0, 0, 0)  # when it was looked at

    @property
    def mark(self) -> tuple[int, str]:
        """Return what a cursor remembers of it."""
        return self.sequence or 0, self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which delivery comes next, and those before it that need not be read."""

    delivery: Delivery | None = None
    passed_over: tuple[Delivery, ...] = ()


def entries(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder, in the order of names as people count them, without what is not yet whole.

    Raises:
        FileRefused: the folder cannot be read.
    """
    try:
        found = [path for path in folder.iterdir() if _is_for_us(path)]
    except OSError:
        raise FileRefused("folder_missing", folder.name) from None
    yield from sorted(found, key=lambda path: _natural(path.name))


def _is_for_us(path: Path) -> bool:
    name = path.name.casefold()
    return not name.startswith((".", "~")) and not name.endswith(_UNFINISHED) and not path.is_symlink()


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def signature(path: Path) -> Signature:
    """Return what shows that a file was changed; zeros: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def is_settled(path: Path, *, seconds: float, clock: Callable[[], float]) -> bool:
    """Tell whether a file was not changed for a while: else it may be half of one. A time to come is no recent one."""
    try:
        age = clock() - path.stat().st_mtime
    except OSError:
        return False
    return not 0 <= age < seconds


def digest_of(*paths: Path) -> str:
    """Return the digest of files, read in pieces.

    Raises:
        FileRefused: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with open_for_reading(path) as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
        digest.update(b"\0")
    return digest.hexdigest()[:DIGEST_LETTERS]


def choose(found: Sequence[Delivery], at: Cursor, *, faults: Sequence[FileRefused]) -> Choice:
    """Return the delivery to read on, or to read next; none: all is read.

    Args:
        faults: of what could not be opened; told only when there is nothing to read but that.

    Raises:
        FileRefused: what remains cannot be read.
    """
    if at.current is not None:
        begun = next((one for one in found if one.digest == at.current), None)
        if begun is not None:
            return Choice(delivery=begun)
    fresh = [one for one in found if not at.knows(one.digest, one.sequence)]
    plain = [one for one in fresh if one.sequence is None]
    if at.current is not None and not plain:
        raise FileRefused("file_changed", "the delivery that is being read has changed or is gone")
    if plain:
        return Choice(delivery=plain[0])
    choice, out_of_order = _in_order([one for one in fresh if one.sequence is not None], at)
    if choice.delivery is None:
        for fault in [*faults, *out_of_order]:
            raise fault
    return choice


def _in_order(fresh: Sequence[Delivery], at: Cursor) -> tuple[Choice, list[FileRefused]]:
    """Return which package comes next, and why others cannot."""
    last = at.sequence
    ordered = sorted(fresh, key=lambda one: one.sequence or 0)
    if last is None:
        newest = max((one.sequence or 0 for one in ordered if one.bulk), default=0)
        before = tuple(one for one in ordered if (one.sequence or 0) < newest)
        return _only(ordered[len(before) : len(before) + 2], before)
    late = [
        FileRefused("sequence_repeated" if one.sequence == last else "sequence_out_of_order", one.name)
        for one in ordered
        if (one.sequence or 0) <= last
    ]
    ahead = [one for one in ordered if (one.sequence or 0) > last]
    step = next((n for n, one in enumerate(ahead) if one.bulk or one.sequence == last + 1), None)
    if step is None:
        return Choice(), [*late, *(FileRefused("sequence_missing", one.name) for one in ahead[:1])]
    choice, doubled = _only(ahead[step : step + 2], tuple(ahead[:step]))
    return choice, [*late, *doubled]


def _only(two: Sequence[Delivery], before: tuple[Delivery, ...]) -> tuple[Choice, list[FileRefused]]:
    """Return the first of two, unless both bear the same number."""
    if len(two) == 2 and two[0].sequence == two[1].sequence:
        return Choice(), [FileRefused("sequence_repeated", two[1].name)]
    return Choice(delivery=two[0] if two else None, passed_over=before), []
