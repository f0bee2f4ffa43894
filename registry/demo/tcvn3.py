"""The TCVN3 (ABC) character set, as social-aid offices still send it.

Source: TCVN 5712:1993, third table. It has no bytes for capitals with a tone mark: those are typed with the small
letter's byte, and a capitals font draws them large.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LETTERS: Final = "ĂÂÊÔƠƯĐăâêôơưđ"  # from 0xA1 on
_TONED: Final = (
    (0xB5, "àảãáạ"),
    (0xBB, "ằẳẵắ"),
    (0xC6, "ặầẩẫấậè"),
    (0xCE, "ẻẽéẹềểễếệìỉ"),
    (0xDC, "ĩíịò"),
    (0xE1, "ỏõóọồổỗốộờởỡớợù"),
    (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
)
_BYTES: Final = {letter: 0xA1 + place for place, letter in enumerate(_LETTERS)} | {
    letter: start + place for start, letters in _TONED for place, letter in enumerate(letters)
}
_CAPITALS: Final = {letter.upper(): byte for letter, byte in _BYTES.items() if letter.upper() not in _BYTES}
_ALL: Final = {chr(code): code for code in range(0x20, 0x7F)} | _BYTES | _CAPITALS


def to_tcvn3(text: str) -> tuple[bytes, bool]:
    """Return the bytes of a text, and whether letters were lost because the set does not have them."""
    lost = False
    out = bytearray()
    for letter in unicodedata.normalize("NFC", text):
        byte = _ALL.get(letter)
        if byte is None:
            lost = True
            byte = _nearest(letter)
        if byte:
            out.append(byte)
    return bytes(out), lost


def _nearest(letter: str) -> int:
    """Return the byte of the bare letter or of a question mark; zero for a mark that stands alone."""
    if letter in "’`´ʼ":
        return ord("'")
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    bare = unicodedata.normalize("NFD", letter)[0]
    return _ALL.get(bare, ord("?"))
