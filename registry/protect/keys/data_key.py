"""Keys of one owner: a child's identity, a protection case, a batch of the extract, a quarantined file."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as the database keeps it: sealed by a wrapping key of one epoch."""

    epoch: int
    wrapped: bytes = field(repr=False)  # 60 bytes: nonce 12, key 32, tag 16


class DataKey:
    """An open data key. It holds the ready cipher, which saves the key schedule on every field."""

    __slots__ = ("aead", "generation")

    def __init__(self, key: bytes, generation: int) -> None:
        self.aead = AESGCM(key)
        self.generation = generation

    def __repr__(self) -> str:
        return f"DataKey(generation={self.generation})"

    def __reduce__(self) -> str:
        raise TypeError("an open key is never written anywhere")
