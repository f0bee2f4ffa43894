"""Names: cleaning, folding, sound classes, order, and what is no name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import names, syllables
from matching.identity import Flag
from matching.names import NameFault, NotAName

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵĐÊÔ'’- "
WRITTEN = st.text(alphabet=LETTERS, max_size=30)


def given_order(*words: str) -> list[str]:
    return sorted(words, key=names.sort_key)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("hòang", "hoàng"),
        ("Hùynh", "Huỳnh"),
        ("TÒAN", "TOÀN"),
        ("qúy", "quý"),
        ("gía", "giá"),
        ("Tuýêt", "Tuyết"),
        ("Nguyêñ", "Nguyễn"),
        ("mià", "mìa"),
    ],
)
def test_a_tone_on_an_impossible_letter_is_put_right(wrong: str, right: str) -> None:
    assert names.clean(wrong) == right
    assert names.clean(unicodedata.normalize("NFD", wrong)) == right


@pytest.mark.parametrize(
    "name",
    [
        "hoà",
        "hòa",
        "thuý",
        "thúy",
        "khuỷu",
        "giếng",
        "gìn",
        "Êñuôl",
        "H'Wơ Ayŭn",
        "Y Blưt Êban",
        "Tẩn Mẩy",
        "Ajrơ̆ng",
        "Hiñ",
    ],
)
def test_a_right_spelling_is_left_alone(name: str) -> None:
    assert names.clean(name) == name


def test_look_alikes_and_invisible_characters_are_put_right() -> None:
    assert names.clean("Ðỗ\u00a0 H’Hen\u200b \ufeffNiê ") == "Đỗ H'Hen Niê"
    assert {names.fold(f"H{mark}Hen Niê") for mark in "'’‘ʼ`´"} == {"hhen nie"}
    assert names.fold("H' Hen Niê") == names.fold("HHen Niê") == "hhen nie"


@given(st.text(max_size=40))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = names.clean(text)
    assert names.clean(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(WRITTEN)
def test_both_unicode_forms_read_alike(text: str) -> None:
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert names.marked(composed) == names.marked(apart)
    assert names.sort_key(composed) == names.sort_key(apart)
    assert names.read_name(composed)[0] == names.read_name(apart)[0]


@given(st.text(max_size=40))
def test_a_folded_name_has_letters_and_single_spaces_only(text: str) -> None:
    folded = names.fold(text)
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert folded == " ".join(folded.split())
    assert names.fold(names.marked(text)) == folded
    assert len(names.marked(text).split()) == len(folded.split())


def test_the_tone_place_is_folded_and_i_and_y_are_not() -> None:
    assert names.marked("Nguyễn Thị Hòa") == names.marked("NGUYễN THỊ HOÀ") == "nguyễn thị hoà"
    assert names.marked("Qúy") == names.marked("Quý")
    assert names.marked("Vy") != names.marked("Vi")
    assert names.fold("Đặng Ƀlưt-Straße") == "dang blut strasse"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ly", "li"),
        ("giang", "dan"),
        ("rinh", "vin"),
        ("trang", "chan"),
        ("xuan", "suan"),
        ("lan", "nan"),
        ("nghia", "ngia"),
        ("bich", "bit"),
        ("loc", "lot"),
        ("cuong", "kuon"),
        ("gin", "din"),
        ("thhanh", "than"),
        ("Huỳnh", "huin"),
    ],
)
def test_spellings_that_sound_alike_share_a_sound_class(one: str, other: str) -> None:
    assert names.phonetic(one) == names.phonetic(other)


def test_a_sound_class_is_spelt_in_one_way() -> None:
    assert [names.phonetic(syllable) for syllable in ("quynh", "chau", "ghi", "")] == ["kwin", "chau", "gi", ""]


def test_a_name_keeps_its_writing_and_gains_its_forms() -> None:
    name, flags = names.read_name("  NGUYễN  Thị Hòa ")
    assert name is not None
    assert (name.written, name.marked, name.folded) == ("NGUYễN Thị Hòa", "nguyễn thị hoà", "nguyen thi hoa")
    assert flags == frozenset()
    assert "hoa" not in repr(name).lower()


def test_a_repaired_name_says_so() -> None:
    assert names.read_name("Nguyễn \u200dAnh")[1] == {Flag.NAME_REPAIRED}
    assert names.read_name(unicodedata.normalize("NFD", "Lê Trọng"))[1] == frozenset()


@pytest.mark.parametrize("text", [None, "", "  ", "\u200b"])
def test_nothing_written_is_no_name_and_nothing_odd(text: str | None) -> None:
    assert names.read_name(text) == (None, frozenset())


@pytest.mark.parametrize("text", ["không rõ", "KHÔNG RÕ", "chua ro ten", "Unknown", "N/A", "-", "?", "bé gái", "王"])
def test_words_for_unknown_are_no_name(text: str) -> None:
    assert names.read_name(text) == (None, frozenset({Flag.NAME_UNKNOWN}))


@pytest.mark.parametrize("text", ["Võ Danh", "Khổng Rõ", "Na", "Bế Trai"])
def test_names_that_resemble_words_for_unknown_stay_names(text: str) -> None:
    assert names.read_name(text)[0] is not None


@pytest.mark.parametrize(
    ("text", "mother"),
    [
        ("Con bà Lê Thị An", "Lê Thị An"),
        ("CON BÀ AN", "AN"),
        ("Bé con bà Le Thi An", "Le Thi An"),
        ("CB Nay H’An", "Nay H'An"),
        ("C/B Lê An", "lê an"),
        ("con chi Lê An", "Lê An"),
    ],
)
def test_a_newborn_called_after_her_mother_has_a_placeholder(text: str, mother: str) -> None:
    name, flags = names.read_name(text)
    assert name is not None
    assert name.placeholder
    assert Flag.NAME_PLACEHOLDER in flags
    found = names.mother_in(name)
    assert found is not None
    assert found.written == mother


def test_a_proper_name_holds_no_mother() -> None:
    name, _ = names.read_name("Lê Con An")
    assert name is not None
    assert not name.placeholder
    assert names.mother_in(name) is None


@pytest.mark.parametrize(
    ("text", "folded"), [("Cháu Khang", "khang"), ("BÉ H’An", "han"), ("Cu Bo", "bo"), ("Bé", "be")]
)
def test_a_form_of_address_is_no_part_of_the_name(text: str, folded: str) -> None:
    name, _ = names.read_name(text)
    assert name is not None
    assert name.folded == folded
    assert name.written == names.clean(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a\u0301\u0302n", NameFault.LOOSE_MARK),
        ("\u0301An", NameFault.LOOSE_MARK),
        ("Lê\x81 An", NameFault.CONTROL_CHARACTER),
        ("Lê \ue000An", NameFault.CONTROL_CHARACTER),
        ("Nguy?n An", NameFault.LOST_CHARACTER),
        ("?inh An", NameFault.LOST_CHARACTER),
        ("L\ufffd An", NameFault.LOST_CHARACTER),
        ("1992", NameFault.DIGITS_FOR_NAME),
    ],
)
def test_a_damaged_text_is_not_a_name(text: str, fault: NameFault) -> None:
    with pytest.raises(NotAName) as broken:
        names.read_name(text)
    assert broken.value.fault is fault
    assert text not in str(broken.value)


def test_a_doubt_after_a_name_is_no_damage() -> None:
    assert names.read_name("Lê Thị Hoa?")[0] is not None


def test_names_sort_by_given_name_in_the_order_of_the_alphabet() -> None:
    assert given_order("Đặng", "Dương", "Do", "Đạt", "Dũng") == ["Do", "Dũng", "Dương", "Đạt", "Đặng"]
    assert given_order("Lê Ánh", "Lê Ân", "Lê An", "Trần An", "Lê Anh", "Lê Ăn") == [
        "Lê An",
        "Trần An",
        "Lê Anh",
        "Lê Ánh",
        "Lê Ăn",
        "Lê Ân",
    ]
    assert given_order("ma", "mạ", "má", "mã", "mả", "mà") == ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert given_order("Lê Hoàng An", "Lê Hòa An", "Lê An", "Lê Hoa Ba An") == [
        "Lê An",
        "Lê Hòa An",
        "Lê Hoa Ba An",
        "Lê Hoàng An",
    ]


@given(st.text(max_size=30))
def test_a_sort_key_is_ascii_and_the_same_for_both_tone_styles(text: str) -> None:
    assert names.sort_key(text).isascii()
    assert names.sort_key(text) == names.sort_key(names.marked(text))


def test_the_right_encoding_shows_in_the_share_of_surnames() -> None:
    assert names.surname_share(["Nguyễn Thị An", "LÊ VăN BA", "Niê", "", "xyz"]) == 0.75
    assert names.surname_share(["NguyÔn ThÞ An", "TrÇn B×nh"]) == 0.0
    assert names.surname_share([]) == 0.0


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+A1", "-A1*2", "\t=1", "\rx", "\ufeff=1", '=HYPERLINK("x")'])
def test_text_that_a_spreadsheet_would_run_is_told(text: str) -> None:
    assert names.looks_like_formula(text)


@pytest.mark.parametrize("text", ["", "-", "--", "- thôn 3", "+84 912", "Lê = An", "K'Brôi", "-5"])
def test_dashes_and_telephone_numbers_are_no_formulas(text: str) -> None:
    assert not names.looks_like_formula(text)


@given(WRITTEN)
def test_settling_the_tone_never_changes_the_letters(text: str) -> None:
    for syllable in names.clean(text).lower().split():
        assert syllables.unmark(syllables.settle_tone(syllable)) == syllables.unmark(syllable)
