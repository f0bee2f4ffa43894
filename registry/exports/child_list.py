"""A list of children as CSV or as a workbook, with the name of whoever has it on every page and marks in every row."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO, StringIO
from typing import Final
from uuid import UUID

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.worksheet import Worksheet

from registry.exports.marks import Key, code_of, person_of, written_date
from registry.exports.published import Language, Words
from registry.exports.sheet import BYTE_ORDER_MARK, COMMENT, LINE_END, harmless

COLUMNS: Final[tuple[tuple[str, Words, int], ...]] = (  # name, title, width in the workbook
    ("name", Words(vi="Họ và tên", en="Name"), 28),
    ("birth", Words(vi="Ngày sinh", en="Date of birth"), 14),
    ("sex", Words(vi="Giới tính", en="Sex"), 10),
    ("commune", Words(vi="Xã, phường", en="Commune"), 26),
    ("number", Words(vi="Số định danh", en="Personal number"), 16),
    ("mother", Words(vi="Tên mẹ", en="Mother's given name"), 20),
    ("code", Words(vi="Mã dòng", en="Code of the row"), 22),
)
SEXES: Final[Mapping[str, Words]] = {
    "female": Words(vi="Nữ", en="Girl"),
    "male": Words(vi="Nam", en="Boy"),
}
_TITLE: Final = Words(vi="Danh sách trẻ em", en="List of children")
_MARK: Final = Words(
    vi="Cấp cho {login}, {office}, lúc {at}. Danh sách số {id}. Không được chuyển cho người khác.",
    en="Given to {login}, {office}, at {at}. List {id}. Not to be passed on.",
)
_OF: Final = Words(vi="{children} trẻ em", en="{children} children")
_LEFT_OUT: Final = Words(
    vi="{number} trẻ em đã thay đổi hoặc không còn thuộc phạm vi của danh sách từ khi yêu cầu, nên không có ở đây.",
    en="{number} children have changed, or belong to the list no longer, since it was asked for: they are not here.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A child on a list. None: not known, or not the reader's to see."""

    name: str | None = field(repr=False)
    birth: str | None = field(repr=False)  # yyyy, yyyy-mm or yyyy-mm-dd
    sex: str | None
    commune: str | None  # its name
    number: str | None = field(repr=False)  # masked
    mother: str | None = field(repr=False)  # her given name

    def person(self) -> bytes:
        """Return what the marks of the row are made from."""
        return person_of(self.name or "", self.birth or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """To whom a list is given, and the key of its marks."""

    login: str
    office: str
    at: datetime  # with the zone in which it is written
    export_id: UUID
    short_id: int
    secret: bytes = field(repr=False)
    left_out: int = 0  # children who have changed since the list was asked for

    def mark(self, language: Language) -> str:
        """Return the line that stands on every page."""
        return _MARK.read(language).format(
            login=self.login, office=self.office, at=f"{self.at:%H:%M %d/%m/%Y}", id=self.export_id
        )


def csv_file(rows: Sequence[ListRow], handed: Handed, *, language: Language) -> bytes:
    """Return a list as CSV in UTF-8, with the mark above and below. Source: RFC 4180."""
    written = StringIO(newline="")
    writer = csv.writer(written, lineterminator=LINE_END)
    notes = [*_notes(rows, handed, language), ""]
    writer.writerows([[f"{COMMENT} {note}".rstrip()] for note in notes])
    writer.writerow([title.read(language) for _, title, _ in COLUMNS])
    writer.writerows([[_shown(cell) for cell in cells] for cells in _cells(rows, handed, language)])
    writer.writerow([f"{COMMENT} {handed.mark(language)}"])
    return BYTE_ORDER_MARK + written.getvalue().encode()


def workbook_file(rows: Sequence[ListRow], handed: Handed, *, language: Language) -> bytes:
    """Return a list as a workbook, with the mark at the head and the foot of every printed page."""
    book = Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has a sheet")
    sheet.title = _TITLE.read(language)
    for note in _notes(rows, handed, language):
        _append(sheet, [note])
    _append(sheet, [title.read(language) for _, title, _ in COLUMNS])
    head = sheet.max_row
    for cells in _cells(rows, handed, language):
        _append(sheet, [_shown(cell) for cell in cells])
    _append(sheet, [handed.mark(language)])
    _lay_out(sheet, head, handed.mark(language))
    book.properties.creator = handed.login
    book.properties.title = str(handed.export_id)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _append(sheet: Worksheet, cells: Sequence[str]) -> None:
    """Add a row of texts: no text is taken for a formula, a date or a number."""
    row = sheet.max_row + 1 if sheet.max_row > 1 or sheet.cell(1, 1).value is not None else 1
    for column, text in enumerate(cells, start=1):
        cell = sheet.cell(row, column)
        cell.value = text
        cell.data_type = "s"
        cell.number_format = "@"


def _lay_out(sheet: Worksheet, head: int, mark: str) -> None:
    for place, (_, _, width) in enumerate(COLUMNS):
        sheet.column_dimensions["ABCDEFG"[place]].width = width
    for cell in sheet[head]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = f"A{head + 1}"
    sheet.print_title_rows = f"1:{head}"
    sheet.page_setup.orientation = "landscape"
    shown = mark.replace("&", "&&")  # & begins a code there
    header, footer = HeaderFooterItem(), HeaderFooterItem()
    header.center.text = footer.center.text = shown
    footer.right.text = "&P/&N"
    sheet.HeaderFooter.oddHeader, sheet.HeaderFooter.oddFooter = header, footer


def _shown(text: str) -> str:
    """Return a text as it stands in a cell: on one line, without signs that nobody sees, and no formula."""
    return harmless("".join(sign for sign in " ".join(text.split()) if unicodedata.category(sign)[0] != "C"))


def _notes(rows: Sequence[ListRow], handed: Handed, language: Language) -> list[str]:
    notes = [f"{_TITLE.read(language)}: {_OF.read(language).format(children=len(rows))}", handed.mark(language)]
    if handed.left_out:
        notes.append(_LEFT_OUT.read(language).format(number=handed.left_out))
    return notes


def _cells(rows: Sequence[ListRow], handed: Handed, language: Language) -> Iterator[list[str]]:
    """Yield the rows in the order of this list, each written as this list writes it."""
    key = Key(secret=handed.secret, export_id=handed.export_id)
    for place, row in enumerate(sorted(rows, key=lambda row: key.order(row.person()))):
        person = row.person()
        yield [
            row.name or "",
            written_date(row.birth, zeros=key.writes_zeros(person)) if row.birth else "",
            _sex(row.sex, capital=key.writes_capital(person), language=language),
            row.commune or "",
            row.number or "",
            row.mother or "",
            code_of(handed.secret, handed.short_id, place),
        ]


def _sex(sex: str | None, *, capital: bool, language: Language) -> str:
    if sex is None:
        return ""
    word = SEXES[sex].read(language)
    return word if capital else word.lower()
