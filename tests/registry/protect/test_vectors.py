"""Known answers: the product and a second implementation agree with the file, byte for byte."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import names
from registry.protect.blind_index import BlindIndex
from registry.protect.cipher import Place, seal, unseal
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.keyring import Domain
from registry.protect.pseudonym import child_pseudonym
from registry.protect.search_tokens import TOKENS, Mint, SearchFacts, child_tokens
from tests.registry.protect import second_implementation as second
from tests.registry.protect.fixed_keys import domain_key, keyring_of_words

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
KEYRING = keyring_of_words()
LETTERS = "abcdeghiklmnopqrstuvxyăâđêôơư"
WRITTEN = LETTERS + LETTERS.upper() + "ðƀßøàảãáạệữ'’ʼ -.,0129\N{COMBINING BREVE}\N{ZERO WIDTH SPACE}яЖ中"
NAME = st.lists(st.text(LETTERS, min_size=1, max_size=6), max_size=9).map(" ".join)


def place_of(vector: dict[str, Any]) -> Place:
    return Place(vector["table"], vector["group"], UUID(vector["row"]), vector["generation"])


def born(vector: dict[str, Any]) -> tuple[int | None, str | None]:
    return vector["birth_year"], vector["birth_date"]


def facts_of(vector: dict[str, Any], name: str, mother: str, father: str) -> SearchFacts:
    year, date = born(vector)
    return SearchFacts(
        name_parts=tuple(names.fold(name).split()),
        birth_year=year,
        birth_date=date,
        mother_parts=tuple(names.fold(mother).split()),
        father_parts=tuple(names.fold(father).split()),
        province=vector["province"],
    )


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
        assert second.keyed(key, ["identifier", case["kind"]], case["value"]).hex() == case["index"]
    for case in known["source_key"]:
        assert index.source_key(*case["names"]).hex() == case["index"]
        assert second.keyed(key, ["source-key"], case["names"]).hex() == case["index"]


def test_digests_of_contents_are_the_known_ones() -> None:
    known = VECTORS["index"]
    key = bytes.fromhex(known["content_domain_key"])
    index = BlindIndex(KEYRING)
    for case in known["content"]:
        assert index.content_digest(case["document"]).hex() == case["digest"]
        assert second.keyed(key, ["content"], case["document"]).hex() == case["digest"]
    for case in known["bytes"]:
        assert index.bytes_digest(bytes.fromhex(case["raw"])).hex() == case["digest"]
        assert second.keyed(key, ["bytes"], bytes.fromhex(case["raw"])).hex() == case["digest"]
    for case in known["pattern"]:
        assert index.pattern(case["text"]).hex() == case["digest"]
        assert second.keyed(key, ["pattern"], case["text"]).hex() == case["digest"]
    for case in known["erased_record"]:
        assert index.erased_record(*case["names"]).hex() == case["digest"]
        assert second.keyed(key, ["erased-record"], case["names"]).hex() == case["digest"]


def test_block_tokens_are_the_known_ones() -> None:
    known = VECTORS["block"]
    for case in known["tokens"]:
        theirs = second.keyed(bytes.fromhex(known["domain_key"]), ["block", case["kind"]], case["text"])
        assert BlindIndex(KEYRING).block_token(case["kind"], case["text"]) == case["token"]
        assert int.from_bytes(theirs, "big", signed=True) == case["token"]


def test_the_logs_name_of_a_child_is_the_known_one() -> None:
    known = VECTORS["log_name"]
    theirs = second.keyed(bytes.fromhex(known["domain_key"]), ["access-log"], UUID(known["child"]).bytes)
    assert child_pseudonym(KEYRING, UUID(known["child"])).hex() == known["name"]
    assert theirs.hex() == known["name"]


@pytest.mark.parametrize("vector", VECTORS["fold"])
def test_a_name_folds_to_the_known_letters(vector: dict[str, str]) -> None:
    assert names.fold(vector["written"]) == vector["folded"]
    assert second.fold(vector["written"]) == vector["folded"]


@pytest.mark.parametrize("vector", VECTORS["sound"])
def test_a_syllable_has_the_known_sound(vector: dict[str, str]) -> None:
    assert names.phonetic(vector["syllable"]) == vector["sound"]
    assert second.sound(vector["syllable"]) == vector["sound"]


@pytest.mark.parametrize("vector", VECTORS["search"]["children"])
def test_a_childs_search_tokens_are_the_known_ones(vector: dict[str, Any]) -> None:
    facts = facts_of(vector, vector["name"], vector["mother"], vector["father"])
    mint = Mint(KEYRING, vector["province"], None)
    said = [text.partition(" ") for text in vector["texts"]]
    tokens = dict.fromkeys((mint.child if whose == "child" else mint.parent)(text) for whose, _, text in said)
    assert child_tokens(KEYRING, facts) == vector["tokens"]
    assert mint.filled(list(tokens)[:TOKENS]) == vector["tokens"]


@pytest.mark.parametrize("vector", VECTORS["search"]["children"])
def test_the_second_implementation_says_the_known_texts_and_makes_the_known_tokens(vector: dict[str, Any]) -> None:
    key = bytes.fromhex(VECTORS["search"]["domain_key"])
    texts = list(second.search_texts(vector["name"], [vector["mother"], vector["father"]], *born(vector)))
    assert list(dict.fromkeys(f"{whose} {text}" for whose, text in texts)) == vector["texts"]
    assert second.child_tokens(key, vector["province"], texts) == vector["tokens"]


@given(st.text(WRITTEN, max_size=16))
def test_both_fold_any_name_to_the_same_letters_and_sounds(written: str) -> None:
    folded = names.fold(written)
    assert second.fold(written) == folded
    assert [second.sound(part) for part in folded.split()] == [names.phonetic(part) for part in folded.split()]


@given(NAME, NAME, NAME, st.sampled_from([None, 2014]), st.sampled_from([None, "2014-05-03"]))
def test_both_make_the_same_search_tokens_of_any_child(
    name: str, mother: str, father: str, year: int | None, date: str | None
) -> None:
    vector = {"birth_year": year, "birth_date": date, "province": "19"}
    texts = second.search_texts(name, [mother, father], year, date)
    theirs = second.child_tokens(domain_key(Domain.SEARCH), "19", texts)
    assert child_tokens(KEYRING, facts_of(vector, name, mother, father)) == theirs


def test_the_second_implementation_is_short_and_imports_nothing_of_ours() -> None:
    source = Path(second.__file__).read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {f"{'.' * node.level}{node.module or ''}" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert len(source.splitlines()) < 100
    assert {name.partition(".")[0] for name in imported} <= {*sys.stdlib_module_names, "cryptography"}
    assert not {"__import__", "importlib", "exec", "eval"} & {*imported, *re.findall(r"\w+", source)}
