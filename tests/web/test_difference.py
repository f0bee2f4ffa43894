"""Marking where two texts differ loses no letter."""

from __future__ import annotations

from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from registry.web.difference import differing


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_make_up_the_texts_again(ours: str, theirs: str) -> None:
    mine, others = differing(ours, theirs)
    assert "".join(piece for piece, _ in mine) == normalize("NFC", ours)
    assert "".join(piece for piece, _ in others) == normalize("NFC", theirs)


@given(st.text(max_size=40))
def test_nothing_is_marked_between_equal_texts(text: str) -> None:
    assert not any(differs for side in differing(text, text) for _, differs in side)


def test_the_letter_that_differs_is_marked() -> None:
    mine, others = differing("Lê Minh Anh", "LÊ MINH ÁNH")
    assert [piece for piece, differs in mine if differs] == ["A"]
    assert [piece for piece, differs in others if differs] == ["Á"]


def test_a_missing_side_marks_nothing() -> None:
    assert differing(None, "Lê") == ((), (("Lê", False),))
