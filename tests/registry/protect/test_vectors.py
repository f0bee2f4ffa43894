"""Known answers: the product and a second implementation agree with the file, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from registry.protect.blind_index import BlindIndex
from registry.protect.cipher import Place, seal, unseal
from registry.protect.data_key import DataKey, WrappedKey
from registry.protect.keyring import Domain
from registry.protect.pseudonym import child_pseudonym
from registry.protect.search_tokens import SearchFacts, child_tokens
from tests.registry.protect import second_implementation as second
from tests.registry.protect.fixed_keys import domain_key, keyring_of_words

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
KEYRING = keyring_of_words()


def place_of(vector: dict[str, Any]) -> Place:
    return Place(vector["table"], vector["group"], UUID(vector["row"]), vector["generation"])


def place_tuple(vector: dict[str, Any]) -> tuple[str, str, str, int]:
    return vector["table"], vector["group"], vector["row"], vector["generation"]


@pytest.mark.parametrize("vector", VECTORS["token"])
def test_a_known_token_opens_at_its_place(vector: dict[str, Any]) -> None:
    key = DataKey(bytes.fromhex(vector["key"]), vector["generation"])
    place = place_of(vector)
    assert place.associated().hex() == vector["associated"]
    assert unseal(key, place, bytes.fromhex(vector["token"])).hex() == vector["plaintext"]


@pytest.mark.parametrize("vector", VECTORS["token"])
def test_the_second_implementation_writes_the_known_token_and_reads_ours(vector: dict[str, Any]) -> None:
    key, plaintext = bytes.fromhex(vector["key"]), bytes.fromhex(vector["plaintext"])
    theirs = second.token(key, bytes.fromhex(vector["nonce"]), plaintext, place_tuple(vector))
    ours = seal(DataKey(key, vector["generation"]), place_of(vector), plaintext)
    assert theirs.hex() == vector["token"]
    assert second.plaintext_of(key, ours, place_tuple(vector)) == plaintext


@pytest.mark.parametrize("vector", VECTORS["wrapped_key"])
def test_a_known_wrapped_key_opens_for_its_owner(vector: dict[str, Any]) -> None:
    owner = (vector["domain"], vector["epoch"], vector["owner"], vector["generation"])
    nonce, key = bytes.fromhex(vector["nonce"]), bytes.fromhex(vector["key"])
    assert second.wrapped_key(bytes.fromhex(vector["wrapping"]), nonce, key, owner).hex() == vector["wrapped"]
    domain = Domain(vector["domain"])
    assert domain_key(domain).hex() == vector["wrapping"]
    wrapped = WrappedKey(vector["epoch"], bytes.fromhex(vector["wrapped"]))
    opened = KEYRING.open_data_key(domain, wrapped, UUID(vector["owner"]), vector["generation"])
    place = Place("identity", "family", UUID(vector["owner"]), vector["generation"])
    assert unseal(DataKey(key, vector["generation"]), place, seal(opened, place, b"the same key")) == b"the same key"


def test_blind_indexes_are_the_known_ones() -> None:
    known = VECTORS["index"]
    key = bytes.fromhex(known["domain_key"])
    index = BlindIndex(KEYRING)
    for case in known["identifier"]:
        assert index.identifier(case["kind"], case["value"]).hex() == case["index"]
        assert second.identifier(key, case["kind"], case["value"]).hex() == case["index"]
    for case in known["source_key"]:
        assert index.source_key(*case["names"]).hex() == case["index"]
        assert second.source_key(key, *case["names"]).hex() == case["index"]
    for case in known["content"]:
        assert index.content_digest(case["document"]).hex() == case["digest"]
        assert second.content_digest(key, case["document"]).hex() == case["digest"]


def test_block_tokens_are_the_known_ones() -> None:
    known = VECTORS["block"]
    for case in known["tokens"]:
        assert BlindIndex(KEYRING).block_token(case["kind"], case["text"]) == case["token"]
        assert second.block_token(bytes.fromhex(known["domain_key"]), case["kind"], case["text"]) == case["token"]


def test_search_tokens_hold_the_known_ones() -> None:
    known = VECTORS["search"]
    facts = SearchFacts(
        name_parts=tuple(known["name_parts"]),
        birth_year=known["birth_year"],
        birth_date=known["birth_date"],
        mother_parts=tuple(known["mother_parts"]),
        father_parts=(),
        province=known["province"],
    )
    assert {*known["child"], *known["parent"]} <= set(child_tokens(KEYRING, facts))


def test_the_logs_name_of_a_child_is_the_known_one() -> None:
    known = VECTORS["log_name"]
    assert child_pseudonym(KEYRING, UUID(known["child"])).hex() == known["name"]
    assert second.log_name(bytes.fromhex(known["domain_key"]), known["child"]).hex() == known["name"]
