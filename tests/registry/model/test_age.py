"""Ages from full and partial birth dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.age import Birth, NotADate, age_on

DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("birth", "age"),
    [
        ((2026, 11, 1), 0),
        ((2026, 11, 2), None),
        ((2025, 11, 1), 1),
        ((2025, 11, 2), 0),
        ((2010, 11, 2), 15),
        ((2010, 11, 1), None),
        ((1985, 3, 4), None),
        ((2020, None, None), 6),
        ((2026, None, None), 0),
        ((2027, None, None), None),
        ((2020, 11, None), 5),
        ((2020, 10, None), 6),
        ((2026, 11, None), 0),
        ((2026, 12, None), None),
    ],
)
def test_the_age_of_full_and_partial_dates(birth: Birth, age: int | None) -> None:
    assert age_on(birth, DAY) == age


def test_a_year_not_yet_half_gone_still_holds_its_newborn() -> None:
    assert age_on((2026, None, None), date(2026, 2, 1)) == 0
    assert age_on((2026, 2, None), date(2026, 2, 3)) == 0


def test_a_child_of_29_february_turns_older_on_1_march() -> None:
    assert age_on((2020, 2, 29), date(2026, 2, 28)) == 5
    assert age_on((2020, 2, 29), date(2026, 3, 1)) == 6
    assert age_on((2020, 2, 29), date(2024, 2, 29)) == 4


@pytest.mark.parametrize("birth", [(2020, 2, 31), (2020, 13, 1), (2020, None, 5), (0, None, None), (2020, 0, 1)])
def test_what_is_no_date_is_refused_without_its_value(birth: Birth) -> None:
    with pytest.raises(NotADate, match="birth date") as refused:
        age_on(birth, DAY)
    assert "2020" not in str(refused.value)


@given(born=st.dates(date(2005, 1, 1), date(2030, 1, 1)), later=st.integers(0, 400))
def test_nobody_grows_younger(born: date, later: int) -> None:
    birth = (born.year, born.month, born.day)
    first, then = age_on(birth, DAY), age_on(birth, DAY + timedelta(days=later))
    if first is not None and then is not None:
        assert first <= then <= first + 2
    if first is None and born <= DAY:
        assert then is None
