"""Legal numbers as dated entries of a file, and the calendar by which clocks run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.access import Purpose
from registry.model.family_requests import Kind, extended, last_days
from registry.model.law import Clock, Kept, LawRefused, NoRule, Use, law_of, months_before, read_law, shipped_law
from registry.model.working_days import DaysOff, WorkingDays, day_in_viet_nam

SHIPPED = files("registry.model").joinpath("law.toml").read_text(encoding="utf-8")
LAW = shipped_law()
TODAY = date(2026, 11, 1)
DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2028, 12, 31))


def test_every_purpose_has_a_law_and_every_use_a_text_in_both_languages() -> None:
    assert {basis.purpose for basis in LAW.bases} == set(Purpose)
    assert len({basis.basis_id for basis in LAW.bases}) == len(LAW.bases)
    assert all(LAW.text(use, language).wording for use in Use for language in ("vi", "en"))


def test_every_number_and_span_says_where_it_comes_from_and_how_far_it_was_checked() -> None:
    assert {entry.name for entry in LAW.numbers} == set(Clock)
    assert {entry.name for entry in LAW.retention} == set(Kept)
    assert all(entry.law and entry.checked for entry in (*LAW.numbers, *LAW.retention))


def test_a_later_entry_counts_from_its_first_day() -> None:
    later = '\n[[number]]\nname = "breach_hours"\nvalue = 24\nvalid_from = 2027-01-01\nlaw = "new"\nchecked = "no"\n'
    law = read_law(SHIPPED + later, place="test")
    assert law.number(Clock.BREACH_HOURS, on=date(2026, 12, 31)) == 72
    assert law.number(Clock.BREACH_HOURS, on=date(2027, 1, 1)) == 24


def test_before_the_first_entry_there_is_no_rule() -> None:
    with pytest.raises(NoRule):
        LAW.number(Clock.STOP_DAYS, on=date(2025, 12, 31))
    with pytest.raises(NoRule):
        LAW.text(Use.MEDIA, "fr")


@pytest.mark.parametrize(
    "text",
    [
        "= nonsense",
        SHIPPED.replace("value = 72", "value = 0"),
        SHIPPED.replace("value = 72", 'value = "seventy-two"'),
        SHIPPED.replace('name = "breach_hours"', 'name = "breach_minutes"'),
        SHIPPED.replace('name = "breach_hours"', 'name = "do_days"'),  # then one is missing
        SHIPPED.replace("age = 16\n", ""),
        SHIPPED.replace("months = 120", "months = -1"),
        SHIPPED.replace("valid_from = 2017-06-01", "valid_from = 2017-13-01", 1),
        SHIPPED + "\n[surprise]\nx = 1\n",
        "",
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_without_its_values(text: str, tmp_path: Path) -> None:
    path = tmp_path / "law.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LawRefused) as refused:
        law_of(path)
    assert "seventy-two" not in str(refused.value)
    assert refused.value.place == "law.toml"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LawRefused):
        law_of(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LawRefused):
        law_of(tmp_path / "bytes.toml")
    assert law_of(None) is shipped_law()


@pytest.mark.parametrize(
    ("first", "days", "last"),
    [
        (date(2026, 11, 6), 2, date(2026, 11, 10)),  # over a week-end
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # over Tet
        (date(2026, 8, 28), 1, date(2026, 9, 3)),  # over the National Day, with an exchanged Monday
        (date(2026, 8, 21), 1, date(2026, 8, 22)),  # the Saturday that is worked for it
        (date(2025, 1, 24), 1, date(2025, 2, 3)),
    ],
)
def test_working_days_leave_out_week_ends_and_holidays(first: date, days: int, last: date) -> None:
    due = LAW.days.after(first, days=days)
    assert (due.day, due.certain) == (last, True)


def test_a_year_that_is_not_announced_says_so() -> None:
    assert not LAW.days.after(date(2026, 12, 30), days=2).certain
    assert not LAW.days.not_before(date(2031, 5, 5), days=10).certain


@given(DAYS, st.integers(min_value=0, max_value=40))
def test_a_clock_ends_on_a_working_day_and_so_many_of_them_lie_on_the_way(first: date, days: int) -> None:
    due = LAW.days.after(first, days=days).day
    assert sum(LAW.days.is_working(first + timedelta(days=n)) for n in range(1, (due - first).days + 1)) == days
    assert days == 0 or LAW.days.is_working(due)


@given(DAYS, st.integers(min_value=0, max_value=60))
def test_a_span_of_days_ends_with_it_or_with_the_next_working_day(first: date, days: int) -> None:
    due = LAW.days.not_before(first, days=days).day
    assert due >= first + timedelta(days=days)
    assert LAW.days.is_working(due)
    assert not any(LAW.days.is_working(first + timedelta(days=n)) for n in range(days, (due - first).days))


@given(DAYS, st.sampled_from(list(Kind)))
def test_another_office_never_shortens_a_clock_and_an_extension_lengthens_it(first: date, kind: Kind) -> None:
    day = max(first, date(2026, 1, 1))
    alone, others = (last_days(LAW, kind, on=day, with_others=with_others) for with_others in (False, True))
    assert day <= alone.answer.day
    assert alone.done.day <= others.done.day
    assert extended(LAW, alone.done.day, on=day).day > alone.done.day


@given(DAYS, st.integers(min_value=0, max_value=400))
def test_months_before_a_day_lead_to_that_month(day: date, months: int) -> None:
    before = months_before(day, months)
    assert (day.year * 12 + day.month) - (before.year * 12 + before.month) == months
    assert before.day <= day.day


def test_the_end_of_a_shorter_month_stands_for_its_missing_days() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2024, 3, 31), 1) == date(2024, 2, 29)


def test_a_day_begins_at_midnight_in_viet_nam() -> None:
    assert day_in_viet_nam(datetime(2026, 11, 1, 16, 59, tzinfo=UTC)) == date(2026, 11, 1)
    assert day_in_viet_nam(datetime(2026, 11, 1, 17, 0, tzinfo=UTC)) == date(2026, 11, 2)


def test_a_calendar_without_years_knows_week_ends_alone() -> None:
    empty = WorkingDays(years={})
    assert not empty.is_working(date(2026, 11, 1))
    assert empty.is_working(date(2026, 9, 2))
    full = WorkingDays(years={2026: DaysOff(known=True, off=frozenset({date(2026, 9, 2)}), worked=frozenset())})
    assert not full.is_working(date(2026, 9, 2))
