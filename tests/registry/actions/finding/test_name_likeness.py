"""How like a name is to the words somebody searched: marks, slips, order and parts left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.identity import Name
from matching.names import read_name
from registry.actions.finding import name_likeness as grades
from registry.actions.finding.name_likeness import Sought, likeness

SYLLABLES = ("Nguyễn", "Trần", "Thị", "Văn", "Ngọc", "Hoà", "Quỳnh", "Khánh", "Đức", "Thuỳ", "Ánh", "Bảo")


def name(written: str) -> Name:
    """Return a name as it is read."""
    read, _ = read_name(written)
    assert read is not None
    return read


def grade(words: str, stored: str) -> float | None:
    """Return the grade of words against a stored name."""
    found = likeness(Sought.words(words), name(stored))
    return None if found is None else found.grade


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Nguyễn Thị Hoà", grades.SAME),
        ("NGUYỄN THỊ HÒA", grades.SAME),
        ("nguyen thi hoa", grades.SAME_WITHOUT_MARKS),
        ("Nguyễn Thi Hoạ", grades.SAME_WITHOUT_MARKS),
        ("Thị Hoà Nguyễn", grades.OTHER_ORDER),
        ("Nguyen Hoa", grades.PART_LEFT_OUT),
        ("Hoa", grades.PART_LEFT_OUT),
        ("Nguyen Thi Hoe", grades.ONE_LETTER),
        ("Nguyen Tji Hoa", grades.ONE_LETTER),
        ("Nguyrn Thi Hoa", grades.ONE_LETTER),
        ("Nguyne Thi Hoa", grades.ONE_LETTER),
        ("Nguyrn Hoa", grades.ONE_LETTER_AND_PART),
        ("Nguyễn Thỉ Hoà", grades.SAME_WITHOUT_MARKS),
        ("Thi Hoe Nguyen", grades.ONE_LETTER_OTHER_ORDER),
        ("Nguyen Thi Ngoc Hoa", grades.PART_TOO_MANY),
        ("Nguyen Thi", grades.GIVEN_LEFT_OUT),
        ("be Nguyen Thi Hoa", grades.SAME_WITHOUT_MARKS),
        ("cháu Hoà", grades.PART_LEFT_OUT),
        ("nguyeexn thij hoaf", grades.SAME),
        ("nguyeen thij hoa", grades.SAME_WITHOUT_MARKS),
        ("nguye6n4 thi5 hoa2", grades.SAME),
        ("nguyenthihoa", grades.SAME_WITHOUT_MARKS),
        ("nguyenthi hoa", grades.SAME_WITHOUT_MARKS),
        ("Nguyrn Thi Hoe", grades.TWO_LETTERS),
    ],
)
def test_a_name_is_graded_by_what_differs(words: str, expected: float) -> None:
    assert grade(words, "Nguyễn Thị Hoà") == expected


def test_two_ways_to_write_one_sound_are_the_same_name() -> None:
    assert grade("Nguyen Thi Mi", "Nguyễn Thị Mỹ") == grades.SOUNDS_THE_SAME


@pytest.mark.parametrize("words", ["Phạm Gia Bảo", "Trần Văn Hoà Bình", "Nguyrn Tjj Hoe", "Hoe", "Nguyen"])
def test_another_name_is_no_hit(words: str) -> None:
    assert grade(words, "Nguyễn Thị Hoà") is None


@pytest.mark.parametrize(
    ("words", "stored", "expected"),
    [
        ("Nguyễn Thị Mỷ", "Nguyễn Thị Mỹ", grades.HOOK_FOR_TILDE),
        ("Chần Thị Chang", "Trần Thị Trang", grades.SOUNDS_THE_SAME),
        ("Xơn Nâm", "Sơn Lâm", grades.SOUNDS_THE_SAME),
        ("Dương Dinh", "Vương Vinh", grades.SOUNDS_THE_SAME),
        ("Lam Phuon", "Lâm Phương", grades.SOUNDS_THE_SAME),
        ("Pham Khat", "Phạm Khắc", grades.SOUNDS_THE_SAME),
        ("H Hen Nie", "H'Hen Niê", grades.SAME_WITHOUT_MARKS),
        ("hen nie", "H'Hen Niê", grades.SOUNDS_THE_SAME),
        ("Nie H'Hen", "H'Hen Niê", grades.OTHER_ORDER),
        ("H'Hen", "H'Hen Niê", grades.PART_LEFT_OUT),
        ("y bhiong eban", "Y Bhiông Êban", grades.SAME_WITHOUT_MARKS),
        ("bhiong eban", "Y Bhiông Êban", grades.PART_LEFT_OUT),
        ("ybhiong eban", "Y Bhiông Êban", grades.SAME_WITHOUT_MARKS),
        ("lo thi pang", "Lò Thị Pâng", grades.SAME_WITHOUT_MARKS),
        ("no thi pan", "Lò Thị Pâng", grades.SOUNDS_THE_SAME),
        ("k briu", "K' Brìu", grades.SAME_WITHOUT_MARKS),
        ("briu", "K' Brìu", grades.ONE_LETTER),
        ("giang a pao", "Giàng A Páo", grades.SAME_WITHOUT_MARKS),
        ("a pao giang", "Giàng A Páo", grades.OTHER_ORDER),
        ("blut", "Blưt", grades.SAME_WITHOUT_MARKS),
        ("blat", "Blưt", grades.ONE_LETTER),
    ],
)
def test_confusions_and_names_of_the_peoples_are_graded(words: str, stored: str, expected: float) -> None:
    assert grade(words, stored) == expected


def test_exact_marks_rank_above_folded_ones_and_those_above_sounds() -> None:
    marked, folded, heard = (grade(words, "Lê Thị Ánh") for words in ("Lê Thị Ánh", "le thi anh", "le thi ank"))
    assert marked is not None
    assert folded is not None
    assert heard is not None
    assert marked > folded > heard


def test_marks_typed_wrong_count_less_than_marks_typed_right() -> None:
    right, none = grade("Lê Minh Ánh", "Lê Minh Ánh"), grade("Lê Minh Anh", "Lê Minh Ánh")
    assert right is not None
    assert none is not None
    assert right > none


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=4, unique=True),
    data=st.data(),
)
def test_one_letter_left_out_anywhere_is_still_a_hit(parts: list[str], data: st.DataObject) -> None:
    stored = " ".join(parts)
    folded = name(stored).folded
    place = data.draw(st.integers(0, len(folded) - 1).filter(lambda at: folded[at] != " "))
    slip = " ".join((folded[:place] + folded[place + 1 :]).split())
    found = grade(slip, stored)
    assert found is not None
    assert found >= grades.TWO_LETTERS


@settings(max_examples=40, deadline=None)
@given(parts=st.permutations(["Trần", "Ngọc", "Khánh", "Thuỳ"]))
def test_the_words_in_any_order_are_a_hit(parts: list[str]) -> None:
    found = grade(" ".join(parts), "Trần Ngọc Khánh Thuỳ")
    assert found is not None
    assert found >= grades.OTHER_ORDER


def test_the_reason_of_a_likeness_is_a_sentence_without_the_name() -> None:
    found = likeness(Sought.words("Nguyen Thi Hoe"), name("Nguyễn Thị Hoà"))
    assert found is not None
    assert found.reason == "one letter differs"
