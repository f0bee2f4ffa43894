"""Signatures of DCI messages: the strategy is agreed with each partner, and the partner's key is pinned beforehand.

The standard leaves the form open. Here a signed message carries a compact JWS whose payload is the very bytes of
`{"header": ..., "message": ...}`; whoever reads it trusts those bytes and nothing beside them. A key that a message
itself brings or points to is never used, and the algorithm is the agreed one, whatever the message says.
Source: SP DCI v1.0.0, MsgSignature; RFC 7515; RFC 8037.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from connectors.contract import ContractDrift
from connectors.formats.strict_json import read_json

_SMALLEST_RSA: Final = 2048  # bits


class Signing(StrEnum):
    """What a partner signs with."""

    NONE = "none"
    RS256 = "RS256"
    EDDSA = "EdDSA"


class BadKey(ValueError):
    """A key does not fit the agreed algorithm."""


class Signer:
    """Signs what we send."""

    def __init__(self, signing: Signing, private_key: str, *, key_id: str | None = None) -> None:
        """Take a private key in PEM.

        Raises:
            BadKey: it is none, or none of this algorithm.
        """
        self._signing, self._key_id = signing, key_id
        try:
            key = load_pem_private_key(private_key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BadKey("must be a private key in PEM without a password") from None
        if isinstance(key, RSAPrivateKey) and signing is Signing.RS256 and key.key_size >= _SMALLEST_RSA:
            self._key: RSAPrivateKey | Ed25519PrivateKey = key
        elif isinstance(key, Ed25519PrivateKey) and signing is Signing.EDDSA:
            self._key = key
        else:
            raise BadKey(f"must be a key for {signing.value}")

    def sign(self, payload: bytes) -> str:
        """Return the compact JWS of a payload."""
        header = {"alg": self._signing.value} | ({"kid": self._key_id} if self._key_id else {})
        covered = _encoded(json.dumps(header).encode()) + b"." + _encoded(payload)
        if isinstance(self._key, RSAPrivateKey):
            signature = self._key.sign(covered, PKCS1v15(), hashes.SHA256())
        else:
            signature = self._key.sign(covered)
        return (covered + b"." + _encoded(signature)).decode()


class Verifier:
    """Checks what the partner sends, with the key that was agreed."""

    def __init__(self, signing: Signing, public_key: str) -> None:
        """Take a public key in PEM.

        Raises:
            BadKey: it is none, or none of this algorithm.
        """
        self._signing = signing
        try:
            key = load_pem_public_key(public_key.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise BadKey("must be a public key in PEM") from None
        if isinstance(key, RSAPublicKey) and signing is Signing.RS256 and key.key_size >= _SMALLEST_RSA:
            self._key: RSAPublicKey | Ed25519PublicKey = key
        elif isinstance(key, Ed25519PublicKey) and signing is Signing.EDDSA:
            self._key = key
        else:
            raise BadKey(f"must be a key for {signing.value}")

    def payload_of(self, signature: object) -> bytes:
        """Return what was signed.

        Raises:
            ContractDrift: there is no signature, or it is not the partner's.
        """
        if not isinstance(signature, str) or not signature:
            raise ContractDrift("signature: missing")
        covered, _, made = signature.encode("ascii", "replace").rpartition(b".")
        head, _, payload = covered.partition(b".")
        try:
            header = read_json(_decoded(head), place="signature")
            if not isinstance(header, dict) or header.get("alg") != self._signing.value or "crit" in header:
                raise ContractDrift("signature: another algorithm")
            if isinstance(self._key, RSAPublicKey):
                self._key.verify(_decoded(made), covered, PKCS1v15(), hashes.SHA256())
            else:
                self._key.verify(_decoded(made), covered)
            return _decoded(payload)
        except (InvalidSignature, NotBase64, ValueError):
            raise ContractDrift("signature: invalid") from None


def _encoded(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    if text.rstrip(b"=") != text:
        raise ValueError("padded")
    found = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if _encoded(found) != text:  # another spelling of the same bytes is another message
        raise ValueError("not canonical")
    return found
