"""Marks a new database as this installation's, and refuses one that is not."""

from __future__ import annotations

from registry.actions.keys.sealing import Vault
from registry.model.errors import DemoRefused, WrongKeys
from registry.protect.keys.keyring_file import Mark
from registry.store import keys
from registry.store.server import installation
from registry.store.session import Transaction


def claim(transaction: Transaction, vault: Vault) -> None:
    """Mark an empty database with our keyring and mark; on a marked one, check both.

    Raises:
        WrongKeys: the rows were sealed with another keyring.
        DemoRefused: demo keys meet a database marked real, or the other way round.
    """
    found = installation.read(transaction)
    keyring = vault.keyring
    if found is None:
        installation.write(
            transaction, mark=keyring.mark.value, keyring_id=keyring.keyring_id, at=transaction.access.at
        )
    elif found.mark != keyring.mark.value:
        raise DemoRefused(f"the database is marked {found.mark}, the keys are marked {keyring.mark.value}")
    elif found.keyring_id != keyring.keyring_id:
        raise WrongKeys("the database was sealed with another keyring")
    versions = [(entry.domain.value, entry.version, entry.state.value) for entry in keyring.entries()]
    keys.know(transaction, versions, at=transaction.access.at)


def claim_drop(transaction: Transaction, drop_digest: bytes) -> None:
    """Let the demo job run on one drop folder for ever.

    Raises:
        DemoRefused: the data folder holds another drop, or is not for demos.
    """
    found = installation.read(transaction)
    if found is None or found.mark != Mark.DEMO.value:
        raise DemoRefused("the demo job runs on a demo database only")
    if found.drop_digest is None:
        installation.remember_drop(transaction, drop_digest)
    elif found.drop_digest != drop_digest:
        raise DemoRefused("the data folder holds another drop: choose an empty folder with --data")


def is_claimed(transaction: Transaction) -> bool:
    """Say whether the database is somebody's already."""
    return installation.read(transaction) is not None
