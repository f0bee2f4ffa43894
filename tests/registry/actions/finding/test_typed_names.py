"""How a typed name is read: the keys of Telex and VNI, forms of address, words run together."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import reference
from matching.names import fold, marked, phonetic
from matching.syllables import TONES, tone_places
from registry.actions.finding.typed_names import MOST_READINGS, parent_in, readings, typed_with_digits

LISTED = sorted(
    {
        marked(row[column]).split()[0]
        for name, column in (("surnames", "surname"), ("middle_names", "middle_name"), ("given_names", "given_name"))
        for row in reference.rows(name)
    }
)
TELEX = {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}
TELEX_TONE = dict(zip("\u0300\u0309\u0303\u0301\u0323", "frxsj", strict=True))
VNI = {"ă": "a8", "â": "a6", "ê": "e6", "ô": "o6", "ơ": "o7", "ư": "u7", "đ": "d9"}
VNI_TONE = dict(zip("\u0300\u0309\u0303\u0301\u0323", "23415", strict=True))


def keys_of(syllable: str, letters: dict[str, str], tones: dict[str, str], *, late: bool) -> str:
    """Return the keys by which a syllable is typed.

    Args:
        late: the tone is pressed last, not behind its vowel.
    """
    pressed, tone = "", ""
    for char in syllable:
        parts = unicodedata.normalize("NFD", char)
        mark = next((part for part in parts if part in TONES), "")
        letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        pressed += letters.get(letter, letter)
        if mark and late:
            tone = tones[mark]
        elif mark:
            pressed += tones[mark]
    return pressed + tone


def read(text: str) -> list[str]:
    """Return all readings, folded."""
    return [" ".join(syllable.folded for syllable in reading) for reading in readings(text)]


def test_the_names_of_the_lists_are_syllables() -> None:
    assert len(LISTED) >= 250
    assert sum(bool(tone_places(fold(one))) for one in LISTED) > 150


@pytest.mark.parametrize("syllable", LISTED)
def test_every_listed_name_is_read_from_its_telex_and_vni_keys(syllable: str) -> None:
    for letters, tones in ((TELEX, TELEX_TONE), (VNI, VNI_TONE)):
        for late in (True, False):
            keys = keys_of(syllable, letters, tones, late=late)
            forms = {phonetic(form) for reading in readings(keys) for one in reading for form in one.forms}
            assert phonetic(fold(syllable)) in forms, keys


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(LISTED), min_size=2, max_size=4), st.booleans())
def test_a_whole_name_is_read_from_telex_keys(syllables: list[str], late: bool) -> None:
    typed = " ".join(keys_of(syllable, TELEX, TELEX_TONE, late=late) for syllable in syllables)
    (first, *_) = readings(typed)
    assert len(first) == len(syllables)
    heard = [{phonetic(form) for form in one.forms} for one in first]
    assert all(phonetic(fold(syllable)) in forms for syllable, forms in zip(syllables, heard, strict=True))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("nguyeexn thij hoaf", "nguyễn thị hoà"),
        ("nguyeen thij", "nguyên thị"),
        ("ddawngj", "đặng"),
        ("nguye6n4", "nguyễn"),
        ("d9a85ng", "đặng"),
        ("nguyênx", "nguyễn"),
        ("phuowngs", "phướng"),
    ],
)
def test_debris_of_the_keys_is_read_with_its_marks(typed: str, expected: str) -> None:
    assert " ".join(syllable.marked for syllable in readings(typed)[0]) == expected


@pytest.mark.parametrize("plain", ["nguyen thi hoa", "lo thi pang", "xuan trang", "sa ray", "nguyễn thị hoà"])
def test_a_plain_name_stays_as_it_is(plain: str) -> None:
    assert read(plain)[0] == fold(plain)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bé Nguyễn Thị Hoà", "nguyen thi hoa"),
        ("chau Hoa", "hoa"),
        ("cháu bé Minh", "minh"),
        ("nguyenthihoa", "nguyen thi hoa"),
        ("tranvan nam", "tran van nam"),
        ("H Hen Nie", "hhen nie"),
        ("H' Hen Niê", "hhen nie"),
        ("K Briu", "kbriu"),
        ("Ybhiong", "y bhiong"),
    ],
)
def test_what_may_be_meant_is_among_the_readings(typed: str, meant: str) -> None:
    assert meant in read(typed)
    assert len(read(typed)) <= MOST_READINGS


@pytest.mark.parametrize("typed", ["Buôr", "Moong", "Jŭt", "Srây", "Hrĭn", "Bkrông"])
def test_a_name_of_the_highlands_is_read_as_it_stands_too(typed: str) -> None:
    assert fold(typed) in readings(typed)[0][0].forms


def test_a_surname_that_is_also_a_form_of_address_keeps_both_readings() -> None:
    assert {"chau minh anh", "minh anh"} <= set(read("Chau Minh Anh"))


@pytest.mark.parametrize(
    ("typed", "parent"),
    [
        ("con bà Lê Thị An", "Lê Thị An"),
        ("Con của Trần Văn Nam", "Trần Văn Nam"),
        ("child of Tran Thi Hoa", "Tran Thi Hoa"),
        ("cháu con chị Hoa", "Hoa"),
        ("Lê Thị An", None),
        ("Con", None),
        ("con bà", None),
    ],
)
def test_a_parent_in_the_words_is_taken_out(typed: str, parent: str | None) -> None:
    assert parent_in(typed) == parent


def test_only_a_syllable_with_figures_is_a_name_and_no_key() -> None:
    assert typed_with_digits("nguye6n4")
    assert not any(map(typed_with_digits, ("EDU0001", "HS0012345", "BVTE-2026-0001", "nguyen")))


@given(st.text(max_size=40))
def test_any_text_has_readings_or_none(text: str) -> None:
    for reading in readings(text):
        assert reading
        assert all(syllable.folded for syllable in reading)
