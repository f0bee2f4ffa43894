"""What binds a keyring to the keeper of its root: new keys sealed by it, all of them moved to another one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from registry.model.errors import KeyUnavailable, ProviderUnavailable
from registry.protect.keys.key_binding import domain_binding
from registry.protect.keys.key_provider import KEY_BYTES, Keeper, KeyProvider, keeper_of, require_keeper, wrap_proven
from registry.protect.keys.keyring_file import Domain, KeyEntry, KeyringFile, entry_of, read_keyring_file
from registry.protect.keys.private_file import read_private
from registry.protect.providers.keyfile import ROOT_FILE, KeyfileProvider


def opened_entry(file: KeyringFile, entry: KeyEntry, provider: KeyProvider) -> bytes:
    """Ask the keeper to open one domain key.

    Raises:
        KeyUnavailable: its bytes are destroyed.
        ProviderUnavailable: the keeper is away, or answered something that is no key.
        WrongKeys: it is another keyring's keeper.
    """
    wrapped = entry.wrapped()
    if wrapped is None:
        raise KeyUnavailable("the key is destroyed", place=f"{entry.domain.value}@{entry.version}")
    key = provider.unwrap(wrapped, _binding(file, entry.domain, entry.version))
    if len(key) != KEY_BYTES:
        raise ProviderUnavailable(
            "the keeper of the root key answered something that is no key", place=entry.domain.value
        )
    return key


def fresh_entry(file: KeyringFile, domain: Domain, *, provider: KeyProvider, at: datetime | None) -> KeyEntry:
    """Return a new active key that follows the newest of its domain; the keeper has shown that it can open it."""
    version = max((entry.version for entry in file.keys if entry.domain is domain), default=0) + 1
    wrapped = wrap_proven(provider, os.urandom(KEY_BYTES), _binding(file, domain, version))
    return entry_of(domain, version, wrapped=wrapped, since=at)


def lacking_domains(file: KeyringFile) -> list[Domain]:
    """Return the domains that this version knows and an older version's file has no key for."""
    present = {entry.domain for entry in file.keys}
    return [domain for domain in Domain if domain not in present]


def moved_entries(file: KeyringFile, *, before: KeyProvider, after: KeyProvider) -> Iterator[KeyEntry]:
    """Give every key again, sealed by another root; destroyed ones have nothing to seal."""
    for entry in file.keys:
        if entry.token is None:
            yield entry
            continue
        key = opened_entry(file, entry, before)
        wrapped = wrap_proven(after, key, _binding(file, entry.domain, entry.version))
        again = entry_of(entry.domain, entry.version, wrapped=wrapped, since=entry.since)
        yield again.model_copy(update={"state": entry.state})


def keeper_of_keyring(path: Path) -> Keeper | None:
    """Return who keeps the root of the keyring in this file; None: nobody that this version knows.

    Raises: WrongKeys: missing, not private, truncated or damaged. Whether it was edited shows only when it is opened.
    """
    file = read_keyring_file(read_private(path), place=str(path))
    return next((keeper_of(entry.root) for entry in file.keys if entry.token is not None), None)


def keyfile_of(file: KeyringFile, directory: Path) -> KeyfileProvider:
    """Open the key file beside a keyring, if it is a key file that keeps its root.

    Raises: WrongKeys: another keeper does, or the key file is missing or unsafe.
    """
    for wrapped in filter(None, (entry.wrapped() for entry in file.keys)):
        require_keeper(wrapped, Keeper.KEYFILE, place=str(directory))
    return KeyfileProvider(directory / ROOT_FILE)


def _binding(file: KeyringFile, domain: Domain, version: int) -> bytes:
    return domain_binding(file.keyring_id, file.mark, domain=domain, version=version)
