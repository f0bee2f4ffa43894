"""Erases again whom the ledger names and the database still holds: after a restore, or a stop in between."""

from __future__ import annotations

from registry.actions.keys.erase import wipe
from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.protect.keys.erasure_ledger import ErasureLedger
from registry.store import erasures, sources
from registry.store.session import Transaction


def replay_erasures(transaction: Transaction, vault: Vault, *, ledger: ErasureLedger) -> int:
    """Erase whoever stands here and should not; return how many identities that were. A second time there are none.

    The access says why in its reason: the ledger holds that it was decided, not for what.
    """
    authorize(transaction.access, Action.ERASE)
    known = erasures.in_ledger(transaction)
    entries = ledger.entries()
    for entry in entries:
        if not known.issuperset(entry.children):
            erasures.enter(transaction, entry.children, records=entry.records, at=entry.at, by=entry.by)
    named = known.union(*(entry.children for entry in entries))
    standing = sorted(erasures.not_erased(transaction, named))
    if standing:
        for system in erasures.systems_of(transaction, standing):
            sources.lock_system(transaction, system)
        erasures.lock(transaction, standing)
        digests = {digest for entry in entries for digest in entry.records}
        wipe(transaction, vault, standing, digests=sorted(digests), unreadable=(), by=None)
    if named:
        erasures.sweep_pairs(transaction)
    return len(standing)
