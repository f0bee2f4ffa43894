"""All keys of an installation, under one root: made, opened, used, rotated, destroyed.

root            with the provider: a key file, or something better
 domain keys    in `keyring.json`, sealed by the root; opened when first needed, kept in memory only
  data keys     in the database, sealed by a wrapping key of one epoch; one per identity, case, batch
"""

from __future__ import annotations

import fcntl
import hmac
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.model.errors import KeyUnavailable, Tampered, WrongKeys
from registry.protect.canonical import length_prefixed
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.key_binding import domain_binding, owner_binding
from registry.protect.keys.key_provider import KEY_BYTES, NONCE_BYTES, KeyProvider, wrap_proven
from registry.protect.keys.keyring_file import (
    WRAPPING,
    Domain,
    KeyEntry,
    KeyringFile,
    KeyState,
    Mark,
    entry_of,
    read_keyring_file,
)
from registry.protect.keys.keyring_root import fresh_entry, keyfile_of, lacking_domains, moved_entries, opened_entry
from registry.protect.keys.private_file import (
    create_private,
    file_state,
    make_private_directory,
    read_private,
    replace_private,
)
from registry.protect.providers.keyfile import ROOT_FILE, KeyfileProvider

__all__ = ["DataKey", "Domain", "KeyState", "Keyring", "Mark", "WrappedKey"]

KEYRING_FILE = "keyring.json"

_LARGEST_GENERATION = 0xFFFF  # two bytes in every token
_DERIVING = frozenset({Domain.LOG_SEAL, Domain.DUTY_SEAL, Domain.SESSION_WRAP})
_USABLE = frozenset({KeyState.ACTIVE, KeyState.DECRYPT_ONLY})


