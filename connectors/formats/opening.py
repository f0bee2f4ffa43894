"""Opening a delivered file, and refusing one that is of another kind before anything of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from connectors.contract import FileRefused

UTF_8_BOM = b"\xef\xbb\xbf"

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Excel until 2003, and any encrypted workbook
_UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NUL_SHARE = 0.2  # a text file with so many NUL bytes is in UTF-16 without a byte order mark


def open_for_reading(path: Path) -> BinaryIO:
    """Open `path` for reading bytes.

    Raises:
        FileRefused: it is not there, not a file or not readable by us.
    """
    try:
        return path.open("rb")
    except OSError:
        raise FileRefused("file_unreadable", path.name) from None


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """Return the first bytes of the file.

    Raises:
        FileRefused: it cannot be read or holds nothing.
    """
    with open_for_reading(path) as stream:
        head = stream.read(count)
    if not head.removeprefix(UTF_8_BOM).strip():
        _refuse_if_blank(path)
    return head


def _refuse_if_blank(path: Path) -> None:
    """Raise FileRefused if the file holds nothing but white space."""
    with open_for_reading(path) as stream:
        first = stream.read(3)
        blank = not first.removeprefix(UTF_8_BOM).strip()
        while blank and (chunk := stream.read(1 << 20)):
            blank = not chunk.strip()
    if blank:
        raise FileRefused("file_empty", path.name)


def refuse_unless_text(path: Path) -> None:
    """Raise FileRefused if the file is empty, a workbook, or text in UTF-16."""
    head = first_bytes(path)
    if head.startswith((_ZIP, _OLE)):
        raise FileRefused("file_kind_wrong", f"{path.name} is a workbook or an archive, not a text file")
    if head.startswith(_UTF_16_BOMS) or head.count(0) > _NUL_SHARE * len(head):
        raise FileRefused("encoding_unknown", f"{path.name} is in UTF-16: save it as UTF-8")


def refuse_unless_zip(path: Path) -> None:
    """Raise FileRefused if the file is empty, encrypted, an old workbook, or no workbook."""
    head = first_bytes(path)
    if head.startswith(_OLE):
        raise FileRefused("workbook_encrypted", f"{path.name} is encrypted or of Excel before 2007: save it as .xlsx")
    if not head.startswith(_ZIP):
        raise FileRefused("file_kind_wrong", f"{path.name} is not an .xlsx workbook")
