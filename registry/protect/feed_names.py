"""The names by which a system outside knows records and events: opaque, the same every time, of this system alone.

A name is the enciphered id itself, so nothing is kept to find it back; a name of another system, or a made-up one,
opens to nothing.

Source: RFC 5297 (deterministic authenticated encryption).
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from registry.protect.keys.keyring import Domain, Keyring

_RECORD: Final = b"record"
_EVENT: Final = b"event"
_ID_BYTES: Final = 16
_POSITION_BYTES: Final = 8
_LONGEST: Final = 64


class FeedNames:
    """Makes and reads the names of one system."""

    def __init__(self, keyring: Keyring, system: str) -> None:
        # under the key that stays: names that subscribers keep must outlive rotations
        self._cipher = AESSIV(keyring.derived(Domain.CONTENT, b"feed-names"))
        self._system = system.encode()

    def record(self, child_id: UUID) -> str:
        """Return the name of a record."""
        return self._name(_RECORD, child_id.bytes)

    def child_of(self, name: str) -> UUID | None:
        """Return the identity that a name of a record means; None: it is none of this system."""
        found = self._meant(_RECORD, name)
        return UUID(bytes=found) if found is not None and len(found) == _ID_BYTES else None

    def event(self, position: int) -> str:
        """Return the name of an event, which is also the cursor behind it."""
        return self._name(_EVENT, position.to_bytes(_POSITION_BYTES, "big"))

    def position_of(self, name: str) -> int | None:
        """Return the position that a cursor means; None: it is none of this system."""
        found = self._meant(_EVENT, name)
        return int.from_bytes(found, "big") if found is not None and len(found) == _POSITION_BYTES else None

    def _name(self, kind: bytes, value: bytes) -> str:
        return urlsafe_b64encode(self._cipher.encrypt(value, [kind, self._system])).decode().rstrip("=")

    def _meant(self, kind: bytes, name: str) -> bytes | None:
        if len(name) > _LONGEST or not name.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(name + "=" * (-len(name) % 4))
            value = self._cipher.decrypt(sealed, [kind, self._system])
        except (binascii.Error, ValueError, InvalidTag):
            return None
        return value if self._name(kind, value) == name else None  # one spelling only
