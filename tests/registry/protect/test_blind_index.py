"""Equal values have equal hashes; nothing else does, and nothing can be tried without the key."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from registry.protect.blind_index import BlindIndex
from registry.protect.keys.keyring import Domain, Keyring, Mark
from tests.registry.protect.fixed_keys import keyring_of_words

INDEX = BlindIndex(keyring_of_words())


@given(st.text(), st.text())
def test_identifiers_are_equal_exactly_if_the_values_are(one: str, other: str) -> None:
    hashes = INDEX.identifier("personal_number", one), INDEX.identifier("personal_number", other)
    assert (hashes[0] == hashes[1]) == (one == other)
    assert len(hashes[0]) == 16


def test_one_value_of_two_kinds_has_two_hashes() -> None:
    number = "001215000001"
    assert INDEX.identifier("personal_number", number) != INDEX.identifier("parent_number", number)
    assert INDEX.block_token("number", number) != INDEX.block_token("mother", number)


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_source_keys_do_not_run_into_each_other(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (INDEX.source_key(*one) == INDEX.source_key(*other)) == (one == other)


def test_a_document_has_one_digest_whatever_the_order_of_its_fields() -> None:
    assert INDEX.content_digest({"a": 1, "b": "Mẫu"}) == INDEX.content_digest({"b": "Mẫu", "a": 1})
    assert INDEX.content_digest({"a": 1}) != INDEX.content_digest({"a": "1"})
    assert len(INDEX.content_digest({})) == 32


def test_bytes_and_documents_have_digests_of_their_own() -> None:
    assert INDEX.bytes_digest(b"{}") != INDEX.content_digest({})
    assert INDEX.bytes_digest(b"a") == INDEX.bytes_digest(b"a")


@given(st.text())
def test_block_tokens_fit_a_signed_64_bit_column(text: str) -> None:
    assert -(2**63) <= INDEX.block_token("name", text) < 2**63


def test_a_broken_character_of_a_delivery_is_indexed_like_any_other() -> None:
    assert INDEX.identifier("name", "\ud800") != INDEX.identifier("name", "\ud801")


def test_another_installation_has_other_hashes(keyring: Keyring) -> None:
    assert BlindIndex(keyring).identifier("personal_number", "001215000001") != INDEX.identifier(
        "personal_number", "001215000001"
    )


def test_old_and_new_index_live_side_by_side_while_one_is_rebuilt(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    before = BlindIndex(keyring).identifier("personal_number", "001215000001")
    keyring.rotate(Domain.INDEX)
    old, new = BlindIndex(keyring, 1), BlindIndex(keyring)
    assert (old.version, new.version) == (1, 2)
    assert old.identifier("personal_number", "001215000001") == before
    assert new.identifier("personal_number", "001215000001") != before
