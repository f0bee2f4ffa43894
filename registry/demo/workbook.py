"""The civil-status workbook, streamed row by row and the same byte for byte whenever it is written.

The parts are written here, by ECMA-376, because a library would stamp them with the clock and hold every cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from registry.demo.civil_status import CIVIL_STATUS_COLUMNS, CIVIL_STATUS_SHEET, DAY, Cell

TITLES: Final = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM - Độc lập - Tự do - Hạnh phúc",
    "TRÍCH XUẤT SỔ ĐĂNG KÝ KHAI SINH ĐIỆN TỬ (DỮ LIỆU MÔ PHỎNG)",
    "Thời điểm trích xuất: {:%d/%m/%Y}",
)
_WIDE: Final = frozenset({1, 4, 5, 9, 11, 13})
_DAY_ZERO: Final = date(1899, 12, 30)  # serial days count from here for every day after February 1900
_GENERAL, _TITLE, _SUBTITLE, _HEADER, _TEXT, _DATE = range(6)  # places of the cell formats in the styles

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6"><xf/>'
        '<xf fontId="1" applyFont="1" applyAlignment="1"><alignment horizontal="center"/></xf>'
        '<xf applyAlignment="1"><alignment horizontal="center"/></xf><xf fontId="1" applyFont="1"/>'
        '<xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f'<sheets><sheet name="{CIVIL_STATUS_SHEET}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
}
_SHEET: Final = "xl/worksheets/sheet1.xml"
_LETTERS: Final = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def write_workbook(path: Path, rows: Iterable[bytes], *, on: date) -> None:
    """Write the rows below three merged title rows and the header.

    Args:
        path: the file to make.
        rows: each a list of cells as JSON, in the order of the columns.
        on: the day of the extract, told in the third title row.
    """
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        for name, content in _PARTS.items():
            book.writestr(_part(name, on), _XML + content)
        with book.open(_part(_SHEET, on), "w", force_zip64=True) as sheet:
            for piece in _sheet(rows, on):
                sheet.write(piece.encode())


def _part(name: str, on: date) -> ZipInfo:
    """Return the entry of a part, dated with the day of the extract."""
    part = ZipInfo(name, date_time=(on.year, on.month, on.day, 0, 0, 0))
    part.compress_type = ZIP_DEFLATED
    part.external_attr = 0o600 << 16
    return part


def _sheet(rows: Iterable[bytes], on: date) -> Iterator[str]:
    top = len(TITLES) + 1
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="{top}" '
        f'topLeftCell="A{top + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>'
    )
    for place in range(1, len(CIVIL_STATUS_COLUMNS) + 1):
        yield f'<col min="{place}" max="{place}" width="{26 if place in _WIDE else 16}" customWidth="1"/>'
    yield "</cols><sheetData>"
    for line, title in enumerate(TITLES, start=1):
        yield _row(line, [_text("A", line, title.format(on), _TITLE if line < top - 1 else _SUBTITLE)])
    columns = zip(_LETTERS, CIVIL_STATUS_COLUMNS, strict=False)
    yield _row(top, [_text(letter, top, name, _HEADER) for letter, name in columns])
    for line, row in enumerate(rows, start=top + 1):
        cells = zip(_LETTERS, json.loads(row), strict=False)
        yield _row(line, [_cell(letter, line, value) for letter, value in cells if value is not None])
    last = _LETTERS[len(CIVIL_STATUS_COLUMNS) - 1]
    merged = "".join(f'<mergeCell ref="A{line}:{last}{line}"/>' for line in range(1, top))
    yield f'</sheetData><mergeCells count="{len(TITLES)}">{merged}</mergeCells></worksheet>'


def _row(line: int, cells: Iterable[str]) -> str:
    return f'<row r="{line}">{"".join(cells)}</row>'


def _cell(letter: str, line: int, value: Cell) -> str:
    if isinstance(value, dict):
        return _number(letter, line, (date.fromisoformat(value[DAY]) - _DAY_ZERO).days, _DATE)
    if isinstance(value, int):
        return _number(letter, line, value, _GENERAL)
    return _text(letter, line, value or "", _TEXT)


def _number(letter: str, line: int, value: int, style: int) -> str:
    return f'<c r="{letter}{line}" s="{style}"><v>{value}</v></c>'


def _text(letter: str, line: int, value: str, style: int) -> str:
    """Return a cell of text; it stays text, even where it begins like a formula."""
    return f'<c r="{letter}{line}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
