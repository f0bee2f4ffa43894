"""The hard cases of linking children, and what must hold for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import kernel
from matching.blocking import block_keys
from matching.frequencies import Frequencies
from matching.identity import BirthDate, Identity, Sex
from matching.kernel import Tables
from matching.linkage import Decision, Linker, RecordOutcome, evidence_of, link_records
from matching.packed import Packed, pack
from matching.shares import look_up_shares
from matching.vocabulary import Vocabulary
from tests.matching.people import MODEL, child, link_one, name, parent, unit, village

HER = child()
TWIN = child(name="Đinh Khánh Vi", number="001316009988")
SISTER = child(name="Đinh Thu Trang", birth="2013-03-02", number="001313007766")


def level(outcome: RecordOutcome, field: str) -> str:
    return next(line.level for line in outcome.candidates[0].evidence if line.field == field)


def test_a_full_description_is_linked() -> None:
    outcome = link_one(HER, HER, TWIN, SISTER)
    assert (outcome.decision, outcome.candidates[0].person) == (Decision.LINK, 0)


def test_a_description_without_number_is_linked_beside_the_twin() -> None:
    outcome = link_one(replace(HER, number=None), HER, TWIN, SISTER)
    assert (outcome.decision, outcome.candidates[0].person) == (Decision.LINK, 0)


@pytest.mark.parametrize("other", ["Đinh Khánh Vi", "Đinh Khánh Văn", "Đinh Khánh Lan", "Đinh Thu Vân Anh"])
def test_a_child_absent_from_the_population_is_not_linked_to_the_twin(other: str) -> None:
    outcome = link_one(replace(HER, number=None, name=name(other)), HER)
    assert outcome.decision is not Decision.LINK


def test_a_twin_named_by_another_spelling_of_the_same_sound_is_not_linked() -> None:
    outcome = link_one(child(name="Đinh Khánh Vy", number=None), TWIN)
    assert outcome.decision is not Decision.LINK


def test_a_sibling_is_not_linked_to_a_sibling() -> None:
    outcome = link_one(replace(SISTER, number=None), HER)
    assert outcome.decision is Decision.NONE


def test_a_sibling_whose_name_was_swapped_with_the_sisters_goes_to_a_person() -> None:
    outcome = link_one(replace(HER, number=None, name=SISTER.name), HER, SISTER)
    assert outcome.decision is not Decision.LINK


def test_a_twin_who_was_given_the_number_of_the_other_goes_to_a_person() -> None:
    outcome = link_one(replace(HER, number=TWIN.number), HER, TWIN)
    assert outcome.decision is Decision.REVIEW


def test_namesakes_of_one_day_and_commune_are_told_apart_by_their_parents() -> None:
    namesake = child(
        number="001316001199",
        mother=parent("Chu Thị Bưởi", number="001190001212"),
        father=parent("Đinh Văn Sáng", number="001088003434"),
    )
    record = replace(HER, number=None, mother=parent("Tạ Thị Hường"), father=parent("Đinh Công Lực"))
    outcome = link_one(record, namesake, HER)
    assert (outcome.decision, outcome.candidates[0].person) == (Decision.LINK, 1)


def test_namesakes_of_one_day_and_commune_go_to_a_person_when_nothing_tells_them_apart() -> None:
    namesake = child(number="001316001199", mother=None, father=None)
    outcome = link_one(replace(HER, number=None, mother=None, father=None), namesake, HER)
    assert outcome.decision is Decision.REVIEW
    assert len(outcome.candidates) == 2


def test_a_parents_number_typed_for_the_child_does_not_hinder_the_link() -> None:
    outcome = link_one(replace(HER, number="001188003311", mother=parent("Tạ Thị Hường")), HER)
    assert (outcome.decision, level(outcome, "number")) == (Decision.LINK, "of_parent")


def test_a_parents_number_unknown_to_the_population_says_nothing() -> None:
    person = replace(HER, mother=parent("Tạ Thị Hường"), father=None)
    outcome = link_one(replace(HER, number="001188003311", father=None), person)
    assert outcome.decision is Decision.LINK
    assert all(line.field != "number" for line in outcome.candidates[0].evidence)


def test_a_replaced_number_links() -> None:
    person = replace(HER, number="001317555555", former_numbers=("001316004217",))
    outcome = link_one(HER, person)
    assert (outcome.decision, level(outcome, "number")) == (Decision.LINK, "former")


@pytest.mark.parametrize(("typed", "seen"), [("001316004271", "transposed"), ("001316004218", "one_digit")])
def test_a_slip_in_the_number_links(typed: str, seen: str) -> None:
    outcome = link_one(replace(HER, number=typed), HER)
    assert (outcome.decision, level(outcome, "number")) == (Decision.LINK, seen)


def test_a_number_alone_never_links_against_name_and_birth_date() -> None:
    record = child(name="Lê Quốc Hưng", sex=Sex.MALE, birth="2012-01-30", mother=None, father=None)
    assert link_one(record, HER).decision is not Decision.LINK


def test_a_newborn_named_after_the_mother_is_linked_through_her() -> None:
    record = Identity(
        name=name("Con bà Tạ Thị Hường"),
        sex=Sex.FEMALE,
        birth=BirthDate(year=2016, month=7, day=19),
        unit=unit("00004"),
    )
    outcome = link_one(record, HER, SISTER)
    assert (outcome.decision, level(outcome, "mother")) == (Decision.LINK, "same")


def test_a_newborn_who_may_be_either_twin_goes_to_a_person() -> None:
    record = Identity(
        name=name("CB Tạ Thị Hường"), sex=Sex.FEMALE, birth=BirthDate(year=2016, month=7, day=19), unit=unit("00004")
    )
    outcome = link_one(record, HER, TWIN)
    assert outcome.decision is Decision.REVIEW
    assert {found.person for found in outcome.candidates} == {0, 1}


def test_an_estimated_age_is_enough_beside_name_parents_and_commune() -> None:
    record = replace(HER, number=None, birth=BirthDate(year=2017, tolerance_years=1))
    outcome = link_one(record, HER, SISTER)
    assert (outcome.decision, level(outcome, "birth")) == (Decision.LINK, "estimate_near")


def test_a_birth_year_is_enough_beside_name_parents_and_commune() -> None:
    outcome = link_one(replace(HER, number=None, birth=BirthDate(year=2016)), HER, SISTER)
    assert (outcome.decision, level(outcome, "birth")) == (Decision.LINK, "year_same")


def test_a_nickname_is_no_other_name() -> None:
    outcome = link_one(child(name="Mít", number=None), HER, SISTER)
    assert level(outcome, "given") == "call_other"
    assert outcome.candidates[0].person == 0
    assert outcome.decision is Decision.LINK


def test_a_nickname_with_an_estimated_age_alone_is_not_linked() -> None:
    record = Identity(name=name("Mít"), birth=BirthDate(year=2016, tolerance_years=1), unit=unit("00004"))
    assert link_one(record, HER, SISTER).decision is not Decision.LINK


def test_the_given_name_alone_is_told_from_the_sisters() -> None:
    outcome = link_one(child(name="Vân", number=None), HER, SISTER)
    assert (outcome.decision, outcome.candidates[0].person) == (Decision.LINK, 0)


def test_who_was_said_not_to_be_the_child_takes_no_part() -> None:
    outcome = link_one(HER, HER, TWIN, apart=frozenset({0}))
    assert outcome.decision is not Decision.LINK
    assert all(found.person != 0 for found in outcome.candidates)


def test_without_candidates_nobody_is_certain() -> None:
    outcome = link_one(HER)
    assert outcome == RecordOutcome(decision=Decision.NONE, nobody=1.0, candidates=())


def test_nothing_to_link_gives_nothing() -> None:
    assert link_records([], [], [], model=MODEL, frequencies=Frequencies.counting([])) == []


def test_two_empty_descriptions_are_not_linked() -> None:
    outcomes = link_records([Identity()], [Identity()], [[0]], model=MODEL, frequencies=Frequencies.counting([]))
    assert outcomes[0].decision is not Decision.LINK


def test_evidence_adds_up_to_the_bits_of_the_candidate() -> None:
    found = link_one(HER, HER, SISTER).candidates[0]
    assert sum(line.bits for line in found.evidence) == pytest.approx(found.bits)


def test_one_record_and_many_give_the_same_outcome() -> None:
    people = village(60)
    records = [replace(person, number=None) for person in people]
    keys = [set(block_keys(person)) for person in people]
    candidates = [[j for j, theirs in enumerate(keys) if theirs & set(block_keys(record))] for record in records]
    frequencies = Frequencies.counting(people)
    together = link_records(records, people, candidates, model=MODEL, frequencies=frequencies)
    for record, near, outcome in zip(records, candidates, together, strict=True):
        alone = link_records([record], people, [near], model=MODEL, frequencies=frequencies)
        assert alone == [outcome]
    assert sum(outcome.decision is Decision.LINK for outcome in together) > 50


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)), st.sets(st.sampled_from(["number", "birth", "unit", "mother", "father", "sex"])))
def test_the_order_of_candidates_changes_nothing_and_probabilities_add_up(order: list[int], lost: set[str]) -> None:
    people = [HER, TWIN, SISTER, *village(3)]
    record = replace(HER, **dict.fromkeys(lost))
    frequencies = Frequencies.counting(people)
    straight, mixed = (
        link_records([record], people, [places], model=MODEL, frequencies=frequencies)[0]
        for places in (list(range(6)), order)
    )
    assert straight == mixed
    assert straight.nobody + sum(found.probability for found in straight.candidates) == pytest.approx(1, abs=0.06)


@settings(max_examples=12, deadline=None)
@given(st.sets(st.sampled_from(["number", "unit", "mother", "father"]), min_size=1))
def test_more_agreement_never_lowers_the_bits(lost: set[str]) -> None:
    less = link_one(replace(HER, **dict.fromkeys(lost)), HER).candidates[0]
    assert link_one(HER, HER).candidates[0].bits >= less.bits


def test_a_linker_gives_one_record_what_it_gives_many() -> None:
    people = village(80)
    linker = Linker(MODEL, Frequencies.counting(people))
    packed = linker.pack(people)
    records = [replace(person, number=None, father=None) for person in people]
    together = linker.link(records, packed, [range(len(people))] * len(records))
    alone = [linker.link_one(record, packed, list(range(len(people)))) for record in records]
    assert alone == together
    assert linker.link_one(records[0], packed, [5, 0, 5, 0]) == linker.link_one(records[0], packed, [0, 5])


def test_several_threads_may_link_at_once() -> None:
    people = village(60)
    linker = Linker(MODEL, Frequencies.counting(people))
    packed = linker.pack(people)
    names = [name(f"Đỗ {'Lan' * (place % 7)} Vâ{'n' * place}") for place in range(len(people))]
    records = [replace(person, name=each) for person, each in zip(people, names, strict=True)]
    places = list(range(len(people)))
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda record: linker.link_one(record, packed, places), records))
    assert at_once == [linker.link_one(record, packed, places) for record in records]


def rows_of(records: list[Identity], people: list[Identity]) -> tuple[Tables, Packed, Packed]:
    words, frequencies = Vocabulary(), Frequencies.counting(people)
    left, right = pack(records, words), pack(people, words)
    look_up_shares(right.rows, words, frequencies)
    return Tables.of(MODEL, vocabulary=words, frequencies=frequencies), left, right


def test_evidence_of_a_pair_is_that_of_the_outcome() -> None:
    people = [HER, SISTER, *village(20)]
    tables, left, right = rows_of([HER], people)
    outcome = link_records([HER], people, [[0]], model=MODEL, frequencies=tables.frequencies)[0]
    assert evidence_of(tables, left, right, record=0, person=0) == outcome.candidates[0].evidence


def test_evidence_and_prior_make_up_the_odds() -> None:
    people = village(40)
    tables, left, right = rows_of([replace(each, number=None) for each in people], people)
    everybody, starts = np.arange(40, dtype=np.int32), np.arange(41, dtype=np.int64)
    weighed = kernel.weigh(tables, left, right, starts=starts, record=everybody, person=everybody)
    for place in range(40):
        bits = sum(line.bits for line in evidence_of(tables, left, right, record=place, person=place))
        assert bits + log2(tables.weights.prior) == pytest.approx(weighed.log_odds[place] / log(2))
