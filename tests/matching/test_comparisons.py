"""Comparisons: every level of every field, by an example of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.comparisons import Pairs
from matching.forms import FormBook
from matching.frequencies import Frequencies
from matching.identity import BirthDate, Certainty, Identity, Scheme, Sex, Unit
from matching.known import coded_year
from matching.levels import LEVELS, MISSING, Field, code_of, level_of, reasons
from matching.packed import Packed, pack
from matching.people import unpack
from matching.relations import compare
from matching.similarity import Similarity
from matching.vocabulary import Vocabulary
from tests.matching.people import child, name, parent, unit

VOCABULARY = Vocabulary()
BORNE = ("Vân", "Van", "Vần", "Bình", "Binh", "Vi", "Vy", "Lan")
BOOK = FormBook(VOCABULARY, Frequencies.counting([Identity(name=name(each)) for each in BORNE]))


def levels_between(record: Identity, person: Identity) -> dict[Field, str]:
    sides = [pack([each], VOCABULARY) for each in (record, person)]
    forms = BOOK.current()
    records, people = (unpack(side, forms) for side in sides)
    codes = compare(Pairs(records, people, Similarity(forms)))
    return {field: level_of(field, int(codes[0, field])).name for field in Field}


def level(field: Field, mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    return levels_between(child(**mine), child(**theirs))[field]


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ("Đinh Khánh Vân", "Đinh Khánh Vân", "same"),
        ("Đinh Khánh Vần", "Đinh Khánh Vân", "other_marks"),
        ("Đinh Khánh Vi", "Đinh Khánh Vy", "spelling"),
        ("Đinh Khánh Vâm", "Đinh Khánh Vân", "typo"),
        ("Đinh Khánh Vãn", "Đinh Khánh Vân", "typo"),
        ("Đinh Khánh Lan", "Đinh Khánh Vân", "near"),
        ("Đinh Khánh Bình", "Đinh Khánh Vân", "different"),
        ("Dinh Khanh Van", "Đinh Khánh Vân", "plain_same"),
        ("Dinh Khanh Vi", "Đinh Khánh Vy", "plain_spelling"),
        ("Dinh Khanh Vam", "Đinh Khánh Vân", "plain_typo"),
        ("Dinh Khanh Lan", "Đinh Khánh Vân", "plain_near"),
        ("Dinh Khanh Binh", "Đinh Khánh Vân", "plain_different"),
        ("Vân", "Đinh Khánh Vân", "call_same"),
        ("Mít", "Đinh Khánh Vân", "call_other"),
        ("Rơ Châm H'Wơ", "Rơ Châm HWơ", "same"),
        ("Con bà Tạ Thị Hường", "Đinh Khánh Vân", "missing"),
    ],
)
def test_given_names(written: str, known: str, expected: str) -> None:
    assert level(Field.GIVEN, {"name": written}, {"name": known}) == expected


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ("Lê Gia Bảo Vân", "Lê Gia Bảo Vân", "same"),
        ("Lê Bảo Vân", "Lê Gia Bảo Vân", "part"),
        ("Lê Gio Vân", "Lê Gia Vân", "typo"),
        ("Lê Gia Thu Vân", "Lê Gia Bảo Vân", "overlap"),
        ("Lê Thu Vân", "Lê Bảo Vân", "different"),
        ("Lê Thu Vân", "Lê Vân", "dropped"),
        ("Lê Vân", "Lê Vân", "none_both"),
        ("Lê Vân", "Lê Thu Vân", "omitted"),
        ("Vân", "Lê Thu Vân", "missing"),
        ("Lê Thu Vân", "Lê Bảo Bình", "missing"),
    ],
)
def test_middle_names(written: str, known: str, expected: str) -> None:
    assert level(Field.MIDDLE, {"name": written}, {"name": known}) == expected


@pytest.mark.parametrize(
    ("written", "surname", "order"),
    [
        ("Đinh Khánh Vân", "same", "as_written"),
        ("Vân Đinh Khánh", "same", "swapped"),
        ("Khánh Vân Đinh", "same", "swapped"),
        ("Đnih Khánh Vân", "typo", "as_written"),
        ("Lương Khánh Vân", "different", "as_written"),
        ("Vân", "missing", "missing"),
    ],
)
def test_surnames_and_order(written: str, surname: str, order: str) -> None:
    found = levels_between(child(name=written), child())
    assert (found[Field.SURNAME], found[Field.ORDER]) == (surname, order)


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ("2016-07-19", "2016-07-19", "exact"),
        ("2016-05-08", "2016-08-05", "swapped"),
        ("2015-07-19", "2016-07-19", "year_shift"),
        ("2016-07-09", "2016-07-19", "one_part"),
        ("2008-10-06", "2018-10-06", "year_digit"),
        ("2013-10-06", "2018-10-06", "year_digit"),
        ("2009-10-06", "2018-10-06", "different"),
        ("2016-06-19", "2016-07-19", "one_part"),
        ("2016-03-02", "2016-07-19", "same_year"),
        ("2017-03-02", "2016-07-19", "near_year"),
        ("2012-03-02", "2016-07-19", "different"),
        ("2016-01-01", "2016-01-01", "jan1_exact"),
        ("2016-01-01", "2016-07-19", "jan1_same_year"),
        ("2017-01-01", "2016-07-19", "jan1_near_year"),
        ("2012-01-01", "2016-07-19", "jan1_different"),
        ("2016", "2016-07-19", "year_same"),
        ("07/2016", "2016-07-19", "year_same"),
        ("05/2016", "2016-07-19", "year_near"),
        ("2017", "2016-07-19", "year_near"),
        ("2012", "2016-07-19", "year_different"),
    ],
)
def test_birth_dates(written: str, known: str, expected: str) -> None:
    assert level(Field.BIRTH, {"birth": written}, {"birth": known}) == expected


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2016, "estimate_same"), (2015, "estimate_near"), (2018, "estimate_far"), (2010, "estimate_different")],
)
def test_estimated_ages(year: int, expected: str) -> None:
    assert level(Field.BIRTH, {"birth": BirthDate(year=year, tolerance_years=1)}, {}) == expected


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (("00004",), ("00004",), "same"),
        (("00007",), ("00004",), "same_province"),
        (("00007", "00004"), ("00004",), "split_overlap"),
        (("00007", "00008"), ("00004",), "split_same_province"),
    ],
)
def test_communes(mine: tuple[str, ...], theirs: tuple[str, ...], expected: str) -> None:
    assert level(Field.COMMUNE, {"unit": unit(*mine)}, {"unit": unit(*theirs)}) == expected


@pytest.mark.parametrize(("mine", "expected"), [(("09000",), "elsewhere"), (("09000", "09001"), "split_elsewhere")])
def test_communes_of_another_province(mine: tuple[str, ...], expected: str) -> None:
    assert level(Field.COMMUNE, {"unit": unit(*mine, province="24")}, {}) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("001316004217", "same"),
        ("001316009999", "former"),
        ("001316004271", "transposed"),
        ("001316004317", "one_digit"),
        ("001316777777", "different"),
        ("001188003311", "of_parent"),
        ("001186000000", "missing"),
        ("1234", "missing"),
        (None, "missing"),
    ],
)
def test_numbers(typed: str | None, expected: str) -> None:
    assert level(Field.NUMBER, {"number": typed}, {"former_numbers": ("001316009999",)}) == expected


def test_a_right_number_that_does_not_fit_the_birth_year_is_the_same() -> None:
    assert level(Field.NUMBER, {"number": "001399004217"}, {"number": "001399004217"}) == "same"


def test_the_record_may_know_the_number_that_the_population_replaced() -> None:
    record = child(number="001316111111", former_numbers=("001316004217",))
    assert levels_between(record, child())[Field.NUMBER] == "former"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tạ Thị Hường", "same"),
        ("Tạ Thị Hưởng", "other_marks"),
        ("Tạ Thị Hườngg", "typo"),
        ("Tạ Hường", "part"),
        ("Lê Thu Hường", "given_same"),
        ("Lê Thu Bưởi", "different"),
        ("Ta Thi Huong", "plain_same"),
        ("Ta Thi Huongg", "plain_typo"),
        ("Ta Huong", "plain_part"),
        ("Le Thu Huong", "plain_given_same"),
        ("Le Thu Buoi", "plain_different"),
        ("Đinh Công Lực", "swapped"),
        ("Hường", "short_same"),
        ("Bưởi", "short_different"),
    ],
)
def test_mothers(written: str, expected: str) -> None:
    assert level(Field.MOTHER, {"mother": parent(written)}, {}) == expected


@pytest.mark.parametrize(
    ("mine", "number", "year"),
    [
        (parent(number="001188003311"), "same", "missing"),
        (parent(number="001188003312"), "near", "missing"),
        (parent(number="001188003131"), "near", "missing"),
        (parent(number="001188777777"), "different", "missing"),
        (parent(number="123456789", year=1988), "missing", "same"),
        (parent(year=1989), "missing", "near"),
        (parent(year=1970), "missing", "different"),
        (None, "missing", "missing"),
    ],
)
def test_mothers_numbers_and_years(mine: Any, number: str, year: str) -> None:
    found = levels_between(child(mother=mine), child())
    assert (found[Field.MOTHER_NUMBER], found[Field.MOTHER_YEAR]) == (number, year)


@pytest.mark.parametrize(("sex", "expected"), [(Sex.FEMALE, "same"), (Sex.MALE, "different"), (None, "missing")])
def test_sexes(sex: Sex | None, expected: str) -> None:
    assert level(Field.SEX, {"sex": sex}, {}) == expected


def test_every_level_has_a_reason_of_its_own_field_and_code() -> None:
    for field, levels in LEVELS.items():
        names = [each.name for each in levels]
        assert len(names) == len(set(names))
        assert all(level_of(field, code_of(field, each)).name == each for each in names)
        assert all(each.reason in reasons() for each in levels)
    assert level_of(Field.SEX, code_of(Field.SEX, MISSING.name)) is MISSING


LOSSES = st.fixed_dictionaries(
    {},
    optional={
        "number": st.sampled_from([None, "001316004271", "001188003311"]),
        "name": st.sampled_from([None, "Vân", "Dinh Khanh Van", "Vân Đinh", "Lê Thu Bình"]),
        "birth": st.sampled_from([None, "2016", "2016-01-01", "2017-07-19", "2016-02-03"]),
        "sex": st.sampled_from([None, Sex.MALE]),
        "mother": st.sampled_from([None, parent("Hường"), parent("Lê Thu Hường", year=1987)]),
    },
)
SYMMETRIC = [Field.BIRTH, Field.SEX, Field.COMMUNE, Field.ETHNICITY, Field.MOTHER_NUMBER, Field.MOTHER_YEAR]


@settings(max_examples=60)
@given(LOSSES, LOSSES)
def test_comparing_facts_that_have_no_side_is_symmetric(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    there, back = (
        levels_between(a, b) for a, b in ((child(**mine), child(**theirs)), (child(**theirs), child(**mine)))
    )
    assert [there[field] for field in SYMMETRIC] == [back[field] for field in SYMMETRIC]


@settings(max_examples=30)
@given(LOSSES)
def test_a_description_never_differs_from_itself(changes: dict[str, Any]) -> None:
    her = replace(child(**changes), mother=parent("Tạ Thị Hường"))
    assert not {"different", "plain_different", "call_other"} & set(levels_between(her, her).values())


def test_a_parent_at_the_others_place_is_seen_also_where_that_place_is_unknown() -> None:
    assert level(Field.FATHER, {"father": parent("Tạ Thị Hường")}, {"father": None}) == "swapped"


def test_a_number_of_another_shape_carries_no_year() -> None:
    assert coded_year("123456789") is None
    assert coded_year("001316004217") == 2016
    assert coded_year("001188003311") == 1988


def test_a_unit_of_no_list_has_neither_commune_nor_province() -> None:
    unknown = Unit(code="99999", scheme=Scheme.BEFORE_2025, certainty=Certainty.UNKNOWN, communes=(), province=None)
    assert level(Field.COMMUNE, {"unit": unknown}, {}) == "missing"


def test_a_name_that_is_unknown_has_no_parts() -> None:
    packed = pack([Identity(), child(name=name("CB Tạ Thị Hường"), mother=None)], VOCABULARY)
    people = unpack(packed, BOOK.current())
    assert people.child.count.tolist() == [0, 0]
    assert people.mother.count.tolist() == [0, 3]
    assert len(people) == 2


def test_nobody_is_compared_with_nobody() -> None:
    empty = unpack(Packed(pack([], VOCABULARY).rows, np.zeros((0, 3), dtype=np.int64)), BOOK.current())
    assert compare(Pairs(empty, empty, Similarity(BOOK.current()))).shape == (0, len(Field))
