"""An assertion is believed in one form only: signed by the registered key and its algorithm, for us, for minutes."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.signing_in.client_assertion import AssertionRefused, Proof, proved, read_assertion
from registry.protect.signing_in.client_keys import PublicKey, public_keys
from tests.api.machines import Signer, b64, claims_of, compact, jwk

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HERE = "https://registry.example"
CLIENT = UUID("5b0d8f4e-0000-4000-8000-0000000000c1")
SIGNER = Signer()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims(**changed: object) -> dict[str, object]:
    return claims_of(CLIENT, HERE, AT, **changed)


def check(text: str, *, keys: Mapping[str, PublicKey] | None = None, at: datetime = AT) -> Proof:
    assertion = read_assertion(text)
    assert assertion.client_id == CLIENT
    known = public_keys(SIGNER.jwks) if keys is None else keys
    return proved(assertion, keys=known, audiences={HERE, HERE + "/v1/oauth/token"}, at=at)


@pytest.mark.parametrize(
    "signer",
    [
        SIGNER,
        Signer(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        Signer(ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        Signer(RSA, "PS256"),
        Signer(RSA, "RS256"),
    ],
    ids=lambda signer: signer.alg,
)
def test_a_good_assertion_proves_itself_by_each_algorithm(signer: Signer) -> None:
    proof = check(signer.sign(claims(jti="once")), keys=public_keys(signer.jwks))
    assert proof.expires_at == AT + timedelta(minutes=2)
    assert proof.digest == check(signer.sign(claims(jti="once")), keys=public_keys(signer.jwks)).digest
    assert proof.digest != check(signer.sign(claims(jti="twice")), keys=public_keys(signer.jwks)).digest


@pytest.mark.parametrize(
    ("changed", "header"),
    [
        ({"aud": [HERE]}, {}),
        ({"aud": HERE + "/v1/oauth/token"}, {}),
        ({"iat": None}, {}),
        ({"exp": int(AT.timestamp()) + 60.5}, {}),
        ({"nbf": int(AT.timestamp())}, {}),
        ({"scope": "something else"}, {}),
        ({}, {"typ": None, "kid": None}),
        ({}, {"typ": "client-authentication+jwt"}),
    ],
)
def test_what_the_standards_leave_open_is_accepted(changed: dict[str, Any], header: dict[str, Any]) -> None:
    assert check(SIGNER.sign(claims(**changed), **header))


SECONDS = int(AT.timestamp())


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"aud": "https://elsewhere.example"}, "alone"),
        ({"aud": [HERE, "https://elsewhere.example"]}, "alone"),
        ({"aud": []}, "alone"),
        ({"aud": None}, "alone"),
        ({"aud": HERE + "/"}, "alone"),
        ({"exp": None}, "exp is missing"),
        ({"exp": SECONDS}, "expired"),
        ({"exp": SECONDS - 3600}, "expired"),
        ({"exp": SECONDS + 331, "iat": None}, "five minutes"),
        ({"exp": SECONDS + 301}, "five minutes"),
        ({"exp": SECONDS + 200, "iat": SECONDS - 200}, "five minutes"),
        ({"exp": str(SECONDS + 60)}, "exp is not a time"),
        ({"exp": True}, "exp is not a time"),
        ({"exp": -1}, "exp is not a time"),
        ({"exp": 1 << 60}, "exp is not a time"),
        ({"exp": 1e300}, "exp is not a time"),
        ({"exp": [SECONDS + 60]}, "exp is not a time"),
        ({"iat": SECONDS + 31, "exp": SECONDS + 60}, "future"),
        ({"nbf": SECONDS + 31}, "future"),
        ({"iat": "now"}, "iat is not a time"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 257}, "jti"),
    ],
)
def test_a_claim_that_breaks_a_rule_is_refused(changed: dict[str, Any], rule: str) -> None:
    with pytest.raises(AssertionRefused, match=rule):
        check(SIGNER.sign(claims(**changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": None},
        {"sub": None},
        {"iss": "5b0d8f4e-0000-4000-8000-0000000000c2"},
        {"iss": 7, "sub": 7},
        {"iss": "no id", "sub": "no id"},
        {"iss": f"{{{CLIENT}}}", "sub": f"{{{CLIENT}}}"},
        {"iss": str(CLIENT).upper(), "sub": str(CLIENT).upper()},
    ],
)
def test_issuer_and_subject_are_both_the_id_as_it_is_written(changed: dict[str, Any]) -> None:
    with pytest.raises(AssertionRefused, match="iss and sub"):
        check(SIGNER.sign(claims(**changed)))


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://elsewhere.example/keys"},
        {"x5u": "https://elsewhere.example/certificate"},
        {"x5c": ["AAAA"]},
        {"jwk": jwk(SIGNER.key, alg="ES256")},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
        {"typ": "at+jwt"},
        {"typ": 7},
    ],
    ids=lambda header: "-".join(header),
)
def test_a_header_that_would_choose_the_key_or_the_form_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(AssertionRefused, match="header"):
        check(SIGNER.sign(claims(), **header))


@pytest.mark.parametrize("kid", ["second", "../first", "first' OR '1'='1", "", 7, ["first"], None])
def test_a_kid_names_one_registered_key_or_none(kid: object) -> None:
    two = public_keys(json.dumps({"keys": [jwk(SIGNER.key, alg="ES256"), jwk(RSA, alg="PS256", kid="other")]}).encode())
    with pytest.raises(AssertionRefused, match="kid"):
        check(SIGNER.sign(claims(), kid=kid), keys=two)


@pytest.mark.parametrize(
    "alg", ["none", "None", "", "HS256", "ES384", "RS256", "PS256", "EdDSA", "ES256K", None, 7, ["ES256"]]
)
def test_an_algorithm_beside_that_of_the_key_is_refused_even_with_a_good_signature(alg: object) -> None:
    with pytest.raises(AssertionRefused, match="algorithm"):
        check(SIGNER.sign(claims(), alg=alg))


def test_an_rsa_key_registered_for_one_padding_is_not_used_with_the_other() -> None:
    keys = public_keys(Signer(RSA, "PS256").jwks)
    with pytest.raises(AssertionRefused, match="algorithm"):
        check(Signer(RSA, "RS256").sign(claims()), keys=keys)
    with pytest.raises(AssertionRefused, match="signature"):
        check(Signer(RSA, "RS256").sign(claims(), alg="PS256"), keys=keys)


def test_the_public_key_is_no_shared_secret() -> None:
    public = SIGNER.key.public_key()
    forms = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        SIGNER.jwks,
        json.dumps(jwk(SIGNER.key, alg="ES256")).encode(),
    ]
    for secret in forms:
        for said in ("HS256", "ES256"):
            signed = compact({"alg": said, "kid": "first"}, claims())
            with pytest.raises(AssertionRefused, match=r"algorithm|signature"):
                check(f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}")


def test_a_key_of_somebody_else_proves_nothing() -> None:
    with pytest.raises(AssertionRefused, match="signature"):
        check(Signer().sign(claims()))
    with pytest.raises(AssertionRefused, match="kid"):
        check(SIGNER.sign(claims()), keys={})


def test_an_empty_signature_and_one_of_zeros_prove_nothing() -> None:
    signed = compact({"alg": "ES256", "kid": "first"}, claims())
    for forged in (b"\0" * 64, b"\0" * 32 + b"\1" * 32, b"x"):
        with pytest.raises(AssertionRefused, match="signature"):
            check(f"{signed}.{b64(forged)}")
    with pytest.raises(AssertionRefused, match="compact form"):
        check(f"{signed}.")


def test_what_was_changed_after_signing_is_refused() -> None:
    header, payload, signed = SIGNER.sign(claims()).split(".")
    later = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | {"exp": SECONDS + 299}
    with pytest.raises(AssertionRefused, match="signature"):
        check(f"{header}.{b64(json.dumps(later).encode())}.{signed}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b",
        "x" * 9000,
        SIGNER.sign(claims()) + ".more",
        SIGNER.sign(claims()) + "=",
        " " + SIGNER.sign(claims()),
        SIGNER.sign(claims()).replace(".", "\n."),
        f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'{}')}.{b64(b'7')}.{b64(b'x')}",
        f"{b64(b'[' * 5000)}.{b64(b'{}')}.AAAA",
        f"{b64(bytes([255, 254]))}.{b64(b'{}')}.AAAA",
        '{"payload": "x", "signatures": []}',
        "é.é.é",
        "\ud800.a.b",
    ],
    ids=range(17),
)
def test_what_has_not_the_compact_form_is_refused(text: str) -> None:
    with pytest.raises(AssertionRefused):
        read_assertion(text)


@pytest.mark.parametrize("twice", ['{"alg":"none","alg":"ES256"}', '{"alg":"ES256","kid":NaN}'])
def test_a_document_that_two_readers_understand_differently_is_refused(twice: str) -> None:
    with pytest.raises(AssertionRefused, match="compact form"):
        read_assertion(f"{b64(twice.encode())}.{b64(b'{}')}.AAAA")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda some: f"{b64(some)}.{b64(some)}.{b64(some)}"))
def test_no_text_of_anybody_is_believed_or_breaks_the_reader(text: str) -> None:
    with pytest.raises(AssertionRefused):
        read_assertion(text)


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=0, max_value=5))
def test_one_changed_bit_is_enough(place: int, bit: int) -> None:
    text = SIGNER.sign(claims())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place %= len(text)
    if text[place] == ".":
        return
    changed = text[:place] + letters[letters.index(text[place]) ^ 1 << bit] + text[place + 1 :]
    with pytest.raises(AssertionRefused):
        check_any(changed)


def check_any(text: str) -> Proof:
    """Check without looking whom it is from: the change may have been there."""
    return proved(read_assertion(text), keys=public_keys(SIGNER.jwks), audiences={HERE}, at=AT)


def test_a_key_of_the_right_kind_on_another_curve_is_not_mistaken() -> None:
    other = Signer(ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(AssertionRefused, match="signature"):
        check(other.sign(claims()))
