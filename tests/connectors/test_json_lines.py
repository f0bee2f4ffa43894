"""Files of JSON lines: one element a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import FileRefused
from connectors.formats.lines import MAX_LINE_BYTES, open_json_lines
from connectors.records import Rejected


def rows_of(tmp_path: Path, content: bytes) -> list[Any]:
    path = tmp_path / "x.ndjson"
    path.write_bytes(content)
    return list(open_json_lines(path))


def test_each_line_is_an_object_at_its_place_and_empty_lines_are_not_rows(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2}')
    assert [(row.row, row.value) for row in rows] == [(1, {"a": 1}), (4, {"a": 2})]
    assert rows[0].raw == b'{"a": 1}\r\n'


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"a": 1', "json_broken"),
        (b'{"a": NaN}', "json_broken"),
        (b'{"a": "\\ud800"}', "json_broken"),
        (b"[" * 100_000, "json_broken"),
        (b"[1]", "json_not_an_object"),
        (b"12", "json_not_an_object"),
        (b'{"a": ["\\u0000"]}', "control_characters"),
        (b'{"a": "\xff"}', "bytes_not_in_encoding"),
        (b'{"a": "' + b"x" * MAX_LINE_BYTES + b'"}', "line_too_long"),
    ],
)
def test_a_broken_line_is_rejected_and_the_next_one_read(tmp_path: Path, line: bytes, rule: str) -> None:
    rejected, after = rows_of(tmp_path, line + b'\n{"a": "\xc3\xaa"}\n')
    assert (rejected.row, rejected.rule) == (1, rule)
    assert after.row == 2


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "file_empty"),
        (b" \n\n" * 5000, "file_empty"),
        ('{"a": "ê"}\n'.encode("cp1258") * 3, "encoding_unknown"),
        ('{"a": "ê"}\n'.encode("utf-16"), "encoding_unknown"),
        (b"PK\x03\x04", "file_kind_wrong"),
    ],
)
def test_a_file_that_holds_no_such_lines_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    with pytest.raises(FileRefused, match=rule):
        rows_of(tmp_path, content)


@given(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=20))
@settings(deadline=None)
def test_every_line_that_is_not_empty_is_one_row(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    content = b"{}\n" + b"\n".join(lines)
    path = tmp_path_factory.mktemp("any") / "x.ndjson"
    path.write_bytes(content)
    try:
        rows = list(open_json_lines(path))
    except FileRefused:
        return  # every line outside ASCII is in another encoding
    expected = [number for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    assert [row.row for row in rows] == expected
    assert all(row.rule for row in rows if isinstance(row, Rejected))
