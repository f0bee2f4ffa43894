"""Relatives: rates and shares of siblings, twins and namesakes against all pairs, and in samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from matching.census import Census
from matching.frequencies import Frequencies, Sharing
from matching.identity import BirthDate, Identity, Sex
from matching.packed import pack
from matching.vocabulary import Vocabulary
from tests.matching.counted_by_hand import pairs_by_hand, people_of_a_hamlet
from tests.matching.people import child, name, parent, unit, village

HER = child()
SISTER = child(name="Đinh Khánh Chi", birth="2017-03-02", number="001317000001")
TWIN = child(name="Đinh Thu Vân", number="001316000002", sex=Sex.MALE)
NAMESAKE = child(
    number="001316000003", mother=parent("Chu Thị Bưởi", number="001190001212"), father=None, unit=unit("00007")
)
NEIGHBOUR = replace(NAMESAKE, number="001312000004", unit=HER.unit, birth=BirthDate(year=2012, month=4, day=5))


def relations_of(people: Sequence[Identity]) -> dict[str, Sharing]:
    return dict(Frequencies.counting(people).relations)


def without_numbers(person: Identity) -> Identity:
    parents = {
        role: replace(known, number=None)
        for role in ("mother", "father")
        if (known := getattr(person, role)) is not None
    }
    return replace(person, number=None, **parents)


def test_siblings_share_what_they_share() -> None:
    siblings = relations_of([HER, SISTER])["siblings"]
    assert (siblings.pairs, siblings.per_child) == (1, 1.0)
    assert siblings.shared["surname"] == siblings.shared["middle"] == siblings.shared["year_near"] == 1.0
    assert siblings.shared["given"] == siblings.shared["year"] == siblings.shared["given_near"] == 0.0


def test_twins_are_counted_apart_from_siblings() -> None:
    relations = relations_of([HER, TWIN])
    assert (relations["twins"].pairs, relations["siblings"].pairs) == (1, 0)
    assert (relations["twins"].shared["given"], relations["twins"].shared["sex"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("Đinh Khánh Vân", "given"),
        ("Đinh Khánh Vấn", "given_folded"),
        ("Đinh Khánh Văng", "given_near"),
        ("Đinh Khánh Vna", "given_near"),
        ("Đinh Khánh An", "given_near"),
        ("Đinh Khánh Vinh", ""),
        ("Đinh Thu Khánh Vy", "middle_part"),
    ],
)
def test_given_and_middle_names_of_siblings_are_alike_in_steps(written: str, fact: str) -> None:
    shared = relations_of([HER, replace(SISTER, name=name(written))])["siblings"].shared
    steps = ("given", "given_folded", "given_near", "middle_part")
    assert {step for step in steps if shared[step] == 1} == ({fact} if fact else set())


def test_namesakes_are_of_one_day_or_of_one_commune_and_of_other_parents() -> None:
    relations = relations_of([HER, NAMESAKE, NEIGHBOUR, replace(HER, number="001316000005")])
    assert relations["namesakes"].pairs == 2
    assert relations["neighbours"].pairs == 2
    assert relations["neighbours"].shared["commune"] == 1.0


def test_one_child_under_one_number_twice_is_no_relative_of_itself() -> None:
    again = replace(HER, mother=NAMESAKE.mother, father=None)
    assert all(sharing.pairs == 0 for sharing in relations_of([HER, HER, again]).values())


def test_one_child_twice_without_a_number_is_no_twin() -> None:
    bare = without_numbers(HER)
    slip = replace(bare, name=name("Đinh Khánh Vâm"))
    assert all(sharing.pairs == 0 for sharing in relations_of([bare, bare, slip]).values())


def test_a_family_too_large_to_be_one_is_not_counted() -> None:
    people = [replace(HER, number=f"0013160001{n:02d}") for n in range(30)]
    twins = relations_of(people)["twins"]
    assert (twins.pairs, twins.per_child) == (0, 0.0)


def test_of_many_namesakes_some_stand_for_all() -> None:
    people = [
        replace(NAMESAKE, number=f"0013160001{n:02d}", mother=parent(number=f"0011900012{n:02d}")) for n in range(60)
    ]
    namesakes = relations_of(people)["namesakes"]
    assert namesakes.pairs == 190
    assert namesakes.per_child == pytest.approx(59)


def test_people_without_parents_or_names_are_counted_and_have_no_family() -> None:
    people = [Identity(), Identity(name=name("Vân"), mother=parent(number="001188003311"))]
    frequencies = Frequencies.counting(people)
    assert frequencies.people == 2
    assert frequencies.relations["siblings"].per_child == 0.0


def test_children_of_partly_known_facts_share_the_known_ones() -> None:
    bare = Identity(mother=HER.mother, father=HER.father, number="001316000009")
    assert relations_of([HER, bare])["siblings"].shared == {}


@settings(max_examples=60, deadline=None)
@given(people_of_a_hamlet)
def test_rates_and_pairs_are_those_of_all_pairs(people: Sequence[Identity]) -> None:
    families = [person for person in people if all(x and x.number for x in (person.mother, person.father))]
    by_hand, relations = pairs_by_hand(families), relations_of(families)
    assert {name: sharing.pairs for name, sharing in relations.items()} == {
        name: len(pairs) for name, pairs in by_hand.items()
    }
    for relation in ("siblings", "twins"):
        expected = 2 * len(by_hand[relation]) / len(families) if families else 0.0
        assert relations[relation].per_child == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(people_of_a_hamlet)
def test_what_is_shared_is_what_the_pairs_share(people: Sequence[Identity]) -> None:
    relations = relations_of(people)
    for relation, pairs in pairs_by_hand(people).items():
        sexes = [a.sex is b.sex for a, b in pairs if a.sex and b.sex]
        years = [abs(a.birth.year - b.birth.year) for a, b in pairs if a.birth and b.birth]
        if relation in {"namesakes", "neighbours"} or relations[relation].pairs == len(pairs):
            shared = relations[relation].shared
            assert shared.get("sex", 0) == pytest.approx(sum(sexes) / len(sexes) if sexes else 0)
            assert shared.get("year_near", 0) == pytest.approx(years.count(1) / len(years) if years else 0)


def test_adults_have_no_part_in_the_rates_of_children() -> None:
    couples = [
        replace(person, birth=BirthDate(year=person.birth.year - 30, month=1, day=2), number=f"0010800{n:05d}")
        for n, person in enumerate(village(200))
        if person.birth is not None
    ]
    alone, together = relations_of(village(200)), relations_of([*village(200), *couples])
    assert together == alone


def test_a_year_that_is_a_slip_of_the_pen_does_not_end_childhood() -> None:
    slip = replace(HER, birth=BirthDate(year=2099, month=1, day=2), mother=None, father=None)
    people = village(3_000)
    assert relations_of([*people, slip])["siblings"].pairs == relations_of(people)["siblings"].pairs > 0


def test_families_without_numbers_are_found_by_rare_names_of_both_parents() -> None:
    people = [without_numbers(person) for person in village(400)]
    rare = [
        replace(
            person,
            mother=parent(f"Kpă {'bcdghklm'[n // 2 % 8]}{'aeiou'[n // 16 % 5]}n Hờ{'aeiou'[n // 80]}"),
        )
        for n, person in enumerate(people)
    ]
    siblings = relations_of(rare)["siblings"]
    assert siblings.per_child == pytest.approx(relations_of(village(400))["siblings"].per_child, abs=0.05)
    assert not {"commune", "province"} & set(siblings.shared)
    assert "given" not in siblings.shared
    assert siblings.shared["surname"] == 1.0


def test_common_names_of_parents_make_no_family() -> None:
    couple = {"mother": parent("Nguyễn Thị Lan"), "father": parent("Nguyễn Văn Hùng")}
    people = [replace(without_numbers(person), **couple) for person in village(400)]
    assert relations_of(people)["siblings"].pairs == 0


def test_births_three_months_apart_are_not_of_one_mother() -> None:
    strangers = [without_numbers(person) for person in village(400)]
    sister = without_numbers(SISTER)
    for born, pairs in (("2016-10-20", 0), ("2017-10-20", 1)):
        relatives = [without_numbers(HER), replace(sister, birth=child(birth=born).birth)]
        apart = [replace(person, unit=unit("00009")) for person in strangers]
        assert relations_of([*apart, *relatives])["siblings"].pairs - relations_of(apart)["siblings"].pairs == pairs


def counted(people: Sequence[Identity], *, sample: int) -> dict[str, Sharing]:
    census = Census(Vocabulary(), sample=sample)
    census.add(pack(people, census.vocabulary).rows)
    return dict(census.finish().relations)


def families(number: int) -> list[Identity]:
    """Return the children of invented couples: one to four a couple, one in thirty of them with a twin."""
    draw, givens = np.random.default_rng(11), ("An", "Ân", "Anh", "Bình", "Chi", "Hà", "Khoa", "Lan", "Linh", "Nam")
    people = []
    for family in range(number):
        births = 2011 + np.cumsum(draw.integers(1, 4, draw.integers(1, 5)))
        middle, home = draw.choice(["Thị", "Minh", "Gia"]), unit(f"{draw.integers(100, 200):05d}")
        for year in np.repeat(births, 1 + (draw.random(len(births)) < 1 / 30)):
            people.append(
                child(
                    name=f"{draw.choice(['Lê', 'Trần'])} {middle} {draw.choice(givens)}",
                    birth=f"{year}-{1 + family % 12:02d}-0{1 + year % 9}",
                    sex=Sex(str(draw.choice(["male", "female"]))),
                    number=f"0012{len(people):08d}",
                    unit=home,
                    mother=parent("Lý Thị Mai", number=f"0011850{family:05d}"),
                    father=parent("Lê Văn An", number=f"0010830{family:05d}"),
                )
            )
    return people


@pytest.mark.slow
def test_a_sample_comes_close_to_the_whole() -> None:
    people = families(3_000)
    whole, sampled = relations_of(people), counted(people, sample=2_000)
    for relation in ("siblings", "twins", "neighbours"):
        exact, estimate = whole[relation], sampled[relation]
        assert 0 < estimate.pairs < exact.pairs / 2
        assert estimate.per_child == pytest.approx(exact.per_child, rel=0.3)
        for fact, share in estimate.shared.items():
            assert share == pytest.approx(exact.shared[fact], abs=0.12 if relation == "twins" else 0.05)
