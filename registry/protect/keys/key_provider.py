"""The root of all keys: what its keeper must be able to do, and what we check whoever keeps it.

The keepers that exist are in `registry.protect.providers`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from registry.model.errors import ProviderUnavailable, WrongKeys

KEY_BYTES = 32
NONCE_BYTES = 12


class Keeper(StrEnum):
    """Who can keep the root key."""

    KEYFILE = "keyfile"
    TRANSIT = "transit"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key sealed by the root, and which root that was."""

    root: str  # the keeper and which of its keys; tells nothing about the key
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """What a provider says about itself, for the health check."""

    name: str
    version: str  # which root key is in use
    is_demo: bool  # the provider is fit for demonstrations only
    can_rewrap: bool  # the provider can change its root without showing the keys to us


class KeyProvider(Protocol):
    """The keeper of the root key. It is asked at the start and at rotation, never for a single record.

    Any of the three may raise `ProviderUnavailable`: the keeper is away, refuses, or answers rubbish; nothing is lost.
    """

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        """Seal a domain key, bound to `aad`."""
        ...

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        """Open a domain key.

        Raises:
            WrongKeys: sealed by another root, or for another place.
            KeyUnavailable: the root key, or its version, is gone.
        """
        ...

    def health(self) -> ProviderInfo:
        """Say what this provider is and whether it answers."""
        ...


def keeper_of(root: str) -> Keeper | None:
    """Return who sealed a key; None: nobody that this version knows.

    Args: root: of a `Wrapped`. A key file writes sixteen hex digits, every other keeper its name and a colon.
    """
    name, colon, _ = root.partition(":")
    if not colon:
        return Keeper.KEYFILE
    return Keeper(name) if name in frozenset(Keeper) else None


def require_keeper(wrapped: Wrapped, keeper: Keeper, *, place: str) -> None:
    """Refuse a key that somebody else has sealed.

    Raises: WrongKeys: it names the keeper that is needed.
    """
    sealed_by = keeper_of(wrapped.root)
    if sealed_by is not keeper:
        known = sealed_by.value if sealed_by else "a keeper that this version does not know"
        raise WrongKeys(f"the keyring is sealed by {known}, not by {keeper.value}", place=place)


def wrap_proven(provider: KeyProvider, key: bytes, aad: bytes) -> Wrapped:
    """Seal a key and open it again before anybody relies on it: a keeper that errs must not cost us the key.

    Raises: ProviderUnavailable: what the keeper gave back does not open to the same key.
    """
    wrapped = provider.wrap(key, aad)
    try:
        opened = provider.unwrap(wrapped, aad)
    except ProviderUnavailable:
        raise
    except WrongKeys:
        opened = b""
    if not hmac.compare_digest(opened, key):
        raise ProviderUnavailable("the keeper of the root key cannot open what it has just sealed", place=wrapped.root)
    return wrapped
