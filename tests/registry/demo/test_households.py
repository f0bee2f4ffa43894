"""Families hold together: ages, twins, names, homes and numbers."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.demo.gazetteer import surviving_codes
from registry.demo.households import NEW_UNITS, households
from registry.demo.numbers import century_digit
from registry.demo.people import Household, Person
from tests.registry.demo.conftest import ON

FAMILIES = list(households(11, 3000, on=ON))


def everybody(family: Household) -> list[Person]:
    parents = [family.mother] if family.father is None else [family.mother, family.father]
    return [*parents, *family.children]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), children=st.integers(0, 60))
def test_there_are_exactly_as_many_children_as_asked_for(seed: int, children: int) -> None:
    assert sum(len(family.children) for family in households(seed, children, on=ON)) == children


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), on=st.dates(date(2025, 7, 1), date(2030, 12, 31)))
def test_every_child_is_born_and_younger_than_sixteen(seed: int, on: date) -> None:
    for family in households(seed, 20, on=on):
        for child in family.children:
            assert child.born <= on
            assert child.age_on(on) < 16


def test_a_long_stream_is_not_made_before_it_is_read() -> None:
    first = list(islice(households(1, 1_000_000, on=ON), 3))
    assert [family.index for family in first] == [0, 1, 2]


def test_twins_share_a_birthday_and_the_others_do_not() -> None:
    for family in FAMILIES:
        for child in family.children:
            others = [other for other in family.children if other is not child]
            assert child.twin == (child.born in {other.born for other in others}) or len(others) == 0
            assert child.twin == (child.uid[-1] in "ab")


def test_twins_are_about_as_frequent_as_in_life() -> None:
    twins = sum(child.twin for family in FAMILIES for child in family.children)
    assert 0.012 < twins / 3000 < 0.045


def test_brothers_and_sisters_have_a_name_each() -> None:
    for family in FAMILIES:
        names = Counter(child.called.full for child in family.children)
        assert not names or max(names.values()) == 1


def test_most_brothers_and_sisters_share_the_family_name() -> None:
    shared = [len({child.called.family for child in family.children}) == 1 for family in FAMILIES if family.children]
    assert sum(shared) / len(shared) > 0.97


def test_a_mother_was_grown_when_her_children_were_born() -> None:
    for family in FAMILIES:
        for child in family.children:
            assert 16 <= (child.born - family.mother.born).days / 365.25 < 60


def test_no_number_is_given_twice() -> None:
    people = [person for family in FAMILIES for person in everybody(family)]
    numbers = [person.number for person in people if person.number]
    numbers += [former for person in people for former in person.former_numbers]
    assert len(numbers) == len(set(numbers))


def test_numbers_tell_place_sex_and_year_but_for_a_few() -> None:
    children = [child for family in FAMILIES for child in family.children if child.number]
    fitting = 0
    for child in children:
        assert len(child.number) == 12
        assert child.number.isdigit()
        head = f"{child.birth_province}{century_digit(child.sex, child.born.year)}{child.born.year % 100:02d}"
        fitting += child.number.startswith(head)
    assert 0 < len(children) - fitting < len(children) * 0.01


def test_births_since_the_mergers_are_registered_in_one_of_the_surviving_provinces() -> None:
    surviving = set(surviving_codes().values())
    assert len(surviving) == 34
    late = [child for family in FAMILIES for child in family.children if child.born >= NEW_UNITS]
    assert late
    assert {child.birth_province for child in late} <= surviving


def test_nothing_of_a_person_is_seen_in_a_repr() -> None:
    family = FAMILIES[0]
    shown = repr(family) + repr(family.mother) + repr(family.children)
    assert family.mother.number not in shown
    assert family.mother.called.given not in shown
