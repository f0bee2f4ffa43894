"""Names of people: read what is written, say what is odd, and give the forms that comparing and sorting need.

A name is one field. No surname is required, no part is taken for a sex or an ethnic group: among some peoples the
given name stands first, some people have one syllable only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from matching import reference, syllables
from matching.identity import Flag, Name

_LOOK_ALIKES = str.maketrans(
    {**dict.fromkeys("ÐƉ", "Đ"), **dict.fromkeys("ðɖ", "đ"), **dict.fromkeys("’‘ʼʻ`´′ʹ＇", "'")}
)
_WORD = re.compile(r"[^\W\d_]+")
_LOOSE_APOSTROPHE = re.compile(r"(?<=\b[hk])' +")  # H' Hen is H'Hen
_LOST = re.compile(r"\?[^\W\d_]")  # 'Nguy?n': the sending system could not write the letter; 'Hoa?' only doubts
_SIGNED = re.compile(r"[+\-](?![\s\-]|$|[\d\s().\-]+$)")
_SPEECHES = frozenset({"cháu", "bé", "em", "cu", "bà", "chị"})  # how one speaks of somebody; none is a surname
_NAMED_AFTER_MOTHER = re.compile(
    r"(?:(?:be|tre|chau|so sinh|ss|trai|gai) )*"
    r"(?:con(?: cua)?(?: ba me| ba| chi| me| co| san phu| sp)?|cb|c b) (?=.)"
)
_UNKNOWN = (
    "không|không rõ|không rõ tên|không rõ họ tên|không biết|không biết tên|không có|không có tên|không tên|"
    "không xác định|chưa|chưa rõ|chưa rõ tên|chưa rõ họ tên|chưa biết|chưa biết tên|chưa có|chưa có tên|"
    "chưa đặt tên|chưa đăng ký|chưa xác định|khuyết danh|bé trai|bé gái|em bé|cháu bé|cháu trai|cháu gái|"
    "trẻ sơ sinh|trẻ bị bỏ rơi|con trai|con gái|unknown|not known|no name|noname|none|null|n a|nan"
)
_NOT_KNOWN = re.compile(f"{_UNKNOWN}|{syllables.unmark(_UNKNOWN)}|vô danh")
_BREVE = "\u0306"
_UNDER_BREVE = frozenset(
    "âêôơưnÂÊÔƠƯN"
)  # ơ̆ and its like: letters of Ê Đê, Mnông, Ba Na without a code point of their own


class NameFault(StrEnum):
    """Why a text cannot be a name at all."""

    LOOSE_MARK = "loose_mark"
    CONTROL_CHARACTER = "control_character"
    LOST_CHARACTER = "lost_character"
    DIGITS_FOR_NAME = "digits_for_name"


class NotAName(ValueError):
    """The text is damaged or is something else; `fault` says how. The text itself is not repeated."""

    def __init__(self, fault: NameFault) -> None:
        super().__init__(f"not a name: {fault}")
        self.fault = fault


def clean(text: str) -> str:
    """Return `text` in NFC with look-alike characters, invisible characters and impossible tone places put right.

    Đ typed as Eth becomes Đ, six sorts of apostrophe become one, spaces are single, 'Hùynh' becomes 'Huỳnh'; both
    'hoà' and 'hòa' stay. Letters keep their case.
    """
    seen = _without_invisible(text)
    plain = unicodedata.normalize("NFC", seen).translate(_LOOK_ALIKES)
    spaced = unicodedata.normalize("NFC", " ".join(plain.split()))
    return _WORD.sub(lambda word: syllables.repair_tone(word[0]), spaced)


def _without_invisible(text: str) -> str:
    if text.isprintable():  # nothing invisible, nothing to look for: the usual case
        return text
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _spoken(text: str) -> list[tuple[str, str]]:
    """Split into syllables as (marked, folded); what has no letter a-z is left out of both."""
    return _spoken_of_clean(clean(text))


def _spoken_of_clean(text: str) -> list[tuple[str, str]]:
    lower = unicodedata.normalize("NFC", text.lower())
    joined = _LOOSE_APOSTROPHE.sub("'", lower).replace("'", "")
    apart = "".join(char if char.isalpha() or unicodedata.combining(char) else " " for char in joined)
    marked = (syllables.settle_tone(syllable) for syllable in apart.split())
    return [(syllable, folded) for syllable in marked if (folded := syllables.fold(syllable))]


def fold(name: str) -> str:
    """Return `name` as letters a-z and single spaces, without marks and apostrophes: 'nguyen thi hoa', 'hhen nie'.

    Returns: an empty text when nothing of `name` can be written so.
    """
    return " ".join(folded for _, folded in _spoken(name))


def marked(name: str) -> str:
    """Return `name` in lower case with its marks, tones in one style; i and y stay different: 'nguyễn thị hoà'."""
    return " ".join(syllable for syllable, _ in _spoken(name))


def phonetic(syllable: str) -> str:
    """Return the sound class of one syllable; see `matching.syllables.phonetic`."""
    return syllables.phonetic(syllable)


def says_unknown(text: str) -> bool:
    """Tell whether `text` is a way of writing 'not known': words for it, or no letter and no digit at all."""
    return _no_name_in(marked(text), text)


def _no_name_in(words: str, text: str) -> bool:
    return _NOT_KNOWN.fullmatch(words) is not None or not (words or any(char.isalnum() for char in text))


def _fault_of(text: str) -> NameFault | None:
    controls = {"Cc", "Co", "Cn", "Cs"}
    if not text.isprintable() and any(unicodedata.category(char) in controls and char not in "\t\r\n" for char in text):
        return NameFault.CONTROL_CHARACTER
    composed = unicodedata.normalize("NFC", text)
    if "\ufffd" in composed or _LOST.search(composed):
        return NameFault.LOST_CHARACTER
    if any(map(unicodedata.combining, composed)):
        for before, char in zip(" " + composed, composed, strict=False):
            if unicodedata.combining(char) and not (char == _BREVE and before in _UNDER_BREVE):
                return NameFault.LOOSE_MARK
    only_digits = any(char.isdigit() for char in composed) and not any(char.isalpha() for char in composed)
    return NameFault.DIGITS_FOR_NAME if only_digits else None


def read_name(written: str | None) -> tuple[Name | None, frozenset[Flag]]:
    """Return the name that `written` gives, and what is odd about it; None when it gives none.

    A word for 'unknown' gives no name. 'Con bà …' gives a placeholder. A form of address ('bé', 'cháu') before a
    name is kept in `written` and left out of the forms that are compared.

    Raises: NotAName: the text is damaged (a loose mark, a control or replacement character) or holds digits only.
    """
    if written is None or not (text := clean(written)):
        return None, frozenset()
    fault = _fault_of(_without_invisible(written))
    if fault is not None:
        raise NotAName(fault)
    spoken = _spoken_of_clean(text)
    if not spoken or _no_name_in(" ".join(syllable for syllable, _ in spoken), text):
        return None, frozenset({Flag.NAME_UNKNOWN})
    flags = set()
    if text != " ".join(unicodedata.normalize("NFC", written).split()):
        flags.add(Flag.NAME_REPAIRED)
    placeholder = _NAMED_AFTER_MOTHER.match(" ".join(folded for _, folded in spoken)) is not None
    if placeholder:
        flags.add(Flag.NAME_PLACEHOLDER)
    else:
        while len(spoken) > 1 and spoken[0][0] in _SPEECHES:
            spoken = spoken[1:]
    name = Name(
        written=text,
        marked=" ".join(syllable for syllable, _ in spoken),
        folded=" ".join(folded for _, folded in spoken),
        placeholder=placeholder,
    )
    return name, frozenset(flags)


def mother_in(placeholder: Name) -> Name | None:
    """Return the mother's name that stands in a placeholder such as 'Con bà Lê Thị An'; None in any other name."""
    start = _NAMED_AFTER_MOTHER.match(placeholder.folded) if placeholder.placeholder else None
    if start is None:
        return None
    before = len(start[0].split())
    words = placeholder.written.split()
    same = len(words) == len(placeholder.parts)
    return read_name(" ".join(words[before:] if same else placeholder.marked_parts[before:]))[0]


