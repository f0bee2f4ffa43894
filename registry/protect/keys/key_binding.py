"""What a wrapped key is bound to, so that it opens in its own place only."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from uuid import UUID

from registry.protect.canonical import length_prefixed
from registry.protect.keys.keyring_file import Domain, Mark

_UUID: Final = bytes(16)
_LENGTH: Final = bytes(4)


def domain_binding(keyring_id: UUID, mark: Mark, *, domain: Domain, version: int) -> bytes:
    """Return the associated data of a domain key under the root."""
    return length_prefixed(
        b"child-registry/domain-key/1",
        keyring_id.bytes,
        mark.value.encode(),
        domain.value.encode(),
        version.to_bytes(4, "big"),
    )


def owner_binding(domain: Domain, epoch: int, *, owner: UUID, generation: int) -> bytes:
    """Return the associated data of a data key under a wrapping key."""
    return _of_epoch(domain, epoch) + owner.bytes + _of_generation(generation)


@lru_cache(maxsize=256)
def _of_epoch(domain: Domain, epoch: int) -> bytes:
    """Return the part that all owners of an epoch share, up to the owner's own bytes; there are few epochs."""
    all_parts = length_prefixed(
        b"child-registry/data-key/1", domain.value.encode(), epoch.to_bytes(4, "big"), _UUID, b""
    )
    return all_parts[: -len(_UUID) - len(_LENGTH)]


@lru_cache(maxsize=256)
def _of_generation(generation: int) -> bytes:
    return length_prefixed(generation.to_bytes(2, "big"))[len(_LENGTH) :]  # without the number of parts
