"""The sealer numbers the leaves of the access log, extends the tree and signs its head; the check rebuilds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry.actions.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.protect.checkpoint import BadCheckpoint, Checkpoint, Signer, Verifier, read_checkpoint
from registry.protect.keyring_file import Domain
from registry.protect.merkle import CompactRange, leaf_hash
from registry.store import access_log
from registry.store.access_log import StoredCheckpoint
from registry.store.session import Transaction

ORIGIN: Final = "child-registry/access-log"
AT_ONCE: Final = 5000  # leaves numbered in one transaction


def seal_log(transaction: Transaction, vault: Vault) -> int:
    """Number the next leaves and sign the new head; return how many there were, 0 if another sealer is at work."""
    authorize(transaction.access, Action.SEAL_LOG)
    if not access_log.lock_sealer(transaction):
        return 0
    leaves = access_log.unsealed(transaction, limit=AT_ONCE)
    if not leaves:
        return 0
    last = access_log.last_checkpoint(transaction)
    tree = CompactRange.from_bytes(last.tree_size, last.compact_range) if last else CompactRange()
    access_log.number(transaction, [leaf.leaf_id for leaf in leaves], first_index=tree.size)
    for leaf in leaves:
        tree.append(leaf.leaf_hash)
    note = Signer.of_keyring(vault.keyring, ORIGIN).sign(Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root()))
    access_log.add_checkpoint(
        transaction,
        StoredCheckpoint(
            tree_size=tree.size, note=note, compact_range=tree.to_bytes(), signed_at=transaction.access.at
        ),
    )
    return len(leaves)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What a check of the log found. `fault` is None when everything holds."""

    leaves: int
    unsealed: int
    checkpoints: int
    fault: str | None


def check_log(transaction: Transaction, vault: Vault) -> LogState:
    """Rehash every leaf from its content, rebuild the tree, and compare it with every signed head."""
    authorize(transaction.access, Action.CHECK)
    signed = {one.tree_size: one.note for one in access_log.checkpoints(transaction)}
    alive = vault.keyring.usable(Domain.LOG_SIGN)  # heads signed before a rotation stay signed by the older key
    verifiers = [Signer.of_keyring(vault.keyring, ORIGIN, version=version).verifier for version in alive]
    tree = CompactRange()
    faults: list[str] = []
    for leaf in access_log.sealed_leaves(transaction):
        if leaf.tree_index != tree.size:
            faults.append(f"leaf {tree.size} of the tree is missing")
        if leaf_hash(leaf.content) != leaf.leaf_hash:
            faults.append(f"leaf {leaf.tree_index} was changed")
        tree.append(leaf_hash(leaf.content))
        if tree.size in signed:
            faults.extend(_faults_of_head(signed[tree.size], tree, verifiers))
    if signed and max(signed) != tree.size:
        faults.append(f"the tree has {tree.size} leaves, but {max(signed)} were signed")
    waiting = access_log.unsealed(transaction, limit=AT_ONCE)
    faults += [f"leaf {leaf.leaf_id} was changed" for leaf in waiting if leaf_hash(leaf.content) != leaf.leaf_hash]
    return LogState(
        leaves=tree.size, unsealed=len(waiting), checkpoints=len(signed), fault=faults[0] if faults else None
    )


def _faults_of_head(note: str, tree: CompactRange, verifiers: Sequence[Verifier]) -> list[str]:
    said: Checkpoint | None = None
    fault: BadCheckpoint | None = None
    for verifier in verifiers:
        try:
            said = read_checkpoint(note, verifier)
            break
        except BadCheckpoint as error:
            fault = fault or error
    if said is None:
        return [f"checkpoint {tree.size}: {fault}"]
    if (said.origin, said.size, said.root) != (ORIGIN, tree.size, tree.root()):
        return [f"checkpoint {tree.size} is not the head of this tree"]
    return []
