"""Frequencies: shares of values, and what relatives and namesakes share."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.frequencies import Frequencies, group_of
from matching.identity import BirthDate, Certainty, Identity, Scheme, Sex, Unit
from matching.levels import Field, code_of
from matching.shares import ShareTable, shares_of_pairs
from matching.weights import SHARES
from tests.matching.people import MODEL, child, name, parent, unit, village

HER = child()
SISTER = child(name="Đinh Khánh Chi", birth="2017-03-02", number="001317000001")
TWIN = child(name="Đinh Thu Vân", number="001316000002", sex=Sex.MALE)
NAMESAKE = child(mother=parent("Chu Thị Bưởi", number="001190001212"), father=None, unit=unit("00007"))
NEIGHBOUR = replace(NAMESAKE, unit=HER.unit, birth=BirthDate(year=2012, month=4, day=5))


def test_a_common_value_has_the_larger_share() -> None:
    frequencies = Frequencies.counting([HER, SISTER, child(name="Lê Thị Chi")])
    assert frequencies.share("given", "chi") > frequencies.share("given", "van") > frequencies.share("given", "lan") > 0


def test_a_group_leans_on_everybody() -> None:
    people = village()
    frequencies = Frequencies.counting(people)
    boys = [person for person in people if person.sex is Sex.MALE and person.name is not None]
    group = group_of(boys[0])
    assert frequencies.share("given", "zzz", group) < frequencies.share("given", boys[0].name.parts[-1], group)
    assert frequencies.share("given", "an", "no such group") == frequencies.share("given", "an")


def test_the_group_of_a_child_without_sex_or_birth_is_everybody() -> None:
    assert group_of(replace(HER, sex=None)) == group_of(replace(HER, birth=None)) == "all"
    assert group_of(HER) == "female:2015"


def test_siblings_share_what_they_share() -> None:
    siblings = Frequencies.counting([HER, SISTER]).relations["siblings"]
    assert (siblings.pairs, siblings.per_child) == (1, 1.0)
    assert siblings.shared["surname"] == siblings.shared["middle"] == siblings.shared["year_near"] == 1.0
    assert siblings.shared["given"] == siblings.shared["year"] == 0.0


def test_twins_are_counted_apart_from_siblings() -> None:
    relations = Frequencies.counting([HER, TWIN]).relations
    assert (relations["twins"].pairs, relations["siblings"].pairs) == (1, 0)
    assert (relations["twins"].shared["given"], relations["twins"].shared["sex"]) == (1.0, 0.0)


def test_namesakes_are_of_one_day_or_of_one_commune_and_of_other_parents() -> None:
    relations = Frequencies.counting([HER, NAMESAKE, NEIGHBOUR, replace(HER, number=None)]).relations
    assert relations["namesakes"].pairs == 2
    assert relations["neighbours"].pairs == 2
    assert relations["neighbours"].shared["commune"] == 1.0


def test_a_family_too_large_to_be_one_is_not_counted() -> None:
    assert Frequencies.counting([HER] * 30).relations["twins"].pairs == 0


def test_people_without_parents_or_names_are_counted_and_have_no_family() -> None:
    people = [Identity(), Identity(name=name("Vân"), mother=parent(number="001188003311"))]
    frequencies = Frequencies.counting(people)
    assert frequencies.people == 2
    assert frequencies.relations["siblings"].per_child == 0.0


def test_children_of_partly_known_facts_share_the_known_ones() -> None:
    bare = Identity(mother=HER.mother, father=HER.father)
    assert Frequencies.counting([HER, bare]).relations["siblings"].shared == {}


def test_places_that_are_not_known_are_not_counted() -> None:
    unknown = Unit(code="99999", scheme=Scheme.BEFORE_2025, certainty=Certainty.UNKNOWN, communes=(), province=None)
    people = [replace(HER, unit=unknown), replace(HER, unit=unknown, birth=None), replace(HER, unit=None)]
    frequencies = Frequencies.counting(people)
    assert not {"commune", "province"} & set(frequencies.counts)
    table = ShareTable.counting(people, frequencies)
    assert (table.shares[:, SHARES.index("province")] == 1).all()
    assert table.shares[0, SHARES.index("commune")] == 1


def test_a_parent_of_one_word_has_no_surname_to_count() -> None:
    frequencies = Frequencies.counting([replace(HER, mother=parent("Hường"), father=None)])
    assert "mother_surname" not in frequencies.counts
    assert frequencies.share("mother_given", "huong") > 0.5


def test_a_syllable_is_in_use_when_somebody_bears_it_or_a_list_has_it() -> None:
    frequencies = Frequencies.counting([child(name="Rơ Châm H'Wơ")])
    assert frequencies.bears("hwơ")
    assert frequencies.bears("anh")
    assert not frequencies.bears("quố")


def test_a_document_in_json_brings_everything_back() -> None:
    frequencies = Frequencies.counting(village(60))
    again = Frequencies.from_document(json.loads(json.dumps(frequencies.to_document())))
    assert again == frequencies
    assert again.share("surname", "le") == frequencies.share("surname", "le")


def test_nothing_of_a_name_is_in_the_repr() -> None:
    assert "dinh" not in repr(Frequencies.counting([HER]))


@given(st.sampled_from(["given", "surname", "middle", "year", "commune", "nothing"]), st.text(max_size=5))
def test_a_share_is_above_zero_and_at_most_one(fact: str, text: str) -> None:
    assert 0 < Frequencies.counting([HER, SISTER]).share(fact, text) <= 1


def test_the_fathers_surname_counts_once_where_the_child_has_it() -> None:
    people = [HER, child(name="Lê Khánh Vân"), *village()]
    frequencies = Frequencies.counting(people)
    table = ShareTable.counting(people, frequencies)
    levels = [[0] * len(Field), [0] * len(Field)]
    for row in levels:
        row[Field.FATHER] = code_of(Field.FATHER, "plain_same")
        row[Field.SURNAME] = code_of(Field.SURNAME, "same")
    shares = shares_of_pairs(table, np.arange(2), np.array(levels, dtype=np.int8), MODEL)
    surname = frequencies.share("father_surname", "dinh")
    assert shares[0, Field.FATHER] * surname == pytest.approx(shares[1, Field.FATHER])


def test_names_of_a_minority_are_as_common_as_among_its_people() -> None:
    people = [child(name=f"Rơ Châm {given}", ethnicity="10") for given in ("Blưt", "Blưt", "Wơ")] + village()
    table = ShareTable.counting(people, Frequencies.counting(people))
    plain = ShareTable.counting([replace(people[0], ethnicity=None)], Frequencies.counting(people))
    place = SHARES.index("given")
    assert table.shares[0, place] > plain.shares[0, place]


def test_a_person_of_whom_nothing_is_known_has_no_shares() -> None:
    table = ShareTable.counting([Identity(), child(name="Vân", mother=parent("Hường"))], Frequencies.counting([HER]))
    assert (table.shares[0] == 1).all()
    assert table.shares[1, SHARES.index("surname")] == 1
