"""The education sector's file of pupils."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.records import ChildFacts, PersonFacts
from connectors.sectors.education import Education
from tests.connectors.deliveries import (
    EDUCATION,
    csv_bytes,
    in_cp1258,
    in_tcvn3,
    in_vni,
    looks_like_a_name,
    only_record,
    only_rejection,
    read,
)


def pupil(**changes: str) -> bytes:
    """Return a file of one pupil, as the sector sends it."""
    return b"\xef\xbb\xbf" + csv_bytes([EDUCATION | changes]).encode()


def test_a_pupil_is_described_as_written(tmp_path: Path) -> None:
    record = only_record(read(Education(), tmp_path, pupil()))
    assert (record.system, record.stream, record.key, record.row) == ("education", "pupils", "1000000001", 2)
    assert record.version_at == datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC)
    assert record.facts == ChildFacts(
        name="Trần Thị Mẫu",
        sex="Nữ",
        birth_date="03/05/2014",
        personal_number="001314000001",
        ethnicity="Kinh",
        commune_code="00004",
        commune_scheme="2025",
        address="Thôn 1, Xã Ví Dụ",
        mother=PersonFacts(name="Lê Thị Mẫu", birth_year="1987"),
        father=PersonFacts(name="Trần Văn Mẫu", birth_year="1985"),
    )
    assert record.services == {
        "school": "Trường Tiểu học Ví Dụ",
        "class": "5A",
        "status": "studying",
        "school_year": "2025-2026",
    }
    assert record.written == EDUCATION


def test_what_the_source_does_not_say_is_none(tmp_path: Path) -> None:
    empty = dict.fromkeys(EDUCATION, "") | {"Mã học sinh": "1", "Cập nhật lúc": EDUCATION["Cập nhật lúc"]}
    record = only_record(read(Education(), tmp_path, pupil(**empty)))
    assert record.facts == ChildFacts()
    assert record.services == {}


def test_a_repr_shows_nothing_of_the_child(tmp_path: Path) -> None:
    shown = repr(only_record(read(Education(), tmp_path, pupil())))
    assert "Mẫu" not in shown
    assert "001314000001" not in shown


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({"Mã học sinh": ""}, "key_missing", "Mã học sinh"),
        ({"Mã học sinh": "=1+1"}, "key_broken", "Mã học sinh"),
        ({"Mã học sinh": "10\u200b01"}, "key_broken", "Mã học sinh"),
        ({"Mã học sinh": "1" * 65}, "key_broken", "Mã học sinh"),
        ({"Cập nhật lúc": ""}, "stamp_missing", "Cập nhật lúc"),
        ({"Cập nhật lúc": "2026-02-31T00:00:00+07:00"}, "stamp_broken", "Cập nhật lúc"),
        ({"Cập nhật lúc": "2026-01-02T03:04:05"}, "stamp_broken", "Cập nhật lúc"),
        ({"Họ và tên": "001314000001"}, "columns_shifted", "Họ và tên"),
    ],
)
def test_a_row_that_cannot_be_relied_on_is_rejected(
    tmp_path: Path, change: dict[str, str], rule: str, column: str
) -> None:
    assert only_rejection(read(Education(), tmp_path, pupil(**change))) == (2, rule, column)


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("Địa chỉ", '=HYPERLINK("http://example.invalid","x")'),
        ("Ngày sinh", "31/02/2014"),
        ("Ngày sinh", "03/05/2094"),
        ("Họ và tên", "Tra\u0302\u0300n Mâ\u0303u"),
        ("Họ và tên", "Trần\u200b Mẫu"),
        ("Giới tính", "X"),
        ("Số định danh cá nhân", "'1314000001"),
    ],
)
def test_odd_values_are_kept_as_written_for_those_who_understand_them(
    tmp_path: Path, column: str, written: str
) -> None:
    record = only_record(read(Education(), tmp_path, pupil(**{column: written})))
    facts = record.facts
    assert record.written[column] == written
    assert written in (facts.address, facts.birth_date, facts.name, facts.sex, facts.personal_number)


def test_a_list_of_units_that_does_not_exist_is_not_believed(tmp_path: Path) -> None:
    assert only_record(read(Education(), tmp_path, pupil(**{"Hệ mã địa bàn": "2019"}))).facts.commune_scheme is None


def test_the_same_key_twice_is_two_rows(tmp_path: Path) -> None:
    rows = read(Education(), tmp_path, csv_bytes([EDUCATION, EDUCATION]).encode())
    assert [row.row for row in rows] == [2, 3]


def test_a_file_saved_in_another_encoding_reads_the_same(tmp_path: Path) -> None:
    expected = only_record(read(Education(), tmp_path, pupil())).facts
    for encoding, write in {"tcvn3": in_tcvn3, "vni": in_vni, "cp1258": in_cp1258}.items():
        path = tmp_path / "education.csv"
        path.write_bytes(write(csv_bytes([EDUCATION])))
        reading = Education().open(path, looks_like_a_name)
        assert reading.encodings["Họ và tên"] == encoding
        assert only_record(list(reading.rows)).facts == expected
