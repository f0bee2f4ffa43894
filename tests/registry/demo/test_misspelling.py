"""Each way to spoil a name changes what it says and nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.demo import misspelling
from registry.demo.chance import generator

NAMES = ("Nguyễn Thị Hòa", "Lê Thúy Quý", "Đỗ Văn Đạt", "H'Wơ Niê", "Trần Bảo Vy", "Y Blưt Êban")
SEEDS = st.integers(0, 10_000)


@given(name=st.sampled_from(NAMES), seed=SEEDS)
def test_a_slip_of_the_fingers_changes_at_most_two_letters(name: str, seed: int) -> None:
    wrong = misspelling.mistyped(generator(seed, "test"), name)
    assert wrong != name
    assert abs(len(wrong) - len(name)) <= 1
    if len(wrong) == len(name):
        assert sum(one != other for one, other in zip(wrong, name, strict=True)) <= 2


@given(name=st.sampled_from(NAMES), seed=SEEDS)
def test_another_order_keeps_the_words(name: str, seed: int) -> None:
    assert sorted(misspelling.reordered(generator(seed, "test"), name).split()) == sorted(name.split())


@given(name=st.sampled_from(NAMES), seed=SEEDS)
def test_the_first_and_the_last_word_stay_when_a_middle_name_is_lost(name: str, seed: int) -> None:
    kept = misspelling.without_a_middle(generator(seed, "test"), name).split()
    assert (kept[0], kept[-1]) == (name.split()[0], name.split()[-1])


@pytest.mark.parametrize(
    ("name", "elsewhere"),
    [
        ("Lê Hòa", "Lê Hoà"),
        ("Lê Hoà", "Lê Hòa"),
        ("Lê Thúy An", "Lê Thuý An"),
        ("Lê Quý", "Lê Quý"),
        ("Đỗ Hoàn", "Đỗ Hoàn"),
    ],
)
def test_a_tone_moves_only_where_two_places_are_usual(name: str, elsewhere: str) -> None:
    assert misspelling.tone_elsewhere(generator(1, "test"), name) == elsewhere


@pytest.mark.parametrize(
    ("name", "other"), [("Trần Bảo Vy", "Trần Bảo Vi"), ("Lý An", "Lý An"), ("Lê Ny An", "Lê Ny An")]
)
def test_i_stands_for_y_in_a_given_name_only(name: str, other: str) -> None:
    assert misspelling.i_for_y(generator(1, "test"), name) == other


@given(name=st.sampled_from(NAMES))
def test_without_marks_only_plain_letters_are_left(name: str) -> None:
    assert misspelling.without_marks(name).isascii()


def test_d_is_mistaken_for_its_sister() -> None:
    assert misspelling.d_for_dd(generator(1, "test"), "Lê Đan") == "Lê Dan"
    assert misspelling.d_for_dd(generator(1, "test"), "Lê An") == "Lê An"


@given(seed=SEEDS)
def test_an_apostrophe_is_written_in_another_way(seed: int) -> None:
    assert "'" not in misspelling.other_apostrophe(generator(seed, "test"), "H'Wơ Niê")


def test_decomposed_names_are_the_same_letters() -> None:
    name = "Nguyễn Thị Hòa"
    assert misspelling.decomposed(name) != name
    assert unicodedata.normalize("NFC", misspelling.decomposed(name)) == name


@given(name=st.sampled_from((*NAMES, "Sua")), seed=SEEDS)
def test_a_zero_width_character_is_not_seen(name: str, seed: int) -> None:
    spoilt = misspelling.with_zero_width(generator(seed, "test"), name)
    assert len(spoilt) == len(name) + 1
    assert "".join(letter for letter in spoilt if unicodedata.category(letter) != "Cf") == name
