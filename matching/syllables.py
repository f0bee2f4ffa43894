"""One written syllable: where its tone mark belongs, how it folds, how it sounds, how it sorts.

Vietnamese spelling is regular: a syllable is onset + vowels + coda, and the tone mark has one right place (for
open oa, oe, uy two: 'hoà' and 'hòa'). What does not parse, such as most minority names, is left alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from matching import reference

TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền, hỏi, ngã, sắc, nặng: sort order
_OUT_OF_NFD = str.maketrans(
    {"đ": "d", "Đ": "D", "ƀ": "b", "Ƀ": "B", "ø": "o", "ł": "l", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"}
)
_VOWELS = (
    "a|ă|â|e|ê|i|o|ô|ơ|u|ư|y|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|iê|iêu|yê|yêu|oa|oă|oe|oi|ôi|ơi|oo|oai|oay|oao|oeo|"
    "ua|uâ|uây|uê|ui|uô|uôi|uơ|uy|uya|uyê|uyu|ưa|ưi|ươ|ươi|ươu|ưu"
)
_SHAPE = re.compile(
    r"(ngh|ng|nh|gh|gi(?=[aăâeêioôơuưy])|qu(?=[aăâeêioôơuưy])|ch|kh|ph|th|tr|[bcdđghklmnprstvx])?"
    rf"({_VOWELS})(ch|c|m|ng|nh|n|p|t)?"
)
_WITH_QUALITY = frozenset("ăâêôơư")
_TWO_STYLES = frozenset({"oa", "oe", "uy"})
_PLAIN_VOWELS = frozenset("aeiouy")
_ONE_CLASS = str.maketrans("rvxl", "ddsn")
_LETTER_ORDER = {"a": "a0", "ă": "a1", "â": "a2", "d": "d0", "đ": "d1", "e": "e0", "ê": "e1", "o": "o0", "ô": "o1"}
_LETTER_ORDER |= {"ơ": "o2", "u": "u0", "ư": "u1"}


def unmark(text: str) -> str:
    """Return `text` without tone and vowel marks; letters outside Latin, digits and spaces stay."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare.translate(_OUT_OF_NFD))


@lru_cache(maxsize=65536)
def fold(syllable: str) -> str:
    """Return the letters a-z of `syllable`, in lower case."""
    return "".join(char for char in unmark(syllable.lower()) if "a" <= char <= "z")


@cache
def name_syllables() -> frozenset[str]:
    """Return the syllables of the reference lists of names, lower case, with their marks."""
    lists = (("surnames", "surname"), ("middle_names", "middle_name"), ("given_names", "given_name"))
    return frozenset(row[column].lower() for name, column in lists for row in reference.rows(name))


def _clusters(syllable: str) -> list[tuple[str, str]]:
    """Split into (letter with its vowel mark, tone marks)."""
    clusters: list[tuple[str, str]] = []
    for char in unicodedata.normalize("NFD", syllable):
        if clusters and char in TONES:
            letter, tones = clusters[-1]
            clusters[-1] = (letter, tones + char)
        elif clusters and unicodedata.combining(char):
            letter, tones = clusters[-1]
            clusters[-1] = (unicodedata.normalize("NFC", letter + char), tones)
        else:
            clusters.append((char, ""))
    return clusters


def tone_places(letters: str) -> tuple[int, ...]:
    """Return where a tone mark may stand in `letters` (lower case, without tone), today's school style first.

    Returns: one index, or two for open oa, oe, uy; none when `letters` is not a Vietnamese syllable.
    """
    shape = _SHAPE.fullmatch(letters)
    if shape is None:
        return ()
    vowels, coda, start = shape[2], shape[3], shape.start(2)
    marked = [index for index, vowel in enumerate(vowels) if vowel in _WITH_QUALITY]
    if marked:
        return (start + marked[-1],)
    if coda:
        return (start + len(vowels) - 1,)
    if vowels in _TWO_STYLES:
        return (start + 1, start)
    return (start + (1 if len(vowels) == 3 else 0),)


def _move_tone(syllable: str, *, one_style: bool) -> str:
    clusters = _clusters(syllable)
    toned = [index for index, (_, tones) in enumerate(clusters) if tones]
    if len(toned) != 1 or len(clusters[toned[0]][1]) != 1 or any(len(letter) != 1 for letter, _ in clusters):
        return syllable
    places = tone_places("".join(letter for letter, _ in clusters).lower())
    if not places or toned[0] in (places[:1] if one_style else places):
        return syllable
    letter, tone = clusters[toned[0]]
    clusters[toned[0]] = (letter, "")
    clusters[places[0]] = (clusters[places[0]][0], tone)
    moved = unicodedata.normalize("NFC", "".join(letter + tones for letter, tones in clusters))
    # A mark on a consonant may be a letter of another language (ñ in Ê Đê): moved only when a known name comes out.
    on_consonant = letter.lower() not in "aăâeêioôơuưy"
    return syllable if on_consonant and moved.lower() not in name_syllables() else moved


@lru_cache(maxsize=65536)
def repair_tone(syllable: str) -> str:
    """Return `syllable` (NFC) with a tone mark that stands on an impossible letter put right: 'hòang' to 'hoàng'."""
    return _move_tone(syllable, one_style=False)


@lru_cache(maxsize=65536)
def settle_tone(syllable: str) -> str:
    """Return `syllable` (NFC) with its tone mark in today's school style, so that 'hòa' equals 'hoà'."""
    return _move_tone(syllable, one_style=True)


def _onset(letters: str) -> str:
    for written, sounds in (("ngh", "ng"), ("gh", "g"), ("qu", "kw"), ("tr", "ch")):
        if letters.startswith(written):
            return sounds + letters[len(written) :]
    if letters.startswith("gi"):
        return "d" + (letters[2:] if letters[2:3] in _PLAIN_VOWELS else letters[1:])
    if letters.startswith("c") and not letters.startswith("ch"):
        return "k" + letters[1:]
    return letters[:1].translate(_ONE_CLASS) + letters[1:]


def _coda(letters: str) -> str:
    for written, sounds in (("ng", "n"), ("nh", "n"), ("ch", "t"), ("c", "t")):
        if len(letters) > len(written) and letters.endswith(written):
            return letters[: -len(written)] + sounds
    return letters


@lru_cache(maxsize=65536)
def phonetic(syllable: str) -> str:
    """Return the sound class of `syllable`: spellings that are often mistaken for each other share one.

    i/y, gi/r/v/d, tr/ch, x/s, l/n, ng/ngh, g/gh, c/k, final n/ng/nh and final t/c/ch fall together; a doubled letter
    is a slip of the Telex keyboard and counts once.
    """
    letters = re.sub(r"(.)\1+", r"\1", fold(syllable))
    return re.sub(r"(.)\1+", r"\1", _coda(_onset(letters)).replace("y", "i"))


@lru_cache(maxsize=65536)
def order(syllable: str) -> tuple[str, str]:
    """Return (letters, tone) of `syllable` as ASCII that sorts in the order of the Vietnamese alphabet.

    Each letter takes two characters, so that a < ă < â whatever follows; the tone counts after all letters.
    """
    letters, heaviest = "", 0
    for letter, tones in _clusters(syllable.lower()):
        plain = fold(letter)
        letters += _LETTER_ORDER.get(letter) or (f"{plain[0]}9" if plain and plain != letter else f"{plain}0")
        heaviest = max([heaviest, *(TONES[tone] for tone in tones)])
    return letters, str(heaviest)
