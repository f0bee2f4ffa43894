"""What is sealed opens at its place with its key, and nowhere else."""

from __future__ import annotations

import itertools
import json
import pickle
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.errors import Tampered
from registry.protect.cipher import (
    OVERHEAD,
    STEP,
    Place,
    generation_of,
    seal,
    seal_document,
    unseal,
    unseal_document,
)
from registry.protect.keys.data_key import DataKey

KEY = DataKey(bytes(range(32)), 1)
PLACE = Place("identity", "family", UUID(int=7), 1)
DOCUMENTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
)


@given(st.binary(max_size=200))
def test_what_is_sealed_comes_back(plaintext: bytes) -> None:
    assert unseal(KEY, PLACE, seal(KEY, PLACE, plaintext)) == plaintext


@given(DOCUMENTS)
def test_a_document_comes_back(document: dict[str, Any]) -> None:
    assert unseal_document(KEY, PLACE, seal_document(KEY, PLACE, document)) == document


def test_a_broken_character_of_a_delivery_comes_back() -> None:
    document = {"written": "Trần \ud800 Mẫu"}
    assert unseal_document(KEY, PLACE, seal_document(KEY, PLACE, document)) == document


def test_two_seals_of_one_value_differ() -> None:
    assert seal(KEY, PLACE, b"Mau") != seal(KEY, PLACE, b"Mau")


def test_the_size_of_a_token_tells_the_length_in_steps_only() -> None:
    sizes = {len(seal(KEY, PLACE, bytes(length))) for length in range(29)}
    assert sizes == {OVERHEAD + STEP}
    assert len(seal(KEY, PLACE, bytes(29))) == OVERHEAD + 2 * STEP


def test_every_exchange_of_tokens_between_places_is_refused() -> None:
    rows = (UUID(int=1), UUID(int=2))
    owners = {(row, generation): DataKey(uuid4().bytes * 2, generation) for row in rows for generation in (1, 2)}
    sealed = {}
    for table, group, row, generation in itertools.product(("identity", "link"), ("family", "contact"), rows, (1, 2)):
        place = Place(table, group, row, generation)
        sealed[place] = seal(owners[row, generation], place, b"Le Van Mau")
    refused = 0
    for here, there in itertools.permutations(sealed, 2):
        for key in (owners[here.row, here.generation], owners[there.row, there.generation]):
            with pytest.raises(Tampered):
                unseal(key, here, sealed[there])
            refused += 1
    assert refused == 2 * 16 * 15


def test_names_of_table_and_group_cannot_run_into_each_other() -> None:
    token = seal(KEY, Place("ab", "c", PLACE.row, 1), b"x")
    with pytest.raises(Tampered):
        unseal(KEY, Place("a", "bc", PLACE.row, 1), token)


@given(st.integers(min_value=0, max_value=OVERHEAD + STEP - 1), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_is_refused(position: int, change: int) -> None:
    token = bytearray(seal(KEY, PLACE, b"Mau"))
    token[position] ^= change
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, bytes(token))


@given(st.binary(max_size=100))
def test_rubbish_is_refused_without_another_error(rubbish: bytes) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, rubbish)


@pytest.mark.parametrize("kept", [0, 3, 31, 63])
def test_a_truncated_token_is_refused(kept: int) -> None:
    with pytest.raises(Tampered, match="too short"):
        unseal(KEY, PLACE, seal(KEY, PLACE, b"Mau")[:kept])


def test_a_token_of_an_unknown_format_is_named_so() -> None:
    token = seal(KEY, PLACE, b"Mau")
    with pytest.raises(Tampered, match="unknown format"):
        unseal(KEY, PLACE, b"\x02" + token[1:])


def test_a_token_tells_which_key_generation_opens_it() -> None:
    place = Place("identity", "family", PLACE.row, 0x0203)
    token = seal(DataKey(bytes(32), 0x0203), place, b"Mau")
    assert generation_of(token) == 0x0203
    with pytest.raises(Tampered):
        generation_of(token[:40])
    with pytest.raises(Tampered, match="generation"):
        unseal(KEY, PLACE, token)


def test_a_key_of_another_generation_seals_nothing() -> None:
    with pytest.raises(ValueError, match="generation"):
        seal(KEY, Place("identity", "family", PLACE.row, 2), b"Mau")


@pytest.mark.parametrize("plaintext", [b"Mau", b"[1]", json.dumps("Mau").encode(), b"\xff"])
def test_what_is_no_document_is_refused_without_being_shown(plaintext: bytes) -> None:
    with pytest.raises(Tampered) as refusal:
        unseal_document(KEY, PLACE, seal(KEY, PLACE, plaintext))
    assert "Mau" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_value_that_is_not_json_is_refused_without_being_shown() -> None:
    with pytest.raises(TypeError) as refusal:
        seal_document(KEY, PLACE, {"name": b"Mau"})
    assert "Mau" not in str(refusal.value)


def test_an_open_key_shows_nothing_and_is_written_nowhere() -> None:
    assert repr(KEY) == "DataKey(generation=1)"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
