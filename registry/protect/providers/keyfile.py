"""The root key in a file of its own, for the account that runs the registry alone."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.model.errors import WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, NONCE_BYTES, Keeper, ProviderInfo, Wrapped, require_keeper
from registry.protect.keys.private_file import create_private, read_private

ROOT_FILE = "root.key"  # beside the keyring

_FILE = re.compile(rb"child-registry root key 1\n([0-9a-f]{64})\n([0-9a-f]{16})\n")


class KeyfileProvider:
    """The root key in a file of mode 0600 that belongs to the account running the registry."""

    __slots__ = ("_aead", "_path", "_root")

    def __init__(self, path: Path) -> None:
        found = _FILE.fullmatch(read_private(path))
        if found is None:
            raise WrongKeys("the root key file is truncated or not one of ours", place=str(path))
        key = bytes.fromhex(found[1].decode())
        self._root = _root_name(key)
        if found[2].decode() != self._root:
            raise WrongKeys("the root key file is damaged", place=str(path))
        self._aead = AESGCM(key)
        self._path = path

    @classmethod
    def create(cls, path: Path) -> KeyfileProvider:
        """Write a new root key and return its provider.

        Raises: WrongKeys: there is a file already, or it cannot be written.
        """
        key = os.urandom(KEY_BYTES)
        create_private(path, f"child-registry root key 1\n{key.hex()}\n{_root_name(key)}\n".encode())
        return cls(path)

    @classmethod
    def open_or_create(cls, path: Path) -> KeyfileProvider:
        """Return the root key for a keyring to be; one that a stopped creation left behind is taken up.

        Raises: WrongKeys: as in `create` and for a file that is not safe.
        """
        return cls(path) if path.exists() else cls.create(path)

    def __repr__(self) -> str:
        return f"KeyfileProvider(root={self._root})"

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        """Seal a domain key, bound to `aad`."""
        nonce = os.urandom(NONCE_BYTES)
        return Wrapped(self._root, nonce + self._aead.encrypt(nonce, key, aad))

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        """Open a domain key.

        Raises: WrongKeys: sealed by another root, or for another place.
        """
        require_keeper(wrapped, Keeper.KEYFILE, place=str(self._path))
        if wrapped.root != self._root:
            raise WrongKeys("the root key file is of another keyring", place=str(self._path))
        try:
            return self._aead.decrypt(wrapped.token[:NONCE_BYTES], wrapped.token[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            raise WrongKeys("the root key does not open a key of this keyring", place=str(self._path)) from None

    def health(self) -> ProviderInfo:
        """Say which root key is in use."""
        return ProviderInfo(name=Keeper.KEYFILE.value, version=self._root, is_demo=False, can_rewrap=False)


def _root_name(key: bytes) -> str:
    """Return 16 hex digits that tell one root key from another and give no way back to it."""
    return hashlib.sha256(b"child-registry/root-name/1" + key).hexdigest()[:16]
