"""What people type when they look for a child: a name without marks, with none, one or two slips."""

from __future__ import annotations

from random import Random
from typing import Final

from matching.names import fold

CONFUSED: Final = 0.4  # share of the slips that follow the ear
_ONSETS: Final = (("l", "n"), ("n", "l"), ("s", "x"), ("x", "s"), ("tr", "ch"), ("ch", "tr"))
_ENDS: Final = (("i", "y"), ("y", "i"), ("ng", "n"), ("n", "ng"), ("c", "t"), ("t", "c"))
_LETTERS: Final = "abcdeghiklmnopqrstuvxy"


def typed(rng: Random, name: str, slips: int) -> str:
    """Return a name as it is typed without marks, with so many slips in it."""
    text = fold(name)
    for _ in range(slips):
        before = text
        while text == before:
            text = _by_ear(rng, text) if rng.random() < CONFUSED else _by_hand(rng, text)
    return text


def _by_ear(rng: Random, text: str) -> str:
    """Exchange one onset or ending for another that sounds alike; a slip of the hand where none can be."""
    syllables = text.split(" ")
    ways = []
    for place, syllable in enumerate(syllables):
        ways += [
            (place, new + syllable[len(old) :])
            for old, new in _ONSETS
            if syllable.startswith(old) and not (old == "n" and syllable.startswith("ng"))
        ]
        ways += [
            (place, syllable[: -len(old)] + new)
            for old, new in _ENDS
            if len(syllable) > len(old) + 1 and syllable.endswith(old)
        ]
    if not ways:
        return _by_hand(rng, text)
    place, wrong = rng.choice(ways)
    return " ".join([*syllables[:place], wrong, *syllables[place + 1 :]])


def _by_hand(rng: Random, text: str) -> str:
    """Leave out, put in, change a letter, or exchange two neighbours, at any letter."""
    place = rng.choice([place for place, letter in enumerate(text) if letter != " "])
    kind = rng.randrange(4)
    if kind == 0 and len(text) > len(text.split(" ")) * 2:
        return " ".join((text[:place] + text[place + 1 :]).split())
    if kind == 1:
        return text[:place] + rng.choice(_LETTERS) + text[place:]
    if kind == 2 and place + 1 < len(text) and text[place + 1] != " ":
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + rng.choice(_LETTERS) + text[place + 1 :]
