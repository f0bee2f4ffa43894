"""Decisions: weights, posteriors, and what no probability may decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.decision import Decision, Trait, decide, needs_a_person, posterior, trait_table
from matching.levels import Field, code_of
from tests.matching.people import MODEL

AGREEING = {
    Field.GIVEN: "same",
    Field.SURNAME: "same",
    Field.BIRTH: "exact",
    Field.COMMUNE: "same",
    Field.MOTHER: "same",
}


def row(**changes: str) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    levels = np.zeros((1, len(Field)), dtype=np.int8)
    for field, name in AGREEING.items():
        levels[0, field] = code_of(field, name)
    for field_name, name in changes.items():
        levels[0, Field[field_name.upper()]] = code_of(Field[field_name.upper()], name)
    return levels


def barred(**changes: str) -> bool:
    return bool(needs_a_person(row(**changes), np.array([0, 1]))[0])


@pytest.mark.parametrize(
    ("best", "barred_from_linking", "decision"),
    [
        (0.99, False, Decision.LINK),
        (0.9999, True, Decision.REVIEW),
        (0.98, False, Decision.REVIEW),
        (0.05, False, Decision.REVIEW),
        (0.04, False, Decision.NONE),
        (0.0, True, Decision.NONE),
    ],
)
def test_the_stated_thresholds_decide(best: float, barred_from_linking: bool, decision: Decision) -> None:
    assert decide(best, barred=barred_from_linking, model=MODEL) is decision


def test_what_agrees_needs_no_person() -> None:
    assert not barred()


@pytest.mark.parametrize("level", ["other_marks", "spelling", "near", "different", "plain_near", "plain_different"])
def test_a_name_that_another_child_could_bear_needs_a_person_unless_the_number_agrees(level: str) -> None:
    assert barred(given=level)
    assert not barred(given=level, number="same")


@pytest.mark.parametrize("level", ["typo", "plain_typo", "call_other", "missing"])
def test_a_slip_or_a_nickname_is_left_to_the_probability(level: str) -> None:
    assert not barred(given=level)


@pytest.mark.parametrize("level", ["different", "jan1_different"])
def test_a_birth_date_years_away_needs_a_person_unless_the_number_agrees(level: str) -> None:
    assert barred(birth=level)
    assert not barred(birth=level, number="former")


@pytest.mark.parametrize("level", ["same_year", "near_year", "year_different", "year_digit", "estimate_different"])
def test_a_birth_date_that_may_be_mistyped_is_left_to_the_probability(level: str) -> None:
    assert not barred(birth=level)


@pytest.mark.parametrize("birth", ["different", "same_year", "estimate_different"])
def test_a_number_against_name_and_birth_date_needs_a_person(birth: str) -> None:
    assert barred(number="same", given="different", birth=birth)


def test_a_number_against_the_name_needs_a_person_if_another_candidate_bears_the_name() -> None:
    by_number, by_name = row(number="same", given="different"), row(number="different")
    pairs = np.concatenate([by_number, by_name])
    assert list(needs_a_person(pairs, np.array([0, 2]))) == [True, False]
    assert list(needs_a_person(pairs, np.array([0, 1, 2]))) == [False, False]  # of two records


def test_commune_and_day_link_nobody_without_a_name_or_a_parent() -> None:
    assert barred(given="missing", mother="missing")
    assert barred(given="call_other", mother="different")
    assert not barred(given="missing", mother="missing", father_number="same")


def test_every_level_has_its_traits_at_its_code() -> None:
    table = trait_table(30)
    assert table[Field.NUMBER, code_of(Field.NUMBER, "former")] == Trait.OWN_NUMBER
    assert table[Field.GIVEN, 0] == Trait.NAMELESS
    assert table[Field.GIVEN, code_of(Field.GIVEN, "call_same")] == Trait.SAME_GIVEN
    assert table[Field.BIRTH, code_of(Field.BIRTH, "year_same")] == Trait.BORN
    assert not table[Field.MOTHER, code_of(Field.MOTHER, "given_same")]
    assert not table[Field.SEX].any()


@given(st.lists(st.lists(st.floats(-700, 700), max_size=4), min_size=1, max_size=4))
def test_candidates_and_nobody_share_the_whole_probability(odds: list[list[float]]) -> None:
    starts = np.concatenate([[0], np.cumsum([len(each) for each in odds])]).astype(np.intp)
    flat = np.array([value for each in odds for value in each], dtype=np.float64)
    probability, nobody = posterior(flat, starts)
    for place in range(len(odds)):
        begin, end = starts[place], starts[place + 1]
        assert nobody[place] + probability[begin:end].sum() == pytest.approx(1)


def test_even_odds_are_a_half() -> None:
    probability, nobody = posterior(np.array([0.0]), np.array([0, 1], dtype=np.intp))
    assert (probability[0], nobody[0]) == (0.5, 0.5)
