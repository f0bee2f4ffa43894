"""The old character set: one byte a letter, and capitals that borrow from the small ones."""

from __future__ import annotations

from registry.demo.tcvn3 import to_tcvn3

SMALL = "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"
CAPITALS = "ĂÂÊÔƠƯĐ"


def test_every_letter_has_one_byte_of_its_own() -> None:
    encoded, lost = to_tcvn3(SMALL + CAPITALS)
    assert not lost
    assert len(encoded) == len(set(encoded)) == len(SMALL + CAPITALS)
    assert min(encoded) == 0xA1


def test_some_letters_stand_where_the_standard_has_them() -> None:
    assert to_tcvn3("àáạđếợỵĐƯ")[0] == bytes((0xB5, 0xB8, 0xB9, 0xAE, 0xD5, 0xEE, 0xFE, 0xA7, 0xA6))


def test_a_capital_with_a_tone_takes_the_byte_of_the_small_letter() -> None:
    assert to_tcvn3("NGUYỄN THỊ HÒA") == (b"NGUY\xd4N TH\xde H\xdfA", False)


def test_a_decomposed_text_gives_the_same_bytes() -> None:
    assert to_tcvn3("Hòa") == to_tcvn3("Hòa")


def test_letters_of_other_languages_are_lost_and_said_to_be() -> None:
    assert to_tcvn3("H’Wŭ Čil") == (b"H'Wu Cil", True)
    assert to_tcvn3("a\u200bb") == (b"ab", True)
    assert to_tcvn3("漢") == (b"?", True)
