"""Frequencies: shares of values as their definition says, and the document that they are kept in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.frequencies import Frequencies, OtherForm, group_of
from matching.identity import Certainty, Identity, Scheme, Sex, Unit
from tests.matching.counted_by_hand import ByHand, people_of_a_hamlet, values_of
from tests.matching.people import child, parent, village

HER = child()
SISTER = child(name="Đinh Khánh Chi", birth="2017-03-02", number="001317000001")


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


@settings(max_examples=50, deadline=None)
@given(people_of_a_hamlet)
def test_every_share_is_that_of_its_definition(people: Sequence[Identity]) -> None:
    frequencies, by_hand = Frequencies.counting(people), ByHand.of(people)
    values = {value for person in [*people, HER] for value in values_of(person)}
    for fact, group, text in values:
        assert frequencies.share(fact, text, group) == pytest.approx(by_hand.share(fact, text, group))
    for fact in {fact for fact, _, _ in values}:
        assert frequencies.counted(fact) == by_hand.sums[fact, "all"]


def test_places_that_are_not_known_are_not_counted() -> None:
    unknown = Unit(code="99999", scheme=Scheme.BEFORE_2025, certainty=Certainty.UNKNOWN, communes=(), province=None)
    people = [replace(HER, unit=unknown), replace(HER, unit=unknown, birth=None), replace(HER, unit=None)]
    frequencies = Frequencies.counting(people)
    assert frequencies.counted("commune") == frequencies.counted("province") == 0


def test_a_parent_of_one_word_has_no_surname_to_count() -> None:
    frequencies = Frequencies.counting([replace(HER, mother=parent("Hường"), father=None)])
    assert frequencies.counted("mother_surname") == 0
    assert frequencies.share("mother_given", "huong") > 0.5


def test_a_syllable_is_in_use_when_somebody_bears_it_or_a_list_has_it() -> None:
    frequencies = Frequencies.counting([child(name="Rơ Châm H'Wơ", mother=parent("Kpă Brưl"))])
    for part in ("hwơ", "hwo", "brưl", "anh"):
        assert frequencies.bears(part)
    assert not frequencies.bears("quố")


def test_a_document_in_json_brings_everything_back() -> None:
    frequencies = Frequencies.counting(village(60))
    document = json.loads(json.dumps(frequencies.to_document()))
    again = Frequencies.from_document(document)
    assert again.to_document() == document
    assert (again.people, again.relations) == (60, frequencies.relations)
    assert again.share("surname", "le", "male:2015") == frequencies.share("surname", "le", "male:2015")
    assert again.bears("oanh")


def test_a_document_of_another_form_is_refused() -> None:
    with pytest.raises(OtherForm, match="load the population again"):
        Frequencies.from_document({"people": 3, "counts": {}, "relations": {}})


def test_no_part_of_a_name_is_in_the_document_or_the_repr() -> None:
    frequencies = Frequencies.counting([HER])
    assert "dinh" not in json.dumps(frequencies.to_document())
    assert "dinh" not in repr(frequencies)


@settings(deadline=None)
@given(
    st.sampled_from(["given", "surname", "middle", "year", "commune", "nothing"]),
    st.text(max_size=5),
    st.sampled_from(["all", "eth:10", "eth:9999", "male:2015", "female:x", "male:99999", "nobody:7"]),
)
def test_a_share_is_above_zero_and_at_most_one(fact: str, text: str, group: str) -> None:
    assert 0 < Frequencies.counting([HER, SISTER]).share(fact, text, group) <= 1


def test_nobody_has_frequencies_too() -> None:
    frequencies = Frequencies.counting([])
    assert frequencies.people == 0
    assert frequencies.share("given", "an") == 0.5
    assert all(sharing.pairs == 0 and sharing.per_child == 0 for sharing in frequencies.relations.values())
