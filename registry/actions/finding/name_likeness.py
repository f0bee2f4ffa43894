"""How like a stored name is to the words somebody searched, in grades that can be said in words.

Syllable is laid beside syllable: the same, of the same sound, one letter apart, two. What a search needs to know of
a syllable is found out once for all the names that hold it, for names are made of few syllables.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from matching.identity import Name
from matching.names import phonetic
from registry.actions.finding.near_syllables import surnames
from registry.actions.finding.typed_names import Reading, readings

# Likenesses in falling order; a name below the last is no hit. Ranks only: no probability is claimed.
SAME: Final = 1.0
HOOK_FOR_TILDE: Final = 0.985
SAME_WITHOUT_MARKS: Final = 0.97
SOUNDS_THE_SAME: Final = 0.93
OTHER_ORDER: Final = 0.92
PART_LEFT_OUT: Final = 0.90
ONE_LETTER: Final = 0.86
PART_TOO_MANY: Final = 0.84
ONE_LETTER_OTHER_ORDER: Final = 0.82
ONE_LETTER_AND_PART: Final = 0.80
TWO_LETTERS: Final = 0.74
TWO_LETTERS_AND_PART: Final = 0.68
GIVEN_LEFT_OUT: Final = 0.60  # counts only beside a birth date or a parent

MOST_LETTERS: Final = 2  # that two spellings of one name may be apart

_SAME_CLASS: Final = 1  # points of one syllable: of the same sound
_LETTER: Final = 10  # points of a letter
_MOST_POINTS: Final = (MOST_LETTERS + 1) * _LETTER - 1  # of a whole name
_APART: Final = 99  # points of two syllables that have nothing to do with each other
_HOOK_AND_TILDE: Final = {"\u0303": "\u0309"}
_LEAST_IN_COMMON: Final = 2  # letters that two syllables two letters apart must share


@dataclass(frozen=True, slots=True)
class Likeness:
    """A grade and its reason: an English sentence, the key of its translation."""

    grade: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the syllables of one reading lie beside those of a name."""

    points: int  # letters apart times ten, and one for each syllable of the same sound
    left_out: int  # syllables of the name that were not typed
    too_many: int  # typed syllables that the name has not
    in_order: bool
    given: bool  # the last syllable of the name is among those typed


class Sought:
    """The words of a search, prepared once for many comparisons. It remembers every syllable that it has met."""

    __slots__ = ("_graded", "_tables", "_touch", "has_marks", "marked", "readings")

    def __init__(self, found: tuple[Reading, ...]) -> None:
        self.readings = found
        first = found[0] if found else ()
        self.marked = " ".join(syllable.marked for syllable in first)
        self.has_marks = any(syllable.marked != syllable.folded for syllable in first)
        self._tables = [_Table(reading) for reading in found]
        self._touch: dict[str, int] = {}
        self._graded: dict[str, Likeness | None] = {}

    @classmethod
    def words(cls, text: str) -> Sought:
        """Prepare the words of a search."""
        return cls(readings(text))

    def __repr__(self) -> str:
        return "Sought()"

    @property
    def parts(self) -> tuple[str, ...]:
        """The folded syllables of the likeliest reading."""
        return tuple(syllable.folded for syllable in self.readings[0]) if self.readings else ()

    def likeness(self, folded: str, marked: str) -> Likeness | None:
        """Return how like a name is to what is sought; None: not like it at all.

        Args:
            folded: the name's letters a-z.
            marked: the name with its marks.
        """
        if folded not in self._graded:
            self._graded[folded] = self._of_folded(folded)
        found = self._graded[folded]
        return self._by_marks(marked) if found is _WITHOUT_MARKS and self.has_marks else found

    def _of_folded(self, folded: str) -> Likeness | None:
        if not self.may_fit(folded):
            return None
        parts = folded.split()
        found = [one for table in self._tables if (one := table.likeness(parts)) is not None]
        return max(found, key=lambda one: one.grade, default=None)

    def may_fit(self, folded: str) -> bool:
        """Sort out at little cost the names that no reading fits: too few typed syllables find anything like them."""
        touch = self._touch
        together = 0
        for part in folded.split():
            bits = touch.get(part)
            if bits is None:
                bits = touch[part] = self._touched(part)
            together |= bits
        if not together:
            return False
        for table in self._tables:
            near, close = together & table.all_bits, together >> table.size & table.all_bits
            if near == table.all_bits or (table.may_skip and close.bit_count() >= table.size - 1):
                return True
            together >>= 2 * table.size
        return False

    def _touched(self, part: str) -> int:
        """Return which typed syllables are like a part of a name, as bits: of a reading the near, then the close."""
        bits = shift = 0
        for table in self._tables:
            for place in range(table.size):
                points = table.points(place, part)
                if points < _APART:
                    bits |= 1 << (shift + place)
                if points < _LETTER:
                    bits |= 1 << (shift + table.size + place)
            shift += 2 * table.size
        return bits

    def _by_marks(self, marked: str) -> Likeness:
        if self.marked == marked:
            return _SAME
        return _HOOKED if _without_tilde(self.marked) == _without_tilde(marked) else _WITHOUT_MARKS


