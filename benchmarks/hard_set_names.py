"""Names as numbers: each part of a name is a word's place in a list, so that a million are drawn and joined at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import hard_set_name_lists as lists
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hard_set_habits import Habits, Reals, Truths, Whole
from hard_set_places import REGIONS

from matching.names import fold
from matching.reference import rows
from registry.demo.profiles import Region

NOBODY: Final = -1  # no word in this place
BOY, GIRL = 0, 1
KINH: Final = 1
_MARKERS: Final = {  # what stands between or before, by sex, for a boy and a girl
    5: ("", "Thị"), 8: ("A", "Thị"), 11: ("Y", ""), 20: ("Y", ""), 12: ("A", "Y"), 16: ("A", "Y"), 29: ("A", "Y"),
    15: ("", "Ka"), 28: ("", "Ka"), 22: ("Điểu", "Thị"), 10: ("", ""),
}  # fmt: skip
_CLAN_LAST: Final = (11, 20)
_NO_FAMILY: Final = (12, 15, 16, 22, 28, 29)
_MATRILINEAL: Final = (10, 11, 20, 15)
_PREFIXED: Final = {(10, GIRL): "H'", (11, GIRL): "H'", (20, GIRL): "H'", (15, BOY): "K'", (28, BOY): "K'"}
_REGIONAL: Final = {
    Region.NORTH: {"Huỳnh": 0.02, "Võ": 0.1, "Hoàng": 1.7, "Vũ": 2.0, "Phan": 0.5},
    Region.MOUNTAINS: {"Huỳnh": 0.02, "Võ": 0.1, "Hoàng": 1.7, "Vũ": 1.8, "Phan": 0.5},
    Region.CENTRE: {"Huỳnh": 0.4, "Vũ": 0.4, "Hồ": 1.8, "Phan": 1.5, "Đặng": 1.3},
    Region.SOUTH: {"Huỳnh": 1.5, "Võ": 1.5, "Hoàng": 0.4, "Vũ": 0.4},
}


@dataclass(frozen=True, slots=True)
class Words:
    """Some words with their cumulative weights."""

    places: Whole
    bounds: Reals

    def draw(self, rng: np.random.Generator, count: int) -> Whole:
        """Return that many words' places in the vocabulary."""
        chosen = np.searchsorted(self.bounds, rng.random(count) * self.bounds[-1], side="right")
        return np.asarray(self.places[chosen], dtype=np.int64)


@dataclass(slots=True)
class Called:
    """Names of many people: the parts, and whether the clan stands last."""

    family: Whole
    first_middle: Whole
    second_middle: Whole
    given: Whole
    clan_last: Truths

    def of(self, chosen: Whole) -> Called:
        """Return the names of some of them; a negative place gives an empty name."""
        nobody = chosen < 0
        family, first_middle, second_middle, given = (
            np.where(nobody, NOBODY, part[chosen])
            for part in (self.family, self.first_middle, self.second_middle, self.given)
        )
        return Called(family, first_middle, second_middle, given, self.clan_last[chosen] & ~nobody)


