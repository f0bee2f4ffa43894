"""Workbooks: cells as written, and nothing unpacked that is unsafe."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from connectors.contract import FileRefused
from connectors.formats.workbooks import WorkbookLayout, open_workbook
from connectors.records import Rejected
from tests.connectors.deliveries import in_tcvn3, in_vni, looks_like_a_name

LAYOUT = WorkbookLayout(sheet="S", columns=("key", "name"), name_columns=("name",))


def written(path: Path, rows: Sequence[Sequence[object]], sheet: str = "S") -> Path:
    workbook = Workbook()
    page = workbook.active
    page.title = sheet
    for row in rows:
        page.append(row)
    workbook.save(path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(FileRefused) as refusal:
        open_workbook(path, LAYOUT, looks_like_a_name)
    return refusal.value.rule


def with_part(path: Path, name: str, content: bytes | str, *, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "a", packing) as archive:
        archive.writestr(name, content)
    return path


def with_sheet(path: Path, sheet_xml: bytes) -> Path:
    """Return the workbook with another sheet inside."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet_xml
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def sheet(cells: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData>{cells}</sheetData></worksheet>'.encode()


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return written(tmp_path / "b.xlsx", [["key", "name"], ["a1", "Mẫu"]])


def test_cells_come_in_the_types_of_json_with_the_row_that_excel_shows(tmp_path: Path) -> None:
    rows = [
        ["tiêu đề"],
        [],
        ["key", "name", "extra"],
        ["a1", date(2020, 5, 3), 12.0],
        [7, datetime.fromisoformat("2020-05-03T04:05"), True],
    ]
    table = open_workbook(written(tmp_path / "b.xlsx", rows), LAYOUT, looks_like_a_name)
    first, second = table.rows
    assert first.row == 4
    assert dict(first.cells) == {"key": "a1", "name": "2020-05-03", "extra": 12.0}
    assert dict(second.cells) == {"key": 7.0, "name": "2020-05-03T04:05:00", "extra": True}
    assert (first.text("extra"), second.text("key")) == ("12", "7")
    assert table.encodings == {"key": "ascii", "name": "ascii", "extra": "ascii"}


def test_a_time_of_day_is_kept_as_text(tmp_path: Path) -> None:
    (row,) = open_workbook(
        written(tmp_path / "b.xlsx", [["key", "name"], ["a", time(4, 5)]]), LAYOUT, looks_like_a_name
    ).rows
    assert row.text("name") == "04:05:00"


def test_wholly_empty_rows_are_not_rows_and_do_not_shift_the_others(tmp_path: Path) -> None:
    table = open_workbook(
        written(tmp_path / "b.xlsx", [["key", "name"], [], ["a", "b"], [None, ""], ["c", "d"]]),
        LAYOUT,
        looks_like_a_name,
    )
    assert [row.row for row in table.rows] == [3, 5]


def test_cells_beyond_the_header_make_a_row_too_long(tmp_path: Path) -> None:
    (row,) = open_workbook(
        written(tmp_path / "b.xlsx", [["key", "name"], ["a", "b", "c"]]), LAYOUT, looks_like_a_name
    ).rows
    assert isinstance(row, Rejected)
    assert (row.row, row.rule, row.raw) == (2, "row_too_long", b'["key","name"]\n["a","b","c"]\n')


def test_a_formula_is_not_run_and_its_text_is_not_read(tmp_path: Path) -> None:
    (row,) = open_workbook(
        written(tmp_path / "b.xlsx", [["key", "name"], ["a", '=HYPERLINK("x")']]), LAYOUT, looks_like_a_name
    ).rows
    assert row.text("name") is None


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([["key"], ["a"]], "column_missing"),
        ([["key", "name", "key"], ["a", "b", "c"]], "column_doubled"),
        ([["key", "name"]], "file_empty"),
        ([["x"]] * 30, "column_missing"),
    ],
)
def test_a_sheet_without_its_columns_or_rows_is_refused(
    tmp_path: Path, rows: Sequence[Sequence[object]], rule: str
) -> None:
    assert refused(written(tmp_path / "b.xlsx", rows)) == rule


def test_another_sheet_is_refused(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "b.xlsx", [["key", "name"], ["a", "b"]], sheet="T")) == "sheet_missing"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "file_empty"),
        (b"key,name\na,b\n", "file_kind_wrong"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "workbook_encrypted"),
        (b"PK\x03\x04 and no more", "workbook_broken"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes | str, rule: str) -> None:
    path = tmp_path / "b.xlsx"
    path.write_bytes(content)
    assert refused(path) == rule