def sort_key(written: str) -> str:
    """Return ASCII text that sorts names in Vietnamese order under a plain byte order: given name, surname, middle.

    Within each part letters count before tones (none, huyền, hỏi, ngã, sắc, nặng), and a shorter part comes first.
    """
    spoken = [syllable for syllable, _ in _spoken(written)]
    keys = []
    for part in (spoken[-1:], spoken[:1] if len(spoken) > 1 else [], spoken[1:-1]):
        orders = [syllables.order(syllable) for syllable in part]
        keys += ["-".join(letters for letters, _ in orders), "".join(tone for _, tone in orders)]
    return "!".join(keys)


@cache
def _surnames() -> frozenset[str]:
    clans = (row["family_or_clan_names"].split(";") for row in reference.rows("ethnic_name_patterns"))
    written = [row["surname"] for row in reference.rows("surnames")] + [clan for row in clans for clan in row if clan]
    return frozenset(marked(name).split()[0] for name in written)


def surname_share(words: Iterable[str]) -> float:
    """Return the share of `words` whose first syllable is a known surname with its right marks, from 0 to 1.

    Used to tell which encoding a column of names is in: a wrong one yields hardly any.
    """
    firsts = [spoken[0][0] for word in words if (spoken := _spoken(word))]
    return sum(first in _surnames() for first in firsts) / len(firsts) if firsts else 0.0


def looks_like_formula(text: str) -> bool:
    """Tell whether a spreadsheet could run `text`: it starts with = + - @, a tab or a carriage return.

    A dash before a space or alone is how people write a list or 'nothing', and figures after a sign are a telephone
    number: neither is a formula.
    """
    seen = _without_invisible(text)
    return seen.startswith(("=", "@", "\t", "\r")) or _SIGNED.match(seen) is not None
