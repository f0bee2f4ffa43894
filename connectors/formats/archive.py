"""Delivered archives (.zip): looked through before anything of them is unpacked, and unpacked in memory only.

An entry gives no more bytes than it declares, and what all declare together is limited: so is what an archive becomes.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

from connectors.contract import FileRefused
from connectors.formats.opening import first_bytes, open_for_reading

MAX_PACKED_BYTES: Final = 500_000_000
MAX_UNPACKED_BYTES: Final = 4_000_000_000
MAX_RATIO: Final = 100  # of the whole archive; tables of children pack to a tenth, a bomb to a thousandth
MAX_ENTRIES: Final = 100

_SAFE_PART: Final = re.compile(r"[^\x00-\x1f\\/:*?\"<>|]{1,120}")
_NESTED: Final = re.compile(r"\.(zip|7z|rar|tar|gz|tgz|bz2|xz|zst|jar)\Z", re.IGNORECASE)
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened archive whose entries were looked through."""

    name: str  # of the file
    opened: zipfile.ZipFile

    def __contains__(self, entry: str) -> bool:
        return entry in self.opened.NameToInfo

    def size(self, entry: str) -> int:
        """Return how many bytes an entry unpacks to."""
        return self.opened.getinfo(entry).file_size

    @contextmanager
    def reading(self, entry: str) -> Iterator[IO[bytes]]:
        """Open an entry; bytes that break while they are read are refused too.

        Raises:
            FileRefused: it is not there, or is broken.
        """
        place = f"{self.name}: {entry}"
        if entry not in self:
            raise FileRefused("file_missing", place)
        try:
            with self.opened.open(entry) as stream:
                yield stream
        except _BROKEN:
            raise FileRefused("archive_broken", place) from None


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive and look through its entries.

    Raises:
        FileRefused: it is no archive, broken, too large, encrypted, or has an entry that reaches outside or is nested.
    """
    if not first_bytes(path).startswith(b"PK\x03\x04"):
        raise FileRefused("file_kind_wrong", f"{path.name} is not a .zip archive")
    with open_for_reading(path) as stream, _opened(stream, path.name) as opened:
        _look_through(opened.infolist(), path.name)
        yield Archive(name=path.name, opened=opened)


def _opened(stream: BinaryIO, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except _BROKEN:
        raise FileRefused("archive_broken", name) from None


def _look_through(entries: list[zipfile.ZipInfo], name: str) -> None:
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise FileRefused("archive_too_large", f"{name}: more than {MAX_ENTRIES} entries")
    if packed > MAX_PACKED_BYTES or unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 1):
        raise FileRefused("archive_too_large", f"{name}: it unpacks to more than allowed")
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        rule = _rule_broken(entry, seen)
        if rule is not None:
            raise FileRefused(rule, f"{name}: entry {number}")
        seen.add(entry.filename.casefold())


def _rule_broken(entry: zipfile.ZipInfo, seen: set[str]) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 1:
        return "archive_encrypted"
    if not is_safe_path(entry.filename.removesuffix("/")) or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "archive_unsafe"
    if _NESTED.search(entry.filename):
        return "archive_nested"
    return "archive_doubled" if entry.filename.casefold() in seen else None


def is_safe_path(written: str) -> bool:
    """Tell whether a path written in a delivery stays inside it: relative, with slashes, without a step up."""
    parts = written.split("/")
    return all(part not in (".", "..") and _SAFE_PART.fullmatch(part) is not None for part in parts)
