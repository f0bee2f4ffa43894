"""How values are written on the pages, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registry.model.access import Purpose, Role
from registry.protect.authorize import Action
from registry.web import words
from registry.web.rendering import Formats


@pytest.mark.parametrize(
    ("iso", "vi", "en"),
    [
        ("2014-05-03", "03/05/2014", "3 May 2014"),
        ("2014-05", "05/2014", "05/2014"),
        ("2014", "2014", "2014"),
        (None, "", ""),
    ],
)
def test_a_birth_date_is_written_as_far_as_it_is_known(iso: str | None, vi: str, en: str) -> None:
    assert (Formats("vi").birth(iso), Formats("en").birth(iso)) == (vi, en)


def test_a_moment_is_told_in_the_time_of_viet_nam() -> None:
    moment = datetime(2026, 10, 31, 20, 30, tzinfo=UTC)
    assert Formats("vi").moment(moment) == "03:30 01/11/2026"
    assert Formats("en").day(moment) == "1 Nov 2026"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("dropped_out", "bỏ học"),
        ("2026-09-10T12:26:04+07:00", "10/09/2026"),
        ("2026-2027", "2026-2027"),
        (1500000, "1.500.000"),
        ([{"at": "2026-09-10", "kind": "counselling"}], "tư vấn tâm lý – 10/09/2026"),
        (
            {"cvx": "08", "date": "2026-09-10", "dose": 2, "status": "completed", "vaccine": "VGB"},
            "VGB – 2 – 10/09/2026",
        ),
        (None, ""),
    ],
)
def test_a_coded_fact_is_told_in_words(value: object, told: str) -> None:
    assert Formats("vi").fact(value) == told


def test_every_code_that_pages_show_has_a_word() -> None:
    assert set(words.ROLES) == set(Role)
    assert set(words.PURPOSES) == set(Purpose)
    assert set(words.ACTIONS) >= set(Action)
    assert len(words.WELFARE_GROUPS) == 14
