"""Value counts: how often each value of each fact occurs in a population, counted on packed rows chunk by chunk.

A value is counted under a 64-bit key made of its fact, its group and the hash of its text, which is the same whatever
vocabulary the rows were packed with; so the counts of several parts of a population can be added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.hash_counts import HashCounts, Hashes, Longs, Table, count, counted, is_full, mix
from matching.packed import (
    BIRTH,
    CHILD,
    COUNT_SHIFT,
    ETHNICITY_SHIFT,
    FACTS,
    FATHER,
    FATHER_COUNT_SHIFT,
    MOTHER,
    MOTHER_COUNT_SHIFT,
    PLACE,
    SEX_SHIFT,
    Rows,
)
from matching.vocabulary import NONE, PlaceTables, SyllableTables, Vocabulary, text_hash, text_power

# Facts by their numbers: four of each name, then the others.
VALUES: Final = (
    *("given", "given_marked", "surname", "middle"),
    *("mother_given", "mother_given_marked", "mother_surname", "mother_middle"),
    *("father_given", "father_given_marked", "father_surname", "father_middle"),
    *("part", "year", "commune", "province", "ethnicity"),
)
OWN: Final = 0
MOTHERS: Final = 4
FATHERS: Final = 8
GIVEN: Final = 0
GIVEN_MARKED: Final = 1
SURNAME: Final = 2
MIDDLE: Final = 3
PART: Final = 12
YEAR: Final = 13
COMMUNE: Final = 14
PROVINCE: Final = 15
ETHNICITY: Final = 16

# Groups by their numbers: everybody, a sex and birth cohort, an ethnic group. Parents' names and homes are counted by
# the child's ethnic group too, but for the majority: a people of few names and few communes shares both, and whoever
# agrees in the ethnic group agrees in these more often than others do.
EVERYBODY: Final = 0
COHORT: Final = 5  # years of birth that share one fashion of names
MAJORITY: Final = 1  # Kinh: their names are everybody's
ETHNIC_GROUPS: Final = 4096  # above the cohorts of the year 9999
GROUPS: Final = ETHNIC_GROUPS + 128

TRUST: Final = 100  # people: a smaller group's frequencies lean on everybody's
MOST_VALUES: Final = 1 << 24  # of all facts and groups; beyond it the rarest are forgotten

_OF_FACT = np.uint64(0xD6E8FEB86659FD93)
_OF_GROUP = np.uint64(0xA0761D6478BD642F)
_SPACE = np.uint64(text_hash(" "))
_SPACE_POWER = np.uint64(text_power(" "))
_NOTHING = np.uint64(0)
_KEYS_OF_A_ROW = 40  # no row has more values to count
_BLOCK = 4096  # rows whose keys are written before they are counted
_YEARS = 10_000
_NEAR_BITS = 14
_NEAR_SHIFT = np.uint64(64 - _NEAR_BITS)


class Near(NamedTuple):
    """Counts that are not in the table yet, at the place that the first bits of a key say."""

    keys: Hashes
    counts: Longs


class Codes(NamedTuple):
    """How often each code was seen."""

    parts: Longs
    years: Longs
    ethnic: Longs
    places: Longs


@compiled
def key_of(fact: int, group: int, value: np.uint64) -> np.uint64:
    """Return the key that a value is counted under."""
    return mix(value + np.uint64(fact) * _OF_FACT + np.uint64(group) * _OF_GROUP)


@compiled
def write_groups(rows: Rows, groups: Longs) -> None:
    """Write the group whose fashion of names a person follows: sex and cohort, or everybody where one is unknown."""
    for place in range(len(rows)):
        sex, birth = rows[place, FACTS] >> SEX_SHIFT & 3, rows[place, BIRTH]
        groups[place] = EVERYBODY if sex == 0 or birth == 0 else (birth >> 9) // COHORT * 2 + sex


@compiled
def write_middles(rows: Rows, start: int, shift: int, words: SyllableTables, middles: Hashes) -> None:
    """Write the hashes of the folded syllables between the first and the last of a name, with spaces between them."""
    powers, hashes = words.power_folded, words.hash_folded
    for place in range(len(rows)):
        value = _NOTHING
        for part in range(start + 1, start + (rows[place, FACTS] >> shift & 15) - 1):
            if part > start + 1:
                value = value * _SPACE_POWER + _SPACE
            code = rows[place, part]
            value = value * powers[code] + hashes[code]
        middles[place] = value


@compiled
def share_of(table: Table, totals: Longs, fact: int, group: int, value: np.uint64) -> float:
    """Return the share of people of `group` who have `value`; a small group leans on everybody, none is 0."""
    overall = (counted(table, key_of(fact, EVERYBODY, value)) + 0.5) / (totals[fact, EVERYBODY] + 1)
    if group == EVERYBODY or totals[fact, group] == 0:
        return float(overall)
    return float((counted(table, key_of(fact, group, value)) + TRUST * overall) / (totals[fact, group] + TRUST))


@compiled
def _write_own_keys(
    rows: Rows, groups: Longs, middles: Hashes, words: SyllableTables, totals: Longs, keys: Hashes
) -> int:
    """Write the keys of the children's own names, in each group that they are in, and return how many these are."""
    marked, folded, filled = words.hash_marked, words.hash_folded, 0
    for place in range(len(rows)):
        length = rows[place, FACTS] >> COUNT_SHIFT & 15
        if length == 0:
            continue
        first, last = rows[place, CHILD], rows[place, CHILD + length - 1]
        ethnic = rows[place, FACTS] >> ETHNICITY_SHIFT & 127
        for turn in range(3):
            group = EVERYBODY if turn == 0 else groups[place] if turn == 1 else ETHNIC_GROUPS + ethnic
            if (turn == 1 and group == EVERYBODY) or (turn == 2 and ethnic == 0):
                continue
            totals[OWN + GIVEN, group] += 1
            keys[filled] = key_of(OWN + GIVEN, group, folded[last])
            keys[filled + 1] = key_of(OWN + GIVEN_MARKED, group, marked[last])
            filled += 2
            if length > 1:
                totals[OWN + SURNAME, group] += 1
                keys[filled] = key_of(OWN + SURNAME, group, folded[first])
                keys[filled + 1] = key_of(OWN + MIDDLE, group, middles[place])
                filled += 2
    return filled


