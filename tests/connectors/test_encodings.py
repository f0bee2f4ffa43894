"""The encodings of Vietnamese files: read right, told apart, never guessed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from viparse.normalize.tables import Charmap, convert
from viparse.normalize.tcvn3 import TCVN3 as TCVN3_ORACLE
from viparse.normalize.vni import VNI as VNI_ORACLE

from connectors.formats import encodings
from tests.connectors.deliveries import in_cp1258, in_tcvn3, in_vni, looks_like_a_name

NAMES = [
    "Nguyễn Thị Hoà",
    "Trần Văn Đạt",
    "Đỗ Thuỳ Dương",
    "Võ Ưng Thuỷ",
    "Lê Hữu Phước",
    "Phan Mẫu",
    "Huỳnh Ngữ",
    "Lan",
]
WRITERS = {
    encodings.UTF_8: str.encode,
    encodings.TCVN3: in_tcvn3,
    encodings.VNI: in_vni,
    encodings.CP1258: in_cp1258,
}
LETTERS = sorted({letter for _, letter in TCVN3_ORACLE.pairs})


@pytest.mark.parametrize("oracle", [TCVN3_ORACLE, VNI_ORACLE], ids=["tcvn3", "vni"])
def test_every_letter_is_read_as_an_independent_table_reads_it(oracle: Charmap) -> None:
    for written, letter in oracle.pairs:
        assert encodings.decode(written.encode("latin-1"), oracle.name) == letter


def test_vni_knows_the_two_letters_that_the_other_table_lacks() -> None:
    assert encodings.decode("aú AÚ".encode("latin-1"), encodings.VNI) == "ẳ Ẳ"


@given(st.text(alphabet="".join(LETTERS) + " abcdeghiklmnopqrstuvxy"))
def test_tcvn3_agrees_with_the_independent_table_on_any_text_in_small_letters(text: str) -> None:
    small = unicodedata.normalize("NFC", text.lower())
    written = in_tcvn3(small)
    assert encodings.decode(written, encodings.TCVN3) == convert(written.decode("latin-1"), TCVN3_ORACLE)


@pytest.mark.parametrize("encoding", WRITERS)
@pytest.mark.parametrize("name", NAMES)
def test_names_survive_every_encoding(encoding: str, name: str) -> None:
    assert encodings.decode(WRITERS[encoding](name), encoding) == name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("NGUYễN THị HOA", "NGUYỄN THỊ HOA"),
        ("Nguyễn Thị Hoa", "Nguyễn Thị Hoa"),
        ("Tày", "Tày"),
        ("Nữ", "Nữ"),
        ("Vũ Hà", "Vũ Hà"),
        ("H'Wơ", "H'Wơ"),
    ],
)
def test_capitals_that_tcvn3_lacks_are_restored_only_where_all_is_in_capitals(typed: str, meant: str) -> None:
    assert encodings.decode(in_tcvn3(typed), encodings.TCVN3) == meant


def test_a_mark_of_vni_may_be_typed_in_the_other_case() -> None:
    assert encodings.decode("Nguyeãn AÙ Aù".encode("latin-1"), encodings.VNI) == "Nguyễn Á Á"


@pytest.mark.parametrize(
    ("value", "encoding"),
    [(b"\x80", "tcvn3"), (b"t\xff", "tcvn3"), (b"b\xf9", "vni"), (b"\xc3", "utf-8"), (b"\xec", "cp1258")],
)
def test_bytes_that_are_no_letters_of_the_encoding_are_not_read(value: bytes, encoding: str) -> None:
    assert encodings.decode(value, encoding) is None


@pytest.mark.parametrize("encoding", WRITERS)
def test_a_column_of_names_is_decided_by_its_surnames(encoding: str) -> None:
    assert encodings.decide([WRITERS[encoding](name) for name in NAMES], looks_like_a_name) == encoding


@pytest.mark.parametrize(
    ("write", "encoding"), [(in_tcvn3, encodings.TCVN3_IN_UTF_8), (in_vni, encodings.VNI_IN_UTF_8)]
)
def test_text_of_an_old_font_saved_as_unicode_is_told_and_read(write: Callable[[str], bytes], encoding: str) -> None:
    column = [write(name).decode("latin-1").encode() for name in NAMES]
    assert encodings.decide(column, looks_like_a_name) == encoding
    assert [encodings.decode(value, encoding) for value in column] == NAMES
    assert encodings.decode("Nguyễn".encode(), encoding) is None


def test_a_few_damaged_values_do_not_change_the_decision() -> None:
    column = [in_tcvn3(name) for name in NAMES * 5] + [b"Tr\xffn", b"\x80"]
    assert encodings.decide(column, looks_like_a_name) == encodings.TCVN3
    column = [name.encode() for name in NAMES * 5] + [b"Tr\xff"]
    assert encodings.decide(column, looks_like_a_name) == encodings.UTF_8


def test_plain_letters_tell_nothing_and_need_nothing() -> None:
    assert encodings.decide([b"Tran Van Mau", b""], looks_like_a_name) == encodings.ASCII


def test_a_column_without_surnames_is_not_guessed() -> None:
    assert encodings.decide([in_tcvn3("Mường"), in_tcvn3("Tày")], looks_like_a_name) is None
    assert encodings.decide([b"\x80\x81", b"\xff"], looks_like_a_name) is None


@given(st.binary(max_size=40), st.sampled_from(sorted(WRITERS)))
def test_decoding_never_fails_otherwise_than_by_saying_so(value: bytes, encoding: str) -> None:
    text = encodings.decode(value, encoding)
    assert text is None or isinstance(text, str)
