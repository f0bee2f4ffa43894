"""How a name goes wrong on its way into a record: one function a way, each from text to text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from random import Random
from typing import Final

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_TELEX_TONES: Final = dict(zip(_TONES, "fsxrj", strict=True))
_TELEX_LETTERS: Final = {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd", "Đ": "Dd"}
_QUALITY: Final = {"ă": "a", "â": "a", "ê": "e", "ô": "o", "ơ": "o", "ư": "u", "Â": "A", "Ô": "O", "Ư": "U"}
_OPEN_EARLY: Final = re.compile(rf"((?<![qQ])[uU](?=[{_TONES}]?[yY])|[oO])([{_TONES}])([aeyAEY])$")
_OPEN_LATE: Final = re.compile(rf"((?<![qQ])[uU](?=[yY])|[oO])([aeyAEY])([{_TONES}])$")
_ENDS_IN_I: Final = re.compile(rf"(?<=[bcdghklmnpqrstvxBCDGHKLMNPRSTVX])([iIyY])([{_TONES}]?)$")
_I_AND_Y: Final = {"i": "y", "y": "i", "I": "Y", "Y": "I"}
_KEYBOARD: Final = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_ONSETS: Final = (
    *(("Tr", "Ch"), ("Ch", "Tr"), ("X", "S"), ("S", "X"), ("Gi", "D"), ("D", "Gi"), ("V", "D"), ("R", "D")),
    *(("L", "N"), ("N", "L"), ("Qu", "W"), ("Ph", "F")),
)
_CODAS: Final = (
    *(("ng", "n"), ("n", "ng"), ("t", "c"), ("c", "t"), ("nh", "n"), ("ay", "ây"), ("iêu", "iu"), ("ươu", "ưu")),
    *(("uyên", "iên"), ("oan", "on"), ("âm", "ăm"), ("ôi", "oi")),
)
_APOSTROPHES: Final = ("’", "`", "´", "ʼ", "", " ")

Slip = Callable[[Random, str], str]


def apart(text: str) -> str:
    """Return the text with letters and marks apart."""
    return unicodedata.normalize("NFD", text)


def together(text: str) -> str:
    """Return the text with letters and marks together."""
    return unicodedata.normalize("NFC", text)


def without_marks(_rng: Random, text: str) -> str:
    """Return the text in bare letters."""
    plain = apart(text.replace("Đ", "D").replace("đ", "d"))
    return together("".join(letter for letter in plain if not unicodedata.combining(letter)))


def _beside(letter: str) -> str:
    for row in _KEYBOARD[1:]:
        place = row.find(letter)
        if place >= 0:
            return row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    return ""


def slip(rng: Random, text: str) -> str:
    """Return the text with one slip of the fingers: a key beside, a letter lost, doubled, or two in the wrong order."""
    places = [place for place, letter in enumerate(text) if letter.isalpha()]
    place = rng.choice(places)
    letter, kind = text[place], rng.random()
    near = _beside(letter.lower())
    if kind < 0.35 and near:
        wrong = rng.choice(near)
        return text[:place] + (wrong.upper() if letter.isupper() else wrong) + text[place + 1 :]
    if kind < 0.65 and len(places) > 3:
        return text[:place] + text[place + 1 :]
    if kind < 0.85 and place + 1 < len(text) and text[place + 1].isalpha() and text[place + 1] != letter:
        return text[:place] + text[place + 1] + letter + text[place + 2 :]
    return text[: place + 1] + letter.lower() + text[place + 1 :]


def by_ear(rng: Random, text: str) -> str:
    """Return the text with one syllable spelt as it is heard."""
    syllables = text.split(" ")
    ways = []
    for place, syllable in enumerate(syllables):
        tone = "".join(mark for mark in apart(syllable) if mark in _TONES)
        ways += [(place, new + syllable[len(old) :]) for old, new in _ONSETS if syllable.startswith(old)]
        if not tone:
            ways += [
                (place, syllable[: -len(old)] + new)
                for old, new in _CODAS
                if syllable.endswith(old) and len(syllable) > len(old) + 1
            ]
    ways = [(place, new) for place, new in ways if len(new) > 1]
    if not ways:
        return text
    place, new = rng.choice(ways)
    return " ".join([*syllables[:place], new, *syllables[place + 1 :]])


def tone_wrong(rng: Random, text: str) -> str:
    """Return the text with one tone lost, changed or one vowel mark left out."""
    letters = list(apart(text))
    tones = [place for place, letter in enumerate(letters) if letter in _TONES]
    if tones and rng.random() < 0.7:
        place = rng.choice(tones)
        letters[place] = ""
        if rng.random() >= 0.45:
            behind = place  # a tone stands behind the mark of the vowel
            while behind + 1 < len(letters) and unicodedata.combining(letters[behind + 1]):
                behind += 1
            letters[behind] += rng.choice(_TONES)
        return together("".join(letters))
    whole = list(text)
    places = [place for place, letter in enumerate(whole) if letter in _QUALITY]
    if places:
        place = rng.choice(places)
        whole[place] = _QUALITY[whole[place]]
    return "".join(whole)


def d_for_dd(rng: Random, text: str) -> str:
    """Return the text with one D for Đ, or one Đ for D."""
    pairs = {"D": "Đ", "Đ": "D"}
    places = [place for place, letter in enumerate(text) if letter in pairs]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + pairs[text[place]] + text[place + 1 :]


def _in_syllables(text: str, change: Callable[[str], str], *, first: int = 0) -> str:
    syllables = text.split(" ")
    for place in range(len(syllables) - 1, first - 1, -1):
        changed = together(change(apart(syllables[place])))
        if changed != syllables[place]:
            syllables[place] = changed
            break
    return " ".join(syllables)


def i_for_y(_rng: Random, text: str) -> str:
    """Return the text with i for y or y for i in one syllable where both are heard alike; never in Thị."""

    def change(syllable: str) -> str:
        if together(syllable) == "Thị":
            return syllable
        return _ENDS_IN_I.sub(lambda found: _I_AND_Y[found[1]] + found[2], syllable)

    return _in_syllables(text, change, first=1)


def tone_elsewhere(_rng: Random, text: str) -> str:
    """Return the text with the tone mark on the other vowel: hoà for hòa, or the other way round."""

    def change(syllable: str) -> str:
        if _OPEN_EARLY.search(syllable):
            return _OPEN_EARLY.sub(r"\1\3\2", syllable)
        return _OPEN_LATE.sub(r"\1\3\2", syllable)

    return _in_syllables(text, change)


def other_apostrophe(rng: Random, text: str) -> str:
    """Return the text with another sign for the apostrophe, or none."""
    return text.replace("'", rng.choice(_APOSTROPHES))


def telex(rng: Random, text: str) -> str:
    """Return the text with one syllable as it was keyed in: 'Nguyeenx'."""
    syllables = text.split(" ")
    place = rng.randrange(len(syllables))
    tone = "".join(_TELEX_TONES[mark] for mark in apart(syllables[place]) if mark in _TONES)
    bare = together("".join(mark for mark in apart(syllables[place]) if mark not in _TONES))
    keyed = "".join(_TELEX_LETTERS.get(letter, letter) for letter in bare) + tone
    return " ".join([*syllables[:place], keyed, *syllables[place + 1 :]])


def without_a_middle(rng: Random, text: str) -> str:
    """Return the text without one or all of its middle names."""
    syllables = text.split(" ")
    if len(syllables) < 3:
        return text
    if rng.random() < 0.35:
        return f"{syllables[0]} {syllables[-1]}"
    del syllables[rng.randrange(1, len(syllables) - 1)]
    return " ".join(syllables)


def reordered(rng: Random, text: str) -> str:
    """Return the text with the given name first or the family name last."""
    syllables = text.split(" ")
    if len(syllables) < 2:
        return text
    return " ".join([syllables[-1], *syllables[:-1]] if rng.random() < 0.5 else [*syllables[1:], syllables[0]])


def shortened(rng: Random, text: str) -> str:
    """Return the last syllable alone, at times as one speaks of a grown-up."""
    return rng.choice(("", "", "Chị ", "Anh ", "Cô ")) + text.split(" ")[-1]


def digit_wrong(rng: Random, text: str) -> str:
    """Return a number with one other digit."""
    place = rng.randrange(len(text))
    return text[:place] + str((int(text[place]) + rng.randrange(1, 10)) % 10) + text[place + 1 :]


def transposed(rng: Random, text: str) -> str:
    """Return a number with two neighbouring digits in the wrong order."""
    places = [place for place in range(len(text) - 1) if text[place] != text[place + 1]]
    place = rng.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