@compiled
def _write_parents_keys(
    rows: Rows, middles: Hashes, words: SyllableTables, totals: Longs, fact: int, keys: Hashes, filled: int
) -> int:
    """Write the keys of the mothers' or fathers' names behind those that are there."""
    marked, folded = words.hash_marked, words.hash_folded
    start, shift = (MOTHER, MOTHER_COUNT_SHIFT) if fact == MOTHERS else (FATHER, FATHER_COUNT_SHIFT)
    for place in range(len(rows)):
        length = rows[place, FACTS] >> shift & 15
        if length == 0:
            continue
        first, last = rows[place, start], rows[place, start + length - 1]
        ethnic = rows[place, FACTS] >> ETHNICITY_SHIFT & 127
        for turn in range(1 if ethnic in (0, MAJORITY) else 2):
            group = EVERYBODY if turn == 0 else ETHNIC_GROUPS + ethnic
            totals[fact + GIVEN, group] += 1
            keys[filled] = key_of(fact + GIVEN, group, folded[last])
            keys[filled + 1] = key_of(fact + GIVEN_MARKED, group, marked[last])
            filled += 2
            if length > 1:
                totals[fact + SURNAME, group] += 1
                keys[filled] = key_of(fact + SURNAME, group, folded[first])
                keys[filled + 1] = key_of(fact + MIDDLE, group, middles[place])
                filled += 2
    return filled