class NameBook:
    """The vocabulary of one seed with its weights."""

    def __init__(self, seed: int, habits: Habits) -> None:
        self._rng = np.random.default_rng([seed, 3])
        self._habits = habits
        self.words: list[str] = []
        self._place: dict[str, int] = {}
        self.surnames = [self._surnames(region) for region in REGIONS]
        self.families = self._families()
        self.child_given = self._children_given()
        self.child_middle = [self._list(lists.BOYS_MIDDLE), self._list(lists.GIRLS_MIDDLE)]
        self.adult_given = [self._reference("given_names", "given_name", sex) for sex in ("male", "female")]
        self.adult_middle = [self._reference("middle_names", "middle_name", sex) for sex in ("male", "female")]
        self.group_given = self._group_given()
        self.markers = {
            group: tuple(self.word(text) if text else NOBODY for text in pair) for group, pair in _MARKERS.items()
        }
        self.old_middle = (self.word("Văn"), self.word("Thị"))
        self.alike = [self._alike(words) for words in self.child_given]
        self._texts: pa.Array | None = None

    def word(self, text: str) -> int:
        """Return the place of a word; a new word gets one."""
        if text not in self._place:
            self._place[text] = len(self.words)
            self.words.append(text)
        return self._place[text]

    def _weighted(self, weights: dict[str, float]) -> Words:
        places = np.array([self.word(text) for text in weights], dtype=np.int64)
        fashion = np.exp(self._rng.normal(0, self._habits.fashion, len(places)))
        return Words(places, np.cumsum(np.array(list(weights.values())) * fashion))

    def _list(self, text: str, *, before: str = "") -> Words:
        pairs = (item.partition(":") for item in text.split())
        return self._weighted({before + word: float(weight or 1) for word, _, weight in pairs})

    def _surnames(self, region: Region) -> Words:
        factors = _REGIONAL.get(region, {})
        shares = {row["surname"]: float(row["share"]) * factors.get(row["surname"], 1) for row in rows("surnames")}
        others = sum(share for surname, share in shares.items() if surname != "Nguyễn")
        shares["Nguyễn"] = others * self._habits.nguyen / (1 - self._habits.nguyen)
        words = self._weighted(shares)
        place = list(shares).index("Nguyễn")  # its share is the seed's own, whatever the fashion
        weights = np.diff(words.bounds, prepend=0.0)
        weights[place] = (weights.sum() - weights[place]) * self._habits.nguyen / (1 - self._habits.nguyen)
        return Words(words.places, np.cumsum(weights))

    def _families(self) -> dict[int, Words]:
        codes = {row["name"]: int(row["code"]) for row in rows("ethnic_groups")}
        found = {int(group): self._list(text) for group, text in lists.FAMILIES.items()}
        for row in rows("ethnic_name_patterns"):
            names = [name for name in row["family_or_clan_names"].split(";") if name]
            group = codes[row["ethnic_group"]]
            if names and group not in found:
                found[group] = self._weighted(dict.fromkeys(names, 1.0))
        upland = self._list(lists.UPLAND_FAMILIES)
        return defaultdict(lambda: upland, found)

    def _reference(self, name: str, column: str, sex: str) -> Words:
        return self._weighted({row[column]: float(row["expected_count"]) for row in rows(name) if row["sex"] == sex})

    def _children_given(self) -> list[Words]:
        """Today's fashion, and a tail of names of the parents' time."""
        both = []
        for sex, text in (("male", lists.BOYS_GIVEN), ("female", lists.GIRLS_GIVEN)):
            pairs = [item.partition(":") for item in text.split()]
            weights = {word: float(weight or 1) for word, _, weight in pairs}
            tail = {row["given_name"]: float(row["share"]) for row in rows("given_names") if row["sex"] == sex}
            scale = 0.1 * sum(weights.values()) / sum(tail.values())
            for word, share in tail.items():
                weights[word] = weights.get(word, 0) + scale * share
            both.append(self._weighted(weights))
        return both

    def _group_given(self) -> dict[tuple[int, int], Words]:
        texts = dict.fromkeys(_MARKERS, (lists.HIGHLAND_BOYS, lists.HIGHLAND_GIRLS))
        texts |= {5: (lists.KHMER_BOYS, lists.KHMER_GIRLS), 8: (lists.MONG_BOYS, lists.MONG_GIRLS)}
        return {
            (group, sex): self._list(pair[sex], before=_PREFIXED.get((group, sex), ""))
            for group, pair in texts.items()
            for sex in (BOY, GIRL)
        }

    def _alike(self, words: Words) -> dict[int, Whole]:
        """Given names that sound or look alike: one letter apart when folded, or the same first letters."""
        texts = {int(place): fold(self.words[place]) for place in words.places}
        alike = {}
        for place, text in texts.items():
            close = [
                other
                for other, folded in texts.items()
                if other != place and (folded == text or (folded[0] == text[0] and abs(len(folded) - len(text)) < 2))
            ]
            alike[place] = np.array(close or [place], dtype=np.int64)
        return alike

    def alike_of(self, rng: np.random.Generator, given: Whole, *, sex: Whole) -> Whole:
        """Return for each given name another that is alike; the same where there is none."""
        out = given.copy()
        roll = rng.random(len(given))
        for code in (BOY, GIRL):
            chosen = np.flatnonzero(sex == code)
            for row in chosen:
                close = self.alike[code].get(int(given[row]))
                if close is not None:
                    out[row] = close[int(roll[row] * len(close))]
        return out

    def family(self, rng: np.random.Generator, group: Whole, region: Whole) -> Whole:
        """Return the family or clan name of each person; none where the people has none."""
        out = np.full(len(group), NOBODY, dtype=np.int64)
        for place, words in enumerate(self.surnames):
            chosen = (group == KINH) & (region == place)
            out[chosen] = words.draw(rng, int(chosen.sum()))
        for code in np.unique(group):
            if code != KINH and code not in _NO_FAMILY:
                chosen = group == code
                out[chosen] = self.families[int(code)].draw(rng, int(chosen.sum()))
        return out

    def call(self, rng: np.random.Generator, family: Whole, group: Whole, *, sex: Whole, child: bool) -> Called:
        """Return names for people with these family names."""
        count = len(family)
        none = np.full(count, NOBODY, dtype=np.int64)
        called = Called(family.copy(), none.copy(), none.copy(), none.copy(), np.isin(group, _CLAN_LAST))
        for code in (BOY, GIRL):
            chosen = np.flatnonzero((sex == code) & ~np.isin(group, list(_MARKERS)))
            self._call_plainly(rng, called, chosen, sex=code, child=child, kinh=group[chosen] == KINH)
            for people, pair in self.markers.items():
                chosen = np.flatnonzero((sex == code) & (group == people))
                called.given[chosen] = self.group_given[people, code].draw(rng, len(chosen))
                marker = pair[code] if people != 5 else np.where(rng.random(len(chosen)) < 0.6, pair[code], NOBODY)
                called.first_middle[chosen] = marker
        return called

    def _call_plainly(
        self, rng: np.random.Generator, called: Called, chosen: Whole, *, sex: int, child: bool, kinh: Truths
    ) -> None:
        count = len(chosen)
        middle = (self.child_middle if child else self.adult_middle)[sex]
        called.given[chosen] = (self.child_given if child else self.adult_given)[sex].draw(rng, count)
        first, second = middle.draw(rng, count), middle.draw(rng, count)
        if child:
            first = np.where(~kinh & (rng.random(count) < 0.3), self.old_middle[sex], first)
        roll = rng.random(count)
        none, two = (0.012, 0.31 + 0.22 * sex) if child else (0.02, 0.2)
        second = np.where((roll < two) & (second != first) & (second != called.given[chosen]), second, NOBODY)
        swap = (second == self.old_middle[sex]) & (second != NOBODY)  # this one stands first
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        clash = first == called.given[chosen]
        first = np.where(clash, self.old_middle[sex], first)
        bare = roll > 1 - none
        called.first_middle[chosen] = np.where(bare, NOBODY, first)
        called.second_middle[chosen] = np.where(bare, NOBODY, second)

    def join(self, called: Called) -> pa.Array:
        """Return the names as text, null where there is none."""
        if self._texts is None or len(self._texts) != len(self.words) + 1:
            self._texts = pa.array([*(f"{word} " for word in self.words), ""])
        last = len(self.words)
        clan_last = called.clan_last
        order = (
            np.where(clan_last, called.first_middle, called.family),
            np.where(clan_last, called.given, called.first_middle),
            np.where(clan_last, called.family, called.second_middle),
            np.where(clan_last, NOBODY, called.given),
        )
        parts = [self._texts.take(pa.array(np.where(part < 0, last, part))) for part in order]
        text = pc.utf8_rtrim_whitespace(pc.binary_join_element_wise(*parts, ""))
        return pc.if_else(pa.array(called.given < 0), pa.scalar(None, pa.string()), text)


def inherited(group: Whole, *, father: Whole, mother: Whole) -> Whole:
    """Return the family name of each child: the father's, or the mother's where descent goes by her."""
    by_mother = np.isin(group, _MATRILINEAL)
    first, second = np.where(by_mother, mother, father), np.where(by_mother, father, mother)
    name = np.where(first == NOBODY, second, first)
    return np.where(np.isin(group, _NO_FAMILY), NOBODY, name)
