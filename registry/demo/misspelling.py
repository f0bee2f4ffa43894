"""How a name goes wrong on the way to a record: one function a way, each from text to text."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Final

from registry.demo.chance import pick, whole

_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE: Final = {
    key: row[max(column - 1, 0) : column] + row[column + 1 : column + 2]
    for row in _KEYS
    for column, key in enumerate(row)
}
_TONE_PLACES: Final = {
    old: new
    for olds, news in (
        ("òa óa ỏa õa ọa", "oà oá oả oã oạ"),
        ("òe óe ỏe õe ọe", "oè oé oẻ oẽ oẹ"),
        ("ùy úy ủy ũy ụy", "uỳ uý uỷ uỹ uỵ"),
    )
    for left, right in zip(olds.split(), news.split(), strict=True)
    for old, new in ((left, right), (right, left))
}
_I_OR_Y: Final = {
    right: left
    for one, other in (
        *(("Vy", "Vi"), ("Ly", "Li"), ("My", "Mi"), ("Thy", "Thi"), ("Nhi", "Nhy"), ("Chi", "Chy"), ("Nghi", "Nghy")),
        *(("Kỳ", "Kì"), ("Mỹ", "Mĩ"), ("Lý", "Lí"), ("Sĩ", "Sỹ"), ("Quý", "Quí"), ("Mỷ", "Mỉ"), ("Ry", "Ri")),
    )
    for left, right in ((one, other), (other, one))
}
_APOSTROPHES: Final = ("’", "`", "´", "ʼ", "")
_ZERO_WIDTHS: Final = ("\u200b", "\u200d", "\ufeff")


def mistyped(rng: Random, text: str) -> str:
    """Return the text with one slip of the fingers: a neighbouring key, a letter lost, doubled or swapped."""
    places = [place for place, letter in enumerate(text) if letter.isalpha()]
    place = pick(rng, places)
    letter = text[place]
    kind = whole(rng, 0, 3)
    if kind == 0 and letter.lower() in _BESIDE:
        wrong = pick(rng, tuple(_BESIDE[letter.lower()]))
        return text[:place] + (wrong.upper() if letter.isupper() else wrong) + text[place + 1 :]
    if kind == 1 and len(text) > 3:
        return text[:place] + text[place + 1 :]
    if kind == 2 and place + 1 in places and text[place + 1] != letter:
        return text[:place] + text[place + 1] + letter + text[place + 2 :]
    return text[:place] + letter + text[place:]


def tone_elsewhere(_rng: Random, text: str) -> str:
    """Return the text with the tone mark on the other vowel: hòa for hoà, or the other way round."""
    for here, there in _TONE_PLACES.items():
        place = text.find(here)
        if place > 0 and text[place - 1 : place + 1].lower() != "qu" and not text[place + 2 : place + 3].isalpha():
            return text[:place] + there + text[place + 2 :]
    return text


def i_for_y(_rng: Random, text: str) -> str:
    """Return the text with i for y or y for i in one syllable where both are heard alike."""
    syllables = text.split(" ")
    for place in range(len(syllables) - 1, 0, -1):  # never the family name
        if syllables[place] in _I_OR_Y:
            syllables[place] = _I_OR_Y[syllables[place]]
            break
    return " ".join(syllables)


def d_for_dd(rng: Random, text: str) -> str:
    """Return the text with one D for Đ, or one Đ for D."""
    pairs = {"D": "Đ", "Đ": "D", "d": "đ", "đ": "d"}
    places = [place for place, letter in enumerate(text) if letter in pairs]
    if not places:
        return text
    place = pick(rng, places)
    return text[:place] + pairs[text[place]] + text[place + 1 :]


def other_apostrophe(rng: Random, text: str) -> str:
    """Return the text with another sign for the apostrophe, or none."""
    return text.replace("'", pick(rng, _APOSTROPHES))


def without_marks(text: str) -> str:
    """Return the text in bare letters."""
    decomposed = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def without_a_middle(rng: Random, text: str) -> str:
    """Return the text without one or all of its middle names."""
    syllables = text.split(" ")
    if len(syllables) < 3:
        return text
    if rng.random() < 0.3:
        return f"{syllables[0]} {syllables[-1]}"
    del syllables[whole(rng, 1, len(syllables) - 2)]
    return " ".join(syllables)


def reordered(rng: Random, text: str) -> str:
    """Return the text with the given name first or the family name last."""
    syllables = text.split(" ")
    if len(syllables) < 2:
        return text
    if rng.random() < 0.5:
        return " ".join([syllables[-1], *syllables[:-1]])
    return " ".join([*syllables[1:], syllables[0]])


def decomposed(text: str) -> str:
    """Return the text with letters and marks apart."""
    return unicodedata.normalize("NFD", text)


def with_zero_width(rng: Random, text: str) -> str:
    """Return the text with a character nobody sees before its second word."""
    first, _, rest = text.partition(" ")
    mark = pick(rng, _ZERO_WIDTHS)
    return f"{first} {mark}{rest}" if rest else mark + first
