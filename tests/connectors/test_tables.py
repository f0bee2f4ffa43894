"""CSV files: every row in its place, whatever bytes come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import FileRefused
from connectors.formats import lines as physical
from connectors.formats.tables import CsvLayout, Table, TableRow, open_csv
from connectors.records import Rejected
from tests.connectors.deliveries import in_cp1258, in_tcvn3, in_vni, looks_like_a_name

PUPILS = CsvLayout(columns=("key", "Họ tên", "Nơi ở"), name_columns=("Họ tên",))
UNQUOTED = CsvLayout(columns=("key", "name"), name_columns=("name",), delimiter=b";", quoting=False)
HEADER = "key,Họ tên,Nơi ở\r\n".encode()


def opened(tmp_path: Path, content: bytes, layout: CsvLayout = PUPILS) -> Table:
    path = tmp_path / "pupils.csv"
    path.write_bytes(content)
    return open_csv(path, layout, looks_like_a_name)


def rows_of(tmp_path: Path, content: bytes, layout: CsvLayout = PUPILS) -> list[Any]:
    return list(opened(tmp_path, content, layout).rows)


def told(rows: Sequence[TableRow | Rejected]) -> list[tuple[int, str | None]]:
    """Return each row's place and key, or place and rule."""
    return [(row.row, row.rule if isinstance(row, Rejected) else row.text("key")) for row in rows]


def refused(tmp_path: Path, content: bytes, layout: CsvLayout = PUPILS) -> tuple[str, str]:
    with pytest.raises(FileRefused) as refusal:
        opened(tmp_path, content, layout)
    return refusal.value.rule, refusal.value.place


