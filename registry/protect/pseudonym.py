"""Names that stand for a child where the child must not be named."""

from __future__ import annotations

import hmac
from uuid import UUID

from registry.protect.keys.keyring import Domain, Keyring

PSEUDONYM_BYTES = 16
_SIGNED_64 = 8


def child_pseudonym(keyring: Keyring, child_id: UUID) -> bytes:
    """Return the 16 bytes by which new leaves of the access log mean a child."""
    return _log_name(keyring, child_id, keyring.active(Domain.PSEUDONYM))


def child_pseudonyms(keyring: Keyring, child_id: UUID) -> tuple[bytes, ...]:
    """Return every name the log may know a child by, newest key first: who looked at her, since ever."""
    return tuple(_log_name(keyring, child_id, version) for version in keyring.usable(Domain.PSEUDONYM))


def decoy_pseudonyms(keyring: Keyring, child_id: UUID) -> tuple[bytes, ...]:
    """Return the names by which a decoy may be known, newest key first; nothing else bears them."""
    keys = (keyring.derived(Domain.PSEUDONYM, b"decoy", version=one) for one in keyring.usable(Domain.PSEUDONYM))
    return tuple(hmac.digest(key, child_id.bytes, "sha256")[:PSEUDONYM_BYTES] for key in keys)


def decoy_id(keyring: Keyring, commune: str, number: int, *, version: int | None = None) -> UUID:
    """Return the id that the decoy of this number in a commune has: a random one to whoever has not the key.

    Args:
        number: from 0.
        version: of the key; None: the active one.
    """
    key = keyring.derived(Domain.PSEUDONYM, b"decoy-id", version=version)
    return UUID(bytes=hmac.digest(key, f"{commune} {number}".encode(), "sha256")[:PSEUDONYM_BYTES], version=4)


def release_pseudonym(keyring: Keyring, child_id: UUID, frame_id: UUID) -> bytes:
    """Return 16 bytes that mean a child within one frame and cannot be joined with those of another frame."""
    # The frame stands in the message, not in the key: keys are remembered, and frames are many.
    key = keyring.derived(Domain.PSEUDONYM, b"release")
    return hmac.digest(key, frame_id.bytes + child_id.bytes, "sha256")[:PSEUDONYM_BYTES]


def record_key(keyring: Keyring, child_id: UUID) -> int:
    """Return the 64 signed bits by which a child's presence in a cell decides the cell's noise.

    The same in every frame until the domain key is rotated: equal sets of children get equal noise.
    """
    key = keyring.derived(Domain.RECORD_KEY, b"record-key")
    return int.from_bytes(hmac.digest(key, child_id.bytes, "sha256")[:_SIGNED_64], "big", signed=True)


def cell_secret(keyring: Keyring) -> bytes:
    """Return the 32-byte secret of the published noise, apart from the record keys."""
    return keyring.derived(Domain.CELL_KEY, b"cell-noise")


def _log_name(keyring: Keyring, child_id: UUID, version: int) -> bytes:
    key = keyring.derived(Domain.PSEUDONYM, b"access-log", version=version)
    return hmac.digest(key, child_id.bytes, "sha256")[:PSEUDONYM_BYTES]
