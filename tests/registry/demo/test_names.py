"""Names are built as each people builds them."""

from __future__ import annotations

import re

import pytest

from registry.demo.chance import generator
from registry.demo.name_lists import BOYS_GIVEN, GIRLS_GIVEN
from registry.demo.names import adult_name, child_name, family_name, inherited_family, sibling_name, twin_name
from registry.demo.profiles import KINH, PEOPLES, REGION_OF, Region


@pytest.mark.parametrize(
    ("group", "sex", "pattern"),
    [
        ("11", "male", r"Y \w+ \w+"),
        ("11", "female", r"H'\w+ \w+"),
        ("10", "female", r"[\w ]+ H'\w+"),
        ("16", "male", r"A \w+"),
        ("16", "female", r"Y \w+"),
        ("15", "male", r"K'\w+"),
        ("15", "female", r"Ka \w+"),
        ("22", "male", r"Điểu \w+"),
        ("08", "male", r"\w+ A \w+"),
        ("08", "female", r"\w+ Thị \w+"),
    ],
)
def test_a_people_has_a_pattern_of_its_own(group: str, sex: str, pattern: str) -> None:
    rng = generator(1, "test")
    for _ in range(40):
        family = family_name(rng, group, Region.HIGHLANDS)
        name = child_name(rng, group, sex=sex, family=family, mothers_family="Trần").full
        assert re.fullmatch(pattern, name)


def test_every_people_of_every_province_can_be_named() -> None:
    rng = generator(2, "test")
    groups = {group for shares in PEOPLES.values() for group in shares}
    for group in sorted({KINH, *groups}):
        family = family_name(rng, group, Region.NORTH)
        for sex in ("male", "female"):
            assert adult_name(rng, group, sex=sex, family=family).full.strip()
            assert child_name(rng, group, sex=sex, family=family, mothers_family="").full.strip()
    assert set(PEOPLES) == set(REGION_OF)


def test_no_word_comes_twice_in_a_childs_name() -> None:
    rng = generator(3, "test")
    for _ in range(400):
        words = child_name(rng, KINH, sex="female", family="Lê", mothers_family="Trần").full.split()
        assert len(words) == len({word.casefold() for word in words})
        assert 2 <= len(words) <= 5


def test_the_clan_comes_from_the_mother_where_descent_goes_by_her() -> None:
    assert inherited_family("11", father="Byă", mother="Niê") == "Niê"
    assert inherited_family(KINH, father="Lê", mother="Trần") == "Lê"
    assert inherited_family(KINH, father=None, mother="Trần") == "Trần"


def test_brothers_share_their_middle_names_and_twins_sound_alike() -> None:
    rng = generator(4, "test")
    alike = 0
    for _ in range(60):
        elder = child_name(rng, KINH, sex="male", family="Lê", mothers_family="Trần")
        brother = sibling_name(rng, elder, KINH, sex="male")
        twin = twin_name(rng, elder, KINH, sex="male")
        assert brother.middles == twin.middles == elder.middles
        assert elder.given not in (brother.given, twin.given)
        alike += twin.given[0] == elder.given[0]
    assert alike > 25


def test_surnames_differ_by_region() -> None:
    north = [family_name(generator(seed, "test"), KINH, Region.NORTH) for seed in range(800)]
    south = [family_name(generator(seed, "test"), KINH, Region.SOUTH) for seed in range(800)]
    assert north.count("Vũ") > south.count("Vũ")
    assert south.count("Huỳnh") > north.count("Huỳnh")


def test_the_lists_of_given_names_hold_each_name_once() -> None:
    for names in (GIRLS_GIVEN.values, BOYS_GIVEN.values):
        assert len(names) == len(set(names))
