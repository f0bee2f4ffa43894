"""Packed rows drawn at random from few values, so that every kind of agreement comes up; they describe nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.identity import Certainty, Scheme, Unit
from matching.packed import (
    BIRTH,
    CHILD_JOINED,
    COUNT_SHIFT,
    ETHNICITY_SHIFT,
    FACTS,
    FORMER,
    JAN1_SHIFT,
    MARKS_SHIFT,
    MOST_FORMER,
    MOST_PARTS,
    NOT_OWN_NUMBER_SHIFT,
    NUMBER,
    OLD_CARD,
    PARENT_YEARS,
    PLACE,
    SEX_SHIFT,
    SHARES,
    TOLERANCE_SHIFT,
    WORDS,
    Packed,
)
from matching.vocabulary import Vocabulary

Rows = npt.NDArray[np.int32]

SYLLABLES = "an ân anh ánh bình binh bính binhh ly lý lí li vân van vna nghiêng nghieng nghiên h khuyennh y krajan"
SYLLABLES += " hbrươngniê hbrươngnie hbrưongnei hbruongniee a ô phươngthanhlongxa phươngthanhlongxan"


def vocabulary() -> Vocabulary:
    """Return a vocabulary of few syllables and places."""
    words = Vocabulary()
    for syllable in SYLLABLES.split():
        words.syllables.code(syllable)
    units = [(("00004",), "01"), (("00007",), "01"), (("00004", "00008"), "01"), (("09000",), "24"), ((), "24")]
    for communes, province in [*units, (("09000",), None)]:
        certainty = Certainty.EXACT if len(communes) == 1 else Certainty.AMBIGUOUS
        words.places.code(
            Unit(code="1", scheme=Scheme.SINCE_2025, certainty=certainty, communes=communes, province=province)
        )
    return words


def _names(chance: np.random.Generator, rows: Rows, codes: int) -> None:
    for role in range(3):
        count = chance.integers(0, MOST_PARTS + 1, len(rows)) % chance.integers(1, MOST_PARTS + 2, len(rows))
        parts = chance.integers(0, codes, (len(rows), MOST_PARTS)) % chance.integers(1, codes + 1, len(rows))[:, None]
        begin = role * MOST_PARTS
        rows[:, begin : begin + MOST_PARTS] = np.where(np.arange(MOST_PARTS) < count[:, None], parts, -1)
        joined = np.where(count[:, None] > 0, chance.integers(1, 4, (len(rows), 2)), 0)
        rows[:, CHILD_JOINED + 2 * role : CHILD_JOINED + 2 * role + 2] = joined
        rows[:, FACTS] |= (count << (COUNT_SHIFT + 4 * role)).astype(np.int32)
        rows[:, FACTS] |= chance.integers(0, 2, len(rows), dtype=np.int32) << (MARKS_SHIFT + role)


def _numbers(chance: np.random.Generator, rows: Rows) -> None:
    first = np.array([1, 10, 1_316, 1_361, 999_999, OLD_CARD + 12, OLD_CARD + 21], dtype=np.int32)
    last = np.array([4_217, 4_271, 4_218, 104_217, 100_000, 999_999, 0], dtype=np.int32)
    for place in range(NUMBER, BIRTH, 2):
        known = chance.random(len(rows)) < 0.8
        rows[:, place] = np.where(known, chance.choice(first, len(rows)), -1)
        rows[:, place + 1] = np.where(known, chance.choice(last, len(rows)), -1)


def _facts(chance: np.random.Generator, rows: Rows, places: int) -> None:
    def draw(below: int) -> Rows:
        return chance.integers(0, below, len(rows), dtype=np.int32)

    rows[:, FACTS] |= draw(3) << SEX_SHIFT | draw(3) << ETHNICITY_SHIFT | draw(2) << NOT_OWN_NUMBER_SHIFT
    rows[:, FACTS] |= (draw(4) == 0) << JAN1_SHIFT | (draw(4) == 0) * draw(3) << TOLERANCE_SHIFT
    year = np.where(draw(6) > 0, chance.choice([2008, 2010, 2016, 2017, 2018, 2026], len(rows)), 0)
    month = np.where((year > 0) & (draw(4) > 0), 1 + draw(3), 0)
    rows[:, BIRTH] = year << 9 | month << 5 | np.where((month > 0) & (draw(4) > 0), 1 + draw(3), 0)
    rows[:, PLACE] = draw(places + 1) - 1
    years = np.where(draw(3) > 0, 1980 + draw(4), 0), np.where(draw(3) > 0, 1980 + draw(4), 0)
    rows[:, PARENT_YEARS] = years[0] | years[1] << 16


def random_people(count: int, words: Vocabulary, seed: int) -> Packed:
    """Return as many rows as asked, packed with `words`."""
    chance = np.random.default_rng(seed)
    rows = np.zeros((count, WORDS), dtype=np.int32)
    _names(chance, rows, len(words.syllables))
    _numbers(chance, rows)
    _facts(chance, rows, len(words.places))
    shares = chance.integers(0, 256, (count, 16), dtype=np.uint8)
    shares[:, 15] = 0
    rows[:, SHARES : SHARES + 4] = shares.view(np.int32)
    rows[:, FORMER] = np.where(chance.random(count) < 0.3, chance.integers(0, 5, count), -1)
    former = chance.choice(np.array([1_000_004_217, 10_004_271, 1_316_104_217, -1]), (5, MOST_FORMER))
    return Packed(rows, former.astype(np.int64))


def random_pairs(records: int, people: int, seed: int) -> tuple[npt.NDArray[np.int64], Rows, Rows]:
    """Return (starts, record, person): up to seven candidates for each record."""
    chance = np.random.default_rng(seed)
    counts = chance.integers(0, 8, records)
    starts = np.concatenate([[0], np.cumsum(counts)])
    record = np.repeat(np.arange(records, dtype=np.int32), counts)
    return starts, record, chance.integers(0, people, len(record), dtype=np.int32)
