"""Find a value without reading it: keyed hashes, each kind under a key of its own.

Whoever has the key can try all twelve-digit numbers, so the key is as precious as the root: in memory only.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from registry.protect.canonical import compact_json, length_prefixed
from registry.protect.keys.keyring import Domain, Keyring

IDENTIFIER_BYTES = 16
_SIGNED_64 = 8


class BlindIndex:
    """Keyed hashes of identifiers, source keys, contents and block keys.

    Values are taken exactly as given: the caller normalises them before, the same way on write and on search.
    """

    __slots__ = ("_block_keys", "_keyring", "_keys", "block_versions", "version")

    def __init__(self, keyring: Keyring, version: int | None = None) -> None:
        """Use the active index key, or an older version while an index is being rebuilt.

        What is stored says beside it which version made it: that of the same object that made the hash.
        """
        self.version = keyring.active(Domain.INDEX) if version is None else version
        self.block_versions = keyring.usable(Domain.BLOCK)  # newest first
        self._keyring = keyring
        self._keys: dict[tuple[bytes, ...], bytes] = {}
        self._block_keys: dict[tuple[str, int], bytes] = {}

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
        return hmac.digest(self._content_key(b"content"), compact_json(document), "sha256")

    def bytes_digest(self, raw: bytes) -> bytes:
        """Return 32 bytes that are equal exactly if the bytes are: tells a file or a row seen before."""
        return hmac.digest(self._content_key(b"bytes"), raw, "sha256")

    def erased_record(self, system: str, stream: str, key: str) -> bytes:
        """Return 32 bytes by which a record that was erased is known again, and which lead to nobody."""
        message = length_prefixed(_text(system), _text(stream), _text(key))
        return hmac.digest(self._content_key(b"erased-record"), message, "sha256")

    def pattern(self, text: str) -> bytes:
        """Return 32 bytes that are equal exactly if two ways of agreeing are; they outlive every index."""
        return hmac.digest(self._content_key(b"pattern"), _text(text), "sha256")

    def block_tokens(self, kind: str, text: str) -> list[tuple[int, int]]:
        """Return versions and tokens of a block key, all of which are stored: records meet while the key is rotated."""
        return [(version, self.block_token(kind, text, version)) for version in self.block_versions]

    def block_token(self, kind: str, text: str, version: int | None = None) -> int:
        """Return a signed 64-bit number for a block key of linkage, under the linkage domain's own key."""
        number = self.block_versions[0] if version is None else version
        key = self._block_keys.get((kind, number))
        if key is None:
            key = self._keyring.derived(Domain.BLOCK, b"block", kind.encode(), version=number)
            self._block_keys[kind, number] = key
        return int.from_bytes(hmac.digest(key, _text(text), "sha256")[:_SIGNED_64], "big", signed=True)

    def _content_key(self, label: bytes) -> bytes:
        return self._keyring.derived(Domain.CONTENT, label)

    def _key(self, *labels: bytes) -> bytes:
        found = self._keys.get(labels)
        if found is None:
            found = self._keys[labels] = self._keyring.derived(Domain.INDEX, *labels, version=self.version)
        return found


def _text(value: str) -> bytes:
    """Return the text's bytes; a lone surrogate of a broken delivery is kept instead of raising with the value."""
    return value.encode("utf-8", "surrogatepass")
