"""Public keys and certificates by which a client is known: read from what it sends us, refused if they prove nothing.

Source: RFC 7517 (JSON Web Key), RFC 7638 (thumbprint of a key), RFC 8705 (certificates of clients).
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from registry.model.errors import BadQuery
from registry.protect.requests.strict_json import NotStrictJson, strict_json

PublicKey = Mapping[str, str]  # a JSON Web Key without anything but its public members, `kid` and `alg`

ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
MOST_KEYS: Final = 4
_LARGEST_FILE: Final = 64 * 1024  # bytes
_LONGEST_NAME: Final = 128
_RSA_BITS: Final = (2048, 4096)
_LEAST_EXPONENT: Final = 65537
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MEMBERS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EC", "P-256"): ("crv", "x", "y"),
    ("OKP", "Ed25519"): ("crv", "x"),
    ("RSA", ""): ("n", "e"),
}
_FITTING: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("RSA", ""): ("PS256", "RS256"),
}


def public_keys(document: bytes) -> dict[str, PublicKey]:
    """Return the keys of a JWKS, or of one JWK, by name.

    Raises:
        BadQuery: a key is private, weak, or of no known algorithm; the rule is named, never the key.
    """
    if len(document) > _LARGEST_FILE:
        raise BadQuery("jwks", "the file is too large for a set of public keys")
    try:
        written = strict_json(document)
    except NotStrictJson:
        raise BadQuery("jwks", "the file is not JSON") from None
    listed = written.get("keys", [written]) if isinstance(written, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_KEYS:
        raise BadQuery("jwks", f"one to {MOST_KEYS} keys, as a JWK or as a JWKS")
    keys = [_public_key(key) for key in listed]
    found = {key["kid"]: key for key in keys}
    if len(found) != len(keys):
        raise BadQuery("jwks", "two keys have the same kid")
    return found


def _public_key(written: object) -> PublicKey:
    if not isinstance(written, dict):
        raise BadQuery("jwks", "a key is not a JSON object")
    if _SECRET_MEMBERS & written.keys():
        raise BadQuery(
            "jwks", "it holds a private or shared key, which must never leave its owner: make a new one, send its half"
        )
    if written.get("use", "sig") != "sig" or "verify" not in written.get("key_ops", ["verify"]):
        raise BadQuery("jwks", "a key is not for signatures")
    kind = (str(written.get("kty")), str(written.get("crv", "")))
    if kind not in _MEMBERS:
        raise BadQuery("jwks", "a key is not of a known kind: EC P-256, OKP Ed25519, or RSA")
    plain = {"kty": kind[0]} | {name: written.get(name) for name in _MEMBERS[kind]}
    if not all(isinstance(value, str) for value in plain.values()):
        raise BadQuery("jwks", "a key lacks a member")
    public = {name: str(value) for name, value in plain.items()}
    _check_strength(public)
    return public | {"kid": _name(written, public), "alg": _algorithm(written, kind)}


def _algorithm(written: Mapping[str, Any], kind: tuple[str, str]) -> str:
    """Return the one algorithm of a key: two of them for one key would let a signature be read in two ways."""
    fitting = _FITTING[kind]
    algorithm = written.get("alg", fitting[0] if kind[0] != "RSA" else None)
    if algorithm not in fitting:
        raise BadQuery("jwks", f"a key needs `alg`, one of its kind: {', '.join(fitting)}")
    return str(algorithm)


def _name(written: Mapping[str, Any], public: Mapping[str, str]) -> str:
    name = written.get("kid")
    if name is None:
        canonical = json.dumps(dict(sorted(public.items())), separators=(",", ":"))
        return urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME or not name.isascii() or not name.isprintable():
        raise BadQuery("jwks", f"a kid is 1 to {_LONGEST_NAME} plain characters")
    return name


def verifier(key: PublicKey) -> ECKey | OKPKey | RSAKey:
    """Return a key as the library of signatures wants it."""
    bare: dict[str, str | list[str]] = {name: value for name, value in key.items() if name not in {"kid", "alg"}}
    if key["kty"] == "EC":
        return ECKey.import_key(bare)
    return OKPKey.import_key(bare) if key["kty"] == "OKP" else RSAKey.import_key(bare)


def _check_strength(public: Mapping[str, str]) -> None:
    weak = BadQuery("jwks", f"an RSA key has {_RSA_BITS[0]} to {_RSA_BITS[1]} bits and an odd exponent from 65537")
    try:
        if public["kty"] == "RSA" and not _RSA_BITS[0] <= _bits(public["n"]) <= _RSA_BITS[1]:
            raise weak
        key = verifier(public).public_key
    except (JoseError, ValueError, TypeError):
        raise BadQuery("jwks", "a key cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey) and not _is_strong(key):
        raise weak


def _bits(modulus: str) -> int:
    return int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)), "big").bit_length()


def _is_strong(key: rsa.RSAPublicKey) -> bool:
    numbers = key.public_numbers()
    sound = numbers.e % 2 == 1 and _LEAST_EXPONENT <= numbers.e < 1 << 32 and numbers.n % 2 == 1
    return sound and _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]


def certificate_digest(pem: bytes, *, at: datetime) -> str:
    """Return the SHA-256 of a certificate that a client will show.

    Raises:
        BadQuery: it is none, more than one, weak, out of date, or a private key lies with it.
    """
    if len(pem) > _LARGEST_FILE:
        raise BadQuery("certificate", "the file is too large for a certificate")
    if b"PRIVATE KEY" in pem:
        raise BadQuery("certificate", "a private key lies with it, which must never leave its owner: make a new one")
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise BadQuery("certificate", "the file is not a certificate in PEM") from None
    if len(found) != 1:
        raise BadQuery("certificate", "the file holds more than one certificate: send that of the client alone")
    certificate = found[0]
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        raise BadQuery("certificate", "it is not valid today")
    _check_certificate(certificate)
    return digest_of(certificate)


def digest_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, in hexadecimal digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _check_certificate(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    except (ValueError, TypeError):
        raise BadQuery("certificate", "its key or its extensions cannot be read") from None
    if usage is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise BadQuery("certificate", "it is not for clients: its extended key usage lacks clientAuth")
    if not _has_strong_key(certificate):
        raise BadQuery("certificate", "its key is weak or of an unknown kind")


def _has_strong_key(certificate: x509.Certificate) -> bool:
    try:
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    strong_rsa = isinstance(key, rsa.RSAPublicKey) and _is_strong(key)
    strong_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256
    return strong_rsa or strong_curve or isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
