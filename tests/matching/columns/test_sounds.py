"""Names that are said alike have one code."""

from __future__ import annotations

import pytest

from matching.columns.sounds import soundex


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("robert", "r163"),
        ("rupert", "r163"),
        ("ashcraft", "a261"),
        ("tymczak", "t522"),
        ("pfister", "p236"),
        ("honeyman", "h555"),
        ("lee", "l000"),
        ("12", ""),
    ],
)
def test_codes_are_those_of_the_census(text: str, code: str) -> None:
    assert soundex(text) == code
