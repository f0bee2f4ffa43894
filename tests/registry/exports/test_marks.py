"""Marks in lists of children: a row is known by its code, a part of a list by how it is written."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.exports.child_list import Handed, ListRow, csv_file, workbook_file
from registry.exports.list_reading import read_list
from registry.exports.marks import FoundRow, Key, code_of, likeness, person_of, read_code, written_date

SECRET, OTHER = bytes(range(32)), bytes(32)
KEY = Key(secret=SECRET, export_id=UUID(int=7))
HANDED = Handed(
    login="hoa.tran",
    office="UBND",
    at=datetime(2026, 11, 1, 15, tzinfo=UTC),
    export_id=KEY.export_id,
    short_id=12345,
    secret=SECRET,
)
DATES = st.dates(min_value=date(2008, 1, 1), max_value=date(2026, 11, 1))


def rows_of(number: int) -> list[ListRow]:
    """Return rows of children who are like no other."""
    letters = "abcdefghij"
    return [
        ListRow(
            name="Trần " + "".join(letters[int(digit)] for digit in f"{place:04d}"),
            birth=f"{2010 + place % 12}-{1 + place % 12:02d}-{1 + place * 7 % 28:02d}",
            sex=("female", "male")[place % 2],
            commune="Xã Thử",
            number=None,
            mother="… Mai",
        )
        for place in range(number)
    ]


def table_of(content: bytes) -> list[list[str]]:
    """Return a CSV file as a table of texts."""
    return [line.split(",") for line in content.decode("utf-8-sig").splitlines()]


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**16 - 1))
def test_a_code_reads_back_with_its_key_alone(short_id: int, row: int) -> None:
    code = code_of(SECRET, short_id, row)
    assert read_code(SECRET, code) == (short_id, row)
    assert read_code(OTHER, code) is None


@given(st.text(max_size=30))
def test_no_other_text_is_a_code(text: str) -> None:
    assert read_code(SECRET, text) is None


@given(DATES, st.booleans())
def test_a_date_means_the_same_with_zeros_and_without(day: date, zeros: bool) -> None:
    written = written_date(str(day), zeros=zeros)
    (found,) = read_list([["Trần Văn An", written, "Nam"]]).rows
    assert found.person == person_of("TRAN VAN AN", str(day))
    assert found.zeros in (zeros, None)


@pytest.mark.parametrize(("iso", "written"), [("2014", "2014"), ("2014-05", "5/2014"), ("2014-05-03", "3/5/2014")])
def test_what_is_not_known_of_a_date_is_not_written(iso: str, written: str) -> None:
    assert written_date(iso, zeros=False) == written


def test_a_file_fits_its_list_and_no_other() -> None:
    found = read_list(table_of(csv_file(rows_of(40), HANDED, language="vi"))).rows
    fit = likeness(KEY, found)
    assert (fit.agree, fit.in_order) == (fit.of, True)
    assert fit.verdict(1_000_000) == "certain"
    others = [likeness(replace(KEY, export_id=UUID(int=number)), found) for number in range(100, 600)]
    assert {other.verdict(500) for other in others} == {"no"}
    assert not any(other.in_order for other in others)


def test_a_dozen_rows_without_codes_are_enough() -> None:
    table = table_of(csv_file(rows_of(200), HANDED, language="en"))
    part = [row[:3] for row in table[60:72]]
    assert likeness(KEY, read_list(part).rows).verdict(1000) == "certain"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_order_alone_tells_when_everything_else_is_typed_anew(language: str) -> None:
    table = table_of(csv_file(rows_of(60), HANDED, language="vi" if language == "vi" else "en"))
    plain = [replace(row, zeros=None, capital=None) for row in read_list(table).rows]
    assert likeness(KEY, plain[20:35]).verdict(1000) == "certain"


def test_rows_that_repeat_tell_no_more_than_one() -> None:
    row = FoundRow(person=b"an", zeros=None, capital=None)
    assert likeness(KEY, [row] * 50).bits == 0
    assert likeness(KEY, []).verdict(1) == "no"


def test_two_lists_of_the_same_children_differ() -> None:
    one = table_of(csv_file(rows_of(30), HANDED, language="vi"))
    other = table_of(csv_file(rows_of(30), replace(HANDED, export_id=UUID(int=8), short_id=9), language="vi"))
    assert [row[0] for row in one[4:-1]] != [row[0] for row in other[4:-1]]
    assert sorted(row[0] for row in one[4:-1]) == sorted(row[0] for row in other[4:-1])


@given(st.lists(st.lists(st.text(max_size=40), max_size=6), max_size=12))
def test_whatever_is_found_can_be_read(table: list[list[str]]) -> None:
    read = read_list(table)
    assert len(read.rows) <= len(table)


def test_a_long_cell_takes_no_time() -> None:
    assert read_list([["x" * 100_000, "a " * 50_000, "01/02/2013" * 10_000, "A2B3-" * 20_000]]).rows == ()


@given(st.text(max_size=60))
def test_no_cell_begins_a_formula_or_breaks_a_line(name: str) -> None:
    row = ListRow(name=name, birth="2014-05-03", sex=None, commune=name, number=None, mother=name)
    content = csv_file([row], HANDED, language="vi").decode("utf-8-sig")
    head, written = (cells for cells in csv.reader(StringIO(content, newline="")) if len(cells) > 1)
    assert len(written) == len(head)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) or "\n" in cell for cell in written)


@pytest.mark.parametrize("name", ["=1+1", "+84", "-1", "@x", "\t=1", "\x00\x07Bế", "＝1", "Bế\nThị"])
def test_a_workbook_takes_any_name(name: str) -> None:
    row = ListRow(name=name, birth=None, sex=None, commune=None, number=None, mother=None)
    assert workbook_file([row], HANDED, language="en").startswith(b"PK")
