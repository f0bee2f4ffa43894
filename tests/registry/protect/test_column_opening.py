"""One column of many rows opens as fast and as strictly as one value at a time."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from registry.model.errors import KeyUnavailable
from registry.protect.cipher import Place, seal
from registry.protect.column_opening import ColumnOpening, SealedCell
from registry.protect.keys.keyring import Domain, Keyring, Mark
from tests.registry.protect.fixed_keys import keyring_of_words

KEYRING = keyring_of_words()
TABLE, GROUP = "child_search", "finding"


def cell(text: bytes, keyring: Keyring = KEYRING, *, owner: UUID | None = None, generation: int = 1) -> SealedCell:
    """Return a row as the database gives it."""
    owner = owner or uuid4()
    key, wrapped = keyring.new_data_key(Domain.IDENTITY_WRAP, owner, generation)
    return (
        owner.bytes,
        generation,
        wrapped.epoch,
        wrapped.wrapped,
        seal(key, Place(TABLE, GROUP, owner, generation), text),
    )


def opening(keyring: Keyring = KEYRING) -> ColumnOpening:
    return ColumnOpening(keyring, TABLE, GROUP)


def test_what_was_sealed_one_by_one_is_opened_together() -> None:
    rows = [cell(b"x" * size, generation=1 + size % 3) for size in range(1, 70)]
    opened = opening().open(rows)
    assert opened.cells == [(row[0], b"x" * size) for size, row in enumerate(rows, start=1)]
    assert opening().open(rows, keep=lambda plain: len(plain) == 7).cells == [(rows[6][0], b"x" * 7)]
    assert opened.damaged == []


def test_two_epochs_of_the_wrapping_key_are_open_at_once(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    before = cell(b"old", keyring)
    keyring.rotate(Domain.IDENTITY_WRAP)
    after = cell(b"new", keyring)
    assert [raw for _, raw in opening(keyring).open([before, after]).cells] == [b"old", b"new"]


def test_a_value_that_was_changed_or_moved_is_left_out_and_named() -> None:
    one, other = cell(b"one"), cell(b"other")
    flipped = (*one[:4], one[4][:-1] + bytes([one[4][-1] ^ 1]))
    moved = (*one[:4], other[4])
    cut = (*one[:4], one[4][:20])
    other_generation = (one[0], 2, *one[2:])
    other_format = (*one[:4], b"\x09" + one[4][1:])
    others_key = (*one[:3], other[3], one[4])
    bad = [flipped, moved, cut, other_generation, other_format, others_key, (*one[:3], b"", b"")]
    opened = opening().open([*bad, other])
    assert opened.cells == [(other[0], b"other")]
    assert [owner for owner, _ in opened.damaged] == [one[0]] * len(bad)
    places = {error.place for _, error in opened.damaged}
    assert places == {"child_search.finding", "identity_wrap"}


def test_another_column_does_not_open() -> None:
    row = cell(b"facts")
    assert ColumnOpening(KEYRING, TABLE, "other").open([row]).cells == []
    assert ColumnOpening(KEYRING, "identity", GROUP).open([row]).cells == []


def test_a_wrapping_key_that_is_gone_is_no_damage(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    owner, generation, _, wrapped, token = cell(b"facts", keyring)
    with pytest.raises(KeyUnavailable):
        opening(keyring).open([(owner, generation, 99, wrapped, token)])
