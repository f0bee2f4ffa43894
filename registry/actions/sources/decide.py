"""What people decide about sources: pause and go on, and whether records that a source lacks are withdrawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import listings, source_streams
from registry.store.listings import Proposal
from registry.store.session import Transaction

AT_ONCE: Final = 500


class Wish(StrEnum):
    """What a person asks for; it is begun within a minute."""

    NOW = "now"  # read on
    FULL = "full"  # from the beginning, and compare
    RETRY = "retry"  # read again what waits in quarantine


class Because(StrEnum):
    """Why a source is paused; the sentence with it is sealed in the access log."""

    ASKED = "asked"  # the source's own office asks for it
    WRONG_RECORDS = "wrong_records"
    CONNECTOR = "connector"
    OTHER = "other"


def wish(transaction: Transaction, vault: Vault, source: str, what: Wish) -> None:
    """Ask for a source to be read.

    Raises:
        Refused: the access may not.
    """
    authorize(transaction.access, Action.SYNC)
    source_streams.ask(transaction, source, what.value)
    log(transaction, vault, Event(action=Action.SYNC, counts={f"asked_{what.value}": 1}))


def find(transaction: Transaction, proposal_id: UUID) -> Proposal:
    """Return a proposal.

    Raises:
        Refused: the access may not.
        NotFound: there is no such proposal.
    """
    authorize(transaction.access, Action.SYNC)
    proposal = listings.proposal(transaction, proposal_id)
    if proposal is None:
        raise NotFound
    return proposal


def pause(transaction: Transaction, vault: Vault, source: str, *, because: Because) -> None:
    """Let nobody read a source until somebody lets it go on.

    Raises:
        Refused: the access may not.
        Conflict: it is paused already.
    """
    authorize(transaction.access, Action.SYNC)
    if not source_streams.pause(transaction, source, because=because.value):
        raise Conflict("it is paused already", place=source)
    log(transaction, vault, Event(action=Action.SYNC, counts={"paused": 1}))


def resume(transaction: Transaction, vault: Vault, source: str) -> None:
    """Let a source be read again.

    Raises:
        Refused: the access may not.
        Conflict: it is not paused.
    """
    authorize(transaction.access, Action.SYNC)
    if not source_streams.resume(transaction, source):
        raise Conflict("it is not paused", place=source)
    log(transaction, vault, Event(action=Action.SYNC, counts={"resumed": 1}))


def decide(transaction: Transaction, vault: Vault, proposal_id: UUID, *, approved: bool) -> Proposal:
    """Approve or refuse that records are withdrawn; what is approved is carried out by `carry_out`.

    The transaction must be open to the system of the proposal, see `find`.

    Raises:
        Refused: the access may not.
        NotFound: there is no such proposal.
        Conflict: it was decided already, or a newer listing has overtaken it.
    """
    proposal = find(transaction, proposal_id)
    if proposal.state != "waiting":
        raise Conflict(f"it is {proposal.state}")
    listings.decide(transaction, proposal_id, approved=approved)
    if not approved:
        listings.drop_candidates(transaction, proposal_id)
    word = "withdrawals_approved" if approved else "withdrawals_refused"
    log(transaction, vault, Event(action=Action.SYNC, counts={word: proposal.absent}))
    return proposal


def carry_out(transaction: Transaction, vault: Vault, proposal_id: UUID) -> int:
    """Withdraw the next records of an approved proposal and return how many; 0: all are.

    Raises:
        Refused: the access may not.
    """
    authorize(transaction.access, Action.SYNC)
    proposal = listings.proposal(transaction, proposal_id)
    if proposal is None or proposal.state != "approved":
        return 0
    children = listings.candidates(transaction, proposal_id, limit=AT_ONCE)
    if not children:
        listings.finish(transaction, proposal_id)
        return 0
    gone = listings.withdraw(transaction, proposal, children)
    log(transaction, vault, Event(action=Action.SYNC, counts={"withdrawn": gone}))
    return len(children)