class Keyring:
    """The keys of one installation. Made by `create` or `open`."""

    def __init__(self, path: Path, *, provider: KeyProvider, file: KeyringFile) -> None:
        self._path = path
        self._provider = provider
        self._open: dict[tuple[Domain, int], bytes] = {}
        self._wrapping: dict[tuple[Domain, int], AESGCM] = {}
        self._derived: dict[tuple[Domain, int, tuple[bytes, ...]], bytes] = {}
        self._reading = threading.RLock()
        self._seen: tuple[int, int, int] | None = None  # not looked at yet
        self._adopt(file)

    @classmethod
    def create(
        cls, directory: Path, *, mark: Mark, provider: KeyProvider | None = None, at: datetime | None = None
    ) -> Keyring:
        """Make a new keyring with one key a domain.

        Args:
            directory: made with mode 0700 if missing; holds `keyring.json` and, by default, `root.key`.
            mark: demo or real; bound into every key.
            provider: the keeper of the root; by default a key file in the directory.
            at: when this happens, for the age of the keys.

        Raises: WrongKeys: there is a keyring already, or the directory is not private.

        """
        make_private_directory(directory)
        path = directory / KEYRING_FILE
        if path.exists():
            raise WrongKeys("a keyring exists here already and is not overwritten", place=str(path))
        root = provider or KeyfileProvider.open_or_create(directory / ROOT_FILE)
        keyring_id = uuid4()
        entries = []
        seal_key = b""
        for domain in Domain:
            key = os.urandom(KEY_BYTES)
            wrapped = wrap_proven(root, key, domain_binding(keyring_id, mark, domain=domain, version=1))
            entries.append(entry_of(domain, 1, wrapped=wrapped, since=at))
            if domain is Domain.KEYRING_SEAL:
                seal_key = key
        file = _sealed(KeyringFile(keyring_id=keyring_id, mark=mark, keys=tuple(entries)), seal_key)
        create_private(path, file.content())
        return cls(path, provider=root, file=file)

    @classmethod
    def open(cls, directory: Path, *, provider: KeyProvider | None = None, at: datetime | None = None) -> Keyring:
        """Open a keyring and check that its root fits and that nobody has edited it.

        A keyring of an older version gets a key for each domain that it lacks, dated `at`.

        Raises: WrongKeys: missing, not private, damaged, edited, or of another root.
        """
        path = directory / KEYRING_FILE
        file = read_keyring_file(read_private(path), place=str(path))
        keyring = cls(path, provider=provider or keyfile_of(file, directory), file=file)
        keyring._verify(file)
        keyring._complete(at)
        return keyring

    def _complete(self, at: datetime | None) -> None:
        if lacking_domains(self._file):
            with self._exclusive():  # another process may have done it meanwhile: the file is read again
                lacking = lacking_domains(self._file)
                fresh = [fresh_entry(self._file, domain, provider=self._provider, at=at) for domain in lacking]
                self._write((*self._file.keys, *fresh))

    def __repr__(self) -> str:
        return f"Keyring(id={self.keyring_id}, mark={self.mark.value})"

    @property
    def keyring_id(self) -> UUID:
        """The installation's name for its keys; the database remembers it."""
        return self._file.keyring_id

    @property
    def mark(self) -> Mark:
        """Whether these keys guard invented children or real ones."""
        return self._file.mark

    @property
    def provider(self) -> KeyProvider:
        """The keeper of the root key, for the health check."""
        return self._provider

    def entries(self) -> tuple[KeyEntry, ...]:
        """Return every version of every key, sealed, for `keys status` and the health check."""
        return self._file.keys

    def active(self, domain: Domain) -> int:
        """Return the version that new things are made with.

        Raises: KeyUnavailable: the domain has none.
        """
        version = self._active.get(domain)
        if version is None:
            raise KeyUnavailable("there is no active key", place=domain.value)
        return version

    def usable(self, domain: Domain) -> tuple[int, ...]:
        """Return the versions that still open or find things, newest first."""
        found = (entry.version for entry in self._file.keys if entry.domain is domain and entry.state in _USABLE)
        return tuple(sorted(found, reverse=True))

    # Data keys

    def new_data_key(self, domain: Domain, owner: UUID, generation: int = 1) -> tuple[DataKey, WrappedKey]:
        """Return a new random key, open and wrapped, for one owner.

        Args:
            domain: one of the wrapping domains.
            owner: the identity, case, batch or source that the key belongs to.
            generation: 1 for the owner's first key; a replaced key counts on. Tokens carry it.

        """
        if not 1 <= generation <= _LARGEST_GENERATION:
            raise ValueError("a generation lies between 1 and 65535")
        epoch = self.active(domain)
        key = os.urandom(KEY_BYTES)
        return DataKey(key, generation), self._wrap(key, domain, epoch, owner=owner, generation=generation)

    def open_data_key(self, domain: Domain, wrapped: WrappedKey, owner: UUID, generation: int) -> DataKey:
        """Open a data key that the database kept.

        Raises:
            KeyUnavailable: its epoch was destroyed, or is not of this keyring.
            Tampered: it was not wrapped for this owner, generation and epoch.

        """
        return DataKey(self._unwrap(domain, wrapped, owner=owner, generation=generation), generation)

    def rewrap(self, domain: Domain, wrapped: WrappedKey, owner: UUID, generation: int) -> WrappedKey:
        """Return the same data key under the active epoch; sealed rows stay as they are.

        Raises: KeyUnavailable, Tampered: as in `open_data_key`.
        """
        key = self._unwrap(domain, wrapped, owner=owner, generation=generation)
        return self._wrap(key, domain, self.active(domain), owner=owner, generation=generation)

    def shared_key(self, domain: Domain, owner: UUID, version: int | None = None) -> DataKey:
        """Return a key that is derived instead of stored, for things that nobody asks to shred one by one.

        Args:
            domain: log_seal, duty_seal or session_wrap.
            owner: what the key is for, such as an event or a session's search.
            version: of the domain key; by default the active one. It is the generation of the tokens.

        """
        if domain not in _DERIVING:
            raise KeyUnavailable("this domain's keys are stored, not derived", place=domain.value)
        number = self.active(domain) if version is None else version
        block = length_prefixed(b"child-registry/shared/1", owner.bytes) + b"\x01"
        return DataKey(hmac.digest(self.raw(domain, number), block, "sha256"), number)

    def _wrap(self, key: bytes, domain: Domain, epoch: int, *, owner: UUID, generation: int) -> WrappedKey:
        nonce = os.urandom(NONCE_BYTES)
        aad = owner_binding(domain, epoch, owner=owner, generation=generation)
        return WrappedKey(epoch, nonce + self._wrapping_key(domain, epoch).encrypt(nonce, key, aad))

    def _unwrap(self, domain: Domain, wrapped: WrappedKey, *, owner: UUID, generation: int) -> bytes:
        aad = owner_binding(domain, wrapped.epoch, owner=owner, generation=generation)
        token = wrapped.wrapped
        try:
            return self._wrapping_key(domain, wrapped.epoch).decrypt(token[:NONCE_BYTES], token[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            raise Tampered("a data key is not the one of its owner", place=domain.value) from None

    def _wrapping_key(self, domain: Domain, epoch: int) -> AESGCM:
        found = self._wrapping.get((domain, epoch))
        if found is None:
            if domain not in WRAPPING:
                raise KeyUnavailable("this domain wraps no data keys", place=domain.value)
            found = self._wrapping[domain, epoch] = AESGCM(self.raw(domain, epoch))
        return found

    # Domain keys

    def raw(self, domain: Domain, version: int | None = None) -> bytes:
        """Return a domain key's bytes. For this package only.

        Raises: KeyUnavailable: unknown, retired or destroyed.
        """
        number = self.active(domain) if version is None else version
        key = self._open.get((domain, number))
        if key is None:
            key = self._open[domain, number] = self._unwrapped(self._usable_entry(domain, number))
        return key

    def derived(self, domain: Domain, *labels: bytes, version: int | None = None) -> bytes:
        """Return the 32-byte key that belongs to the labels under a domain key. For this package only.

        Source: RFC 5869, section 2.3 (HKDF-Expand with SHA-256, one block; the domain key is uniform already).
        """
        number = self.active(domain) if version is None else version
        key = self._derived.get((domain, number, labels))
        if key is None:
            block = length_prefixed(b"child-registry/derived/1", *labels) + b"\x01"
            key = self._derived[domain, number, labels] = hmac.digest(self.raw(domain, number), block, "sha256")
        return key

    def _usable_entry(self, domain: Domain, version: int) -> KeyEntry:
        entry = self._entries.get((domain, version))
        if entry is None:
            self.refresh()  # another process may have rotated since we opened the file
            entry = self._entries.get((domain, version))
        place = f"{domain.value}@{version}"
        if entry is None:
            raise KeyUnavailable("the key is not of this keyring", place=place)
        if entry.state not in _USABLE:
            raise KeyUnavailable(f"the key is {entry.state.value}", place=place)
        return entry

    def _unwrapped(self, entry: KeyEntry) -> bytes:
        return opened_entry(self._file, entry, self._provider)

    def open_all(self) -> None:
        """Open every usable key now, so that an outage of the keeper later disturbs nobody.

        Raises: ProviderUnavailable: the keeper is away.
        """
        for entry in self._file.keys:
            if entry.state in _USABLE:
                self.raw(entry.domain, entry.version)

    # Life of a key

    def follow(self) -> None:
        """See a rotation by another process: read the file again if it has changed. Costs a look at its date.

        Raises: WrongKeys: as in `refresh`.
        """
        if file_state(self._path) != self._seen:
            self.refresh()

    def refresh(self) -> None:
        """Read the file again; closed keys leave memory.

        Raises: WrongKeys: the file was damaged, edited or exchanged meanwhile.
        """
        with self._reading:
            seen = file_state(self._path)  # before reading: a change in between is read once more
            file = read_keyring_file(read_private(self._path), place=str(self._path))
            if file.keyring_id != self.keyring_id:
                raise WrongKeys("the keyring was exchanged for another one", place=str(self._path))
            self._verify(file)
            self._adopt(file)
            self._seen = seen

    def rotate(self, domain: Domain, *, at: datetime | None = None, only: int | None = None) -> int:
        """Make a new active version, which is returned; the one before it opens and finds, but makes nothing new.

        Args:
            only: the version that the caller means to make; if another process was faster, that one is taken.

        """
        with self._exclusive():
            if only is not None and (domain, only) in self._entries:
                return only
            fresh = fresh_entry(self._file, domain, provider=self._provider, at=at)
            before = [
                entry.model_copy(update={"state": KeyState.DECRYPT_ONLY}) if _is_active(entry, domain) else entry
                for entry in self._file.keys
            ]
            self._write((*before, fresh))
        return fresh.version

    def move_root(self, provider: KeyProvider) -> None:
        """Have another keeper, or another key of the same one, seal every domain key; then the file is replaced.

        The domain keys stay what they are, and so does everything in the database. Whoever has the old root and an
        old copy of the file still opens it: the caller says so, and that the old root is to be destroyed.
        """
        with self._exclusive():
            self._write(tuple(moved_entries(self._file, before=self._provider, after=provider)))
            self._provider = provider

    def retire(self, domain: Domain, version: int) -> None:
        """Refuse a version from now on; the caller has made sure that no row refers to it.

        Raises: KeyUnavailable: it is active, unknown, or retired already.
        """
        self._change(domain, version, before=KeyState.DECRYPT_ONLY, after={"state": KeyState.RETIRED})

    def destroy(self, domain: Domain, version: int) -> None:
        """Delete a retired version's bytes: whatever it alone could open is gone, in every backup too.

        Raises: KeyUnavailable: it is not retired.
        """
        after = {"state": KeyState.DESTROYED, "token": None}
        self._change(domain, version, before=KeyState.RETIRED, after=after)

    def _change(self, domain: Domain, version: int, *, before: KeyState, after: Mapping[str, object]) -> None:
        with self._exclusive():
            entry = self._entries.get((domain, version))
            if domain is Domain.KEYRING_SEAL or entry is None or entry.state is not before:
                raise KeyUnavailable(f"only a key that is {before.value} can be changed", place=f"{domain}@{version}")
            changed = entry.model_copy(update=after)
            self._write(tuple(changed if found is entry else found for found in self._file.keys))

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Keep other processes from changing the file, and start from its newest state."""
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.refresh()
            yield
        finally:
            os.close(descriptor)

    def _write(self, keys: tuple[KeyEntry, ...]) -> None:
        bare = self._file.model_copy(update={"keys": keys, "seal": ""})
        file = _sealed(bare, self.raw(Domain.KEYRING_SEAL))
        replace_private(self._path, file.content())
        self._seen = file_state(self._path)
        self._adopt(file)

    def _adopt(self, file: KeyringFile) -> None:
        self._file = file
        self._entries = {(entry.domain, entry.version): entry for entry in file.keys}
        self._active = {entry.domain: entry.version for entry in file.keys if entry.state is KeyState.ACTIVE}
        usable = {place for place, entry in self._entries.items() if entry.state in _USABLE}
        # copies first: another thread may be opening a key
        self._open = {place: key for place, key in dict(self._open).items() if place in usable}
        self._wrapping = {place: key for place, key in dict(self._wrapping).items() if place in usable}
        self._derived = {place: key for place, key in dict(self._derived).items() if place[:2] in usable}

    def _verify(self, file: KeyringFile) -> None:
        if not hmac.compare_digest(_sealed(file, self.raw(Domain.KEYRING_SEAL)).seal, file.seal):
            raise WrongKeys("the keyring file was edited or damaged", place=str(self._path))


def _sealed(file: KeyringFile, seal_key: bytes) -> KeyringFile:
    return file.model_copy(update={"seal": hmac.digest(seal_key, file.sealed_part(), "sha256").hex()})


def _is_active(entry: KeyEntry, domain: Domain) -> bool:
    return entry.domain is domain and entry.state is KeyState.ACTIVE
