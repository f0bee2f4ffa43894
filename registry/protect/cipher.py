"""Seal a value for one place, so that it opens nowhere else.

Token: format 1 byte, algorithm 1, key generation 2 (big-endian), nonce 12, ciphertext, tag 16: 32 bytes more than
the padded plaintext. Plaintext: its length in 4 bytes, the bytes, zeros up to a multiple of 32, so that a token's
size does not tell a name's length. Bound to the token: application, table, field group, row, generation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from pydantic_core import from_json, to_json

from registry.model.errors import Tampered
from registry.protect.canonical import compact_json, length_prefixed
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.key_provider import NONCE_BYTES

__all__ = [
    "DataKey",
    "Place",
    "Tampered",
    "generation_of",
    "seal",
    "seal_document",
    "seal_documents",
    "unseal",
    "unseal_document",
    "unseal_documents",
]

APPLICATION = b"child-registry"
FORMAT = 1
AES_256_GCM = 1
STEP = 32  # bytes: padding
OVERHEAD = 32  # bytes: header 4, nonce 12, tag 16

_PLAIN = frozenset({str, int, bool, type(None)})  # JSON, whoever writes it
_HEADER_BYTES = 4
_LENGTH_BYTES = 4
_NONCE_END: Final = _HEADER_BYTES + NONCE_BYTES
_KNOWN_FORM: Final = bytes((FORMAT, AES_256_GCM))
_UUID_BYTES: Final = (16).to_bytes(4, "big")
_GENERATION_BYTES: Final = (2).to_bytes(4, "big")
_ZEROS: Final = tuple(bytes(count) for count in range(STEP))


class Place(NamedTuple):
    """Where a sealed value stands. The same bytes anywhere else do not open."""

    table: str
    group: str  # the field group, or the column
    row: UUID
    generation: int  # of the data key

    def associated(self) -> bytes:
        """Return the bytes that the token is bound to: the parts of the place, each behind its length."""
        return _column(self.table, self.group) + _of_row(self.row, self.generation)


def seal(key: DataKey, place: Place, plaintext: bytes) -> bytes:
    """Return the token of a plaintext for one place. Two seals of the same value differ."""
    if key.generation != place.generation:
        raise ValueError("the key is of another generation than the place")
    nonce = os.urandom(NONCE_BYTES)
    return _header(place.generation) + nonce + key.aead.encrypt(nonce, _padded(plaintext), place.associated())


def unseal(key: DataKey, place: Place, token: bytes) -> bytes:
    """Return the plaintext of a token that was sealed for this place.

    Raises: Tampered: damaged, of an unknown format, of another key, or moved here from another place.
    """
    if len(token) < OVERHEAD + STEP:
        raise Tampered("a sealed value is too short", place=_named(place))
    if token[:2] != _KNOWN_FORM:
        raise Tampered("a sealed value has an unknown format", place=_named(place))
    if token[:_HEADER_BYTES] != _header(place.generation) or key.generation != place.generation:
        raise Tampered("a sealed value is of another key generation", place=_named(place))
    try:
        padded = key.aead.decrypt(token[_HEADER_BYTES:_NONCE_END], token[_NONCE_END:], place.associated())
    except InvalidTag:
        raise Tampered("a sealed value does not belong here or was changed", place=_named(place)) from None
    return _unpadded(padded)


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
    document = _read_document(unseal(key, place, token))
    if not isinstance(document, dict):
        raise Tampered("a sealed value is no document", place=_named(place))
    return document


def seal_documents(
    key: DataKey, table: str, *, row: UUID, documents: Mapping[str, Mapping[str, Any]]
) -> dict[str, bytes]:
    """Return the tokens of several documents of one row, by field group: the same as one by one, but quicker.

    Raises: TypeError, ValueError: as in `seal_document`.
    """
    header, of_row, encrypt = _header(key.generation), _of_row(row, key.generation), key.aead.encrypt
    nonces = os.urandom(NONCE_BYTES * len(documents))
    tokens = {}
    for place, (group, document) in enumerate(documents.items()):
        nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        sealed = encrypt(nonce, _padded(_written(document)), _column(table, group) + of_row)
        tokens[group] = header + nonce + sealed
    return tokens


def unseal_documents(key: DataKey, table: str, *, row: UUID, tokens: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return the documents of several tokens of one row, by field group: the same as one by one, but quicker.

    Raises: Tampered: as in `unseal_document`, for the first group that does not open.
    """
    header, of_row, decrypt = _header(key.generation), _of_row(row, key.generation), key.aead.decrypt
    documents = {}
    for group, token in tokens.items():
        document = None
        if token[:_HEADER_BYTES] == header and len(token) >= OVERHEAD + STEP:
            try:
                padded = decrypt(token[_HEADER_BYTES:_NONCE_END], token[_NONCE_END:], _column(table, group) + of_row)
                document = _read_document(_unpadded(padded))
            except InvalidTag:
                pass  # opened once more below, which says what is wrong with it
        if not isinstance(document, dict):
            document = unseal_document(key, Place(table, group, row, key.generation), token)
        documents[group] = document
    return documents


def _read_document(plaintext: bytes) -> Any:  # noqa: ANN401  # whatever was sealed; None: no JSON
    """Return what the plaintext says, or None: an error would carry the plaintext, so none may travel on."""
    try:
        # Only keys are remembered from one document to the next: values would stay in memory for good.
        return from_json(plaintext, cache_strings="keys")
    except ValueError:
        pass  # no JSON, or a lone surrogate, which the quick reader does not know
    try:
        return json.loads(plaintext)
    except ValueError:
        return None


def _written(document: Mapping[str, Any]) -> bytes:
    """Return the document as JSON, quickly: what is sealed needs no order of its keys."""
    try:
        if _is_plain(document.values()):
            return to_json(document)
    except (ValueError, RecursionError):
        pass  # a lone surrogate, which the quick writer does not know, or a document within itself
    return compact_json(document)  # or refused there: the quick writer would make a list of a set, say


def _is_plain(values: Iterable[object]) -> bool:
    for value in values:
        if type(value) in _PLAIN:
            continue
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        if inner is None or not _is_plain(inner):
            return False
    return True


def _padded(plaintext: bytes) -> bytes:
    length = len(plaintext)
    return length.to_bytes(_LENGTH_BYTES, "big") + plaintext + _ZEROS[-(_LENGTH_BYTES + length) % STEP]


def _unpadded(padded: bytes) -> bytes:
    return padded[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")]


def _named(place: Place) -> str:
    return f"{place.table}.{place.group}"


def _header(generation: int) -> bytes:
    return _KNOWN_FORM + generation.to_bytes(2, "big")


def _of_row(row: UUID, generation: int) -> bytes:
    """Return the rest of the associated data: row and generation, each behind its length."""
    return _UUID_BYTES + row.bytes + _GENERATION_BYTES + generation.to_bytes(2, "big")


@lru_cache(maxsize=1024)
def _column(table: str, group: str) -> bytes:
    """Return the part of the associated data that all rows of a column share; there are few columns."""
    five = length_prefixed(APPLICATION, table.encode(), group.encode(), b"", b"")
    return five[: -2 * len(_UUID_BYTES)]  # row and generation follow, each behind a length of its own
