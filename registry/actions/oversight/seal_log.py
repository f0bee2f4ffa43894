"""The sealer numbers the leaves of the access log, extends the tree and signs its head."""

from __future__ import annotations

from typing import Final

from registry.actions.keys.sealing import Vault
from registry.model.errors import RegistryError
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Signer, Verifier, signed_by
from registry.protect.log.merkle import CompactRange
from registry.store import access_log
from registry.store.access_log import StoredCheckpoint
from registry.store.session import Transaction

ORIGIN: Final = "child-registry/access-log"
AT_ONCE: Final = 5000  # leaves numbered in one transaction


class LogDamaged(RegistryError):
    """What the sealer would go on from is not what was signed: it signs nothing more until a person has looked."""

    status = 500
    title = "The access log is damaged: run `child-registry log verify`"


def seal_log(transaction: Transaction, vault: Vault) -> int:
    """Number the next leaves and sign the new head; return how many there were, 0 if another sealer is at work.

    Leaves get their places in the order of their numbers among those that are committed: one of a longer transaction
    comes under a later head. Nothing is left half done, for all of it is one transaction.

    Raises: LogDamaged: the newest head and the numbered leaves do not belong together.
    """
    authorize(transaction.access, Action.SEAL_LOG)
    if not access_log.lock_sealer(transaction):
        return 0
    leaves = access_log.unsealed(transaction, limit=AT_ONCE)
    if not leaves:
        return 0
    last = access_log.last_checkpoint(transaction)
    tree = _tree_of(transaction, vault, last)
    before = tree.size
    access_log.number(transaction, [leaf_id for leaf_id, _ in leaves], first_index=before)
    for _, hashed in leaves:
        tree.append(hashed)
    head = Checkpoint.following(before, origin=ORIGIN, size=tree.size, root=tree.root())
    at = transaction.access.at if last is None else max(transaction.access.at, last.signed_at)  # never goes back
    access_log.add_checkpoint(
        transaction,
        StoredCheckpoint(
            tree_size=tree.size,
            note=Signer.of_keyring(vault.keyring, ORIGIN).sign(head),
            compact_range=tree.to_bytes(),
            signed_at=at,
        ),
    )
    return len(leaves)


def log_keys(keyring: Keyring) -> tuple[Verifier, ...]:
    """Return the public keys of the log, the oldest first: heads stay signed by the key of their day."""
    versions = sorted(keyring.usable(Domain.LOG_SIGN))
    return tuple(Signer.of_keyring(keyring, ORIGIN, version=version).verifier for version in versions)


def _tree_of(transaction: Transaction, vault: Vault, last: StoredCheckpoint | None) -> CompactRange:
    """Return the tree under the newest head, if head and leaves agree."""
    numbered = access_log.numbered(transaction)
    signed = 0 if last is None else last.tree_size
    if numbered != signed:
        side = "ahead of" if signed > numbered else "behind"
        raise LogDamaged(f"the newest signed head is {side} the numbered leaves")
    if last is None:
        return CompactRange()
    try:
        tree = CompactRange.from_bytes(last.tree_size, last.compact_range)
        head, _ = signed_by(last.note, log_keys(vault.keyring))
    except (BadCheckpoint, ValueError):
        raise LogDamaged("the newest signed head cannot be read") from None
    if (head.origin, head.size, head.root) != (ORIGIN, tree.size, tree.root()):
        raise LogDamaged("the newest signed head is not that of the kept tree")
    return tree
