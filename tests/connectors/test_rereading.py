"""What a row was delivered as is enough to read it again: the same record, or the same refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import FileReader, FileRefused
from connectors.formats.lines import MAX_LINE_BYTES
from connectors.formats.tables import CsvLayout, open_csv, reread_csv
from connectors.formats.workbooks import WorkbookLayout, reread_workbook
from connectors.plugins import BUILT_IN_FILES
from connectors.records import Rejected, SourceRecord
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid
from tests.connectors.deliveries import (
    BIRTH,
    CASE,
    EDUCATION,
    SOCIAL_AID,
    bundle,
    csv_bytes,
    in_cp1258,
    in_tcvn3,
    in_vni,
    json_lines,
    looks_like_a_name,
    social_aid_text,
    write_births,
)

PUPILS = CsvLayout(columns=("key", "Họ tên", "Nơi ở"), name_columns=("Họ tên",))
HEADER = "key,Họ tên,Nơi ở\r\n".encode()

Row = SourceRecord | Rejected


def as_the_registry_keeps_them(decided: Mapping[str, str]) -> Mapping[str, str]:
    """Return encodings as they come back from a store that keeps no order."""
    return dict(sorted(decided.items(), reverse=True))


def read_twice(connector: FileReader, path: Path) -> list[tuple[Row, Row]]:
    """Return each row of a file as it was read there, and as it is read from its own bytes."""
    reading = connector.open(path, looks_like_a_name)
    decided = as_the_registry_keeps_them(reading.encodings)
    return [(row, connector.reread(row.raw, row=row.row, encodings=decided)) for row in reading.rows]


def delivered(tmp_path: Path, connector: FileReader, content: bytes) -> Path:
    path = tmp_path / connector.format.file_name
    path.write_bytes(content)
    return path


def moved(order: int) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Return what puts the columns of a row in another order."""

    def turn(row: Mapping[str, str]) -> dict[str, str]:
        columns = [*list(row)[order:], *list(row)[:order]]
        return {column: row[column] for column in columns}

    return turn


@pytest.mark.parametrize("encode", [str.encode, in_tcvn3, in_vni, in_cp1258])
@pytest.mark.parametrize("order", [0, 7])
def test_a_pupil_is_read_again_whatever_the_encoding_and_the_order_of_columns(
    tmp_path: Path, encode: Callable[[str], bytes], order: int
) -> None:
    pupils = [EDUCATION, EDUCATION | {"Mã học sinh": ""}, EDUCATION | {"Địa chỉ": 'Thôn 1,\r\nXã "Ví Dụ"'}]
    content = encode(csv_bytes([moved(order)(pupil) for pupil in pupils]))
    pairs = read_twice(Education(), delivered(tmp_path, Education(), content + b"1,2\r\n"))
    assert [again for _, again in pairs] == [first for first, _ in pairs]
    assert [isinstance(first, Rejected) for first, _ in pairs] == [False, True, False, True]


def test_a_recipient_is_read_again(tmp_path: Path) -> None:
    content = in_tcvn3(social_aid_text(SOCIAL_AID, SOCIAL_AID | {"NGAY_CN": ""})) + b"DT1;x\r\n"
    pairs = read_twice(SocialAid(), delivered(tmp_path, SocialAid(), content))
    assert [again for _, again in pairs] == [first for first, _ in pairs]
    assert len(pairs) == 3


def test_a_birth_is_read_again_in_the_types_of_its_cells(tmp_path: Path) -> None:
    births = [BIRTH, BIRTH | {"Số giấy khai sinh": 7, "Quyển số": 1.5, "Ngày sinh": True}, BIRTH | {"Xã đăng ký": None}]
    pairs = read_twice(CivilStatus(), write_births(tmp_path / "civil-status.xlsx", *births))
    assert [again for _, again in pairs] == [first for first, _ in pairs]
    assert pairs[0][0].row == 5


def test_a_bundle_and_a_case_are_read_again(tmp_path: Path) -> None:
    unnamed: dict[str, Any] = bundle(name=[])
    files: list[tuple[FileReader, bytes]] = [
        (Health(), b"\xef\xbb\xbf" + json_lines(bundle(), unnamed) + b"{broken\n\xff\n"),
        (Protection(), json_lines(CASE, CASE | {"groups": [99]}, {"case_id": "1", "deleted": True, "updated_at": "x"})),
    ]
    for connector, content in files:
        pairs = read_twice(connector, delivered(tmp_path, connector, content))
        assert [again for _, again in pairs] == [first for first, _ in pairs]


