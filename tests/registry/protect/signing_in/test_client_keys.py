"""Public keys and certificates of clients: private halves, weak keys and unknown kinds are refused by name."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from registry.model.errors import BadQuery
from registry.protect.requests.strict_json import NotStrictJson, strict_json
from registry.protect.signing_in.client_certificate import NoCertificate, shown_certificate
from registry.protect.signing_in.client_keys import certificate_digest, digest_of, public_keys
from tests.api.machines import b64, certificate, jwk, pem

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
STRONG = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  the key that must be refused
GOOD = jwk(CURVE, alg="ES256")


def document(*keys: object) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def test_each_kind_of_key_is_kept_with_its_public_members_alone() -> None:
    written = [
        GOOD | {"use": "sig", "x5c": ["AAAA"], "key_ops": ["verify"], "comment": "ours"},
        jwk(EDWARDS, alg="EdDSA", kid="second"),
        jwk(STRONG, alg="PS256", kid="third"),
    ]
    found = public_keys(document(*written))
    assert found["first"] == GOOD
    assert {name: sorted(key) for name, key in found.items()} == {
        "first": ["alg", "crv", "kid", "kty", "x", "y"],
        "second": ["alg", "crv", "kid", "kty", "x"],
        "third": ["alg", "e", "kid", "kty", "n"],
    }


def test_a_single_key_is_a_set_of_one_and_gets_the_name_of_its_content() -> None:
    example = {  # the key of RFC 7638, section 3.1
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK"
        "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
        "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
        "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    }
    assert list(public_keys(json.dumps(example).encode())) == ["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]
    bare = {name: value for name, value in jwk(EDWARDS, alg="EdDSA").items() if name not in {"alg", "kid"}}
    (key,) = public_keys(json.dumps(bare).encode()).values()
    assert key["alg"] == "EdDSA"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_half_is_refused_whatever_else_is_right(member: str) -> None:
    with pytest.raises(BadQuery, match="private") as refused:
        public_keys(document(GOOD | {member: "sesame"}))
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        (jwk(WEAK, alg="PS256"), "2048"),
        (jwk(STRONG, alg="PS256") | {"e": "Aw"}, "65537"),
        (jwk(STRONG, alg="PS256") | {"e": "AQAA"}, "cannot be read|65537"),
        (jwk(STRONG, alg="HS256"), "alg"),
        (jwk(STRONG, alg="none"), "alg"),
        (jwk(STRONG, alg="RS1"), "alg"),
        ({name: value for name, value in jwk(STRONG, alg="").items() if name != "alg"}, "alg"),
        (GOOD | {"alg": "EdDSA"}, "alg"),
        (GOOD | {"alg": ["ES256"]}, "alg"),
        (GOOD | {"use": "enc"}, "not for signatures"),
        (GOOD | {"key_ops": ["encrypt"]}, "not for signatures"),
        (GOOD | {"crv": "P-384"}, "kind"),
        (GOOD | {"crv": "secp256k1"}, "kind"),
        (GOOD | {"kty": "oct"}, "kind"),
        (GOOD | {"kty": ["EC"]}, "kind"),
        ({"kty": "OKP", "crv": "X25519", "x": "AAAA"}, "kind"),
        (GOOD | {"y": GOOD["x"]}, "cannot be read"),
        (GOOD | {"x": ""}, "cannot be read"),
        (GOOD | {"x": None}, "lacks"),
        (GOOD | {"x": 7}, "lacks"),
        (GOOD | {"kid": ""}, "kid"),
        (GOOD | {"kid": "x" * 129}, "kid"),
        (GOOD | {"kid": "a\nb"}, "kid"),
        (GOOD | {"kid": 7}, "kid"),
        ({}, "kind"),
        ([], "object"),
        ("sesame", "object"),
    ],
)
def test_a_key_that_proves_little_is_refused(written: Any, rule: str) -> None:
    with pytest.raises(BadQuery, match=rule) as refused:
        public_keys(document(written))
    assert refused.value.field == "jwks"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"{", "JSON"),
        (b'{"keys": [], "keys": []}', "JSON"),
        (b"[" * 100_000, "too large"),
        (b"[" * 30_000, "JSON"),
        (b"7", "one to 4"),
        (b"[]", "one to 4"),
        (b'{"keys": []}', "one to 4"),
        (b'{"keys": {}}', "one to 4"),
        (document(*[GOOD] * 5), "one to 4"),
        (document(GOOD, GOOD), "same kid"),
    ],
    ids=range(12),
)
def test_a_file_that_is_no_set_of_keys_is_refused(content: bytes, rule: str) -> None:
    with pytest.raises(BadQuery, match=rule):
        public_keys(content)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_readers(content: bytes) -> None:
    for read in (public_keys, lambda some: certificate_digest(some, at=AT)):
        with pytest.raises(BadQuery):
            read(content)
    with pytest.raises(NoCertificate):
        shown_certificate(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
)


@given(JSON)
def test_strict_json_says_what_was_written(written: object) -> None:
    assert strict_json(json.dumps(written).encode()) == written


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '[{"a":{"b":1,"b":2}}]', "NaN", "[Infinity]", "-Infinity", "", "{} {}"]
)
def test_json_of_two_meanings_is_refused(text: str) -> None:
    with pytest.raises(NotStrictJson):
        strict_json(text.encode())


def test_a_certificate_is_known_by_its_digest_from_the_file_and_from_the_header() -> None:
    for key in (CURVE, EDWARDS, STRONG):
        made = certificate(AT, key=key)
        digest = certificate_digest(pem(made), at=AT)
        shown = shown_certificate(b":" + b64encode(made.public_bytes(Encoding.DER)) + b":")
        assert shown.digest == digest == digest_of(made)
        assert shown.begins_at < AT < shown.ends_at


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "not a certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a certificate"),
        (pem(certificate(AT)) * 2, "more than one"),
        (pem(certificate(AT, days=-0.5)), "not valid today"),
        (pem(certificate(AT + timedelta(days=2))), "not valid today"),
        (pem(certificate(AT, usage=False)), "clientAuth"),
        (pem(certificate(AT, key=WEAK)), "weak"),
        (pem(certificate(AT, key=ec.generate_private_key(ec.SECP192R1()))), "weak"),
        (b"x" * 70_000, "too large"),
        (
            pem(certificate(AT, key=CURVE)) + CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "private key",
        ),
    ],
    ids=range(10),
)
def test_a_certificate_that_proves_little_is_refused(content: bytes, rule: str) -> None:
    with pytest.raises(BadQuery, match=rule) as refused:
        certificate_digest(content, at=AT)
    assert refused.value.field == "certificate"


WHOLE = b64encode(certificate(AT).public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"::",
        WHOLE,
        b":" + WHOLE,
        b":" + WHOLE + b":;a=1",
        b":" + WHOLE + b":, :" + WHOLE + b":",
        b" :" + WHOLE + b":",
        b":" + WHOLE[:-8] + b":",
        b":" + WHOLE + b"=:",
        b":" + WHOLE.replace(b"M", b"-", 1) + b":",
        b":" + b64encode(pem(certificate(AT))) + b":",
        b":" + b"A" * 20_000 + b":",
        b64(b"no").encode(),
    ],
    ids=range(13),
)
def test_a_header_that_is_not_exactly_one_certificate_is_refused(header: bytes) -> None:
    with pytest.raises(NoCertificate):
        shown_certificate(header)
