"""Builds search rows anew from the sealed identities: after a restore, for a new key, and where a row was damaged."""

from __future__ import annotations

from matching.identity import Identity
from registry.actions.finding.search_rows import TABLE, search_row
from registry.actions.keys import damage
from registry.actions.keys.sealing import Vault, open_identity
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.store import search
from registry.store.links import SealedIdentity
from registry.store.session import Transaction

AT_ONCE = 2000


def rebuild_search(transaction: Transaction, vault: Vault, *, limit: int = AT_ONCE) -> int:
    """Build the next rows that are missing, damaged or of another key; return how many were looked at, 0 at the end.

    It can stop anywhere and go on later. Rows that somebody holds just then are met the next time; an identity that
    cannot be read itself is noted and passed over.

    Raises:
        KeysDoNotFit: most identities cannot be opened at all.
    """
    authorize(transaction.access, Action.LINK)
    rows = search.unfit(transaction, key_version=vault.keyring.active(Domain.SEARCH), limit=limit)
    read = damage.opened(transaction, vault, rows, lambda row: _read(vault, row))
    search.write(
        transaction, [search_row(vault, identity, child_id=row.child_id, key=key) for row, (key, identity) in read]
    )
    damage.heal(transaction, [row.child_id for row, _ in read], table=TABLE)
    return len(rows)


def _read(vault: Vault, row: SealedIdentity) -> tuple[DataKey, Identity]:
    key = vault.child_key(row)
    identity = open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)
    return key, identity
