"""Similarity: which two syllables are a slip of each other, beside what another library says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from matching.forms import FormBook, Forms
from matching.frequencies import Frequencies
from matching.people import Integers
from matching.similarity import Similarity
from matching.vocabulary import NONE, Vocabulary

NOBODY = Frequencies.counting([])
WORDS = st.text("abc", min_size=1, max_size=16) | st.text("ab", min_size=7, max_size=10)


def forms_of(*texts: str) -> tuple[Forms, Integers]:
    vocabulary = Vocabulary()
    codes = np.array([vocabulary.syllables.code(text) for text in texts], dtype=np.int32)
    return FormBook(vocabulary, NOBODY).current(), codes


def near(one: str, other: str) -> bool:
    forms, codes = forms_of(one, other)
    return bool(Similarity(forms).near(codes[:1], codes[1:])[0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("van", "vam", True),
        ("van", "vna", True),
        ("van", "vann", True),
        ("an", "van", True),
        ("van", "vnam", False),
        ("a", "b", False),
        ("y", "ly", True),
        ("phuongthanhlongx", "phuongthanhlong", True),
        ("phuongthanhlongx", "phuongthanhlonxg", True),
        ("phuongthanhlongx", "puhongthanhlonxg", False),
    ],
)
def test_one_slip_is_near(one: str, other: str, expected: bool) -> None:
    assert near(one, other) is near(other, one) is expected


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS, st.integers(0, 15), st.sampled_from("abc"), st.sampled_from(["none", "more", "less", "turn"]))
def test_near_is_a_distance_of_one_at_most(one: str, other: str, place: int, letter: str, slip: str) -> None:
    mistyped = {
        "none": other,
        "more": (one[:place] + letter + one[place:])[:16],
        "less": one[:place] + one[place + 1 :] or letter,
        "turn": one[:place] + one[place : place + 2][::-1] + one[place + 2 :],
    }[slip]
    expected = OSA.distance(one, mistyped) <= 1 and max(len(one), len(mistyped)) >= 2
    assert near(one, mistyped) is expected


def test_y_and_i_are_one_spelling_and_nothing_is_no_spelling() -> None:
    forms, codes = forms_of("lý", "li", "la")
    folded = forms.folded[codes + 1]
    similarity = Similarity(forms)
    nothing = np.full(3, NONE, dtype=np.int32)
    assert similarity.spelling(folded, folded[[1, 2, 2]]).tolist() == [True, False, True]
    assert not similarity.spelling(nothing, folded).any()
    assert not similarity.near(nothing, folded).any()
    assert not similarity.borne(nothing).any()
