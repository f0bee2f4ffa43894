"""Turns a row that breaks a rule into a sealed row of the quarantine, and out of it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from connectors.records import Rejected
from registry.actions.intake.record_rows import Stamp
from registry.actions.keys.sealing import Vault, open_raw, seal_raw
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.store import sources
from registry.store.quarantine import Entry, WaitingRow
from registry.store.session import Transaction
from registry.store.sources import RecordBatch, SourceKey


class Form(Protocol):
    """Which system's records rows are, of which stream, and by which mapping they are understood."""

    @property
    def system(self) -> str:
        """The sector."""
        ...

    @property
    def stream(self) -> str:
        """The kind of record."""
        ...

    @property
    def mapping_version(self) -> int:
        """A higher one retries what was quarantined."""
        ...


@dataclass(frozen=True, slots=True)
class Seal:
    """The open key of a system under which its quarantined rows are sealed."""

    owner: UUID
    key: DataKey

    def close(self, quarantine_id: UUID, raw: bytes) -> bytes:
        """Seal what a row was delivered as."""
        return seal_raw(self.key, "quarantine", group=str(quarantine_id), row=self.owner, raw=raw)

    def open(self, waiting: WaitingRow) -> bytes:
        """Return what a waiting row was delivered as.

        Raises:
            Tampered: the sealed bytes were changed, or belong to another row.
        """
        group = str(waiting.quarantine_id)
        return open_raw(self.key, "quarantine", group=group, row=self.owner, token=waiting.sealed_raw)


def seal_of(transaction: Transaction, vault: Vault, system: str) -> Seal:
    """Return the seal of a system; its key is made on first use."""
    stored = sources.source_key(transaction, system)
    if stored is not None:
        wrapped, epoch = stored.wrapped_key, stored.key_epoch
        return Seal(stored.owner_id, vault.key(Domain.QUARANTINE_WRAP, stored.owner_id, wrapped=wrapped, epoch=epoch))
    owner = uuid4()
    key, new = vault.new_key(Domain.QUARANTINE_WRAP, owner)
    source_key = SourceKey(owner_id=owner, wrapped_key=new.wrapped, key_epoch=new.epoch)
    sources.add_source_key(transaction, system, source_key, transaction.access.at)
    return Seal(owner, key)


def add_quarantined(
    batch: RecordBatch, seal: Seal, rejected: Rejected, *, digest: bytes, file_format: Form, stamp: Stamp
) -> None:
    """Add a row that is refused for the first time."""
    quarantine_id = uuid4()
    batch.quarantined.append(
        {
            "quarantine_id": quarantine_id,
            "system": file_format.system,
            "stream": file_format.stream,
            "run_id": stamp.run_id,
            "row_number": rejected.row,
            "rule": rejected.rule,
            "field": rejected.field,
            "mapping_version": stamp.mapping_version,
            "attempts": 1,
            "row_digest": digest,
            "sealed_raw": seal.close(quarantine_id, rejected.raw),
            "first_seen_at": stamp.at,
            "resolved_at": None,
        }
    )


def add_refused_again(batch: RecordBatch, seal: Seal, rejected: Rejected, *, entry: Entry, stamp: Stamp) -> None:
    """Note that a newer mapping refuses the row as well, perhaps by another rule; the same mapping is no news."""
    if entry.mapping_version >= stamp.mapping_version:
        return
    batch.refused_again.append(
        {
            "quarantine_id": entry.quarantine_id,
            "rule": rejected.rule,
            "field": rejected.field,
            "mapping_version": stamp.mapping_version,
            "attempts": entry.attempts + 1,
            "sealed_raw": seal.close(entry.quarantine_id, rejected.raw),
            "resolved_at": None,
        }
    )


def add_released(batch: RecordBatch, entry: Entry, *, stamp: Stamp) -> None:
    """Let a row that was understood out of the quarantine: its record keeps what was written, the bytes are dropped.

    Bytes left behind under the system's key would outlive the erasure of their child.
    """
    batch.released[entry.quarantine_id] = {
        "quarantine_id": entry.quarantine_id,
        "mapping_version": stamp.mapping_version,
        "attempts": entry.attempts + 1,
        "sealed_raw": None,
        "resolved_at": stamp.at,
    }
