"""Signatures of the simulated DCI registry: compact JWS over the bytes of header and message, made and checked here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from random import Random
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

BITS = 2048
_EXPONENT = 65537
_ROUNDS = 8
_SMALL_PRIMES = [number for number in range(3, 2000) if all(number % other for other in range(2, int(number**0.5) + 1))]


class Signing(StrEnum):
    """How answers and callbacks are signed."""

    RS256 = "RS256"
    EDDSA = "EdDSA"
    NONE = "none"


class Signer:
    """Signs with a key of its own."""

    def __init__(self, signing: Signing, *, seed: int) -> None:
        """Make the key, the same for the same seed, so that whoever pins it need not pin it anew."""
        self._signing = signing
        if signing is Signing.RS256:
            self._rsa = _rsa_key(seed)
            key = _jwk(self._rsa.public_key())
        else:
            self._ed25519 = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}".encode()).digest())
            key = _jwk(self._ed25519.public_key())
        alg = Signing.EDDSA.value if signing is Signing.NONE else signing.value
        self.public_key = {**key, "kid": _thumbprint(key), "use": "sig", "alg": alg}

    def sign(self, payload: bytes, *, wrongly: bool = False) -> str:
        """Return the compact JWS of a payload; `wrongly`: the signature is of other bytes."""
        if self._signing is Signing.NONE:
            return ""
        head = _encoded(_json({"alg": self._signing.value, "kid": self.public_key["kid"], "typ": "JWT"}))
        signed = f"{head}.{_encoded(payload)}".encode()
        over = signed + b"?" if wrongly else signed
        if self._signing is Signing.RS256:
            signature = self._rsa.sign(over, padding.PKCS1v15(), SHA256())
        else:
            signature = self._ed25519.sign(over)
        return f"{signed.decode()}.{_encoded(signature)}"


def signed_by(key: Mapping[str, str], signature: str, envelope: Mapping[str, Any]) -> bool:
    """Tell whether a compact JWS is made with a key and says what header and message of an envelope say."""
    try:
        head, payload, tail = signature.split(".")
        algorithm = json.loads(_decoded(head))["alg"]
        said = json.loads(_decoded(payload))
        _check(key, algorithm, f"{head}.{payload}".encode(), _decoded(tail))
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature, RecursionError):
        return False
    return bool(said == {"header": envelope["header"], "message": envelope["message"]})


def as_pem(key: Mapping[str, str]) -> str:
    """Return a public JWK as PEM, for settings that want it so."""
    public = _public(key)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk_of_pem(pem: bytes) -> dict[str, str]:
    """Return a public key in PEM as a JWK.

    Raises:
        ValueError: it is no such key, or of a kind that is not signed with here.
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a public key in PEM is expected") from None
    if not isinstance(key, rsa.RSAPublicKey | Ed25519PublicKey):
        raise ValueError("a key for RSA or Ed25519 is expected")
    return _jwk(key)


def _jwk(key: rsa.RSAPublicKey | Ed25519PublicKey) -> dict[str, str]:
    if isinstance(key, Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": _encoded(key.public_bytes_raw())}
    numbers = key.public_numbers()
    return {"e": _encoded(_whole(numbers.e)), "kty": "RSA", "n": _encoded(_whole(numbers.n))}


def _public(key: Mapping[str, str]) -> rsa.RSAPublicKey | Ed25519PublicKey:
    if key["kty"] == "RSA":
        numbers = rsa.RSAPublicNumbers(*(int.from_bytes(_decoded(key[part])) for part in ("e", "n")))
        return numbers.public_key()
    return Ed25519PublicKey.from_public_bytes(_decoded(key["x"]))


def _check(key: Mapping[str, str], algorithm: object, signed: bytes, signature: bytes) -> None:
    public = _public(key)
    if algorithm == Signing.RS256 and isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, signed, padding.PKCS1v15(), SHA256())
    elif algorithm == Signing.EDDSA and isinstance(public, Ed25519PublicKey):
        public.verify(signature, signed)
    else:
        raise InvalidSignature


@cache
def _rsa_key(seed: int) -> rsa.RSAPrivateKey:
    """Return a key that anybody can make again from the seed: it signs for a simulator and nothing else."""
    chance = Random(seed)  # noqa: S311  the key is known to everybody
    first, second = _prime(chance), _prime(chance)
    private = pow(_EXPONENT, -1, (first - 1) * (second - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=first,
        q=second,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, first),
        dmq1=rsa.rsa_crt_dmq1(private, second),
        iqmp=rsa.rsa_crt_iqmp(first, second),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, first * second),
    )
    return numbers.private_key()


def _prime(chance: Random) -> int:
    """Return a prime of half a key's bits, the two highest set.

    Source: Miller (1976) and Rabin (1980) for the test.
    """
    half = BITS // 2
    while True:
        number = chance.getrandbits(half) | (0b11 << (half - 2)) | 1
        plausible = all(number % small for small in _SMALL_PRIMES) and (number - 1) % _EXPONENT
        if plausible and all(_passes(number, chance.randrange(2, number - 1)) for _ in range(_ROUNDS)):
            return number


def _passes(number: int, base: int) -> bool:
    """Tell whether a number passes one round of the test of Miller and Rabin."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    power = pow(base, (number - 1) >> twos, number)
    if power in (1, number - 1):
        return True
    return any((power := power * power % number) == number - 1 for _ in range(twos - 1))


def _thumbprint(key: Mapping[str, str]) -> str:
    """Return a key's thumbprint.

    Source: RFC 7638.
    """
    text = json.dumps({name: key[name] for name in sorted(key)}, separators=(",", ":"))
    return _encoded(hashlib.sha256(text.encode()).digest())


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _whole(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