def test_a_row_keeps_its_cells_its_place_and_its_bytes_below_those_of_the_header(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + HEADER + 'a1,Lê Mẫu,"Thôn 1, ""Ví Dụ"""\r\n'.encode()
    (row,) = rows_of(tmp_path, content)
    assert dict(row.cells) == {"key": "a1", "Họ tên": "Lê Mẫu", "Nơi ở": 'Thôn 1, "Ví Dụ"'}
    assert row.row == 2
    assert row.raw == content.removeprefix(b"\xef\xbb\xbf")


def test_a_quoted_line_end_belongs_to_the_row_and_the_next_row_keeps_its_place(tmp_path: Path) -> None:
    content = HEADER + b'a1,x,"line\r\nline"\r\na2,y,z'
    rows = rows_of(tmp_path, content)
    assert told(rows) == [(2, "a1"), (4, "a2")]
    assert rows[0].text("Nơi ở") == "line\r\nline"
    assert rows[0].raw == HEADER + b'a1,x,"line\r\nline"\r\n'


def test_empty_lines_and_lines_of_delimiters_are_not_rows(tmp_path: Path) -> None:
    assert told(rows_of(tmp_path, HEADER + b"\r\na1,x,y\r\n,,\r\n  \r\n,,,,\r\na2,x,y\r\n\r\n")) == [
        (3, "a1"),
        (7, "a2"),
    ]


def test_short_and_long_rows_are_rejected_with_their_bytes_and_the_others_read(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, HEADER + b"a1,x\r\na2,x,y,z\r\na3,x,y\r\n")
    assert told(rows) == [(2, "row_too_short"), (3, "row_too_long"), (4, "a3")]
    assert rows[0].raw == HEADER + b"a1,x\r\n"


@pytest.mark.parametrize("harm", [b"\x00", b"\x07", b"\x1b[31m", b"a\rb", b"\x7f"])
def test_control_characters_are_rejected(tmp_path: Path, harm: bytes) -> None:
    assert told(rows_of(tmp_path, HEADER + b"a1," + harm + b",y\r\na2,x,y\r\n")) == [
        (2, "control_characters"),
        (3, "a2"),
    ]


def test_a_byte_outside_the_columns_encoding_names_the_column(tmp_path: Path) -> None:
    content = HEADER + "".join(f"a{n},Lê Mẫu,ở\n" for n in range(20)).encode() + b"b,L\xff,x\n"
    last = rows_of(tmp_path, content)[-1]
    assert (last.rule, last.field, last.row) == ("bytes_not_in_encoding", "Họ tên", 22)


def test_a_quote_that_never_closes_at_the_end_is_a_truncated_row(tmp_path: Path) -> None:
    assert told(rows_of(tmp_path, HEADER + b'a1,x,y\r\na2,x,"Th')) == [(2, "a1"), (3, "row_truncated")]


def test_a_quote_that_never_closes_costs_no_other_row(tmp_path: Path) -> None:
    content = HEADER + b'a1,"x,y\r\na2,x,y\r\na3,"x",y\r\n'
    assert told(rows_of(tmp_path, content)) == [(2, "quote_unclosed"), (3, "a2"), (4, "a3")]
    many = HEADER + b'a1,"x,y\r\n' + b"a2,x,y\r\n" * 200
    assert len(rows_of(tmp_path, many)) == 201


def test_an_endless_line_inside_quotes_costs_no_other_row(tmp_path: Path) -> None:
    content = HEADER + b'a1,"x\n' + b"y" * 2_000_000 + b'",z\na2,x,y\n'
    assert told(rows_of(tmp_path, content)) == [(2, "quote_unclosed"), (3, "line_too_long"), (4, "a2")]


def test_a_quote_inside_a_word_is_a_letter_like_others(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, HEADER + 'a1,Lê "Tí" Mẫu,5" x\r\n'.encode())
    assert row.text("Họ tên") == 'Lê "Tí" Mẫu'


def test_without_quoting_a_quote_is_a_letter_like_others(tmp_path: Path) -> None:
    assert told(rows_of(tmp_path, b'key;name\na1;"x\na2;y"\n', UNQUOTED)) == [(2, "a1"), (3, "a2")]


def test_an_endless_line_is_rejected_with_its_beginning_only(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, HEADER + b"a1,x," + b"y" * 3_000_000 + b"\na2,x,y\n")
    assert told(rows) == [(2, "line_too_long"), (3, "a2")]
    assert len(rows[0].raw) == len(HEADER) + physical.MAX_LINE_BYTES + 1


def test_the_header_is_found_below_title_rows_in_any_case_form_and_order(tmp_path: Path) -> None:
    content = "DANH SÁCH\n\nNơi  ở,\u200bHỌ TÊN,KEY,thêm\nx,Lê,a1,t\n".encode()
    (row,) = rows_of(tmp_path, content)
    assert dict(row.cells) == {"Nơi ở": "x", "Họ tên": "Lê", "key": "a1", "thêm": "t"}


@pytest.mark.parametrize(
    ("content", "rule", "where"),
    [
        (b"", "file_empty", "pupils.csv"),
        (b"\xef\xbb\xbf \r\n\r\n", "file_empty", "pupils.csv"),
        (HEADER, "file_empty", "no row below the header"),
        ("key,Họ tên\n1,2\n".encode(), "column_missing", "column Nơi ở"),
        ("key,Họ và tên,Nơi ở\n1,2,3\n".encode(), "column_missing", "column Họ tên"),
        ("key,Họ tên,Nơi ở,key\n1,2,3,4\n".encode(), "column_doubled", "column key"),
        (b"a,b,c\n" * 50, "column_missing", "no header"),
        (HEADER[:-2] + b",x" * 10_000 + b"\n1,2\n", "header_too_long", "row 1"),
        (b"PK\x03\x04 and more", "file_kind_wrong", "pupils.csv"),
        ("key,Họ tên,Nơi ở\n1,2,3\n".encode("utf-16"), "encoding_unknown", "UTF-16"),
        ("key,Họ tên,Nơi ở\n1,2,3\n".encode("utf-16-le"), "encoding_unknown", "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_rule_and_place(
    tmp_path: Path, content: bytes, rule: str, where: str
) -> None:
    found_rule, found_place = refused(tmp_path, content)
    assert found_rule == rule
    assert where in found_place


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="file_unreadable"):
        open_csv(tmp_path / "none.csv", PUPILS, looks_like_a_name)
    with pytest.raises(FileRefused, match="file_unreadable"):
        open_csv(tmp_path, PUPILS, looks_like_a_name)


@pytest.mark.parametrize(("write", "encoding"), [(in_tcvn3, "tcvn3"), (in_vni, "vni"), (in_cp1258, "cp1258")])
def test_a_file_saved_in_an_old_encoding_is_decided_and_read_all_the_same(
    tmp_path: Path, write: Callable[[str], bytes], encoding: str
) -> None:
    text = "key,Họ tên,Nơi ở\r\na1,Nguyễn Mẫu,Thôn Bản\r\na2,Lê Mẫu,Phường Đỏ\r\n"
    table = opened(tmp_path, write(text))
    assert table.encodings == {"key": "ascii", "Họ tên": encoding, "Nơi ở": encoding}
    assert [row.text("Nơi ở") for row in table.rows] == ["Thôn Bản", "Phường Đỏ"]


def test_each_column_has_an_encoding_of_its_own(tmp_path: Path) -> None:
    layout = CsvLayout(columns=("key", "name", "mother"), name_columns=("name", "mother"))
    content = b"key,name,mother\na1," + in_tcvn3("Nguyễn Mẫu") + b"," + in_vni("Trần Mẫu") + b"\n"
    table = opened(tmp_path, content, layout)
    assert (table.encodings["name"], table.encodings["mother"]) == ("tcvn3", "vni")
    (row,) = table.rows
    assert (row.text("name"), row.text("mother")) == ("Nguyễn Mẫu", "Trần Mẫu")


def test_a_column_whose_encoding_cannot_be_told_is_refused_by_name(tmp_path: Path) -> None:
    rule, place = refused(tmp_path, HEADER + b"a1,x," + b"\x80\xff\n")
    assert (rule, place) == ("encoding_unknown", "pupils.csv: column Nơi ở")


def test_letters_below_the_sample_are_read_in_the_encoding_of_the_file(tmp_path: Path) -> None:
    content = HEADER + "".join(f"a{n},Lê Mẫu,x\n" for n in range(20_001)).encode() + "b,Lê,Ở\n".encode()
    table = opened(tmp_path, content)
    assert table.encodings["Nơi ở"] == "ascii"
    assert list(table.rows)[-1].text("Nơi ở") == "Ở"


PIECES = st.sampled_from(
    [b"a", b",", b'"', b"\n", b"\r\n", b"\r", b"\x00", b"\xc3\xaa", b"\xff", b" ", b'""', b"x,y,z\n"]
)


@given(st.one_of(st.lists(PIECES, max_size=60).map(b"".join), st.binary(max_size=200)))
@settings(max_examples=300, deadline=None)
def test_whatever_bytes_come_no_row_is_lost_and_none_doubled(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "pupils.csv"
    content = HEADER + "k,Lê,Ở\n".encode() + body
    path.write_bytes(content)
    try:
        rows = list(open_csv(path, PUPILS, looks_like_a_name).rows)
    except FileRefused:
        return  # a column is in no encoding that can be told
    bytes_of = [row.raw.removeprefix(HEADER) for row in rows]
    # All bytes below the header are in one row each, in order, but for the empty lines between them.
    left = content[len(HEADER) :]
    for taken in bytes_of:
        before, found, left = left.partition(taken)
        assert found == taken
        assert not before.strip(b' \t\x0b\x0c\r\n,"')
    assert not left.strip(b' \t\x0b\x0c\r\n,"')
    assert sum(len(taken) for taken in bytes_of) <= len(content)
    assert [row.row for row in rows] == sorted({row.row for row in rows})
    assert all(len(row.cells) == 3 for row in rows if isinstance(row, TableRow))


def test_a_doubled_quote_on_a_line_of_its_own_does_not_close_a_field_that_goes_on(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, HEADER + 'a1,x,"Thôn ""1"",\r\nXã"\r\na2,y,z\r\n'.encode())
    assert told(rows) == [(2, "a1"), (4, "a2")]
    assert rows[0].text("Nơi ở") == 'Thôn "1",\r\nXã'
