"""Dates and times: read in the agreed forms, never completed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest

from connectors.formats.stamps import read_date, read_date_as_iso, read_iso_stamp, read_local_stamp

IN_WORDS = "ngày 3 tháng 5 năm 2014"


@pytest.mark.parametrize(
    "text", ["03/05/2014", "3/5/2014", "2014-05-03", IN_WORDS, "Ngày 03 tháng 05 năm 2014", " 03/05/2014 "]
)
def test_a_date_is_read_in_every_agreed_form(text: str) -> None:
    assert read_date(text) == date(2014, 5, 3)
    assert read_date(unicodedata.normalize("NFD", text)) == date(2014, 5, 3)


@pytest.mark.parametrize("unread", [None, "", "31/02/2014", "2014", "05/2014", "03-05-2014", "0/5/2014", "٠3/05/2014"])
def test_what_is_no_whole_date_is_not_completed(unread: str | None) -> None:
    assert read_date_as_iso(unread) is None


def test_a_time_stamp_needs_its_zone() -> None:
    assert read_iso_stamp("2026-01-02T03:04:05+07:00") == datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC)
    assert read_iso_stamp("2026-01-02T03:04:05") is None
    assert read_iso_stamp("yesterday") is None
    assert read_iso_stamp("0001-01-01T00:00:00+14:00") is None


def test_a_local_time_is_one_of_viet_nam() -> None:
    assert read_local_stamp("02/01/2026 03:04:05") == datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC)
    assert read_local_stamp("31/02/2026 03:04:05") is None
    assert read_local_stamp("02/01/0026 03:04:05") is None
    assert read_local_stamp("02/01/2026") is None
