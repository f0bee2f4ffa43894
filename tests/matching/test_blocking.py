"""Block keys: what must meet meets, and grown-ups stay out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.blocking import BlockKey, block_keys
from matching.identity import BirthDate, Flag, Identity
from tests.matching.people import child, name, parent, unit

HER = child()


def shared_kinds(a: Identity, b: Identity) -> set[str]:
    return {key.kind for key in set(block_keys(a)) & set(block_keys(b))}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (Identity(number="001316004217", birth=HER.birth), "number"),
        (Identity(number="001316004217"), "number"),
        (Identity(name=HER.name, birth=HER.birth), "name_date"),
        (Identity(name=name("Vân Đinh Khánh"), birth=HER.birth), "name_date"),
        (Identity(name=name("Đinh Vân"), birth=HER.birth), "ends_date"),
        (Identity(name=name("Dinh Khanh Van"), birth=BirthDate(year=2016)), "name_year"),
        (Identity(name=HER.name, birth=BirthDate(year=2017), unit=HER.unit), "name_commune"),
        (Identity(birth=HER.birth, unit=HER.unit), "date_commune"),
        (Identity(birth=HER.birth, unit=unit("00011", "00004")), "date_commune"),
        (Identity(birth=HER.birth, mother=parent("Tạ Thị Hường")), "date_mother"),
        (Identity(birth=HER.birth, father=parent("Đinh Công Lực")), "date_father"),
        (Identity(name=name("Đinh Vân"), birth=BirthDate(year=2016), unit=HER.unit), "ends_commune_year"),
        (Identity(name=HER.name, mother=parent("Tạ Thị Hường")), "name_mother"),
        (Identity(name=HER.name, birth=BirthDate(year=2006), father=parent("Đinh Công Lực")), "name_father"),
        (Identity(birth=BirthDate(year=2015, tolerance_years=1), mother=parent("Tạ Thị Hường")), "mother_year"),
        (Identity(birth=BirthDate(year=2015, tolerance_years=1), father=parent("Đinh Công Lực")), "father_year"),
        (Identity(birth=BirthDate(year=2019), unit=HER.unit, mother=parent("Tạ Thị Hường")), "mother_commune"),
        (Identity(birth=BirthDate(year=2019), unit=HER.unit, father=parent("Đinh Công Lực")), "father_commune"),
        (Identity(mother=parent(number="001188003311")), "parent_number"),
    ],
)
def test_a_record_of_little_meets_its_child(record: Identity, kind: str) -> None:
    assert kind in shared_kinds(record, HER)


def test_a_swapped_day_and_month_meets_the_right_one() -> None:
    written = replace(HER, birth=BirthDate(year=2016, month=5, day=8))
    assert "name_date" in shared_kinds(written, replace(HER, birth=BirthDate(year=2016, month=8, day=5)))


def test_a_replaced_number_meets_its_owner() -> None:
    person = replace(HER, number="001317555555", former_numbers=("001316004217",))
    assert "number" in shared_kinds(Identity(number="001316004217", birth=HER.birth), person)


def test_a_newborn_named_after_the_mother_meets_her_child() -> None:
    newborn = Identity(name=name("Con bà Tạ Thị Hường"), birth=HER.birth)
    assert "date_mother" in shared_kinds(newborn, HER)


@pytest.mark.parametrize(
    "record",
    [
        Identity(number="001188003311", birth=HER.birth),
        Identity(number="001188003311", mother=parent(number="001188003311")),
        Identity(number="001188003311", flags=frozenset({Flag.NUMBER_OF_PARENT})),
        Identity(number="001188003311", flags=frozenset({Flag.NUMBER_NOT_A_CHILDS})),
    ],
)
def test_a_parents_number_meets_the_children_and_not_the_parent(record: Identity) -> None:
    mother = Identity(name=name("Tạ Thị Hường"), number="001188003311", birth=BirthDate(year=1988, month=2, day=3))
    assert "parent_number" in shared_kinds(record, HER)
    assert not shared_kinds(record, mother)


def test_a_grown_up_namesake_next_door_is_not_met() -> None:
    grown = child(number="001186004217", birth="1986-07-19", mother=None, father=None)
    assert not shared_kinds(HER, grown)


def test_keys_are_distinct_and_in_a_fixed_order() -> None:
    keys = block_keys(HER)
    assert len(keys) == len(set(keys))
    assert keys == block_keys(replace(HER))


def test_an_empty_description_has_no_keys() -> None:
    assert block_keys(Identity()) == ()


@given(st.sets(st.sampled_from(["number", "name", "birth", "unit", "mother", "father"])))
def test_knowing_less_never_gives_a_key_that_knowing_more_does_not(lost: set[str]) -> None:
    less = {key for key in block_keys(replace(HER, **dict.fromkeys(lost))) if key.kind != "number"}
    assert less <= set(block_keys(HER))


def test_a_key_is_a_kind_and_a_text() -> None:
    assert all(isinstance(key, BlockKey) and key.kind and key.text for key in block_keys(HER))
