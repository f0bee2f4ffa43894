"""Families: what relatives and namesakes of a child look like beside its record."""

from __future__ import annotations

import numpy as np
import pytest

from matching.families import FamilyClass, family_classes, measured
from matching.frequencies import RELATIONS, Frequencies, Sharing
from matching.levels import LEVELS, Field, code_of
from matching.weights import RelationPrior
from tests.matching.people import MODEL, village

SIBLINGS, TWINS, NAMESAKES, NEIGHBOURS = family_classes(MODEL, Frequencies.counting([]))


def chance(family: FamilyClass, field: Field, level: str, *, random: float = 0.0) -> float:
    code = code_of(field, level)
    return float(family.own[field, code] + family.random[field, code] * random)


def test_there_is_a_class_for_every_relation() -> None:
    assert len(family_classes(MODEL, Frequencies.counting(village()))) == len(RELATIONS)


@pytest.mark.parametrize("family", [SIBLINGS, TWINS, NAMESAKES, NEIGHBOURS])
def test_every_level_is_possible_in_every_relation(family: FamilyClass) -> None:
    for field, levels in LEVELS.items():
        assert all(chance(family, field, level.name, random=1e-3) > 0 for level in levels)
        assert chance(family, field, "missing") == 1
    assert (family.own >= 0).all()
    assert (family.own <= 1.1).all()


def test_relatives_share_the_parents_and_not_the_given_name() -> None:
    for family in (SIBLINGS, TWINS):
        assert chance(family, Field.MOTHER, "same") > 0.9
        assert chance(family, Field.MOTHER_NUMBER, "same") > 0.9
        assert chance(family, Field.GIVEN, "same") < 0.05


def test_twins_share_the_day_and_siblings_do_not() -> None:
    assert chance(TWINS, Field.BIRTH, "exact") > 0.9
    assert chance(SIBLINGS, Field.BIRTH, "exact") < 0.001


def test_namesakes_share_the_name_and_not_the_parents() -> None:
    for family in (NAMESAKES, NEIGHBOURS):
        assert chance(family, Field.GIVEN, "same") > 0.9
        assert chance(family, Field.MOTHER, "same", random=1e-4) < 0.001
    assert chance(NAMESAKES, Field.BIRTH, "exact") > 0.9
    assert chance(NEIGHBOURS, Field.COMMUNE, "same") > 0.8


def test_a_noisy_age_makes_a_siblings_year_likelier() -> None:
    assert chance(SIBLINGS, Field.BIRTH, "estimate_near") > chance(SIBLINGS, Field.BIRTH, "year_near")


def test_the_more_pairs_are_seen_the_less_the_assumption_counts() -> None:
    prior = RelationPrior(1.0, {"surname": 1.0})
    rates = [measured(prior, Sharing(pairs=n, per_child=0.0, shared={"surname": 0.0}), 20.0) for n in (0, 20, 2000)]
    assert [rate for rate, _ in rates] == pytest.approx([1.0, 0.5, 0.0099], abs=1e-4)
    assert [shares["surname"] for _, shares in rates] == pytest.approx([1.0, 0.5, 0.0099], abs=1e-4)


def test_what_was_not_seen_in_pairs_stays_assumed() -> None:
    prior = RelationPrior(1.0, {"mother": 0.99})
    assert measured(prior, Sharing(pairs=1000, per_child=1.0, shared={}), 20.0)[1]["mother"] == pytest.approx(0.99)


def test_tables_are_of_the_models_shape() -> None:
    assert all(np.shape(family.own) == np.shape(MODEL.m) for family in (SIBLINGS, NAMESAKES))
