"""Ethnic groups by code, name and common spellings."""

from __future__ import annotations

import pytest

from matching import reference
from matching.ethnicity import ethnic_name, read_ethnicity
from matching.names import fold


def test_every_group_is_found_by_its_code_and_its_name() -> None:
    for row in reference.rows("ethnic_groups"):
        for written in (row["code"], str(int(row["code"])), row["name"], row["name"].upper(), f"Dân tộc {row['name']}"):
            assert read_ethnicity(written) == row["code"]
        assert ethnic_name(row["code"]) == row["name"]


def test_no_two_groups_fold_to_the_same_name() -> None:
    folded = [fold(row["name"]).replace(" ", "") for row in reference.rows("ethnic_groups")]
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("H'Mông", "08"),
        ("Hmông", "08"),
        ("người Ê-đê", "11"),
        ("Rađê", "11"),
        ("Jrai", "10"),
        ("M’Nông", "20"),
        ("X'tiêng", "22"),
        ("K'Ho", "15"),
        ("Bru - Vân Kiều", "24"),
        ("Khơ-me", "05"),
        ("nước ngoài", "55"),
        ("Dân tộc Ê Đê", "11"),
        ("kinh ", "01"),
    ],
)
def test_common_spellings_are_understood(written: str, code: str) -> None:
    assert read_ethnicity(written) == code


@pytest.mark.parametrize("written", [None, "", "không rõ", "99", "00", "Dân tộc", "abc", "123"])
def test_nothing_is_guessed(written: str | None) -> None:
    assert read_ethnicity(written) is None


def test_an_unknown_code_has_no_name() -> None:
    assert ethnic_name("99") is None
