"""Seals what an auditor writes down by duty, under a key that is kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.protect.cipher import Place, generation_of, seal_document, unseal_document
from registry.protect.keys.keyring_file import Domain


def seal_duty(vault: Vault, table: str, *, group: str, row: UUID, document: Mapping[str, Any]) -> bytes:
    """Seal a document into one column of one row."""
    version = vault.keyring.active(Domain.DUTY_SEAL)
    key = vault.keyring.shared_key(Domain.DUTY_SEAL, row, version)
    return seal_document(key, Place(table, group, row, version), document)


def open_duty(vault: Vault, table: str, *, group: str, row: UUID, token: bytes) -> dict[str, Any]:
    """Open a document sealed by `seal_duty`.

    Raises:
        Tampered: it was changed, or belongs elsewhere.
    """
    version = generation_of(token)
    key = vault.keyring.shared_key(Domain.DUTY_SEAL, row, version)
    return unseal_document(key, Place(table, group, row, version), token)
