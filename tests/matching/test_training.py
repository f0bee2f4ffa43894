"""Training: m follows the damage in the records, without labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matching.frequencies import Frequencies
from matching.identity import Sex
from matching.levels import LEVELS, Field, code_of
from matching.training import estimate
from tests.matching.people import MODEL, village

PEOPLE = village(120)
WRONG_SEX = code_of(Field.SEX, "different")


def test_a_source_that_often_gets_the_sex_wrong_is_found_out() -> None:
    other = {Sex.MALE: Sex.FEMALE, Sex.FEMALE: Sex.MALE}
    records = [
        replace(person, sex=other[person.sex]) if place % 5 == 0 and person.sex else person
        for place, person in enumerate(PEOPLE)
    ]
    candidates = [[place, (place + 1) % len(PEOPLE), (place + 7) % len(PEOPLE)] for place in range(len(PEOPLE))]
    rounds = list(
        estimate(records, PEOPLE, candidates, start=MODEL, frequencies=Frequencies.counting(PEOPLE), prior_pairs=10)
    )
    last = rounds[-1]
    assert last.change < 0.001
    assert last.matches == pytest.approx(len(PEOPLE), rel=0.01)
    assert last.model.m[Field.SEX, WRONG_SEX] == pytest.approx(0.2, abs=0.03)


def test_m_adds_up_to_one_in_every_context() -> None:
    frequencies = Frequencies.counting(PEOPLE)
    rounds = estimate(PEOPLE, PEOPLE, [[n] for n in range(len(PEOPLE))], start=MODEL, frequencies=frequencies, rounds=1)
    model = next(iter(rounds)).model
    for field, levels in LEVELS.items():
        sums: dict[str, float] = {}
        for level in levels:
            sums[level.context] = sums.get(level.context, 0) + float(model.m[field, code_of(field, level.name)])
        assert all(total == pytest.approx(1) for total in sums.values())


def test_the_rounds_end_even_when_m_still_moves() -> None:
    frequencies = Frequencies.counting(PEOPLE)
    candidates = [[n] for n in range(len(PEOPLE))]
    rounds = list(estimate(PEOPLE, PEOPLE, candidates, start=MODEL, frequencies=frequencies, rounds=1))
    assert len(rounds) == 1
