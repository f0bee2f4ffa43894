"""Seals and opens what the actions store: one place that knows which key and which place belong to which value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from matching.identity import Identity
from registry.model.identity_groups import identity_from
from registry.protect.blind_index import BlindIndex
from registry.protect.cipher import Place, seal, seal_document, unseal, unseal_document, unseal_documents
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain

Document = Mapping[str, Any]
NUMBER = "personal_number"  # kind of the identifier index, the same for children and citizens


class HasChildKey(Protocol):
    """A stored row that carries a child's wrapped key."""

    @property
    def child_id(self) -> UUID:
        """Owner of the key."""
        ...

    @property
    def wrapped_key(self) -> bytes:
        """The key under identity-wrap."""
        ...

    @property
    def key_epoch(self) -> int:
        """Epoch of the wrapping key."""
        ...

    @property
    def key_generation(self) -> int:
        """Generation of the data key."""
        ...


class Vault:
    """The keyring in the hands of an action: opens data keys, seals and opens groups, makes keyed hashes."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._indexes: dict[tuple[int, tuple[int, ...]], BlindIndex] = {}

    def __repr__(self) -> str:
        return "Vault()"

    def new_key(self, domain: Domain, owner: UUID) -> tuple[DataKey, WrappedKey]:
        """Return a new data key of `owner`, open and wrapped."""
        return self.keyring.new_data_key(domain, owner)

    def child_key(self, row: HasChildKey) -> DataKey:
        """Open the key of a stored child."""
        wrapped = WrappedKey(epoch=row.key_epoch, wrapped=row.wrapped_key)
        return self.keyring.open_data_key(Domain.IDENTITY_WRAP, wrapped, row.child_id, row.key_generation)

    def key(self, domain: Domain, owner: UUID, *, wrapped: bytes, epoch: int, generation: int = 1) -> DataKey:
        """Open the key of any other owner: a case, a batch of the extract, a source."""
        return self.keyring.open_data_key(domain, WrappedKey(epoch=epoch, wrapped=wrapped), owner, generation)

    @property
    def index(self) -> BlindIndex:
        """The index that new hashes are made with. Take it once for all that is stored together.

        Another process may rotate the key between two looks, and what is stored names the version that made it.
        """
        return self._index(self.keyring.active(Domain.INDEX))

    def indexes(self) -> tuple[BlindIndex, ...]:
        """Return the indexes of all versions that may stand in the database, newest first: a look-up asks them all."""
        return tuple(self._index(version) for version in self.keyring.usable(Domain.INDEX))

    def _index(self, version: int) -> BlindIndex:
        blocks = self.keyring.usable(Domain.BLOCK)
        found = self._indexes.get((version, blocks))
        if found is None:
            alive = {(other, blocks) for other in self.keyring.usable(Domain.INDEX)}
            kept = {versions: index for versions, index in self._indexes.items() if versions in alive}
            found = BlindIndex(self.keyring, version)
            self._indexes = {**kept, (version, found.block_versions): found}
        return found

    def number_index(self, number: str) -> bytes:
        """Return the keyed hash under which a personal number is stored."""
        return self.index.identifier(NUMBER, number)

    def number_indexes(self, number: str) -> list[bytes]:
        """Return the keyed hashes under which a personal number may stand, while its index is built anew two."""
        return [index.identifier(NUMBER, number) for index in self.indexes()]

    def source_key_indexes(self, system: str, stream: str, key: str) -> list[bytes]:
        """Return the keyed hashes under which a record's own key may stand."""
        return [index.source_key(system, stream, key) for index in self.indexes()]


def place(table: str, group: str, row: UUID, key: DataKey) -> Place:
    """Return the place that a sealed value is bound to."""
    return Place(table=table, group=group, row=row, generation=key.generation)


def seal_group(key: DataKey, table: str, *, group: str, row: UUID, document: Document) -> bytes:
    """Seal a document into one column of one row."""
    return seal_document(key, place(table, group, row, key), document)


def open_group(key: DataKey, table: str, *, group: str, row: UUID, token: bytes) -> dict[str, Any]:
    """Open a document sealed by `seal_group`.

    Raises:
        Tampered: the value was changed, or belongs elsewhere.
    """
    return unseal_document(key, place(table, group, row, key), token)


def seal_raw(key: DataKey, table: str, *, group: str, row: UUID, raw: bytes) -> bytes:
    """Seal bytes into one column of one row."""
    return seal(key, place(table, group, row, key), raw)


def open_raw(key: DataKey, table: str, *, group: str, row: UUID, token: bytes) -> bytes:
    """Open bytes sealed by `seal_raw`."""
    return unseal(key, place(table, group, row, key), token)


def open_identity(key: DataKey, child_id: UUID, *, sealed_identity: bytes, sealed_family: bytes) -> Identity:
    """Open the comparable facts of a stored identity."""
    tokens = {"identity": sealed_identity, "family": sealed_family}
    opened = unseal_documents(key, "identity", row=child_id, tokens=tokens)
    return identity_from(opened["identity"], opened["family"])
