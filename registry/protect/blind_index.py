"""Find a value without reading it: keyed hashes, each kind under a key of its own.

Whoever has the key can try all twelve-digit numbers, so the key is as precious as the root: in memory only.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from registry.protect.canonical import compact_json, length_prefixed
from registry.protect.keyring import Domain, Keyring

IDENTIFIER_BYTES = 16
_SIGNED_64 = 8


class BlindIndex:
    """Keyed hashes of identifiers, source keys, contents and block keys.

    Values are taken exactly as given: the caller normalises them before, the same way on write and on search.
    """

    __slots__ = ("_block_keys", "_keyring", "_keys", "version")

    def __init__(self, keyring: Keyring, version: int | None = None) -> None:
        """Use the active index key, or an older version while an index is being rebuilt."""
        self.version = keyring.active(Domain.INDEX) if version is None else version
        self._keyring = keyring
        self._keys: dict[tuple[bytes, ...], bytes] = {}
        self._block_keys: dict[str, bytes] = {}

    def identifier(self, kind: str, value: str) -> bytes:
        """Return 16 bytes for an identifier, e.g. ("personal_number", twelve digits)."""
        key = self._key(b"identifier", kind.encode())
        return hmac.digest(key, _text(value), "sha256")[:IDENTIFIER_BYTES]

    def source_key(self, system: str, stream: str, key: str) -> bytes:
        """Return 16 bytes for a record's own key in a system's stream."""
        message = length_prefixed(_text(system), _text(stream), _text(key))
        return hmac.digest(self._key(b"source-key"), message, "sha256")[:IDENTIFIER_BYTES]

    def content_digest(self, document: Mapping[str, Any]) -> bytes:
        """Return 32 bytes that are equal exactly if the documents are: tells an unchanged record."""
        return hmac.digest(self._key(b"content"), compact_json(document), "sha256")

    def bytes_digest(self, raw: bytes) -> bytes:
        """Return 32 bytes that are equal exactly if the bytes are: tells a file or a row seen before."""
        return hmac.digest(self._key(b"bytes"), raw, "sha256")

    def block_token(self, kind: str, text: str) -> int:
        """Return a signed 64-bit number for a block key of linkage, under the linkage domain's own key."""
        key = self._block_keys.get(kind)
        if key is None:
            key = self._block_keys[kind] = self._keyring.derived(Domain.BLOCK, b"block", kind.encode())
        return int.from_bytes(hmac.digest(key, _text(text), "sha256")[:_SIGNED_64], "big", signed=True)

    def _key(self, *labels: bytes) -> bytes:
        found = self._keys.get(labels)
        if found is None:
            found = self._keys[labels] = self._keyring.derived(Domain.INDEX, *labels, version=self.version)
        return found


def _text(value: str) -> bytes:
    """Return the text's bytes; a lone surrogate of a broken delivery is kept instead of raising with the value."""
    return value.encode("utf-8", "surrogatepass")
