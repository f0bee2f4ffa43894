"""The ledger of erasures beside the keys: whoever restores an older copy of the data erases again whom it names.

One line for each erasure, appended and on the disk before the database commits. It names ids and keyed digests alone.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from registry.model.errors import WrongKeys
from registry.protect.canonical import compact_json
from registry.protect.keys.private_file import read_private

LEDGER_FILE: Final = "erasures.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure: the identities of a child, and the digests of their records."""

    children: tuple[UUID, ...]
    records: tuple[bytes, ...]
    at: datetime
    by: UUID | None  # the account; None: whoever ran the command on a demo

    def line(self) -> bytes:
        """Return the line of the file."""
        document = {
            "at": self.at.isoformat(),
            "by": None if self.by is None else str(self.by),
            "children": [str(child) for child in self.children],
            "records": [digest.hex() for digest in self.records],
        }
        return compact_json(document) + b"\n"


class ErasureLedger:
    """The file of a key folder. It is only ever added to."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEDGER_FILE

    def append(self, erasure: Erasure) -> None:
        """Add an erasure and wait until it is on the disk.

        Raises:
            WrongKeys: the file cannot be written.
        """
        try:
            with self._open() as descriptor:
                os.ftruncate(descriptor, _whole(descriptor))  # what a crash cut off in its middle never happened
                os.lseek(descriptor, 0, os.SEEK_END)
                line = erasure.line()
                while line:
                    line = line[os.write(descriptor, line) :]
                os.fsync(descriptor)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            rule = f"the ledger of erasures cannot be written ({error.strerror})"
            raise WrongKeys(rule, place=str(self._path)) from None

    def entries(self) -> list[Erasure]:
        """Return every erasure, oldest first.

        Raises:
            WrongKeys: the file cannot be read, or a line of it is damaged.
        """
        if not self._path.exists():
            return []
        content = read_private(self._path, largest=_LARGEST)
        return [_read(line, number, self._path) for number, line in enumerate(content.split(b"\n")[:-1], start=1)]

    @contextmanager
    def _open(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


_LARGEST: Final = 256 * 1024 * 1024  # bytes: a million erasures


def _whole(descriptor: int) -> int:
    """Return where the last whole line ends."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 4096)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _read(line: bytes, number: int, path: Path) -> Erasure:
    try:
        document = json.loads(line)
        return Erasure(
            children=tuple(UUID(child) for child in document["children"]),
            records=tuple(bytes.fromhex(digest) for digest in document["records"]),
            at=datetime.fromisoformat(document["at"]),
            by=None if document["by"] is None else UUID(document["by"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WrongKeys(f"line {number} of the ledger of erasures is damaged", place=str(path)) from None
