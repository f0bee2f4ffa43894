"""Numbers are given once and carry what the law puts into them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.demo.numbers import NumberIssuer, SerialIssuer, century_digit


@given(seed=st.integers(0, 2**31), count=st.integers(1, 1000))
def test_a_series_never_repeats_before_it_is_used_up(seed: int, count: int) -> None:
    issuer = SerialIssuer(seed, digits=3)
    assert len({issuer.issue("A") for _ in range(count)}) == count


def test_heads_have_series_of_their_own() -> None:
    issuer = SerialIssuer(1, digits=4)
    assert issuer.issue("A")[1:] != issuer.issue("B")[1:]


def test_the_fourth_digit_tells_century_and_sex() -> None:
    assert [century_digit(sex, year) for year in (1999, 2000) for sex in ("male", "female")] == [0, 1, 2, 3]


def test_a_number_begins_with_place_century_sex_and_year() -> None:
    number = NumberIssuer(1).issue("066", sex="female", year=2014)
    assert number.startswith("066314")
    assert len(number) == 12
