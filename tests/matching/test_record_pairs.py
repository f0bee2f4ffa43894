"""Pairs of records: judged alone, from either end alike, with a prior that falls as more are compared."""

from __future__ import annotations

from typing import Any

import pytest

from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.record_pairs import PairScore, score_pairs
from tests.matching.people import MODEL, child, parent, village

FREQUENCIES = Frequencies.counting(village())


def score(one: Identity, other: Identity, *, compared: int = 500) -> PairScore:
    """Return what one pair comes to."""
    (found,) = score_pairs([one, other], [(0, 1)], model=MODEL, frequencies=FREQUENCIES, compared=compared)
    return found


def without_number(**changes: Any) -> Identity:
    """Return the girl as a source without numbers knows her."""
    return child(**{"number": None, "mother": parent("Tạ Thị Hường"), "father": None, **changes})


def test_two_records_of_one_child_are_sure_and_say_why() -> None:
    found = score(without_number(), without_number(father=parent("Đinh Công Lực")))
    assert found.probability > MODEL.link
    assert not found.held
    assert {"given", "birth", "mother"} <= {line.field for line in found.evidence}


def test_two_children_of_one_mother_are_not_one() -> None:
    sister = without_number(name="Đinh Khánh Ngân", birth="2013-02-11")
    assert score(without_number(), sister).probability < MODEL.review


def test_strangers_are_not_one() -> None:
    found = score(without_number(), village()[3])
    assert (found.probability, found.held, found.evidence) == (0.0, False, ())


def test_a_twin_is_never_joined_without_a_person() -> None:
    found = score(without_number(), without_number(name="Đinh Khánh Vy"))
    assert found.held or found.probability < MODEL.link


@pytest.mark.parametrize("name", ["Vân", "Đinh Khánh Vân", "Dinh Khanh Van"])
def test_it_does_not_matter_which_record_comes_first(name: str) -> None:
    one, other = without_number(name=name), without_number(father=parent("Đinh Công Lực"))
    assert score(one, other) == score(other, one)


def test_more_records_compared_make_a_pair_less_sure_by_their_number() -> None:
    one = other = without_number(mother=None, birth="2016", name="An", unit=None)
    few, many = score(one, other, compared=50), score(one, other, compared=5000)
    odds = [found.probability / (1 - found.probability) for found in (few, many)]
    assert odds[0] > 5 * odds[1]


def test_two_nicknames_are_held_for_a_person_however_sure() -> None:
    nickname = without_number(name="Vân", father=parent("Đinh Công Lực"))
    found = score(nickname, nickname)
    assert found.probability > MODEL.link
    assert found.held


def test_a_number_that_agrees_frees_two_nicknames() -> None:
    nickname = child(name="Vân", father=None)
    found = score(nickname, nickname)
    assert found.probability > MODEL.link
    assert not found.held


def test_several_records_of_one_child_do_not_compete() -> None:
    records = [without_number(), without_number(), child(father=None)]
    found = score_pairs(records, [(0, 1), (0, 2), (1, 2)], model=MODEL, frequencies=FREQUENCIES, compared=500)
    assert all(one.probability > MODEL.link for one in found)


def test_no_pairs_are_no_scores() -> None:
    assert score_pairs([], [], model=MODEL, frequencies=FREQUENCIES, compared=0) == []
