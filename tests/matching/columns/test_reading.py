"""Values as written become values that can be compared."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.columns.declared import DEFAULT_EMPTY, Column, Reading
from matching.columns.reading import date_pattern, read_values


def read(reading: Reading, *written: str | None, formats: tuple[str, ...] = ()) -> tuple[list[str | None], list[bool]]:
    column = Column("made_up", reading, ("made_up",), formats)
    values, unread = read_values(column, pa.array(written, pa.string()), DEFAULT_EMPTY)
    return values.to_pylist(), unread.tolist()


def test_text_is_folded() -> None:
    values, unread = read(Reading.TEXT, "  Trần  Thị ĐÀO", "O'Hara-Fell", "STRASSE", "Straße", "d’Arc")
    assert values == ["tran thi dao", "ohara fell", "strasse", "strasse", "darc"]
    assert not any(unread)


def test_words_that_say_nothing_are_not_known() -> None:
    values, unread = read(Reading.VERBATIM, "N/A", " ", None, "Unknown", "x")
    assert values == [None, None, None, None, "x"]
    assert not any(unread)


def test_what_is_neither_empty_nor_readable_is_told() -> None:
    assert read(Reading.TEXT, "!!", "a") == ([None, "a"], [True, False])
    assert read(Reading.DIGITS, "none here", "(02) 12-34") == ([None, "021234"], [True, False])
    assert read(Reading.NUMBER, "1,5", "+2.50", "-3", "2.5") == (
        [None, "2.5", "-3", "2.5"],
        [True, False, False, False],
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2014-05-03", "20140503"),
        ("3/5/2014", "20140503"),
        ("2014-02-29", None),
        ("2016-02-29", "20160229"),
        ("2014-13-01", None),
        ("2014-00-01", None),
        ("2014-05-00", None),
        ("05/2014", "201405"),
        ("2014", "2014"),
        ("0000", None),
        ("soon", None),
    ],
)
def test_a_date_is_read_by_the_first_format_that_fits(written: str, expected: str | None) -> None:
    formats = ("%Y-%m-%d", "%d/%m/%Y", "%m/%Y", "%Y")
    assert read(Reading.DATE, written, formats=formats) == ([expected], [expected is None])


@settings(deadline=None)
@given(st.lists(st.dates(min_value=date(1000, 1, 1)), max_size=20), st.sampled_from(["%Y%m%d", "%d.%m.%Y"]))
def test_every_day_of_the_calendar_is_read(days: list[date], form: str) -> None:
    values, unread = read(Reading.DATE, *(day.strftime(form) for day in days), formats=(form,))
    assert values == [day.strftime("%Y%m%d") for day in days]
    assert not any(unread)


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=20))
def test_folding_a_folded_text_changes_nothing(texts: list[str]) -> None:
    once, _ = read(Reading.TEXT, *texts)
    assert read(Reading.TEXT, *once)[0] == once


@pytest.mark.parametrize("written", ["%d/%m", "%y-%m-%d", "%Y-%d", "%Y-%Y", "soon", "%Y-%m-%d %H"])
def test_a_format_without_the_year_or_with_more_than_a_date_is_none(written: str) -> None:
    assert date_pattern(written) is None
