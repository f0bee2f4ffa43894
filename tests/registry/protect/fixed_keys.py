"""Keyrings with known keys, for known answers. Never used outside the tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

from registry.protect.keys.key_provider import ProviderInfo, Wrapped
from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.protect.keys.keyring_file import KeyEntry, KeyringFile, entry_of


class OpenProvider:
    """A root that seals nothing: what it wraps is the key itself."""

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        assert aad
        return Wrapped("open", key)

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        assert aad
        return wrapped.token

    def health(self) -> ProviderInfo:
        return ProviderInfo(name="open", version="1", is_demo=True, can_rewrap=False)


def domain_key(domain: Domain) -> bytes:
    return hashlib.sha256(f"domain {domain.value}".encode()).digest()


def keyring_of_words() -> Keyring:
    """Return a keyring whose domain keys are the SHA-256 of words."""
    keys = (entry_of(domain, 1, wrapped=Wrapped("open", domain_key(domain)), since=None) for domain in Domain)
    return keyring_with(*keys)


def keyring_with(*keys: KeyEntry) -> Keyring:
    """Return a keyring of the given entries, however odd they are."""
    file = KeyringFile(keyring_id=UUID(int=1), mark=Mark.DEMO, keys=keys)
    return Keyring(Path("nowhere") / "keyring.json", provider=OpenProvider(), file=file)
