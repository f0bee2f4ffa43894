"""The primitives as the product calls them agree with Wycheproof's answers, and HMAC-SHA256 with those of its RFC.

Each file of vectors names its source and what was left out of it.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.canonical import length_prefixed
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.key_provider import Wrapped
from registry.protect.keys.keyring import Domain
from registry.protect.keys.keyring_file import entry_of
from registry.protect.log.checkpoint import Verifier
from tests.registry.protect.fixed_keys import keyring_with

FOLDER = Path(__file__).parent / "wycheproof"
FILES = {"aes_gcm.json": 66, "hkdf_sha256.json": 83, "ed25519.json": 181, "hmac_sha256_rfc4231.json": 7}
Case = dict[str, Any]


def cases_of(name: str) -> list[Case]:
    cases: list[Case] = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cases"]
    return cases


def parts_of(case: Case, *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def opens(case: Case) -> bool:
    """Say whether a data key opens what the case calls its ciphertext and tag, and to the right bytes."""
    key, nonce, bound, plain, sealed, tag = parts_of(case, "key", "iv", "aad", "msg", "ct", "tag")
    try:
        return DataKey(key, 1).aead.decrypt(nonce, sealed + tag, bound) == plain
    except InvalidTag:
        return False


def verifies(case: Case) -> bool:
    key, message, signature = parts_of(case, "key", "msg", "sig")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_every_case_of_the_files_is_here() -> None:
    assert {path.name: len(cases_of(path.name)) for path in FOLDER.glob("*.json")} == FILES


def test_aes_256_gcm_opens_what_is_right_and_nothing_else() -> None:
    cases = cases_of("aes_gcm.json")
    assert [case for case in cases if opens(case) != (case["result"] == "valid")] == []
    assert Counter(case["result"] for case in cases) == {"valid": 39, "invalid": 27}


def test_aes_256_gcm_writes_the_known_bytes() -> None:
    for case in cases_of("aes_gcm.json"):
        key, nonce, bound, plain, sealed, tag = parts_of(case, "key", "iv", "aad", "msg", "ct", "tag")
        written = DataKey(key, 1).aead.encrypt(nonce, plain, bound)
        assert (written == sealed + tag) == (case["result"] == "valid"), case["tcId"]


def test_a_block_of_hkdf_sha256_is_the_known_one() -> None:
    for case in cases_of("hkdf_sha256.json"):
        secret, salt, label, output = parts_of(case, "ikm", "salt", "info", "okm")
        uniform = hmac.digest(salt, secret, "sha256")
        block = hmac.digest(uniform, label + b"\x01", "sha256")
        assert case["result"] == "valid"
        assert block[: len(output)] == output, case["tcId"]
        assert HKDFExpand(SHA256(), len(output), label).derive(uniform) == output, case["tcId"]


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(max_size=40), max_size=3))
def test_the_keyring_derives_what_hkdf_expand_does(domain_key: bytes, labels: list[bytes]) -> None:
    keyring = keyring_with(entry_of(Domain.INDEX, 1, wrapped=Wrapped("open", domain_key), since=None))
    expand = HKDFExpand(SHA256(), 32, length_prefixed(b"child-registry/derived/1", *labels))
    assert keyring.derived(Domain.INDEX, *labels, version=1) == expand.derive(domain_key)


@pytest.mark.parametrize("case", cases_of("hmac_sha256_rfc4231.json"), ids=lambda case: case["case"])
def test_hmac_sha256_is_the_known_one(case: Case) -> None:
    key, message, tag = parts_of(case, "key", "msg", "tag")
    assert hmac.digest(key, message, "sha256")[: len(tag)] == tag


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_two_libraries_agree_on_hmac_sha256(key: bytes, message: bytes) -> None:
    other = HMAC(key, SHA256())
    other.update(message)
    assert hmac.digest(key, message, "sha256") == other.finalize()


def test_ed25519_accepts_what_is_right_and_nothing_else() -> None:
    cases = cases_of("ed25519.json")
    assert [case for case in cases if verifies(case) != (case["result"] == "valid")] == []
    assert Counter(case["result"] for case in cases) == {"valid": 117, "invalid": 64}


def test_the_logs_verifier_agrees_on_every_message_that_is_text() -> None:
    told = 0
    for case in cases_of("ed25519.json"):
        key, message, signature = parts_of(case, "key", "msg", "sig")
        body = message.decode("utf-8", "replace")
        if body.encode() == message:
            assert Verifier("wycheproof", key).accepts(body, signature) == (case["result"] == "valid"), case["tcId"]
            told += 1
    assert told == 113
