"""At the command line: whose account it is, and from which list of children a file was taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.commands.limits import LARGEST
from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import Demo


def test_an_administrator_says_whose_account_it_is(home: Home) -> None:
    said = home.run("staff", "person", "worker", "--name", "Bế Thị Én", "--as", "administrator")
    assert (said.code, said.err) == (0, "")
    assert "Bế" not in said.out
    assert "Refused" in home.run("staff", "person", "worker", "--name", "Bế Thị Én", "--as", "worker").refusal()
    refusal = home.run("staff", "person", "worker", "--name", "12345", "--as", "administrator").refusal()
    assert "person" in refusal
    assert "12345" not in refusal
    assert "NotFound" in home.run("staff", "person", "nobody", "--name", "Bế Thị Én", "--as", "administrator").refusal()


def test_a_file_of_no_list_is_told_so(home: Home, tmp_path: Path) -> None:
    found = tmp_path / "found.csv"
    found.write_text("Bế Thị Én;03/05/2014;nữ\r\nABCD-EFGH-IJKL-MNOP\r\n", encoding="utf-8")
    told = home.answer("exports", "trace", str(found), "--as", "auditor")
    assert told == {"rows": 1, "forged_codes": 1, "origins": []}
    said = home.run("exports", "trace", str(found), "--as", "auditor")
    assert "1 rows of children, 1 codes that name no list of ours" in said.out
    assert "Refused" in home.run("exports", "trace", str(found), "--as", "worker").refusal()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"PK\x03\x04 broken", "workbook_broken"),
        (b"\x80\x81\x82 \xff", "encoding_unknown"),
        (b'"' + b"x" * 200_000, "table_broken"),
        (b"x" * (LARGEST + 1), "file_too_large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(demo: Demo, tmp_path: Path, content: bytes, rule: str) -> None:
    found = tmp_path / "found.csv"
    found.write_bytes(content)
    assert rule in demo.home.run("exports", "trace", str(found), "--as", "auditor").refusal()


def test_a_file_that_is_not_there_is_refused(demo: Demo, tmp_path: Path) -> None:
    assert "No such file" in demo.home.run("exports", "trace", str(tmp_path / "none.csv"), "--as", "auditor").refusal()
