"""Where two texts differ, letter by letter, for marking on a page."""

from __future__ import annotations

from difflib import SequenceMatcher
from unicodedata import normalize

Piece = tuple[str, bool]  # a text, and whether it stands on this side only


def differing(ours: str | None, theirs: str | None) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return both texts in pieces. Capitals are taken for their small letters; a missing text marks nothing."""
    left, right = normalize("NFC", ours or ""), normalize("NFC", theirs or "")
    if not left or not right:
        return _whole(left), _whole(right)
    compared = SequenceMatcher(None, left.lower(), right.lower(), autojunk=False)
    if len(left.lower()) != len(left) or len(right.lower()) != len(right):
        return _whole(left), _whole(right)  # a letter whose small form is longer: places would not fit
    mine: list[Piece] = []
    others: list[Piece] = []
    for kind, start, end, other_start, other_end in compared.get_opcodes():
        differs = kind != "equal"
        mine += [(left[start:end], differs)] if end > start else []
        others += [(right[other_start:other_end], differs)] if other_end > other_start else []
    return tuple(mine), tuple(others)


def _whole(text: str) -> tuple[Piece, ...]:
    return ((text, False),) if text else ()
