"""The list for the police as a workbook: what is known and doubtful of each child, and columns for their answers."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.worksheet import Worksheet

from registry.exports.child_list import SEXES, Handed
from registry.exports.marks import code_of, written_date
from registry.exports.published import Language, Words
from registry.exports.sheet import harmless

CHILDREN: Final = Words(vi="Trẻ em", en="Children")
INSTRUCTIONS: Final = Words(vi="Hướng dẫn", en="Instructions")


class Problem(StrEnum):
    """What is wrong with what is known of a child."""

    NO_NUMBER = "no_number"
    NUMBER_FORMAT = "number_format"
    NUMBER_DOUBTFUL = "number_doubtful"
    NAME = "name"
    BIRTH = "birth"
    SEX = "sex"
    ETHNICITY = "ethnicity"
    PARENTS = "parents"


PROBLEMS: Final[Mapping[Problem, Words]] = {
    Problem.NO_NUMBER: Words(vi="chưa có số định danh", en="no personal number"),
    Problem.NUMBER_FORMAT: Words(vi="số định danh sai cấu trúc", en="the number is not of twelve digits"),
    Problem.NUMBER_DOUBTFUL: Words(vi="số định danh chưa khớp", en="the number does not fit"),
    Problem.NAME: Words(vi="thiếu hoặc sai họ tên", en="the name is missing or no name"),
    Problem.BIRTH: Words(vi="thiếu hoặc sai ngày sinh", en="the birth date is missing or not whole"),
    Problem.SEX: Words(vi="thiếu giới tính", en="the sex is missing"),
    Problem.ETHNICITY: Words(vi="thiếu dân tộc", en="the ethnicity is missing"),
    Problem.PARENTS: Words(vi="thiếu cha, mẹ, người nuôi dưỡng", en="no mother, father or carer is known"),
}
COLUMNS: Final[tuple[tuple[str, Words, int], ...]] = (  # name, title, width
    ("code", Words(vi="Mã dòng (không sửa)", en="Code of the row (leave as it is)"), 24),
    ("name", Words(vi="Họ và tên", en="Name"), 28),
    ("birth", Words(vi="Ngày sinh", en="Date of birth"), 14),
    ("sex", Words(vi="Giới tính", en="Sex"), 10),
    ("number", Words(vi="Số định danh", en="Personal number"), 16),
    ("mother", Words(vi="Tên mẹ", en="Mother's given name"), 18),
    ("problems", Words(vi="Cần kiểm tra", en="To be checked"), 36),
    ("says", Words(vi="Xác nhận (đúng / khác / không có)", en="Confirmed (yes / other / none)"), 20),
    ("right_number", Words(vi="Số định danh đúng", en="Right personal number"), 18),
    ("right_name", Words(vi="Họ và tên đúng", en="Right name"), 28),
    ("right_birth", Words(vi="Ngày sinh đúng", en="Right date of birth"), 16),
    ("right_sex", Words(vi="Giới tính đúng", en="Right sex"), 14),
    ("officer", Words(vi="Cán bộ đối chiếu", en="Officer who compared"), 24),
    ("signed_on", Words(vi="Ngày ký", en="Signed on"), 14),
)
HANDED: Final = ("name", "birth", "sex", "number", "mother")  # must come back as they went
_TEXT: Final[tuple[Words, ...]] = (
    Words(
        vi="Danh sách trẻ em cần công an xã, phường đối chiếu với dữ liệu dân cư.",
        en="Children whom the commune's police are asked to compare with the population data.",
    ),
    Words(
        vi="Chỉ ghi vào các cột từ cột Xác nhận trở đi. Không sửa, không xoá mã dòng và các cột trước đó.",
        en="Write only into the column Confirmed and those after it. Leave the columns before it as they are.",
    ),
    Words(
        vi="Ghi 'đúng' nếu số định danh đúng; 'khác' nếu số hoặc thông tin khác, rồi ghi thông tin đúng;"
        " 'không có' nếu chưa được cấp số. Dòng chưa đối chiếu thì để trống.",
        en="Write 'yes' if the number is right; 'other' if the number or a fact is another, and then the right one;"
        " 'none' if no number was given yet. Leave a row empty that was not compared.",
    ),
    Words(
        vi="Ngày ghi theo dạng 03/05/2014. Số định danh gồm 12 chữ số.",
        en="Write dates as 03/05/2014. A personal number has 12 digits.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A child on the list."""

    place: int  # in the list, for the code
    name: str | None = field(repr=False)
    birth: str | None = field(repr=False)  # yyyy, yyyy-mm or yyyy-mm-dd
    sex: str | None
    number: str | None = field(repr=False)
    mother: str | None = field(repr=False)
    problems: tuple[Problem, ...]

    def handed(self, language: Language) -> tuple[str, ...]:
        """Return the cells of `HANDED` as the file shows them."""
        sex = SEXES[self.sex].read(language) if self.sex else ""
        birth = written_date(self.birth, zeros=True) if self.birth else ""
        return tuple(map(shown, (self.name or "", birth, sex, self.number or "", self.mother or "")))


def shown(text: str) -> str:
    """Return a text as it stands in a cell: on one line, without signs that nobody sees, and no formula."""
    return harmless("".join(sign for sign in " ".join(text.split()) if unicodedata.category(sign)[0] != "C"))


def problem_sheet(rows: Sequence[SheetRow], handed: Handed, *, language: Language) -> bytes:
    """Return the list as a workbook: one sheet of children, one of instructions; its name stands on every page."""
    book = Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has a sheet")
    sheet.title = CHILDREN.read(language)
    _write(sheet, 1, [handed.mark(language)])
    _write(sheet, 2, [title.read(language) for _, title, _ in COLUMNS])
    for number, row in enumerate(rows, start=3):
        told = ", ".join(PROBLEMS[problem].read(language) for problem in row.problems)
        code = code_of(handed.secret, handed.short_id, row.place)
        _write(sheet, number, [code, *row.handed(language), told, *[""] * (len(COLUMNS) - len(HANDED) - 2)])
    _lay_out(sheet, handed.mark(language))
    _instruct(book, handed, len(rows), language)
    book.properties.creator = handed.login
    book.properties.title = str(handed.export_id)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _write(sheet: Worksheet, number: int, cells: Sequence[str]) -> None:
    """Write texts: none is taken for a formula, a date or a number, now or when somebody types over it."""
    for column, text in enumerate(cells, start=1):
        cell = sheet.cell(number, column)
        cell.value = shown(text) or None
        if text:
            cell.data_type = "s"
        cell.number_format = "@"


def _lay_out(sheet: Worksheet, mark: str) -> None:
    for place, (_, _, width) in enumerate(COLUMNS):
        sheet.column_dimensions["ABCDEFGHIJKLMN"[place]].width = width
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation = "landscape"
    footer = HeaderFooterItem()
    footer.center.text = mark.replace("&", "&&")
    footer.right.text = "&P/&N"
    sheet.HeaderFooter.oddFooter = footer


def _instruct(book: Workbook, handed: Handed, children: int, language: Language) -> None:
    sheet: Worksheet = book.create_sheet(INSTRUCTIONS.read(language))
    count = Words(vi=f"{children} trẻ em", en=f"{children} children")
    for number, text in enumerate((*_TEXT, count), start=1):
        _write(sheet, number, [text.read(language)])
    _write(sheet, len(_TEXT) + 2, [handed.mark(language)])
    sheet.column_dimensions["A"].width = 110
