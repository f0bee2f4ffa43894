"""Sessions as their owner sees them, as an administrator ends them, and as they are swept away when they are old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry.actions.accounts.sign_in import IDLE, LONGEST_SESSION
from registry.actions.accounts.sign_in_log import log_sign_in
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import NotFound
from registry.model.signing_in import Method
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import sessions, staff
from registry.store.session import Transaction
from registry.store.staff import SignedIn

KEPT: Final = timedelta(days=1)  # after that nobody goes back to a search, and no question waits for an answer
_REFERENCE: Final = 16  # hexadecimal digits, as in the access log


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A session of whoever asks."""

    reference: str
    started_at: datetime
    last_seen_at: datetime
    method: Method
    is_this: bool


def own_sessions(transaction: Transaction, *, signed_in: SignedIn) -> list[OwnSession]:
    """Return the sessions of whoever is signed in that still go on, the last used first."""
    authorize(transaction.access, Action.SIGN_IN)
    at = transaction.access.at
    return [
        OwnSession(
            reference=one.token_digest.hex()[:_REFERENCE],
            started_at=one.started_at,
            last_seen_at=one.last_seen_at,
            method=one.method,
            is_this=one.token_digest == signed_in.token_digest,
        )
        for one in sessions.of_account(transaction, signed_in.account.staff_id)
        if at - one.last_seen_at <= IDLE and at - one.started_at <= LONGEST_SESSION
    ]


def end_own(transaction: Transaction, vault: Vault, *, signed_in: SignedIn, reference: str) -> bool:
    """End one of the own sessions; return whether it is the one that asks.

    Raises:
        NotFound: there is none of this reference.
    """
    authorize(transaction.access, Action.SIGN_IN)
    for one in sessions.of_account(transaction, signed_in.account.staff_id):
        if one.token_digest.hex()[:_REFERENCE] == reference:
            staff.end_session(transaction, one.token_digest)
            log_sign_in(transaction, vault, signed_in.account, counts={"signed_out": 1})
            return one.token_digest == signed_in.token_digest
    raise NotFound


def end_sessions_of(transaction: Transaction, vault: Vault, *, login: str) -> None:
    """End every session of an account, as an administrator.

    Raises:
        NotFound: there is no such account.
    """
    authorize(transaction.access, Action.STAFF)
    account = staff.by_login(transaction, login)
    if account is None:
        raise NotFound("there is no account of this login", field="login")
    staff.end_sessions_of(transaction, account.staff_id)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"sessions_ended": 1}))


def sweep(transaction: Transaction) -> int:
    """Delete sessions, searches and questions to the identity provider that nobody can use any more; say how many."""
    authorize(transaction.access, Action.SEAL_LOG)
    return sessions.sweep(transaction, before=transaction.access.at - KEPT)
