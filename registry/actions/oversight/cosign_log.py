"""Brings the newest head of the log to a witness outside, and keeps what the witness signs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.errors import NotFound, RegistryError
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event, Outcome
from registry.protect.log.checkpoint import BadCheckpoint, unsigned_checkpoint
from registry.protect.log.cosignature import WitnessVerifier, line_of
from registry.protect.log.merkle import CompactRange, Tree, growth_proof
from registry.protect.log.witness import Request
from registry.store import access_log
from registry.store.access_log import StoredCosignature
from registry.store.session import Transaction

HEADS_TRIED: Final = 5000  # how far back an answer carried by hand may lie


class WitnessRefused(RegistryError):
    """A witness outside has not cosigned the newest head."""

    status = 502
    title = "The witness has not cosigned the log"


class LogRolledBack(WitnessRefused):
    """A witness outside has seen more of the log than there is: it was cut off or put back."""

    title = "The witness has seen more of the log than there is"


def cosigned_size(transaction: Transaction, witness: WitnessVerifier) -> int:
    """Return the size of the newest head that a witness has cosigned; 0: none."""
    found = access_log.cosignatures(transaction, witness=witness.vkey())
    return found[-1].tree_size if found else 0


def request_for(transaction: Transaction, *, old: int) -> Request:
    """Return the newest head with the proof that it continues the head that a witness has seen.

    Args:
        old: number of leaves under the head it has seen; 0: it has seen none.

    Raises:
        NotFound: nothing is sealed yet.
        LogRolledBack: it has seen more than there is.
    """
    authorize(transaction.access, Action.SEAL_LOG)
    head = access_log.last_checkpoint(transaction)
    if head is None:
        raise NotFound("nothing is sealed yet")
    if old > head.tree_size:
        raise LogRolledBack(
            f"the witness has seen {old} leaves, and there are {head.tree_size}: the log was rolled back"
        )
    if old in {0, head.tree_size}:
        return Request(old=old, proof=(), note=head.note)
    return Request(old=old, proof=tuple(_proof(transaction, old, head.tree_size)), note=head.note)


def keep_answer(
    transaction: Transaction, vault: Vault, answer: str, *, note: str | None, witnesses: Sequence[WitnessVerifier]
) -> StoredCosignature:
    """Check what a witness answered, and keep it under the head.

    Args:
        note: the head that was sent; None: one of the newest, to be found out.

    Raises:
        WitnessRefused: no good cosignature of a known witness is in the answer.
    """
    authorize(transaction.access, Action.SEAL_LOG)
    notes = [one.note for one in access_log.checkpoints(transaction)[:HEADS_TRIED]] if note is None else [note]
    for sent in notes:
        with suppress(BadCheckpoint):
            witness, line, at = line_of(answer, sent, witnesses)
            kept = StoredCosignature(
                tree_size=unsigned_checkpoint(sent).size, witness=witness.vkey(), line=line, signed_at=at
            )
            access_log.add_cosignature(transaction, kept)
            log(transaction, vault, Event(action="log.cosigned", counts={"leaves": kept.tree_size}))
            return kept
    raise WitnessRefused("the answer holds no cosignature of a known witness under a head of this log")


def note_refusal(transaction: Transaction, vault: Vault) -> None:
    """Log that a witness has seen another history of this log, and alarm."""
    authorize(transaction.access, Action.SEAL_LOG)
    log(transaction, vault, Event(action="log.cosigned", outcome=Outcome.REFUSED))
    raise_alarm(transaction, vault, AlarmKind.WITNESS_REFUSED, place="witness")


def _proof(transaction: Transaction, old: int, size: int) -> list[bytes]:
    kept = access_log.checkpoint_of(transaction, old)
    if kept is None:  # the witness saw a head that was removed here
        return Tree(access_log.hashes(transaction, size=size)).consistency_proof(old)
    added = list(access_log.hashes(transaction, first=old, size=size))
    return growth_proof(CompactRange.from_bytes(old, kept.compact_range), added)
