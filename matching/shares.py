"""Shares: how common each value of each person is, so that agreeing on a rare value says more than on a common one.

They are looked up once a person and written into the person's packed row, a byte each: a share s as -8 log2 s, which
is right to a sixteenth of a bit and reaches down to one in four thousand million.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.frequencies import Frequencies
from matching.hash_counts import HashCounts, Hashes, Longs, Table
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
    Rows,
)
from matching.packed import SHARES as SHARES_AT
from matching.value_counts import (
    COMMUNE,
    ETHNIC_GROUPS,
    ETHNICITY,
    EVERYBODY,
    FATHERS,
    GIVEN,
    GIVEN_MARKED,
    MAJORITY,
    MIDDLE,
    MOTHERS,
    OWN,
    PROVINCE,
    SURNAME,
    YEAR,
    keys_of,
    share_of,
    write_groups,
    write_middles,
)
from matching.vocabulary import NONE, Integers, PlaceTables, SyllableTables, Vocabulary

Bytes = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]


# Which byte each share is written to: that of its place in `weights.SHARES`, without the first, which is 'none'.
_GIVEN: Final = 0
_GIVEN_MARKED: Final = 1
_SURNAME: Final = 2
_MIDDLE: Final = 3
_YEAR: Final = 4
_COMMUNE: Final = 5
_PROVINCE: Final = 6
_ETHNICITY: Final = 7
_MOTHER: Final = 8  # and with marks, and the given name alone
_FATHER: Final = 11
_FATHERS_SURNAME: Final = 14  # where the child has it too: it must not count twice

_BYTES: Final = 16
_BLOCK: Final = 4096  # people looked up at a time
_YEARS: Final = 10_000
_STEPS: Final = 8  # to halve a share
_RAREST: Final = 255


@compiled
def byte_of(bits: float) -> int:
    """Return how rare a value is, as -log2 of its share, as eighths from 0 to 255."""
    return int(min(max(np.floor(0.5 + _STEPS * bits), 0), _RAREST))


class Known(NamedTuple):
    """How rare values are that are looked up by a code: -log2 of their shares among everybody."""

    mothers: Reals  # (3, syllables): given name, given name with marks, surname
    fathers: Reals
    years: Reals
    ethnic: Reals
    communes: Reals  # of places
    provinces: Reals


class Counted(NamedTuple):
    """What was counted, as the loops take it."""

    table: Table
    totals: Longs


@compiled
def _share_in_groups(table: Table, totals: Longs, fact: int, group: int, ethnic: int, value: np.uint64) -> float:
    """Return how common a part of a name is in the group of its bearer or among its people, whichever is more."""
    share = share_of(table, totals, fact, group, value)
    if ethnic in (0, MAJORITY):
        return share
    return max(share, share_of(table, totals, fact, ETHNIC_GROUPS + ethnic, value))


@compiled
def _look_up_names(
    rows: Rows, groups: Longs, middles: Hashes, words: SyllableTables, table: Table, totals: Longs, out: Bytes
) -> None:
    marked, folded = words.hash_marked, words.hash_folded
    for place in range(len(rows)):
        facts, group = rows[place, FACTS], groups[place]
        length, ethnic = facts >> COUNT_SHIFT & 15, facts >> ETHNICITY_SHIFT & 127
        if length == 0:
            continue
        first, last = rows[place, CHILD], rows[place, CHILD + length - 1]
        given = _share_in_groups(table, totals, OWN + GIVEN, group, ethnic, folded[last])
        with_marks = _share_in_groups(table, totals, OWN + GIVEN_MARKED, group, ethnic, marked[last])
        out[place, _GIVEN], out[place, _GIVEN_MARKED] = byte_of(-np.log2(given)), byte_of(-np.log2(with_marks))
        if length > 1:
            surname = _share_in_groups(table, totals, OWN + SURNAME, group, ethnic, folded[first])
            middle = _share_in_groups(table, totals, OWN + MIDDLE, group, ethnic, middles[place])
            out[place, _SURNAME], out[place, _MIDDLE] = byte_of(-np.log2(surname)), byte_of(-np.log2(middle))


@compiled
def _look_up_parents(
    rows: Rows, middles: Hashes, words: SyllableTables, rare: Reals, counts: Counted, fact: int, out: Bytes
) -> None:
    """Write how common the mothers' or fathers' whole names are, with and without marks, and the given names."""
    table, totals = counts.table, counts.totals
    start, shift, byte = (
        (MOTHER, MOTHER_COUNT_SHIFT, _MOTHER) if fact == MOTHERS else (FATHER, FATHER_COUNT_SHIFT, _FATHER)
    )
    for place in range(len(rows)):
        length, ethnic = rows[place, FACTS] >> shift & 15, rows[place, FACTS] >> ETHNICITY_SHIFT & 127
        if length == 0:
            continue
        first, last, rest = rows[place, start], rows[place, start + length - 1], 0.0
        given, marked = rare[0, last], rare[1, last]
        if length > 1:
            surname = rare[2, first]
            middle = -np.log2(_share_in_groups(table, totals, fact + MIDDLE, EVERYBODY, ethnic, middles[place]))
            if ethnic not in (0, MAJORITY):
                own = share_of(table, totals, fact + SURNAME, ETHNIC_GROUPS + ethnic, words.hash_folded[first])
                surname = min(surname, -np.log2(own))
            rest = surname + middle
        if ethnic not in (0, MAJORITY):
            group = ETHNIC_GROUPS + ethnic
            given = min(given, -np.log2(share_of(table, totals, fact + GIVEN, group, words.hash_folded[last])))
            marked = min(marked, -np.log2(share_of(table, totals, fact + GIVEN_MARKED, group, words.hash_marked[last])))
        out[place, byte] = byte_of(rest + given)
        out[place, byte + 1] = byte_of(rest + marked)
        out[place, byte + 2] = byte_of(given)


@compiled
def _look_up_homes(rows: Rows, places: PlaceTables, table: Table, totals: Longs, out: Bytes) -> None:
    """Write how common the homes of minorities are in their ethnic groups, where that is more than among everybody."""
    for place in range(len(rows)):
        ethnic, home = rows[place, FACTS] >> ETHNICITY_SHIFT & 127, rows[place, PLACE]
        if home == NONE or ethnic in (0, MAJORITY):
            continue
        group, together = ETHNIC_GROUPS + ethnic, 0.0
        for commune in places.communes[home]:
            if commune != NONE:
                together += share_of(table, totals, COMMUNE, group, np.uint64(commune))
        if together > 0:
            out[place, _COMMUNE] = min(out[place, _COMMUNE], byte_of(-np.log2(together)))
        if places.province[home] != NONE:
            province = share_of(table, totals, PROVINCE, group, np.uint64(places.province[home]))
            out[place, _PROVINCE] = min(out[place, _PROVINCE], byte_of(-np.log2(province)))


@compiled
def _look_up_others(rows: Rows, known: Known, folded: Integers, out: Bytes) -> None:
    years, ethnic, communes, provinces = known.years, known.ethnic, known.communes, known.provinces
    surnames = known.fathers[2]
    for place in range(len(rows)):
        facts = rows[place, FACTS]
        if rows[place, BIRTH] != 0:
            out[place, _YEAR] = byte_of(years[rows[place, BIRTH] >> 9])
        if facts >> ETHNICITY_SHIFT & 127:
            out[place, _ETHNICITY] = byte_of(ethnic[facts >> ETHNICITY_SHIFT & 127])
        if rows[place, PLACE] != NONE:
            out[place, _COMMUNE] = byte_of(communes[rows[place, PLACE]])
            out[place, _PROVINCE] = byte_of(provinces[rows[place, PLACE]])
        both = facts >> COUNT_SHIFT & 15 > 1 and facts >> FATHER_COUNT_SHIFT & 15 > 1
        if both and folded[rows[place, CHILD]] == folded[rows[place, FATHER]]:
            out[place, _FATHERS_SURNAME] = byte_of(surnames[rows[place, FATHER]])


def _shares_of_everybody(frequencies: Frequencies, fact: int, values: npt.NDArray[Any]) -> Reals:
    counts = HashCounts.of_table(frequencies.table).of(keys_of(fact, EVERYBODY, values.astype(np.uint64)))
    return np.asarray((counts + 0.5) / (frequencies.totals[fact, EVERYBODY] + 1), dtype=np.float64)


def _known(words: SyllableTables, places: PlaceTables, frequencies: Frequencies) -> Known:
    def rare(fact: int, values: npt.NDArray[Any]) -> Reals:
        return np.asarray(-np.log2(_shares_of_everybody(frequencies, fact, values)))

    def of_names(first: int) -> Reals:
        folded, marked = words.hash_folded, words.hash_marked
        return np.stack(
            [rare(first + GIVEN, folded), rare(first + GIVEN_MARKED, marked), rare(first + SURNAME, folded)]
        )

    together = np.zeros(len(places.province))
    for column in places.communes.T:
        together += np.where(column == NONE, 0.0, _shares_of_everybody(frequencies, COMMUNE, column))
    return Known(
        mothers=of_names(MOTHERS),
        fathers=of_names(FATHERS),
        years=rare(YEAR, np.arange(_YEARS)),
        ethnic=rare(ETHNICITY, np.arange(128)),
        communes=-np.log2(np.where(together > 0, together, 1.0)),
        provinces=np.where(places.province == NONE, 0.0, rare(PROVINCE, places.province)),
    )


def look_up_shares(rows: Rows, vocabulary: Vocabulary, frequencies: Frequencies) -> None:
    """Write into `rows`, which are packed with `vocabulary`, how common each value of each person is.

    Byte t - 1 of the words from `packed.SHARES` on belongs to `weights.SHARES[t]`; the one after them to the father's
    surname, where the child has it too. A value that is not known has the share 1.
    """
    words, places = vocabulary.syllables.tables(), vocabulary.places.tables()
    known = _known(words, places, frequencies)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        out = np.zeros((len(block), _BYTES), dtype=np.uint8)
        _look_up(block, (words, places), known, Counted(frequencies.table, frequencies.totals), out)
        block[:, SHARES_AT : SHARES_AT + _BYTES // block.itemsize] = out.view(np.int32)


def _look_up(rows: Rows, tables: tuple[SyllableTables, PlaceTables], known: Known, counts: Counted, out: Bytes) -> None:
    words, places = tables
    groups, middles = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.uint64)
    write_groups(rows, groups)
    write_middles(rows, CHILD, COUNT_SHIFT, words, middles)
    _look_up_names(rows, groups, middles, words, counts.table, counts.totals, out)
    write_middles(rows, MOTHER, MOTHER_COUNT_SHIFT, words, middles)
    _look_up_parents(rows, middles, words, known.mothers, counts, MOTHERS, out)
    write_middles(rows, FATHER, FATHER_COUNT_SHIFT, words, middles)
    _look_up_parents(rows, middles, words, known.fathers, counts, FATHERS, out)
    _look_up_others(rows, known, words.folded, out)
    _look_up_homes(rows, places, counts.table, counts.totals, out)
