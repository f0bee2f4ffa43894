"""How like a stored name is to the words somebody searched, in grades that can be said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from matching.identity import Name
from matching.names import fold, marked, phonetic

# Likenesses in falling order; a name below the last is no hit. Ranks only: no probability is claimed.
SAME: Final = 1.0
SAME_WITHOUT_MARKS: Final = 0.97
SOUNDS_THE_SAME: Final = 0.93
OTHER_ORDER: Final = 0.92
PART_LEFT_OUT: Final = 0.90
ONE_LETTER: Final = 0.86
ONE_LETTER_AND_PART: Final = 0.80
TWO_LETTERS: Final = 0.74

MOST_LETTERS: Final = 2  # that two spellings of one name may be apart


@dataclass(frozen=True, slots=True)
class Likeness:
    """A grade and its reason: an English sentence, the key of its translation."""

    grade: float
    reason: str


@dataclass(frozen=True, slots=True)
class Sought:
    """The words of a search, prepared once for many comparisons."""

    marked: str
    parts: tuple[str, ...]
    sounds: tuple[str, ...]
    has_marks: bool

    @classmethod
    def words(cls, text: str) -> Sought:
        """Prepare the words of a search."""
        folded = fold(text)
        parts = tuple(folded.split())
        return cls(marked(text), parts, tuple(phonetic(part) for part in parts), has_marks=marked(text) != folded)


def likeness(sought: Sought, name: Name) -> Likeness | None:
    """Return how like `name` is to what is sought; None: not like it at all."""
    parts = name.parts
    sounds = tuple(phonetic(part) for part in parts)
    return _same_words(sought, name, sounds) or _nearly(sought, parts, sounds)


def _same_words(sought: Sought, name: Name, sounds: tuple[str, ...]) -> Likeness | None:
    if sought.parts == name.parts:
        if sought.has_marks and sought.marked == name.marked:
            return Likeness(SAME, "the same name")
        return Likeness(SAME_WITHOUT_MARKS, "the same name without marks")
    if sought.sounds == sounds:
        return Likeness(SOUNDS_THE_SAME, "the name sounds the same")
    if sorted(sought.sounds) == sorted(sounds):
        return Likeness(OTHER_ORDER, "the same words in another order")
    return None


def _nearly(sought: Sought, parts: tuple[str, ...], sounds: tuple[str, ...]) -> Likeness | None:
    letters = _letters_apart(sought.parts, parts)
    if letters == 1:
        return Likeness(ONE_LETTER, "one letter differs")
    left_out = _part_left_out(sought, parts, sounds)
    if left_out is None and letters == MOST_LETTERS:
        return Likeness(TWO_LETTERS, "two letters differ")
    return left_out


def _letters_apart(sought: Sequence[str], parts: Sequence[str]) -> int:
    """Return the number of letters apart, in the order written or by words sorted; 3 stands for more than two."""
    straight = OSA.distance(" ".join(sought), " ".join(parts), score_cutoff=MOST_LETTERS)
    turned = OSA.distance(" ".join(sorted(sought)), " ".join(sorted(parts)), score_cutoff=MOST_LETTERS)
    return int(min(straight, turned))


def _part_left_out(sought: Sought, parts: Sequence[str], sounds: Sequence[str]) -> Likeness | None:
    """Look for the sought words inside the name: a middle name left out, or the given name alone."""
    if not sought.sounds or len(sought.sounds) >= len(sounds):
        return None
    remaining = list(sounds)
    missing = 0
    for part, sound in zip(sought.parts, sought.sounds, strict=True):
        if sound in remaining:
            remaining.remove(sound)
        elif any(OSA.distance(part, other, score_cutoff=1) <= 1 for other in parts):
            missing += 1
        else:
            return None
    if sought.sounds[-1] != sounds[-1] and missing == 0 and sounds[-1] not in sought.sounds:
        return None  # the given name is what people know a child by: it is never the part left out
    if missing == 0:
        return Likeness(PART_LEFT_OUT, "a part of the name is left out")
    return Likeness(ONE_LETTER_AND_PART, "a part is left out and one letter differs") if missing == 1 else None
