"""Files of lines: the physical lines of any text file, and files that hold one JSON object a line.

A wholly empty line is not a row. Memory stays flat: of a line longer than `MAX_LINE_BYTES` only the beginning is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import from_json

from connectors.contract import FileRefused
from connectors.formats.opening import UTF_8_BOM, open_for_reading, refuse_unless_text
from connectors.records import Rejected

MAX_LINE_BYTES = 1_000_000
SAMPLED_LINES = 2_000  # with letters outside ASCII, to see whether the file is in UTF-8 at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One physical line with its end."""

    number: int  # from 1
    raw: bytes = field(repr=False)
    overlong: bool = False  # `raw` is only its beginning
    offset: int = 0  # in bytes, of its first one in the file


class PhysicalLines:
    """The lines of an open file one by one; lines read too far can be given back.

    `number` and `offset` say how many lines and bytes of the file lie before the stream's place.
    """

    def __init__(self, stream: BinaryIO, *, number: int = 0, offset: int = 0) -> None:
        self._stream = stream
        self._number = number
        self._offset = offset
        self._given_back: deque[Line] = deque()

    @property
    def place(self) -> tuple[int, int]:
        """Return how many lines and how many bytes lie before the line that comes next."""
        if self._given_back:
            return self._given_back[0].number - 1, self._given_back[0].offset
        return self._number, self._offset

    def __iter__(self) -> Iterator[Line]:
        while (line := self.take()) is not None:
            yield line

    def take(self) -> Line | None:
        """Return the next line, or None at the end of the file."""
        if self._given_back:
            return self._given_back.popleft()
        mark = UTF_8_BOM if self._number == 0 else b""
        raw = self._stream.readline(len(mark) + MAX_LINE_BYTES + 1)
        if not raw:
            return None
        self._number += 1
        began = self._offset
        self._offset += len(raw)
        overlong = len(raw.removeprefix(mark)) > MAX_LINE_BYTES
        if overlong:
            self._skip_to_next(raw)
        return Line(number=self._number, raw=raw.removeprefix(mark), overlong=overlong, offset=began)

    def give_back(self, lines: Sequence[Line]) -> None:
        """Make `lines` the next ones to be taken, in their order."""
        self._given_back.extendleft(reversed(lines))

    def _skip_to_next(self, piece: bytes) -> None:
        while piece and not piece.endswith(b"\n"):
            piece = self._stream.readline(MAX_LINE_BYTES)
            self._offset += len(piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRow:
    """One line that holds a JSON object."""

    row: int
    value: dict[str, Any] = field(repr=False)
    raw: bytes = field(repr=False)


def open_json_lines(path: Path) -> Iterator[JsonRow | Rejected]:
    """Return the rows of a file of JSON lines, one element a line that is not empty.

    Raises:
        FileRefused: the file is empty, of another kind or not in UTF-8.
    """
    refuse_unless_text(path)
    _refuse_other_encodings(path)
    return _json_rows(path)


def reread_json_line(raw: bytes, *, row: int) -> JsonRow | Rejected:
    """Read one line again that stood at `row` of its file."""
    return _json_row(Line(number=row, raw=raw, overlong=len(raw) > MAX_LINE_BYTES))


def _refuse_other_encodings(path: Path) -> None:
    """Raise FileRefused if no telling line is in UTF-8: one such is a row's trouble, all are the file's."""
    with open_for_reading(path) as stream:
        telling = (line.raw for line in PhysicalLines(stream) if not line.raw.isascii() and not line.overlong)
        in_utf_8 = [_is_utf_8(raw) for raw in islice(telling, SAMPLED_LINES)]
    if in_utf_8 and not any(in_utf_8):
        raise FileRefused("encoding_unknown", f"{path.name} is not in UTF-8")


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _json_rows(path: Path) -> Iterator[JsonRow | Rejected]:
    with open_for_reading(path) as stream:
        for line in PhysicalLines(stream):
            if line.raw.strip():
                yield _json_row(line)


def _json_row(line: Line) -> JsonRow | Rejected:
    def rejected(rule: str) -> Rejected:
        return Rejected(row=line.number, rule=rule, field=None, raw=line.raw)

    if line.overlong:
        return rejected("line_too_long")
    if not _is_utf_8(line.raw):
        return rejected("bytes_not_in_encoding")
    try:
        value = from_json(line.raw, allow_inf_nan=False)
    except ValueError:
        return rejected("json_broken")
    if not isinstance(value, dict):
        return rejected("json_not_an_object")
    if b"\\u0000" in line.raw and any("\x00" in text for text in _texts(value)):
        return rejected("control_characters")
    return JsonRow(row=line.number, value=value, raw=line.raw)


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value, keys included."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
