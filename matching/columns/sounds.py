"""Sounds: a rough code of how a word is said in English, so that spellings of one name fall into one block."""

from __future__ import annotations

from typing import Final

_CODES: Final = {
    **dict.fromkeys("bfpv", "1"),
    **dict.fromkeys("cgjkqsxz", "2"),
    **dict.fromkeys("dt", "3"),
    "l": "4",
    **dict.fromkeys("mn", "5"),
    "r": "6",
}
_SILENT: Final = "hw"  # between two letters of one code they do not part them; a vowel does
_LENGTH: Final = 4


def soundex(text: str) -> str:
    """Return the Soundex code of the letters a-z in `text`; empty if there are none.

    Source: R. C. Russell (1918), US patent 1261167; the letters h and w as in the census index of the United States.
    """
    letters = [letter for letter in text if "a" <= letter <= "z"]
    if not letters:
        return ""
    code, last = letters[0], _CODES.get(letters[0], "")
    for letter in letters[1:]:
        digit = _CODES.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in _SILENT:
            last = digit
    return code[:_LENGTH].ljust(_LENGTH, "0")
