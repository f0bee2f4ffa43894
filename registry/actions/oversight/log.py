"""Writes a leaf of the access log into the transaction of what it tells: no leaf, no data."""

from __future__ import annotations

from registry.actions.keys.sealing import Vault
from registry.protect.log.access_log import Event
from registry.store import access_log
from registry.store.session import Transaction


def log(transaction: Transaction, vault: Vault, event: Event) -> None:
    """Append the leaf of `event` on behalf of the transaction's Access."""
    access_log.log(transaction, vault.keyring, event)