def test_the_beginning_of_an_endless_line_is_told_again_as_endless(tmp_path: Path) -> None:
    endless = b"\xef\xbb\xbf{}" + b" " * (MAX_LINE_BYTES - 1) + b"\n"
    ((first, again),) = read_twice(Health(), delivered(tmp_path, Health(), endless))
    assert isinstance(first, Rejected)
    assert first.rule == "line_too_long"
    assert again == first


def test_every_row_of_every_connector_carries_what_it_was_delivered_as(tmp_path: Path) -> None:
    write_births(tmp_path / "civil-status.xlsx", BIRTH)
    delivered(tmp_path, Education(), csv_bytes([EDUCATION]).encode())
    delivered(tmp_path, SocialAid(), in_tcvn3(social_aid_text(SOCIAL_AID)))
    delivered(tmp_path, Health(), json_lines(bundle()))
    delivered(tmp_path, Protection(), json_lines(CASE))
    for make in BUILT_IN_FILES:
        connector = make()
        ((first, again),) = read_twice(connector, tmp_path / connector.format.file_name)
        assert isinstance(first, SourceRecord)
        assert first.raw
        assert "Mẫu" not in repr(first)
        assert again == first


PIECES = st.sampled_from(
    [b"a", b",", b'"', b"\n", b"\r\n", b"\r", b"\x00", b"\xc3\xaa", b"\xff", b" ", b'""', b"x,y,z\n", b"\xef\xbb\xbf"]
)


@given(
    st.sampled_from([b"", b"\xef\xbb\xbf", b"T\xc3\xaan\n\xef\xbb\xbf"]),
    st.one_of(st.lists(PIECES, max_size=60).map(b"".join), st.binary(max_size=200)),
)
@settings(max_examples=300, deadline=None)
def test_whatever_bytes_come_each_row_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, body: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "pupils.csv"
    path.write_bytes(before + HEADER + "k,Lê,Ở\n".encode() + body)
    try:
        table = open_csv(path, PUPILS, looks_like_a_name)
        rows = list(table.rows)
    except FileRefused:
        return  # a column is in no encoding that can be told
    decided = as_the_registry_keeps_them(table.encodings)
    assert [reread_csv(row.raw, PUPILS, row=row.row, decided=decided) for row in rows] == rows


def test_a_row_that_this_mapping_finds_a_column_missing_for_is_refused_and_keeps_its_bytes() -> None:
    wider = replace(PUPILS, columns=(*PUPILS.columns, "Lớp"))
    raw = HEADER + "a1,Lê,x\r\n".encode()
    again = reread_csv(raw, wider, row=9, decided={})
    assert again == Rejected(row=9, rule="column_missing", field=None, raw=raw)
    sheet = WorkbookLayout(sheet="S", columns=("key", "name"), name_columns=("name",))
    kept = b'["key"]\n["a"]\n'
    assert reread_workbook(kept, sheet, row=9, decided={}) == Rejected(
        row=9, rule="column_missing", field=None, raw=kept
    )


def test_bytes_that_are_several_rows_for_this_mapping_are_refused_whole() -> None:
    unquoted = replace(PUPILS, quoting=False)
    raw = HEADER + b'a1,x,"line\r\nline"\r\n'
    again = reread_csv(raw, unquoted, row=2, decided={})
    assert isinstance(again, Rejected)
    assert (again.rule, again.raw) == ("row_not_alone", raw)


@pytest.mark.parametrize("raw", [b"", b"[1]", HEADER, b"{}\n{}\n", b"[]\n[]\n[]\n", json.dumps(["key"]).encode()])
def test_bytes_that_hold_no_row_are_refused(raw: bytes) -> None:
    sheet = WorkbookLayout(sheet="S", columns=("key", "name"), name_columns=("name",))
    for again in (reread_csv(raw, PUPILS, row=1, decided={}), reread_workbook(raw, sheet, row=1, decided={})):
        assert isinstance(again, Rejected)
        assert again.raw == raw