@compiled
def _write_homes_keys(rows: Rows, places: PlaceTables, totals: Longs, keys: Hashes, filled: int) -> int:
    """Write the keys of the homes of minorities, in their ethnic groups, behind those that are there."""
    for place in range(len(rows)):
        ethnic, home = rows[place, FACTS] >> ETHNICITY_SHIFT & 127, rows[place, PLACE]
        if home == NONE or ethnic in (0, MAJORITY):
            continue
        for commune in places.communes[home]:
            if commune != NONE:
                totals[COMMUNE, ETHNIC_GROUPS + ethnic] += 1
                keys[filled] = key_of(COMMUNE, ETHNIC_GROUPS + ethnic, np.uint64(commune))
                filled += 1
        if places.province[home] != NONE:
            totals[PROVINCE, ETHNIC_GROUPS + ethnic] += 1
            keys[filled] = key_of(PROVINCE, ETHNIC_GROUPS + ethnic, np.uint64(places.province[home]))
            filled += 1
    return filled


@compiled
def _count_keys(keys: Hashes, start: int, filled: int, near: Near, table: Table) -> int:
    """Count the keys from `start` on and return the first that found the table full.

    What is counted often is added up in `near`, which fits into the cache nearest to the processor.
    """
    for place in range(start, filled):
        slot = np.int64(keys[place] >> _NEAR_SHIFT)
        if near.keys[slot] != keys[place]:
            if near.counts[slot]:
                if is_full(table, 1):
                    return place
                count(table, near.keys[slot], near.counts[slot])
            near.keys[slot], near.counts[slot] = keys[place], 0
        near.counts[slot] += 1
    return filled


@compiled
def _count_codes(rows: Rows, seen: Codes) -> None:
    """Count the codes of syllables, years, ethnic groups and places, a row of `seen` each."""
    for place in range(len(rows)):
        facts = rows[place, FACTS]
        for start, shift in ((CHILD, COUNT_SHIFT), (MOTHER, MOTHER_COUNT_SHIFT), (FATHER, FATHER_COUNT_SHIFT)):
            for part in range(start, start + (facts >> shift & 15)):
                seen.parts[rows[place, part]] += 1
        if rows[place, BIRTH] != 0:
            seen.years[rows[place, BIRTH] >> 9] += 1
        seen.ethnic[facts >> ETHNICITY_SHIFT & 127] += 1
        if rows[place, PLACE] != NONE:
            seen.places[rows[place, PLACE]] += 1