class _Table:
    """One reading, and the points of each of its syllables beside every syllable met so far."""

    __slots__ = ("_points", "all_bits", "may_skip", "reading", "size", "sounds")

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.size = len(reading)
        self.all_bits = (1 << self.size) - 1
        self.may_skip = int(self.size > 2)  # typed syllables that a name may lack, if the others are all right
        self.sounds = [tuple(phonetic(form) for form in syllable.forms) for syllable in reading]
        self._points: list[dict[str, int]] = [{} for _ in reading]

    def points(self, place: int, part: str) -> int:
        known = self._points[place]
        found = known.get(part)
        if found is None:
            found = known[part] = _points(self.reading[place].forms, self.sounds[place], part)
        return found

    def likeness(self, parts: Sequence[str]) -> Likeness | None:
        fit = self._straight(parts) or self._best(parts)
        return None if fit is None else _graded(fit, parts, typed=self.size)

    def _straight(self, parts: Sequence[str]) -> _Fit | None:
        """Lay the syllables beside each other as they stand."""
        if self.size != len(parts):
            return None
        points = sum(self.points(place, part) for place, part in enumerate(parts))
        if points > _MOST_POINTS:
            return None
        if points >= _LETTER and sorted(self._first_sounds()) == sorted(map(phonetic, parts)):
            return None  # the same words in another order are nearer than letters that differ
        return _Fit(points, left_out=0, too_many=0, in_order=True, given=True)

    def _first_sounds(self) -> list[str]:
        return [sounds[0] for sounds in self.sounds]

    def _best(self, parts: Sequence[str]) -> _Fit | None:
        """Lay the syllables beside each other in the best of all orders."""
        found = self._laid(parts, 0, used=0, left=_MOST_POINTS, may_skip=self.may_skip)
        if found is None:
            return None
        points, chosen = found
        matched = [place for place in chosen if place >= 0]
        skipped = len(chosen) - len(matched)
        return _Fit(
            points,
            left_out=len(parts) - len(matched),
            too_many=skipped,
            in_order=matched == sorted(matched),
            given=len(parts) - 1 in matched,
        )

    def _laid(
        self, parts: Sequence[str], place: int, *, used: int, left: int, may_skip: int
    ) -> tuple[int, tuple[int, ...]] | None:
        """Return the points and the places of the typed syllables from `place` on, the fewest points first.

        Args:
            used: places of the name that are taken, as bits.
            left: points that may still be spent.
            may_skip: typed syllables that the name may lack.
        """
        if place == self.size:
            return 0, ()
        best: tuple[int, tuple[int, ...]] | None = None
        for at, part in enumerate(parts):
            points = _APART if used >> at & 1 else self.points(place, part)
            if points <= left:
                rest = self._laid(parts, place + 1, used=used | 1 << at, left=left - points, may_skip=may_skip)
                if rest is not None:
                    best = (points + rest[0], (at, *rest[1]))
                    left = best[0] - 1  # only what is better counts from here on
        if best is None and may_skip:
            rest = self._laid(parts, place + 1, used=used, left=left, may_skip=may_skip - 1)
            best = None if rest is None else (rest[0], (-1, *rest[1]))
        return best


