"""Reads a name as somebody typed it into a search: keys of a typewriter method, forms of address, lost spaces.

What was typed may be read in more than one way. Every reading is tried, the likeliest first; none is thrown away
because another fits as well.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from matching.names import clean, fold, marked
from matching.syllables import TONES, tone_places
from registry.actions.finding.near_syllables import is_known

MOST_READINGS: Final = 4
MOST_SYLLABLES: Final = 8
_SHORTEST_GLUED: Final = 6  # letters of a word that may be two
_MARKER: Final = "y"  # stands before men's names of several peoples, and is often written together with them

_PLAIN = re.compile(
    r"(?:ngh|ng|nh|gh|gi|qu|ch|kh|ph|th|tr|[bcdghklmnprstvx])?(?!.*([aeiouy])\1)[aeiouy]{1,3}(?:ch|c|m|ng|nh|n|p|t)?"
)
_TELEX_TONES: Final = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_VNI_TONES: Final = {"1": "\u0301", "2": "\u0300", "3": "\u0309", "4": "\u0303", "5": "\u0323"}
_HATS: Final = {"a": "â", "e": "ê", "o": "ô"}
_HORNS: Final = {"a": "ă", "o": "ơ", "u": "ư"}
_VOWELS: Final = frozenset("aăâeêioôơuưy")
_ADDRESSES: Final = frozenset({"be", "chau", "em", "cu", "con", "tre", "ban", "ti"})
_PARENT_OF: Final = re.compile(
    r"(?:(?:be|tre|chau|em|so sinh|trai|gai) )*"
    r"(?:con (?:cua )?(?:ba me|ong ba|ba|ong|chi|anh|me|bo|cha|co|chu|san phu|sp)"
    r"|con cua|cb|child of|daughter of|son of) (?=.)"
)


@dataclass(frozen=True, slots=True)
class Syllable:
    """One typed syllable. `also` are other ways to read the same keys, folded."""

    folded: str = field(repr=False)
    marked: str = field(repr=False)
    also: tuple[str, ...] = field(default=(), repr=False)

    @property
    def forms(self) -> tuple[str, ...]:
        """All readings, folded, the likeliest first."""
        return (self.folded, *self.also)


Reading = tuple[Syllable, ...]


def readings(text: str) -> tuple[Reading, ...]:
    """Return the ways to read a typed name, the likeliest first; none if there is no letter."""
    plain = _syllables(text)
    if not plain:
        return ()
    found = dict.fromkeys((plain, *_without_address(plain), *_divided_otherwise(plain)))
    return tuple(islice((one[:MOST_SYLLABLES] for one in found), MOST_READINGS))


def parent_in(text: str) -> str | None:
    """Return the parent's name in words such as 'con bà Lê Thị An' or 'child of Le Thi An'; None if it is no such."""
    words = clean(text).split()
    start = _PARENT_OF.match(fold(text) + " ")
    if start is None:
        return None
    before = len(start[0].split())
    rest = " ".join(words[before:])
    return rest if len(fold(text).split()) == len(words) and rest else fold(text)[start.end() :] or None


def typed_with_digits(word: str) -> bool:
    """Tell whether a word with digits in it is a syllable in the keys of VNI: 'nguye6n4'."""
    return any(char.isdigit() for char in word) and _decoded(unicodedata.normalize("NFC", word.lower())) is not None


def _syllables(text: str) -> Reading:
    found: list[Syllable] = []
    for word in clean(text).split():
        decoded = _decoded(unicodedata.normalize("NFC", word.lower()))
        own = marked(word).split()
        if decoded is not None:
            also = (fold(word),) if len(own) == 1 and fold(word) != fold(decoded) else ()
            found.append(Syllable(fold(decoded), marked(decoded), also))
        else:
            found.extend(Syllable(fold(one), one) for one in own)
    return _apostrophes(found)


def _apostrophes(found: list[Syllable]) -> Reading:
    """Join a lone h or k to what follows: H'Hen typed as 'H Hen', K'Brìu as 'K Briu'."""
    joined: list[Syllable] = []
    for syllable in found:
        if joined and joined[-1].folded in ("h", "k"):
            start = joined.pop()
            joined.append(Syllable(start.folded + syllable.folded, start.marked + syllable.marked, (syllable.folded,)))
        else:
            joined.append(syllable)
    return tuple(joined)


