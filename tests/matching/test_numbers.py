"""The personal number: reading, restoring, and what does not fit."""

from __future__ import annotations

from datetime import date

import pytest
import vn_ident
from hypothesis import given
from hypothesis import strategies as st

from matching.identity import Flag, Sex
from matching.numbers import flags_of, read_number, read_parent_paper, sex_of, year_of

ON = date(2026, 10, 31)
DIGITS = st.text(alphabet="0123456789", min_size=12, max_size=12)
NUMBERS = st.builds("{}{}{:02}{:06}".format, st.sampled_from([code for code, _ in vn_ident.PROVINCES]),
                    st.integers(0, 3), st.integers(0, 99), st.integers(0, 999999))  # fmt: skip


@given(DIGITS)
def test_a_number_states_what_another_reader_of_numbers_finds(number: str) -> None:
    other = vn_ident.parse_cccd(number)
    assert (other is None) == (Flag.NUMBER_PREFIX_UNKNOWN in flags_of(number, sex=None, birth_year=None, on=ON))
    if other is not None:
        assert (year_of(number), sex_of(number)) == (other.birth_year, other.gender)


@given(NUMBERS)
def test_a_number_is_read_however_it_is_set(number: str) -> None:
    spaced = " ".join((number[:3], number[3:6], number[6:9], number[9:]))
    for written in (
        number,
        f"'{number}",
        f"{number} ",
        spaced,
        spaced.replace(" ", "."),
        spaced.replace(" ", "\u00a0"),
    ):
        assert read_number(written) == (number, frozenset())


@given(NUMBERS)
def test_zeros_that_a_spreadsheet_dropped_are_restored(number: str) -> None:
    left = number.lstrip("0")
    power = f"{left[0]}.{left[1:]}E+{len(left) - 1}"
    for written in (left, f"{left}.0", power):
        assert read_number(written) == (number, frozenset({Flag.NUMBER_ZERO_RESTORED}))


@pytest.mark.parametrize(
    "text",
    [
        "08031859697",
        "99311102250",
        "7.931E+10",
        "1.23E+11",
        "012345678",
        "0031234567890",
        "Kinh",
        "1478007760",
        "0243١٢٣٤٥٦٧٨",
    ],
)
def test_any_other_shape_is_flagged_and_not_guessed(text: str) -> None:
    assert read_number(text) == (None, frozenset({Flag.NUMBER_SHAPE}))


@pytest.mark.parametrize("text", [None, "", " ", "chưa có", "-"])
def test_no_number_is_nothing_odd(text: str | None) -> None:
    assert read_number(text) == (None, frozenset())


def test_what_does_not_fit_the_child_is_flagged() -> None:
    number = "001314123054"  # a girl of 2014
    assert flags_of(number, sex=Sex.FEMALE, birth_year=2014, on=ON) == frozenset()
    assert flags_of(number, sex=None, birth_year=None, on=ON) == frozenset()
    assert flags_of(number, sex=Sex.MALE, birth_year=2015, on=ON) == {
        Flag.NUMBER_SEX_MISMATCH,
        Flag.NUMBER_YEAR_MISMATCH,
    }
    assert flags_of("001184123054", sex=None, birth_year=None, on=ON) == {Flag.NUMBER_NOT_A_CHILDS}
    assert flags_of("001385123054", sex=None, birth_year=None, on=ON) == {Flag.NUMBER_YEAR_MISMATCH}
    assert flags_of("003314123054", sex=None, birth_year=None, on=ON) == {Flag.NUMBER_PREFIX_UNKNOWN}


def test_a_number_is_no_childs_only_when_surely_sixteen_or_older() -> None:
    assert Flag.NUMBER_NOT_A_CHILDS not in flags_of("001210123054", sex=None, birth_year=None, on=ON)
    assert Flag.NUMBER_NOT_A_CHILDS in flags_of("001209123054", sex=None, birth_year=None, on=ON)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("001184123054", "001184123054"),
        ("1184123054", "001184123054"),
        ("012345678", "012345678"),
        ("012 345 678", "012345678"),
        ("12345678", None),
        ("Lê An", None),
        ("", None),
        (None, None),
    ],
)
def test_a_parents_paper_is_a_number_or_an_old_card(text: str | None, number: str | None) -> None:
    assert read_parent_paper(text) == number
