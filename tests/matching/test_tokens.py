"""Written words are looked at once each, and a name of plain words is the same as when it is read whole."""

from __future__ import annotations

from threading import Lock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import names
from matching.identity import Identity
from matching.packed import CHILD, CHILD_JOINED, COUNT_SHIFT, MARKS_SHIFT, WORDS, Rows, pack
from matching.text_columns import texts_of
from matching.tokens import Role, Tokens
from matching.vocabulary import NONE, Vocabulary

_ROLE = Role(CHILD, CHILD_JOINED, COUNT_SHIFT, MARKS_SHIFT)


def _read(written: list[str], vocabulary: Vocabulary | None = None) -> tuple[Rows, list[int]]:
    """Return the rows of some names, and the places of those that are left to `matching.names`."""
    rows = np.zeros((len(written), WORDS), dtype=np.int32)
    rows[:, CHILD : CHILD + 8] = NONE
    tokens = Tokens((vocabulary or Vocabulary()).syllables, Lock())
    slow = tokens.read(texts_of(pa.array(written, pa.string())), rows, _ROLE)
    return rows, slow.tolist()


def _differ(rows: Rows) -> bool:
    return bool((rows != rows[0]).any())


@pytest.mark.parametrize(
    "ways",
    [
        (
            "Nguyễn Thị Hoà",
            "NGUYỄN THỊ HOÀ",
            "Nguyê\u0303n Thi\u0323 Hoa\u0300",
            "  nguyễn  thị hoà ",
            "Nguyễn Thị Hòa",
        ),
        ("Huỳnh Đạt", "Hùynh Đạt", "HUỲNH ÐẠT", "huỳnh đạt"),
        ("K'Bren", "K’Bren", "KʼBREN", "KBren"),
        ("Siu H'Len", "Siu H’Len", "SIU HʼLEN", "Siu HLen"),
    ],
)
def test_ways_to_write_a_name_give_one_row_without_reading_it_whole(ways: tuple[str, ...]) -> None:
    rows, slow = _read(list(ways))
    assert slow == []
    assert not _differ(rows)


@pytest.mark.parametrize("written", ["Nguyễn Thị Hoà", "Lê Văn A Bình Chi Dũng Em Phúc Giang Hà", "Hoa", "A Blơ̆"])
def test_a_plain_name_is_the_same_as_when_it_is_read_whole(written: str) -> None:
    vocabulary = Vocabulary()
    rows, slow = _read([written], vocabulary)
    name, _ = names.read_name(written)
    assert slow == []
    expected = pack([Identity(name=name)], vocabulary).rows
    places = [*range(CHILD, CHILD + 8), CHILD_JOINED, CHILD_JOINED + 1]
    np.testing.assert_array_equal(rows[:, places], expected[:, places])


def test_words_behind_the_eighth_count_in_the_hash_of_the_whole_name() -> None:
    rows, _ = _read(["A B D Đ E Ê G H An", "A B D Đ E Ê G H Bình"])
    np.testing.assert_array_equal(rows[0, CHILD : CHILD + 8], rows[1, CHILD : CHILD + 8])
    assert rows[0, CHILD_JOINED] != rows[1, CHILD_JOINED]


@pytest.mark.parametrize(
    "written",
    [
        "Con bà Lê Thị An",
        "H'Hen Niê",
        "HHen Niê",
        "Y Blơ̆ Êban",
        "Bé trai con chị Vàng Thị Mỷ",
        "Be Trai Con Chi Vang Thi My",
        "Trẻ sơ sinh",
        "C B An",
        "SS Con Lê An",
        "chưa đặt tên",
        "Bé An",
        "H' Hen Niê",
        "Lê-Trần An",
        "Nguy?n An",
        "Lê \x00An",
        "Lê\u00a0An",
        "0123",
        "李 An",
        "\u0301An Lê",
        "An Krongpangkhumvilay",
        "A" * 121,
        "= An",
    ],
)
def test_what_may_be_no_name_or_is_not_plain_is_left_to_the_reader_of_names(written: str) -> None:
    assert _read([written, "Lê An"])[1] == [0]


def test_a_surname_that_only_sounds_like_a_form_of_address_is_plain() -> None:
    assert _read(["Châu Gia Hân", "Bế Văn Đàn", "Võ Danh", "Bá Kiến", "Chi Mai"])[1] == []


def test_every_word_for_unknown_is_left_to_the_reader_of_names() -> None:
    every = names._UNKNOWN.split("|")  # the patterns themselves, so that a new one cannot be forgotten
    every += [names.syllables.unmark(pattern) for pattern in every] + ["vô danh"]
    assert _read(every)[1] == list(range(len(every)))


_OPENERS = (
    *("be", "tre", "chau", "so", "sinh", "ss", "trai", "gai", "con", "cua", "ba", "me", "chi", "co", "san", "phu"),
    *("sp", "cb", "c", "b", "bé", "cháu", "em", "cu", "bà", "chị", "an", "lê"),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(_OPENERS), min_size=1, max_size=6).map(" ".join))
def test_no_placeholder_and_no_form_of_address_is_taken_for_a_name(written: str) -> None:
    name, _ = names.read_name(written)
    as_written = name is not None and not name.placeholder and name.marked == names.marked(written)
    assert as_written or _read([written])[1] == [0]


def test_more_new_words_than_are_collected_at_once_are_all_learnt() -> None:
    letters = "abcdeghiklmnopqrstuvxy"
    words = [a + b + c + d for a in letters for b in letters for c in letters[:12] for d in letters[:3]]
    assert len(words) > 1 << 14
    rows, slow = _read(words)
    assert slow == []
    assert len(set(rows[:, CHILD].tolist())) == len(words)


def test_an_empty_name_is_no_name() -> None:
    rows, slow = _read(["", "   "])
    assert slow == []
    assert (rows[:, CHILD : CHILD + 8] == NONE).all()
    assert not rows[:, CHILD_JOINED].any()
