"""Shares: the bytes of a person's row against their definition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.packed import SHARES as SHARES_AT
from matching.packed import pack
from matching.shares import byte_of, look_up_shares
from matching.vocabulary import Vocabulary
from matching.weights import SHARES
from tests.matching.counted_by_hand import ByHand, people_of_a_hamlet
from tests.matching.people import child, parent, village

NAMES = (*SHARES[1:], "fathers_surname", "")


def bytes_of(
    people: Sequence[Identity], population: Sequence[Identity]
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    vocabulary = Vocabulary()
    rows = pack(people, vocabulary).rows
    look_up_shares(rows, vocabulary, Frequencies.counting(population))
    return np.ascontiguousarray(rows[:, SHARES_AT : SHARES_AT + 4]).view(np.uint8)


def test_there_are_sixteen_bytes_for_all_shares() -> None:
    assert len(NAMES) == 16


@settings(max_examples=50, deadline=None)
@given(people_of_a_hamlet)
def test_the_bytes_are_the_shares_of_their_definition(people: Sequence[Identity]) -> None:
    by_hand = ByHand.of(people)
    for row, person in zip(bytes_of(people, people), people, strict=True):
        shares = by_hand.shares_of(person)
        for name, byte in zip(NAMES, row, strict=True):
            exact = -8 * math.log2(shares.get(name, 1.0))
            assert abs(byte - max(exact, 0)) <= 0.5 + 1e-9


def test_a_byte_halves_a_share_in_eight_steps() -> None:
    assert [byte_of(bits) for bits in (-0.4, 0.0, 1.0, 2.0, 31.0, 66.0)] == [0, 0, 8, 16, 248, 255]


def test_shares_are_looked_up_anew() -> None:
    vocabulary = Vocabulary()
    rows = pack([child()], vocabulary).rows
    look_up_shares(rows, vocabulary, Frequencies.counting([child()]))
    once = rows.copy()
    look_up_shares(rows, vocabulary, Frequencies.counting([child()]))
    assert (rows == once).all()


def test_only_the_words_of_the_shares_are_written() -> None:
    vocabulary = Vocabulary()
    rows = pack(village(20), vocabulary).rows
    before = rows.copy()
    look_up_shares(rows, vocabulary, Frequencies.counting(village(20)))
    changed = np.flatnonzero((rows != before).any(axis=0))
    assert {SHARES_AT, SHARES_AT + 1, SHARES_AT + 2, SHARES_AT + 3} >= set(changed.tolist())


def test_names_of_a_minority_are_as_common_as_among_its_people() -> None:
    people = [child(name=f"Rơ Châm {given}", ethnicity="10") for given in ("Blưt", "Blưt", "Wơ")] + village()
    among_its_people, among_all = bytes_of([people[0], replace(people[0], ethnicity=None)], people)
    place = NAMES.index("given")
    assert among_its_people[place] < among_all[place]


def test_a_person_of_whom_nothing_is_known_has_no_shares() -> None:
    nobody, short = bytes_of([Identity(), child(name="Vân", mother=parent("Hường"))], [child()])
    assert not nobody.any()
    assert short[NAMES.index("surname")] == 0
    assert short[NAMES.index("given")] > 0


def test_every_syllable_of_a_vocabulary_is_in_use_or_not() -> None:
    vocabulary = Vocabulary()
    codes = {text: vocabulary.syllables.code(text) for text in ("vân", "quố", "anh", "đinh")}
    borne = Frequencies.counting([child()]).borne(vocabulary.syllables.tables().hash_marked)
    assert len(borne) == len(vocabulary.syllables)
    assert {text: bool(borne[code]) for text, code in codes.items()} == {
        "vân": True,
        "quố": False,
        "anh": True,
        "đinh": True,
    }
