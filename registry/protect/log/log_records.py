"""What a log is made of when it is checked: the same from a database as from a bundle, and the bundle's lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

FIRST_LINE: Final = b"child-registry log bundle 1\n"
LONGEST_LINE: Final = 64 * 1024 * 1024


class BadBundle(ValueError):
    """A file that is not a whole bundle of a log."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose log it is, and when it was read."""

    origin: str
    exported_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head, and the size under which it is stored."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The line of a witness under the head of a size."""

    size: int
    line: str


# The leaves are many: they are plain tuples. index (None: not numbered yet), leaf_id, stored hash, content.
LeafRecord = tuple[int | None, int, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """A sealed row as it stands: the hash that names it, and the hash of what is sealed in it."""

    table: str
    entry: bytes


Record = Header | Head | Cosigned | Row | LeafRecord


def write_bundle(file: BinaryIO, records: Iterable[Record]) -> int:
    """Write the lines of a bundle, heads before leaves; return the number of leaves."""
    file.write(FIRST_LINE)
    written = leaves = 0
    for record in records:
        file.write(_line(record))
        written += 1
        leaves += type(record) is tuple
    file.write(b"E %d\n" % written)
    return leaves


def read_bundle(path: Path) -> Iterator[Record]:
    """Return the records of a bundle.

    Raises: BadBundle: not a bundle, or not whole; names the line.
    """
    with path.open("rb") as file:
        if file.readline(len(FIRST_LINE) + 1) != FIRST_LINE:
            raise BadBundle("not a bundle of a log: the first line is another")
        number = 1
        while line := file.readline(LONGEST_LINE):
            number += 1
            if line.startswith(b"E "):
                if line != b"E %d\n" % (number - 2) or file.read(1):
                    raise BadBundle(f"line {number}: the bundle does not end where it says")
                return
            try:
                yield _record(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                raise BadBundle(f"line {number}: not a record of a bundle") from None
        raise BadBundle("the bundle is cut off: its last line is missing")


def _line(record: Record) -> bytes:
    if isinstance(record, tuple):
        return _leaf_line(record)
    if isinstance(record, Row):
        return b"R %s %s\n" % (record.table.encode(), record.entry.hex().encode())
    if isinstance(record, Head):
        return b"C %d %s\n" % (record.size, json.dumps(record.note).encode())
    if isinstance(record, Cosigned):
        return b"S %d %s\n" % (record.size, json.dumps(record.line).encode())
    return b"H %s %s\n" % (record.exported_at.isoformat().encode(), record.origin.encode())


def _leaf_line(record: LeafRecord) -> bytes:
    index, leaf_id, stored, content = record
    kind, written = (b"X", content.hex().encode()) if b"\n" in content else (b"L", content)
    place = b"-" if index is None else b"%d" % index
    return b"%s %s %d %s %s\n" % (kind, place, leaf_id, stored.hex().encode(), written)


def _record(line: bytes) -> Record:
    if not line.endswith(b"\n"):
        raise ValueError("cut off")
    if line[0] in b"LX":
        kind, place, leaf_id, stored, content = line[:-1].split(b" ", 4)
        whole = bytes.fromhex(content.decode("ascii")) if kind == b"X" else content
        return None if place == b"-" else int(place), int(leaf_id), bytes.fromhex(stored.decode("ascii")), whole
    return _other(line[:-1].decode("utf-8"))


def _other(line: str) -> Record:
    kind, first, rest = line.split(" ", 2)
    if kind == "R" and len(rest) == 64:
        return Row(first, bytes.fromhex(rest))
    if kind == "H":
        at = datetime.fromisoformat(first)
        if at.tzinfo is None:
            raise ValueError("a time without its zone")
        return Header(rest, at)
    text = json.loads(rest)
    if kind not in {"C", "S"} or not isinstance(text, str) or int(first) < 0:
        raise ValueError("unknown kind of record")
    return Head(int(first), text) if kind == "C" else Cosigned(int(first), text)
