"""Builds search rows anew from the sealed identities: after a restore, for they are never in a backup."""

from __future__ import annotations

from registry.actions.record_rows import search_facts
from registry.actions.sealing import Vault, open_identity
from registry.protect.authorize import Action, authorize
from registry.protect.search_tokens import child_tokens
from registry.store import search
from registry.store.session import Transaction

AT_ONCE = 2000


def rebuild_search(transaction: Transaction, vault: Vault, *, limit: int = AT_ONCE) -> int:
    """Build the next missing search rows; return how many identities were looked at, 0 when none is left."""
    authorize(transaction.access, Action.LINK)
    rows = search.without_tokens(transaction, limit=limit)
    made = []
    for row in rows:
        identity = open_identity(
            vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
        )
        facts = search_facts(identity)
        made.append((row.child_id, child_tokens(vault.keyring, facts) if facts else []))
    search.write(transaction, made)
    return len(rows)