class ValueCounts:
    """Counts of values, by their keys, and how many values each fact has in each group."""

    def __init__(self, *, most: int = MOST_VALUES) -> None:
        self.people = 0
        self.counts = HashCounts()
        self.totals = np.zeros((len(VALUES), GROUPS), dtype=np.int64)
        self._most = most

    def add(self, rows: Rows, vocabulary: Vocabulary) -> None:
        """Count the values of some people; `rows` are packed with `vocabulary`."""
        words, places = vocabulary.syllables.tables(), vocabulary.places.tables()
        self.people += len(rows)
        near = Near(np.zeros(1 << _NEAR_BITS, dtype=np.uint64), np.zeros(1 << _NEAR_BITS, dtype=np.int64))
        for start in range(0, len(rows), _BLOCK):
            self._add_facts(rows[start : start + _BLOCK], words, places, near)
        self._count(near.keys[near.counts > 0], near.counts[near.counts > 0])
        seen = Codes(
            *(np.zeros(size, dtype=np.int64) for size in (len(words.folded), _YEARS, 128, len(places.province)))
        )
        _count_codes(rows, seen)
        self._add_parts(words, seen.parts)
        self._add_codes(places, seen)
        for first in (OWN, MOTHERS, FATHERS):  # whoever has the one has the other
            self.totals[first + GIVEN_MARKED] = self.totals[first + GIVEN]
            self.totals[first + MIDDLE] = self.totals[first + SURNAME]

    def merge(self, other: ValueCounts) -> None:
        """Add what another census has counted."""
        self.people += other.people
        self.totals += other.totals
        self._count(*other.counts.entries())

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays."""
        keys, counts = self.counts.entries()
        people = np.array(self.people, dtype=np.int64)
        return {"people": people, "value_keys": keys, "value_counts": counts, "totals": self.totals}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> ValueCounts:
        """Return the counts that `arrays` described."""
        values = cls()
        values.people = int(arrays["people"])
        values.counts.add(arrays["value_keys"], arrays["value_counts"])
        values.totals = arrays["totals"]
        return values

    def _add_facts(self, rows: Rows, words: SyllableTables, places: PlaceTables, near: Near) -> None:
        totals, keys = self.totals, np.empty(len(rows) * _KEYS_OF_A_ROW, dtype=np.uint64)
        groups, middles = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.uint64)
        write_groups(rows, groups)
        write_middles(rows, CHILD, COUNT_SHIFT, words, middles)
        filled = _write_own_keys(rows, groups, middles, words, totals, keys)
        write_middles(rows, MOTHER, MOTHER_COUNT_SHIFT, words, middles)
        filled = _write_parents_keys(rows, middles, words, totals, MOTHERS, keys, filled)
        write_middles(rows, FATHER, FATHER_COUNT_SHIFT, words, middles)
        filled = _write_parents_keys(rows, middles, words, totals, FATHERS, keys, filled)
        filled = _write_homes_keys(rows, places, totals, keys, filled)
        start = 0
        while start < filled:
            self._make_room(1)
            start = _count_keys(keys, start, filled, near, self.counts.table)

    def _add_parts(self, words: SyllableTables, parts: Longs) -> None:
        """Count syllables as they are written and, where they have marks, without them."""
        marked = parts > 0
        without = marked & (words.folded != np.arange(len(parts), dtype=np.int32))
        for hashes, chosen in ((words.hash_marked, marked), (words.hash_folded, without)):
            self._add_values(PART, hashes[chosen], parts[chosen])

    def _add_codes(self, places: PlaceTables, seen: Codes) -> None:
        """Count years, ethnic groups and the communes and provinces of places."""
        self._add_values(YEAR, np.flatnonzero(seen.years), seen.years[seen.years > 0])
        ethnic = np.flatnonzero(seen.ethnic[1:]) + 1
        self._add_values(ETHNICITY, ethnic, seen.ethnic[ethnic])
        for fact, codes in ((PROVINCE, places.province), *((COMMUNE, column) for column in places.communes.T)):
            chosen = (codes != NONE) & (seen.places > 0)
            self._add_values(fact, codes[chosen], seen.places[chosen])

    def _add_values(self, fact: int, values: npt.NDArray[Any], counts: Longs) -> None:
        self.totals[fact, EVERYBODY] += counts.sum()
        self._count(keys_of(fact, EVERYBODY, values.astype(np.uint64)), counts)

    def _count(self, keys: Hashes, counts: Longs) -> None:
        self._make_room(len(keys))
        self.counts.add(keys, counts)
        self._make_room(0)

    def _make_room(self, coming: int) -> None:
        """Make room for new values; beyond the limit forget those that were counted least often."""
        least = 1
        while len(self.counts) > self._most:
            self.counts.keep(self.counts.table.counts > least)
            least *= 2
        self.counts.make_room(coming)


@compiled
def _keys_of(fact: int, group: int, values: Hashes, keys: Hashes) -> None:
    for place in range(len(values)):
        keys[place] = key_of(fact, group, values[place])


def keys_of(fact: int, group: int, values: Hashes) -> Hashes:
    """Return the keys that values are counted under."""
    keys = np.zeros(len(values), dtype=np.uint64)
    _keys_of(fact, group, values, keys)
    return keys