_SAME = Likeness(SAME, "the same name")
_HOOKED = Likeness(HOOK_FOR_TILDE, "only hook and tilde differ")
_WITHOUT_MARKS = Likeness(SAME_WITHOUT_MARKS, "the same name without marks")


def likeness(sought: Sought, name: Name) -> Likeness | None:
    """Return how like `name` is to what is sought; None: not like it at all."""
    return sought.likeness(name.folded, name.marked)


def _points(forms: Sequence[str], sounds: Sequence[str], part: str) -> int:
    if part in forms:
        return 0
    sound = phonetic(part)
    if sound in sounds:
        return _SAME_CLASS
    letters = min(_letters_apart(form, part) for form in forms)
    heard = min(_letters_apart(one, sound) for one in sounds)
    nearest = min(letters, heard)
    return nearest * _LETTER if nearest <= MOST_LETTERS else _APART


def _letters_apart(one: str, other: str) -> int:
    """Return the letters apart; 3 stands for more than two, and for syllables with too little in common."""
    longer = max(len(one), len(other))
    if longer - min(len(one), len(other)) > MOST_LETTERS:
        return MOST_LETTERS + 1
    apart = int(OSA.distance(one, other, score_cutoff=MOST_LETTERS))
    enough = longer - apart >= (_LEAST_IN_COMMON if apart == MOST_LETTERS else 1)
    return apart if enough else MOST_LETTERS + 1


def _graded(fit: _Fit, parts: Sequence[str], *, typed: int) -> Likeness | None:
    letters = fit.points // _LETTER
    if letters > MOST_LETTERS or (letters and typed - fit.too_many < 2 and len(parts) > 1):
        return None  # of a name of several syllables one alone, and misspelt, says nothing
    if fit.too_many:
        return Likeness(PART_TOO_MANY, "a part of the name is missing there") if not letters and fit.given else None
    if fit.left_out:
        return _part_left_out(fit, parts, letters=letters, typed=typed)
    if letters == 0:
        return _complete(fit)
    if letters == 1:
        return _ONE_LETTER if fit.in_order else _ONE_LETTER_TURNED
    return _TWO_LETTERS


_ONE_LETTER = Likeness(ONE_LETTER, "one letter differs")
_ONE_LETTER_TURNED = Likeness(ONE_LETTER_OTHER_ORDER, "one letter and the order differ")
_TWO_LETTERS = Likeness(TWO_LETTERS, "two letters differ")


def _complete(fit: _Fit) -> Likeness:
    if not fit.in_order:
        return Likeness(OTHER_ORDER, "the same words in another order")
    return Likeness(SOUNDS_THE_SAME, "the name sounds the same") if fit.points else _WITHOUT_MARKS


def _part_left_out(fit: _Fit, parts: Sequence[str], *, letters: int, typed: int) -> Likeness | None:
    if not fit.given and parts[0] in surnames():  # else the given name may stand first, and the clan be left out
        weak = letters == 0 and typed > 1
        return Likeness(GIVEN_LEFT_OUT, "the given name is left out") if weak else None
    if letters == 0:
        return Likeness(PART_LEFT_OUT, "a part of the name is left out")
    if letters == 1:
        return Likeness(ONE_LETTER_AND_PART, "a part is left out and one letter differs")
    return Likeness(TWO_LETTERS_AND_PART, "a part is left out and two letters differ") if typed > 2 else None


def _without_tilde(marked: str) -> str:
    return "".join(_HOOK_AND_TILDE.get(char, char) for char in unicodedata.normalize("NFD", marked))
