"""How large a worksheet becomes when it is read, measured before: a small file can name a far cell or repeat a text."""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO
from xml.parsers import expat

from connectors.contract import FileRefused

MAX_CELLS = 5_000_000  # of the rectangle that a reader builds: 100,000 rows of 50 columns
MAX_TEXT_LETTERS = 300_000_000  # after every reference to a shared text is replaced by the text

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_SHARED = "xl/sharedstrings.xml"


class _SharedTexts:
    """Collects the length of each shared text of a workbook."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """Begin a new text."""
        if name.endswith("si") and name.rpartition(":")[2] == "si":
            self.lengths.append(0)

    def text(self, letters: str) -> None:
        """Count letters of the text begun last."""
        if self.lengths:
            self.lengths[-1] += len(letters)


class _Extent:
    """Follows the cells of a worksheet and sums up what they will become."""

    def __init__(self, shared: list[int]) -> None:
        self._shared = shared
        self._refers = False
        self._digits = ""
        self.rows = self.columns = self.letters = 0
        self.misplaced = False  # a cell names a place that no sheet has
        self._row = self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Note where a row or cell stands; without a reference it follows the one before."""
        kind = name.rpartition(":")[2]
        if kind == "row":
            self._row = _number(attributes.get("r")) or self._row + 1
            self._column = 0
        elif kind == "c":
            self._place(attributes.get("r"))
            self._refers = attributes.get("t") == "s"
            self._digits = ""

    def _place(self, reference: str | None) -> None:
        found = _REFERENCE.fullmatch(reference or "")
        self.misplaced = self.misplaced or (reference is not None and found is None)
        self._column = _column(found[1]) if found else self._column + 1
        self._row = int(found[2]) if found else self._row
        self.rows = max(self.rows, self._row)
        self.columns = max(self.columns, self._column)

    def text(self, letters: str) -> None:
        """Count letters, or collect the number of a shared text."""
        if self._refers:
            self._digits += letters[:9]
        else:
            self.letters += len(letters)

    def end(self, name: str) -> None:
        """At a cell's end, add the length of the shared text it refers to."""
        if name.rpartition(":")[2] == "c" and self._refers:
            place = _number(self._digits)
            self.letters += self._shared[place] if place is not None and place < len(self._shared) else 0
            self._refers = False


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def check_extent(parts: io.BytesIO, file_name: str) -> None:
    """Measure every worksheet of the workbook.

    Raises:
        FileRefused: one would become too large, or is no well-formed XML.
    """
    try:
        with zipfile.ZipFile(parts) as workbook:
            shared = _shared_lengths(workbook)
            names = [name for name in workbook.namelist() if _SHEET.fullmatch(name)]
            extents = [_extent(io.BytesIO(workbook.read(name)), shared) for name in names]
    except expat.ExpatError:
        raise FileRefused("workbook_broken", file_name) from None
    for extent in extents:
        if extent.misplaced:
            raise FileRefused("workbook_broken", f"{file_name}: a cell at a place that no sheet has")
        if extent.rows * extent.columns > MAX_CELLS or extent.letters > MAX_TEXT_LETTERS:
            raise FileRefused("workbook_too_large", f"{file_name}: a sheet with too many cells or letters")


def _shared_lengths(workbook: zipfile.ZipFile) -> list[int]:
    texts = _SharedTexts()
    for name in workbook.namelist():
        if name.lower() == _SHARED:
            parser = expat.ParserCreate()
            parser.buffer_text = True
            parser.StartElementHandler = texts.start
            parser.CharacterDataHandler = texts.text
            with workbook.open(name) as stream:
                parser.ParseFile(stream)
    return texts.lengths


def _extent(sheet: IO[bytes], shared: list[int]) -> _Extent:
    extent = _Extent(shared)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = extent.start
    parser.EndElementHandler = extent.end
    parser.CharacterDataHandler = extent.text
    parser.ParseFile(sheet)
    return extent
