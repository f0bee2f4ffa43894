"""Checks the log of the database it stands in, and gives it out for others to check: as a bundle, or one event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.actions.oversight.seal_log import ORIGIN, log_keys
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.log.inclusion import InclusionProof
from registry.protect.log.log_check import Against, Findings, LogCheck
from registry.protect.log.log_faults import Fault, FaultKind
from registry.protect.log.log_records import Cosigned, Head, Header, Record, Row
from registry.protect.log.merkle import Tree
from registry.store import access_log, row_states
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What a check of the log found. `fault` is None when everything holds."""

    leaves: int
    unsealed: int
    checkpoints: int
    fault: str | None


def check_log(transaction: Transaction, vault: Vault) -> LogState:
    """Check the log with its own keys, and nothing from outside."""
    found = verify_log(transaction, Against(log=log_keys(vault.keyring)))
    return LogState(
        leaves=found.leaves,
        unsealed=found.waiting,
        checkpoints=found.heads,
        fault=found.faults[0].words if found.faults else None,
    )


def verify_log(transaction: Transaction, against: Against) -> Findings:
    """Rehash every leaf from its content, rebuild every root, check all signatures, and compare the rows as they stand.

    The transaction must not have asked anything before.
    """
    authorize(transaction.access, Action.CHECK)
    found = LogCheck(replace(against, grace=timedelta(0))).run(records(transaction))
    misplaced = 0 if found.faults else access_log.misplaced(transaction)
    if not misplaced:
        return found
    words = f"the index by which a family is told who looked differs from the leaves in {misplaced} places"
    return replace(found, faults=(*found.faults, Fault(kind=FaultKind.EDITED, words=words)))


def records(transaction: Transaction) -> Iterator[Record]:
    """Return everything a check needs, out of one state of the database: heads, leaves, rows as they stand."""
    access_log.one_snapshot(transaction)
    yield Header(ORIGIN, transaction.access.at)
    for head in reversed(access_log.checkpoints(transaction)):
        yield Head(head.tree_size, head.note)
    for one in access_log.cosignatures(transaction):
        yield Cosigned(one.tree_size, one.line)
    yield from access_log.leaves(transaction, sealed=True)
    yield from access_log.leaves(transaction, sealed=False)
    for table, entry in row_states.entries(transaction):
        yield Row(table, entry)


def note_export(transaction: Transaction, vault: Vault, *, leaves: int) -> None:
    """Log that the log was given out."""
    authorize(transaction.access, Action.CHECK)
    log(transaction, vault, Event(action="log.export", counts={"leaves": leaves}))


def prove_event(transaction: Transaction, event_id: UUID) -> InclusionProof:
    """Return the proof that an event stands in the log under its newest head.

    Raises: NotFound: there is no such event, or it is not sealed yet.
    """
    authorize(transaction.access, Action.CHECK)
    leaf = access_log.of_event(transaction, event_id)
    head = access_log.last_checkpoint(transaction)
    if leaf is None or leaf.tree_index is None or head is None:
        raise NotFound("no such event, or it is not sealed yet")
    tree = Tree(access_log.hashes(transaction, size=head.tree_size))
    return InclusionProof(
        index=leaf.tree_index, content=leaf.content, hashes=tuple(tree.inclusion_proof(leaf.tree_index)), note=head.note
    )