def _without_address(plain: Reading) -> Iterator[Reading]:
    rest = plain
    while len(rest) > 1 and rest[0].folded in _ADDRESSES:
        rest = rest[1:]
    if len(rest) < len(plain):
        yield rest


def _divided_otherwise(plain: Reading) -> Iterator[Reading]:
    """Read a word without its space as two, and two halves as one, where known syllables come out."""
    for place, syllable in enumerate(plain):
        if len(syllable.folded) >= _SHORTEST_GLUED and not is_known(syllable.folded):
            parts = _divided(syllable.folded)
            if syllable.folded[0] == _MARKER and not parts:
                parts = (_MARKER, syllable.folded[1:])
            if parts:
                yield (*plain[:place], *(Syllable(part, part) for part in parts), *plain[place + 1 :])
    for place in range(len(plain) - 1):
        both = plain[place].folded + plain[place + 1].folded
        lone = min(len(plain[place].folded), len(plain[place + 1].folded)) == 1
        if lone or (is_known(both) and not (is_known(plain[place].folded) and is_known(plain[place + 1].folded))):
            yield (*plain[:place], Syllable(both, both), *plain[place + 2 :])


def _divided(letters: str) -> tuple[str, ...] | None:
    """Return known syllables that make up `letters`, as few as can be; None if they do not."""
    ways: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 7), end):
            before = ways[start]
            if before is not None and is_known(letters[start:end]):
                way = (*before, letters[start:end])
                best = ways[end]
                if best is None or len(way) < len(best):
                    ways[end] = way
    return ways[-1]


def _decoded(word: str) -> str | None:
    """Return what the keys of Telex or VNI stand for; None if the word is no such, or a syllable as it is."""
    if any(char.isdigit() for char in word) and any(char.isalpha() for char in word):
        return _pressed(word, _VniKeys())
    letters = fold(word)
    if not letters or _PLAIN.fullmatch(letters) or is_known(letters) or not all(char.isalpha() for char in word):
        return None
    return _pressed(word, _TelexKeys())


class _Keys(ABC):
    """The letters and the tone of one syllable as keys are pressed."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.tone = ""

    @abstractmethod
    def press(self, char: str) -> bool:
        """Take one key; return whether it was one that changes what is there."""

    def hat(self, vowel: str) -> bool:
        return self._change({vowel: _HATS[vowel]})

    def horn(self) -> bool:
        for place in range(len(self.letters) - 1):
            if self.letters[place] in "uư" and self.letters[place + 1] == "o":
                self.letters[place : place + 2] = ["ư", "ơ"]
                return True
        return self._change(_HORNS)

    def bar(self) -> bool:
        return self._change({"d": "đ"})

    def toned(self, mark: str) -> bool:
        if not _VOWELS.intersection(self.letters):
            return False
        self.tone = mark
        return True

    def _change(self, table: dict[str, str]) -> bool:
        for place in range(len(self.letters) - 1, -1, -1):
            if self.letters[place] in table:
                self.letters[place] = table[self.letters[place]]
                return True
        return False


class _TelexKeys(_Keys):
    def press(self, char: str) -> bool:
        if char in _TELEX_TONES:
            return self.toned(_TELEX_TONES[char])
        if char == "w":
            return self.horn()
        if char in _HATS:
            return self.hat(char)
        return char == "d" and self.bar()


class _VniKeys(_Keys):
    def press(self, char: str) -> bool:
        if char in _VNI_TONES:
            return self.toned(_VNI_TONES[char])
        actions = {"7": self.horn, "8": self.horn, "9": self.bar}
        if char == "6":
            last = next((letter for letter in reversed(self.letters) if letter in _HATS), None)
            return last is not None and self.hat(last)
        return char in actions and actions[char]()


def _pressed(word: str, keys: _Keys) -> str | None:
    changed = False
    for char in word:
        if keys.press(char):
            changed = True
            continue
        parts = unicodedata.normalize("NFD", char)
        keys.tone = next((part for part in parts if part in TONES), keys.tone)
        letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        if not letter.isalpha():
            return None
        keys.letters.append(letter)
    places = tone_places("".join(keys.letters))
    if not changed or not places:
        return None
    if keys.tone:
        keys.letters[places[0]] += keys.tone
    return unicodedata.normalize("NFC", "".join(keys.letters))
