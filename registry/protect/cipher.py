"""Seal a value for one place, so that it opens nowhere else.

Token: format 1 byte, algorithm 1, key generation 2 (big-endian), nonce 12, ciphertext, tag 16: 32 bytes more than
the padded plaintext. Plaintext: its length in 4 bytes, the bytes, zeros up to a multiple of 32, so that a token's
size does not tell a name's length. Bound to the token: application, table, field group, row, generation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from registry.model.errors import Tampered
from registry.protect.canonical import compact_json, length_prefixed
from registry.protect.data_key import DataKey
from registry.protect.key_provider import NONCE_BYTES

__all__ = ["DataKey", "Place", "Tampered", "generation_of", "seal", "seal_document", "unseal", "unseal_document"]

APPLICATION = b"child-registry"
FORMAT = 1
AES_256_GCM = 1
STEP = 32  # bytes: padding
OVERHEAD = 32  # bytes: header 4, nonce 12, tag 16

_HEADER_BYTES = 4
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands. The same bytes anywhere else do not open."""

    table: str
    group: str  # the field group, or the column
    row: UUID
    generation: int  # of the data key

    def associated(self) -> bytes:
        """Return the bytes that the token is bound to."""
        return length_prefixed(
            APPLICATION,
            self.table.encode(),
            self.group.encode(),
            self.row.bytes,
            self.generation.to_bytes(2, "big"),
        )


def seal(key: DataKey, place: Place, plaintext: bytes) -> bytes:
    """Return the token of a plaintext for one place. Two seals of the same value differ."""
    if key.generation != place.generation:
        raise ValueError("the key is of another generation than the place")
    nonce = os.urandom(NONCE_BYTES)
    padding = -(_LENGTH_BYTES + len(plaintext)) % STEP
    padded = len(plaintext).to_bytes(_LENGTH_BYTES, "big") + plaintext + bytes(padding)
    return _header(place.generation) + nonce + key.aead.encrypt(nonce, padded, place.associated())


def unseal(key: DataKey, place: Place, token: bytes) -> bytes:
    """Return the plaintext of a token that was sealed for this place.

    Raises: Tampered: damaged, of an unknown format, of another key, or moved here from another place.
    """
    where = f"{place.table}.{place.group}"
    if len(token) < OVERHEAD + STEP:
        raise Tampered("a sealed value is too short", place=where)
    if token[:2] != bytes((FORMAT, AES_256_GCM)):
        raise Tampered("a sealed value has an unknown format", place=where)
    if token[:_HEADER_BYTES] != _header(place.generation) or key.generation != place.generation:
        raise Tampered("a sealed value is of another key generation", place=where)
    nonce_end = _HEADER_BYTES + NONCE_BYTES
    try:
        padded = key.aead.decrypt(token[_HEADER_BYTES:nonce_end], token[nonce_end:], place.associated())
    except InvalidTag:
        raise Tampered("a sealed value does not belong here or was changed", place=where) from None
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    return padded[_LENGTH_BYTES : _LENGTH_BYTES + length]


def generation_of(token: bytes) -> int:
    """Return the key generation that a token names, to fetch the key that opens it.

    Raises: Tampered: too short to be a token.
    """
    if len(token) < OVERHEAD + STEP:
        raise Tampered("a sealed value is too short")
    return int.from_bytes(token[2:_HEADER_BYTES], "big")


def seal_document(key: DataKey, place: Place, document: Mapping[str, Any]) -> bytes:
    """Return the token of a document, written as compact JSON.

    Raises: TypeError, ValueError: something in it is not JSON; the message does not show it.
    """
    return seal(key, place, compact_json(document))


def unseal_document(key: DataKey, place: Place, token: bytes) -> dict[str, Any]:
    """Return the document of a token.

    Raises: Tampered: as in `unseal`, or what was sealed here is no document.
    """
    plaintext = unseal(key, place, token)
    try:
        document = json.loads(plaintext)
    except ValueError:
        document = None  # the error carries the plaintext, so it must not travel on
    if not isinstance(document, dict):
        raise Tampered("a sealed value is no document", place=f"{place.table}.{place.group}")
    return document


def _header(generation: int) -> bytes:
    return bytes((FORMAT, AES_256_GCM)) + generation.to_bytes(2, "big")
