"""What may be recognised but not read."""

from __future__ import annotations

import pytest

from registry.protect.masking import masked_name, masked_number, masked_phone


@pytest.mark.parametrize(
    ("number", "shown"), [("001215000456", "001***456"), ("012345678", "012***678"), ("12345", "***"), ("", "***")]
)
def test_a_number_shows_its_ends(number: str, shown: str) -> None:
    assert masked_number(number) == shown


@pytest.mark.parametrize(("name", "shown"), [("Trần Thị Mẫu", "… Mẫu"), ("Blưt", "Blưt"), ("  ", "")])
def test_a_name_shows_the_given_name(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(("phone", "shown"), [("0199 700 1234", "***234"), ("113", "***"), ("", "***")])
def test_a_phone_shows_its_end(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown
