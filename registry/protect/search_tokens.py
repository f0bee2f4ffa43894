"""Find a misspelt child in a province without an index of names: compound keyed tokens.

A token says two things about a child at once (two syllables and the birth year, say), hashed with the province's key
to 32 bits, so that a token is rare and its frequency tells little. A stolen table shows which rows share tokens; it
does not show names. Each child has exactly `TOKENS` of them; what is missing is filled with keyed noise, so that
their number does not tell the length of a name. A search shares at least one token with a child whose name has one
typing error in one syllable of two letters or more, stands in another order, or lacks its middle syllables.

Which tokens (syllables by sound, the order of a pair is ignored):

    whole name + year                                                  1
    birth date + last syllable, birth date + first syllable            2, if the whole date is known
    each pair of syllables + year                                      1, 3, 6 for 2, 3, 4 syllables
    a parent's first + last, middle + last syllable, each + year       4 for two parents
    a parent's given name + the child's + year                         2
    first syllable + given name less one letter + year                 up to 6
    the same with the last middle syllable (of two-syllable names:
    given name + first syllable less one letter)                       up to 6

The list is in order of use: where a long name has more than fit, the last ones are left out. What a search asks for
is in `query_tokens`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

from matching.names import phonetic
from registry.protect.canonical import length_prefixed
from registry.protect.keys.keyring import Domain, Keyring

TOKENS = 28  # a child; most have 18 to 24 of their own
_MOST_SYLLABLES = 8
_TOKEN_BYTES = 4
NO_YEAR = "?"  # children whose year nobody knows; every search asks for them too


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFacts:
    """What a child is found by. Name parts are folded syllables in written order."""

    name_parts: tuple[str, ...] = field(repr=False)
    birth_year: int | None = field(repr=False)
    birth_date: str | None = field(repr=False)  # ISO, only if year, month and day are known
    mother_parts: tuple[str, ...] = field(repr=False)
    father_parts: tuple[str, ...] = field(repr=False)
    province: str  # today's two digits


def child_tokens(keyring: Keyring, facts: SearchFacts, *, version: int | None = None) -> list[int]:
    """Return a child's tokens: `TOKENS` distinct signed 32-bit numbers, sorted; equal facts give equal tokens."""
    mint = Mint(keyring, facts.province, version)
    year = NO_YEAR if facts.birth_year is None else str(facts.birth_year)
    found: dict[int, None] = {}
    for text in _about_child(facts, year):
        found.setdefault(mint.child(text))
    for text in _about_parents(facts, year):
        found.setdefault(mint.parent(text))
    for text in _misspelt(facts.name_parts, year):
        found.setdefault(mint.child(text))
    return mint.filled(list(found)[:TOKENS])


class Mint:
    """Turns texts into tokens under the keys of one province; a parent's tokens have a key of their own."""

    __slots__ = ("_child", "_noise", "_parent")

    def __init__(self, keyring: Keyring, province: str, version: int | None) -> None:
        def key(label: bytes) -> bytes:
            return keyring.derived(Domain.SEARCH, label, province.encode(), version=version)

        self._child, self._parent, self._noise = key(b"child"), key(b"parent"), key(b"noise")

    def child(self, text: str) -> int:
        """Return the token of a text about the child."""
        return _token(self._child, text.encode())

    def parent(self, text: str) -> int:
        """Return the token of a text about a parent."""
        return _token(self._parent, text.encode())

    def filled(self, own: list[int]) -> list[int]:
        """Return the tokens filled up with noise, sorted.

        The noise is the same each time: two copies of a table do not show which tokens are real.
        """
        seed = length_prefixed(*(token.to_bytes(_TOKEN_BYTES, "big", signed=True) for token in own))
        tokens, number = set(own), 0
        while len(tokens) < TOKENS:
            tokens.add(_token(self._noise, seed + number.to_bytes(4, "big")))
            number += 1
        return sorted(tokens)


def _token(key: bytes, message: bytes) -> int:
    return int.from_bytes(hmac.digest(key, message, "sha256")[:_TOKEN_BYTES], "big", signed=True)


def _about_child(facts: SearchFacts, year: str) -> Iterator[str]:
    named = _named(facts.name_parts, year)
    yield from named[:1]  # the whole name; its pairs come after the dates
    yield from _dated(facts.name_parts, facts.birth_date)
    yield from named[1:]


def _about_parents(facts: SearchFacts, year: str) -> Iterator[str]:
    yield from _parent(facts.mother_parts, facts.name_parts[-1:], year)
    yield from _parent(facts.father_parts, facts.name_parts[-1:], year)


def _named(parts: tuple[str, ...], year: str) -> list[str]:
    """Return the whole name and each pair of its syllables: the pair of both ends first, inner pairs last."""
    sounds = _sounds(parts)
    if not sounds:
        return []
    last = len(sounds) - 1
    pairs = sorted(combinations(range(len(sounds)), 2), key=lambda pair: (pair[1] != last, pair[0] != 0, pair))
    return [whole(" ".join(sounds), year), *(pair(sounds[first], sounds[second], year) for first, second in pairs)]


def _dated(parts: tuple[str, ...], birth_date: str | None) -> list[str]:
    sounds = _sounds(parts)
    if birth_date is None or not sounds:
        return []
    return [dated(birth_date, sounds[-1]), dated(birth_date, sounds[0])]


def _parent(parts: tuple[str, ...], childs_given: tuple[str, ...], year: str) -> list[str]:
    sounds = _sounds(parts)
    texts = []
    if len(sounds) > 1:
        texts.append(pair(sounds[0], sounds[-1], year))
    if len(sounds) > 2:
        texts.append(pair(sounds[-2], sounds[-1], year))
    texts += [given_of(sounds[-1], sound(given), year) for given in childs_given if sounds]
    return texts


def _misspelt(parts: tuple[str, ...], year: str) -> list[str]:
    """Return the compounds with one letter of a syllable left out.

    Two syllables that differ by one letter more, less, other, or by two neighbours exchanged, have in common either
    a form with one letter left out, or the one's such form and the other itself. The letter is left out of the
    written syllable, before its sound is taken: a slip may change what an onset sounds like.
    """
    parts = heard(parts)
    sounds = _sounds(parts)
    if len(parts) < 2:
        return [whole(short, year) for part in parts for short in shortened(part)]
    given = shortened(parts[-1])
    texts = [pair(sounds[0], short, year) for short in given]
    if len(parts) == 2:
        return texts + [pair(sounds[1], short, year) for short in shortened(parts[0])]
    return texts + [pair(sounds[-2], short, year) for short in given]


@lru_cache(maxsize=16384)
def shortened(syllable: str) -> tuple[str, ...]:
    """Return the sounds of a written syllable with one letter left out."""
    sounds = (sound(syllable[:place] + syllable[place + 1 :]) for place in range(len(syllable)))
    return tuple(dict.fromkeys(sound for sound in sounds if sound))


@lru_cache(maxsize=16384)
def sound(syllable: str) -> str:
    """Return the sound class; there are few syllables and many children, so it is remembered."""
    return phonetic(syllable)


def heard(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the syllables that have a sound: not digits, not signs."""
    return tuple(part for part in parts if sound(part))[:_MOST_SYLLABLES]


def _sounds(parts: Iterable[str]) -> list[str]:
    return [sound(part) for part in heard(parts)]


def whole(sounds: str, year: str) -> str:
    """Return the text of a whole name."""
    return f"whole {sounds} {year}"


def pair(one: str, other: str, year: str) -> str:
    """Return the text of two syllables in either order."""
    return f"pair {min(one, other)} {max(one, other)} {year}"


def dated(birth_date: str, end: str) -> str:
    """Return the text of a birth date and the first or last syllable."""
    return f"date {birth_date} {end}"


def given_of(parents_given: str, childs_given: str, year: str) -> str:
    """Return the text of a parent's given name and the child's."""
    return f"of {parents_given} {childs_given} {year}"