def test_a_workbook_cut_short_is_refused(workbook: Path) -> None:
    content = workbook.read_bytes()
    for length in (30, len(content) // 2, len(content) - 10):
        workbook.write_bytes(content[:length])
        assert refused(workbook) == "workbook_broken"


@pytest.mark.parametrize("part", ["xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/embeddings/o.bin"])
def test_macros_and_links_to_outside_are_refused(workbook: Path, part: str) -> None:
    assert refused(with_part(workbook, part, b"x")) == "workbook_unsafe"


def test_a_document_type_is_refused(workbook: Path) -> None:
    assert refused(with_sheet(workbook, b"<!DOCTYPE x []>" + sheet(""))) == "workbook_unsafe"


def test_a_bomb_is_refused_before_it_is_unpacked(workbook: Path) -> None:
    assert refused(with_part(workbook, "xl/comments1.xml", b"0" * 5_000_000)) == "workbook_too_large"


def test_too_many_parts_and_too_large_a_file_are_refused(workbook: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.xlsx"
    large.write_bytes(workbook.read_bytes())
    with_part(large, "docProps/pad.bin", bytes(range(256)) * 40_000, packing=zipfile.ZIP_STORED)
    assert refused(large) == "workbook_too_large"
    with zipfile.ZipFile(workbook, "a") as archive:
        for number in range(201):
            archive.writestr(f"docProps/{number}.xml", b"x")
    assert refused(workbook) == "workbook_too_large"


def test_a_part_whose_name_is_no_text_makes_a_workbook_broken(workbook: Path) -> None:
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr("docProps/é.xml", b"x")
    workbook.write_bytes(workbook.read_bytes().replace("é".encode(), b"\xff\xfe"))
    assert refused(workbook) == "workbook_broken"


def test_an_entry_that_unpacks_to_more_than_it_declares_is_refused(workbook: Path) -> None:
    content = workbook.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = content.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    workbook.write_bytes(lying)
    assert refused(workbook) == "workbook_broken"


def test_a_cell_far_away_is_refused_before_a_table_of_that_size_is_built(workbook: Path) -> None:
    far = sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    assert refused(with_sheet(workbook, far)) == "workbook_too_large"


def test_a_shared_text_repeated_too_often_is_refused(workbook: Path) -> None:
    shared = b"<sst><si><t>" + bytes(range(65, 91)) * 1300 + b"</t></si></sst>"
    repeated = sheet("".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 10_000)))
    with zipfile.ZipFile(workbook) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts |= {"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": repeated}
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(workbook) == "workbook_too_large"


def test_a_sheet_that_is_no_xml_is_refused(workbook: Path) -> None:
    assert refused(with_sheet(workbook, b"<worksheet><sheetData>")) == "workbook_broken"


@pytest.mark.parametrize(("write", "encoding"), [(in_tcvn3, "tcvn3 in utf-8"), (in_vni, "vni in utf-8")])
def test_text_typed_in_an_old_font_is_told_and_read(
    tmp_path: Path, write: Callable[[str], bytes], encoding: str
) -> None:
    def typed(text: str) -> str:
        return write(text).decode("latin-1")

    rows = [["key", "name", "place"], ["a1", typed("Nguyễn Mẫu"), typed("Thôn Bản")], ["a2", typed("Lê Mẫu"), "x"]]
    table = open_workbook(written(tmp_path / "b.xlsx", rows), LAYOUT, looks_like_a_name)
    assert table.encodings == {"key": "ascii", "name": encoding, "place": encoding}
    first, second = table.rows
    assert (first.text("name"), first.text("place"), second.text("name")) == ("Nguyễn Mẫu", "Thôn Bản", "Lê Mẫu")


def test_unicode_in_a_column_of_an_old_font_is_rejected_not_guessed(tmp_path: Path) -> None:
    names = [in_tcvn3("Nguyễn Mẫu").decode("latin-1")] * 20 + ["Nguyễn Mẫu"]
    table = open_workbook(
        written(tmp_path / "b.xlsx", [["key", "name"], *(["k", name] for name in names)]), LAYOUT, looks_like_a_name
    )
    *_, last = table.rows
    assert isinstance(last, Rejected)
    assert (last.rule, last.field, last.row) == ("bytes_not_in_encoding", "name", 22)


def test_names_in_unicode_that_an_old_font_could_have_too_stay_as_they_are(tmp_path: Path) -> None:
    table = open_workbook(written(tmp_path / "b.xlsx", [["key", "name"], ["a", "Lê Tú"]]), LAYOUT, looks_like_a_name)
    assert table.encodings["name"] == "utf-8"
    assert next(iter(table.rows)).text("name") == "Lê Tú"


def test_an_encrypted_part_and_a_broken_one_are_refused(workbook: Path, tmp_path: Path) -> None:
    locked = bytearray(workbook.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = locked.find(signature)
        while found >= 0:
            locked[found + place] |= 1
            found = locked.find(signature, found + 4)
    path = tmp_path / "locked.xlsx"
    path.write_bytes(locked)
    assert refused(path) == "workbook_encrypted"
    with zipfile.ZipFile(workbook) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | {"xl/workbook.xml": b"<workbook"}
    with zipfile.ZipFile(workbook, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(workbook) == "workbook_broken"
