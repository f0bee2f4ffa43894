"""The CSV sheet: it reads back, explains itself and is harmless in a spreadsheet."""

from __future__ import annotations

import csv
from hashlib import sha256
from io import StringIO

import pytest

from registry.exports.published import Language, UnlabelledPlace
from registry.exports.sheet import columns_of, csv_of
from tests.registry.statistics.invented import a_frame, places, published

TABLE = published(a_frame(a_year={"female": 20, "male": 20}))


def parts(sheet: bytes) -> tuple[dict[str, str], bytes]:
    """Return the notes of a sheet and the bytes below them."""
    lines = sheet.splitlines(keepends=True)
    notes = [line.decode() for line in lines if line.startswith(b"# ")]
    return dict(note[2:].rstrip("\r\n").split(": ", 1) for note in notes), b"".join(lines[len(notes) :])


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_sheet_reads_back_cell_by_cell(language: Language) -> None:
    _, body = parts(csv_of(TABLE, language=language, places=places()))
    lines = list(csv.DictReader(StringIO(body.decode(), newline=""), strict=True))
    assert len(lines) == len(TABLE.cells) == 36 * 7 * 4
    for line in lines:
        cell = TABLE.cell(line["province"], line["age"], line["sex"])
        assert line["children"] == ("" if cell.shown is None else str(cell.shown))
        assert line["status"] == cell.status
        assert all(line[name] for name in columns_of(TABLE)[:6])


def test_an_empty_count_always_has_its_reason_and_a_0_is_explained() -> None:
    _, body = parts(csv_of(TABLE, language="en", places=places()))
    lines = list(csv.DictReader(StringIO(body.decode(), newline="")))
    zeros = {line["status_label"] for line in lines if line["children"] == "0"}
    empty = {line["status_label"] for line in lines if line["children"] == ""}
    assert zeros == {"none, or too few to show"}
    assert empty == {"hidden: too few children in the row or area"}


def test_the_notes_say_how_the_numbers_were_made() -> None:
    notes, body = parts(csv_of(TABLE, language="en", places=places()))
    assert notes["frame_date"] == "2026-11-01"
    assert notes["p_table"] == "D5V3js2 D=5 V=3 js=2"
    assert notes["code_list.province"] == "2025-07-01 (Decision 19/2025/QD-TTg)"
    assert notes["code_list.age"] == notes["code_list.sex"] == "1"
    assert (notes["least_in_row"], notes["least_in_area"]) == ("10", "100")
    assert "none, or too few to show" in notes["method"]
    assert notes["sha256"] == sha256(body).hexdigest()


def test_both_languages_have_the_same_codes_numbers_and_keys() -> None:
    sheets = [parts(csv_of(TABLE, language=language, places=places())) for language in ("vi", "en")]
    assert sheets[0][0].keys() == sheets[1][0].keys()
    assert sheets[0][0]["title"] == "Trẻ em theo tỉnh, nhóm tuổi và giới tính"
    read = [list(csv.DictReader(StringIO(body.decode(), newline=""))) for _, body in sheets]
    kept = [
        [(line["province"], line["age"], line["sex"], line["children"], line["status"]) for line in lines]
        for lines in read
    ]
    assert kept[0] == kept[1]


def test_a_plain_reader_is_not_led_astray_by_the_notes() -> None:
    text = csv_of(TABLE, language="vi", places=places()).decode()
    lines = [line for line in csv.reader(StringIO(text, newline=""), strict=True) if not line[0].startswith("#")]
    assert lines[0] == list(columns_of(TABLE))
    assert {len(line) for line in lines} == {9}


def test_lines_end_as_rfc_4180_says_and_difficult_labels_survive() -> None:
    names = {**places(), "01": 'Tỉnh "một", hai\nba'}
    _, body = parts(csv_of(TABLE, language="vi", places=names))
    assert body.count(b"\r\n") == len(TABLE.cells) + 1
    lines = csv.DictReader(StringIO(body.decode(), newline=""), strict=True)
    assert {line["province_label"] for line in lines if line["province"] == "01"} == {names["01"]}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])
def test_no_label_is_a_formula(sign: str) -> None:
    names = {**places(), "01": f"{sign}HYPERLINK(1)"}
    _, body = parts(csv_of(TABLE, language="vi", places=names))
    lines = csv.DictReader(StringIO(body.decode(), newline=""))
    assert {line["province_label"] for line in lines if line["province"] == "01"} == {f"'{sign}HYPERLINK(1)"}


def test_a_byte_order_mark_comes_first_where_asked_for() -> None:
    plain = csv_of(TABLE, language="vi", places=places())
    assert csv_of(TABLE, language="vi", places=places(), for_excel=True) == b"\xef\xbb\xbf" + plain
    assert plain.startswith(b"# title: ")


def test_a_place_without_a_name_is_refused() -> None:
    names = places()
    del names["96"]
    with pytest.raises(UnlabelledPlace, match="at 96"):
        csv_of(TABLE, language="vi", places=names)
