"""Birth dates in the forms that people write."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.dates import ImpossibleDate, UnreadableDate, from_estimated_age, is_after, read_birth_date
from matching.identity import BirthDate, Flag

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))


def iso(text: str) -> str:
    birth, _ = read_birth_date(text)
    assert birth is not None
    return birth.iso()


@given(DAYS)
def test_every_form_of_a_day_reads_alike(day: date) -> None:
    forms = [f"{day.day:02}/{day.month:02}/{day.year}", f"{day.day}-{day.month}-{day.year}", day.isoformat()]
    forms += [f"{day.day}.{day.month}.{day.year}", f"ngày {day.day} tháng {day.month} năm {day.year}"]
    forms += [f"{day.isoformat()}T00:00:00+07:00", f"{day.isoformat()} 00:00:00", f"{day:%d/%m/%Y} 00:00"]
    assert {iso(form) for form in forms} == {day.isoformat()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014", "2014"),
        ("2014.0", "2014"),
        ("năm 2014", "2014"),
        ("5/2014", "2014-05"),
        ("2014-05", "2014-05"),
        ("tháng 5 năm 2014", "2014-05"),
        ("00/00/2014", "2014"),
        ("00/05/2014", "2014-05"),
        (" '03 / 05 / 2014 ", "2014-05-03"),
        ("2014/5/3", "2014-05-03"),
        ("Ngày 03/05/2014", "2014-05-03"),
        ("NGÀY MỒNG 3 THÁNG 5 NĂM 2014", "2014-05-03"),
        (unicodedata.normalize("NFD", "ngày 3 tháng 5 năm 2014"), "2014-05-03"),
        ("\ufeff03/05/2014", "2014-05-03"),
    ],
)
def test_a_date_is_read_as_far_as_it_is_known(text: str, expected: str) -> None:
    assert iso(text) == expected


def test_a_time_in_another_zone_gives_the_day_in_viet_nam() -> None:
    assert iso("2014-05-02T17:00:00Z") == "2014-05-03"
    assert iso("2014-05-02T16:59:00z") == "2014-05-02"


@pytest.mark.parametrize("text", [None, "", "không rõ", "-"])
def test_an_unknown_date_is_none(text: str | None) -> None:
    assert read_birth_date(text) == (None, frozenset())


@pytest.mark.parametrize(
    "text", ["31/02/2014", "2014-02-31", "05/13/2014", "1/1/0201", "2014-02-31T00:00:00Z", "0214", "3/0/2014"]
)
def test_a_day_that_no_calendar_has_is_impossible(text: str) -> None:
    with pytest.raises(ImpossibleDate) as broken:
        read_birth_date(text)
    assert text not in str(broken.value)


@pytest.mark.parametrize(
    "text", ["Nguyễn", "3/5/14", "03052014", "2014-05T07:00", "2014-05-03T99:00", "٣/٥/٢٠١٤", "41762"]
)
def test_other_text_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableDate):
        read_birth_date(text)


def test_the_first_of_january_may_be_a_placeholder() -> None:
    birth, flags = read_birth_date("01/01/2014")
    assert birth is not None
    assert birth.placeholder
    assert flags == {Flag.BIRTH_PLACEHOLDER}
    assert read_birth_date("01/2014")[1] == frozenset()


def test_an_estimated_age_gives_a_year_with_tolerance() -> None:
    assert from_estimated_age(2, date(2025, 2, 18)) == BirthDate(year=2023, tolerance_years=1)
    for age in (-1, 131):
        with pytest.raises(ImpossibleDate):
            from_estimated_age(age, date(2025, 2, 18))


@given(DAYS, DAYS)
def test_a_known_day_is_after_another_when_it_is_later(one: date, other: date) -> None:
    birth = BirthDate(year=one.year, month=one.month, day=one.day)
    assert is_after(birth, other) == (one > other)


@given(DAYS)
def test_a_partial_date_is_never_certainly_after_a_day_within_it(day: date) -> None:
    assert not is_after(BirthDate(year=day.year), day)
    assert not is_after(BirthDate(year=day.year, month=day.month), day)
    assert not is_after(BirthDate(year=day.year + 1, tolerance_years=1), day)
