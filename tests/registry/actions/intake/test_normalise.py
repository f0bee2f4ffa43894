"""What a record must be refused for, what is flagged, and what it is understood as."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connectors.contract import CitizenSnapshot
from connectors.records import ChildFacts, PersonFacts
from matching.identity import BirthDate, Certainty, Flag, Identity, Scheme, Sex
from registry.actions.intake.normalise import RULES, RuleBroken, check_texts, identity_of, identity_of_citizen

ON = date(2026, 10, 31)
GIRL = ChildFacts(
    name="Lê Thị Hòa",
    sex="Nữ",
    birth_date="03/05/2014",
    personal_number="001 314 123 054",
    ethnicity="Kinh",
    commune_code="4",
    commune_scheme="2025",
    address="Thôn 3, Phường Ba Đình, Thành phố Hà Nội",
    mother=PersonFacts(name="Trần An", number="012345678", birth_year="1985"),
    father=PersonFacts(name="Lê Ba", number="001084123054"),
    carer=PersonFacts(name="Lê Bốn", relation="ông nội"),
)


def test_a_record_in_order_is_understood_without_a_flag() -> None:
    girl = identity_of(GIRL, on=ON)
    assert girl.name is not None
    assert girl.name.marked == "lê thị hoà"
    assert (girl.sex, girl.number, girl.ethnicity) == (Sex.FEMALE, "001314123054", "01")
    assert girl.birth == BirthDate(year=2014, month=5, day=3)
    assert girl.unit is not None
    assert (girl.unit.code, girl.unit.certainty) == ("00004", Certainty.EXACT)
    assert girl.mother is not None
    assert (girl.mother.number, girl.mother.birth_year) == ("012345678", 1985)
    assert girl.father is not None
    assert girl.father.number == "001084123054"
    assert girl.flags == frozenset()


def test_nothing_written_is_nothing_known() -> None:
    assert identity_of(ChildFacts(), on=ON) == Identity()
    assert identity_of(ChildFacts(mother=PersonFacts(), father=PersonFacts(name="không rõ")), on=ON) == Identity()


@pytest.mark.parametrize(
    ("sex", "understood"),
    [("Nam", Sex.MALE), ("1", Sex.MALE), ("NỮ", Sex.FEMALE), ("nu", Sex.FEMALE), ("female", Sex.FEMALE)]
    + [(unknown, None) for unknown in (None, "", "không biết", "unknown", "other", "-")],
)
def test_the_sex_is_understood_or_not_known(sex: str | None, understood: Sex | None) -> None:
    assert identity_of(ChildFacts(sex=sex), on=ON).sex == understood


@pytest.mark.parametrize(
    ("facts", "rule", "field"),
    [
        (replace(GIRL, birth_date="31/02/2014"), "impossible_date", "birth_date"),
        (replace(GIRL, birth_date="hôm qua"), "unreadable_date", "birth_date"),
        (replace(GIRL, birth_date="01/11/2026"), "future_date", "birth_date"),
        (replace(GIRL, sex="X"), "unknown_sex", "sex"),
        (replace(GIRL, address='=HYPERLINK("x")'), "formula_text", "address"),
        (replace(GIRL, mother=PersonFacts(name="@A1")), "formula_text", "mother.name"),
        (replace(GIRL, carer=PersonFacts(relation="=1")), "formula_text", "carer.relation"),
        (replace(GIRL, name="a\u0301\u0302n"), "loose_mark", "name"),
        (replace(GIRL, name="Nguy?n An"), "lost_character", "name"),
        (replace(GIRL, address="Xã L\ufffd"), "lost_character", "address"),
        (replace(GIRL, name="Lê \x81An"), "control_character", "name"),
        (replace(GIRL, father=PersonFacts(name="1984")), "digits_for_name", "father.name"),
        (replace(GIRL, name="An" * 100), "too_long", "name"),
        (replace(GIRL, address="a" * 501), "too_long", "address"),
        (ChildFacts(estimated_age=200), "impossible_date", "estimated_age"),
        (ChildFacts(estimated_age=3, estimated_on="lúc nhận"), "unreadable_date", "estimated_on"),
        (ChildFacts(estimated_age=3, estimated_on="2099-05-03"), "future_date", "birth_date"),
    ],
)
def test_a_broken_value_is_refused_by_its_rule(facts: ChildFacts, rule: str, field: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        identity_of(facts, on=ON)
    assert (broken.value.rule, broken.value.field) == (rule, field)
    assert rule in RULES
    assert str(broken.value) == f"{rule}: {field}"


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        (replace(GIRL, personal_number="12345"), Flag.NUMBER_SHAPE),
        (replace(GIRL, personal_number="1314123054"), Flag.NUMBER_ZERO_RESTORED),
        (replace(GIRL, sex="Nam"), Flag.NUMBER_SEX_MISMATCH),
        (replace(GIRL, birth_date="2013"), Flag.NUMBER_YEAR_MISMATCH),
        (replace(GIRL, name="không rõ"), Flag.NAME_UNKNOWN),
        (replace(GIRL, name="Lê Thị\u200b Hoà"), Flag.NAME_REPAIRED),
        (replace(GIRL, name="CB Trần An"), Flag.NAME_PLACEHOLDER),
        (replace(GIRL, birth_date="01/01/2014"), Flag.BIRTH_PLACEHOLDER),
        (
            replace(GIRL, birth_date=None, estimated_age=12, estimated_on="2026-09-01T08:00:00+07:00"),
            Flag.BIRTH_ESTIMATED,
        ),
        (replace(GIRL, commune_code="00007", commune_scheme="2024"), Flag.UNIT_AMBIGUOUS),
        (replace(GIRL, commune_code="99999"), Flag.UNIT_UNKNOWN),
        (replace(GIRL, mother=PersonFacts(number="001314123054")), Flag.NUMBER_OF_PARENT),
    ],
)
def test_an_odd_value_is_flagged_and_kept(facts: ChildFacts, flag: Flag) -> None:
    assert identity_of(facts, on=ON).flags == {flag}


def test_a_parents_number_for_the_childs_raises_every_flag_it_deserves() -> None:
    flags = identity_of(replace(GIRL, personal_number="001084123054"), on=ON).flags
    assert flags == {
        Flag.NUMBER_OF_PARENT,
        Flag.NUMBER_NOT_A_CHILDS,
        Flag.NUMBER_SEX_MISMATCH,
        Flag.NUMBER_YEAR_MISMATCH,
    }


def test_an_estimated_age_is_reckoned_on_its_day_and_a_written_date_counts_more() -> None:
    estimated = ChildFacts(estimated_age=3, estimated_on="2025-02-18")
    assert identity_of(estimated, on=ON).birth == BirthDate(year=2022, tolerance_years=1)
    assert identity_of(ChildFacts(estimated_age=3), on=ON).birth == BirthDate(year=2023, tolerance_years=1)
    assert identity_of(replace(estimated, birth_date="2020"), on=ON).birth == BirthDate(year=2020)


def test_a_newborns_placeholder_names_the_mother_where_nobody_else_does() -> None:
    unnamed = identity_of(ChildFacts(name="Con bà Trần An", mother=PersonFacts(birth_year="1990")), on=ON)
    assert unnamed.mother is not None
    assert unnamed.mother.name is not None
    assert (unnamed.mother.name.written, unnamed.mother.birth_year) == ("Trần An", 1990)
    named = identity_of(ChildFacts(name="Con bà Trần An", mother=PersonFacts(name="Trần Thị An")), on=ON)
    assert named.mother is not None
    assert named.mother.name is not None
    assert named.mother.name.written == "Trần Thị An"


def test_a_parents_year_that_cannot_be_read_is_not_known() -> None:
    parent = identity_of(ChildFacts(mother=PersonFacts(name="Trần An", birth_year="bốn mươi")), on=ON).mother
    assert parent is not None
    assert parent.birth_year is None


def test_an_address_alone_gives_the_unit_and_helps_a_code_that_means_nothing() -> None:
    alone = identity_of(replace(GIRL, commune_code=None, commune_scheme=None), on=ON)
    assert alone.unit is not None
    assert alone.unit.code == "00004"
    helped = identity_of(replace(GIRL, commune_code="99999"), on=ON)
    assert helped.unit == alone.unit
    unhelped = identity_of(ChildFacts(commune_code="99999", commune_scheme="2024"), on=ON)
    assert unhelped.unit is not None
    assert (unhelped.unit.certainty, unhelped.unit.scheme) == (Certainty.UNKNOWN, Scheme.BEFORE_2025)


def test_a_citizen_is_understood_like_a_child_with_the_former_numbers() -> None:
    citizen = CitizenSnapshot(
        personal_number="001314123054",
        former_numbers=("001214123054", "", "001214123054"),
        full_name="LÊ THỊ HÒA",
        sex="2",
        birth_date="2014-05",
        commune_code="00004",
        old_commune_code="00001",
        ethnicity="01",
        mother_name="TRẦN AN",
    )
    girl = identity_of_citizen(citizen, on=ON)
    assert girl.former_numbers == ("001214123054",)
    assert (girl.sex, girl.birth) == (Sex.FEMALE, BirthDate(year=2014, month=5))
    assert girl.unit is not None
    assert girl.unit.scheme is Scheme.SINCE_2025
    assert girl.father is None
    old = identity_of_citizen(replace(citizen, commune_code=""), on=ON)
    assert old.unit is not None
    assert (old.unit.code, old.unit.scheme) == ("00001", Scheme.BEFORE_2025)
    with pytest.raises(RuleBroken):
        identity_of_citizen(replace(citizen, former_numbers=("=1",)), on=ON)


def test_texts_that_are_not_compared_can_be_checked_by_the_same_rules() -> None:
    check_texts([("place_of_birth", "Trạm y tế"), ("note", None)])
    with pytest.raises(RuleBroken) as broken:
        check_texts([("place_of_birth", "=1+1")])
    assert broken.value.field == "place_of_birth"
