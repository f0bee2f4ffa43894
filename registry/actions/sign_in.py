"""Sign in, stay signed in, choose a password, sign out. A session is a random token of which only a digest is kept.

An account is locked for a while after ten wrong passwords. A refusal never says which part was wrong.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from registry.actions.sealing import Vault
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.model.errors import BadQuery, RegistryError
from registry.protect.access_log import Event, Outcome, leaf_of
from registry.protect.authorize import Action, authorize
from registry.protect.passwords import LONGEST, SHORTEST, hash_password, needs_new_hash, verify_password
from registry.store import access_log, staff
from registry.store.session import Transaction
from registry.store.staff import Account, SignedIn

IDLE: Final = timedelta(minutes=15)
LONGEST_SESSION: Final = timedelta(hours=8)
MOST_FAILURES: Final = 10
LOCKED_FOR: Final = timedelta(minutes=15)

_TOUCH_EVERY: Final = timedelta(seconds=30)  # a write a request would cost more than it tells
_TOKEN_BYTES: Final = 32
_LONGEST_LOGIN: Final = 64
_FEWEST_LETTERS: Final = 5  # different ones in a chosen password


class SignInRefused(RegistryError):
    """The account or the password is not right, or the account is locked or disabled: all look the same."""

    status = 401
    title = "The account name or the password is not right"


class PasswordMustBeChosen(RegistryError):
    """The account still has its one-time password, which opens nothing but the page to choose another."""

    status = 403
    title = "Choose a password of your own first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A new session. The token is told once, to the browser or program that holds it from now on."""

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    account: Account
    ends_at: datetime


def nobody(*, at: datetime, request_id: UUID) -> Access:
    """Return the access of someone who has not signed in yet: it may sign in, and nothing else."""
    return Access(
        staff_id=None,
        login="",
        role=Role.SECTOR_SYSTEM,  # an outside caller, until the account says more
        area=NOWHERE,
        office="",
        purpose=Purpose.SIGN_IN,
        reason=None,
        at=at,
        session_ref=None,
        os_account=None,
        request_id=request_id,
    )


def access_of(
    signed_in: SignedIn, purpose: Purpose, *, reason: str | None = None, at: datetime, request_id: UUID
) -> Access:
    """Return the access of someone who is signed in."""
    account = signed_in.account
    return Access(
        staff_id=account.staff_id,
        login=account.login,
        role=account.role,
        area=account.area,
        office=account.office,
        purpose=purpose,
        reason=reason,
        at=at,
        session_ref=signed_in.token_digest.hex()[:16],
        os_account=None,
        request_id=request_id,
    )


def sign_in(transaction: Transaction, vault: Vault, *, login: str, password: str) -> Started | SignInRefused:
    """Start a session if login and password fit.

    A refusal is returned, not raised, so that the caller commits the count of wrong passwords.
    """
    authorize(transaction.access, Action.SIGN_IN)
    known = staff.by_login(transaction, login) if len(login) <= _LONGEST_LOGIN else None
    fits = verify_password(known.password_hash if known else None, password)
    account = _locked_row(transaction, known) if known else None
    if account is None or not fits or _is_closed(account, transaction.access.at):
        _note_failure(transaction, vault, account, wrong=not fits)
        return SignInRefused()
    columns: dict[str, object] = {"failed_sign_ins": 0, "locked_until": None}
    if needs_new_hash(account.password_hash):
        columns["password_hash"] = hash_password(password)
    staff.change(transaction, account.staff_id, **columns)
    started = _start(transaction, account)
    _log(transaction, vault, account, outcome=Outcome.DONE)
    return started


def current(transaction: Transaction, token: str) -> SignedIn | None:
    """Return who holds a session's token; None if it was ended, was idle too long, or is too old."""
    at = transaction.access.at
    found = staff.session(transaction, _digest(token))
    if found is None or found.account.disabled_at is not None:
        return None
    if at - found.last_seen_at > IDLE or at - found.started_at > LONGEST_SESSION:
        return None
    if at - found.last_seen_at >= _TOUCH_EVERY:
        staff.touch_session(transaction, found.token_digest)
    return found


def choose_password(
    transaction: Transaction, vault: Vault, *, signed_in: SignedIn, password: str, again: str
) -> Started:
    """Replace a one-time password by a chosen one, end every session of the account and start a new one.

    Raises:
        BadQuery: which rule the password breaks.
    """
    account = signed_in.account
    if not account.password_is_one_time:
        raise BadQuery("password", "a password was chosen already")
    _check(account, password, again)
    staff.change(transaction, account.staff_id, password_hash=hash_password(password), password_is_one_time=False)
    staff.end_sessions_of(transaction, account.staff_id)
    _log(transaction, vault, account, outcome=Outcome.DONE, counts={"password_chosen": 1})
    return _start(transaction, replace(account, password_is_one_time=False))


def sign_out(transaction: Transaction, vault: Vault, *, signed_in: SignedIn) -> None:
    """End a session."""
    staff.end_session(transaction, signed_in.token_digest)
    _log(transaction, vault, signed_in.account, outcome=Outcome.DONE, counts={"signed_out": 1})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _start(transaction: Transaction, account: Account) -> Started:
    token, csrf_token = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    staff.start_session(transaction, token_digest=_digest(token), staff_id=account.staff_id, csrf_token=csrf_token)
    return Started(token=token, csrf_token=csrf_token, account=account, ends_at=transaction.access.at + LONGEST_SESSION)


def _locked_row(transaction: Transaction, account: Account) -> Account | None:
    """Return the account as it is now, with its row locked: guesses that come at once are counted one by one."""
    staff.change(transaction, account.staff_id, office=account.office)
    return staff.by_login(transaction, account.login)


def _is_closed(account: Account, at: datetime) -> bool:
    locked = account.locked_until is not None and account.locked_until > at
    return locked or account.disabled_at is not None


def _note_failure(transaction: Transaction, vault: Vault, account: Account | None, *, wrong: bool) -> None:
    """Count a wrong password. While an account is locked nothing is counted: it reopens by itself."""
    at = transaction.access.at
    if account is not None and wrong and not _is_closed(account, at):
        failures = account.failed_sign_ins + 1
        full = failures >= MOST_FAILURES
        staff.change(
            transaction,
            account.staff_id,
            failed_sign_ins=0 if full else failures,
            locked_until=at + LOCKED_FOR if full else None,
        )
    _log(transaction, vault, account, outcome=Outcome.REFUSED)


def _log(
    transaction: Transaction,
    vault: Vault,
    account: Account | None,
    *,
    outcome: Outcome,
    counts: dict[str, int] | None = None,
) -> None:
    access = transaction.access
    if account is not None:
        access = replace(
            access, staff_id=account.staff_id, login=account.login, role=account.role, office=account.office
        )
    event = Event(action=Action.SIGN_IN.value, outcome=outcome, counts=counts or {})
    leaf = leaf_of(access, event, keyring=vault.keyring)
    access_log.append(transaction, content=leaf.content(), leaf_hash=leaf.leaf_hash())


def _check(account: Account, password: str, again: str) -> None:
    if len(password) < SHORTEST:
        raise BadQuery("password", "the password has fewer than 12 characters")
    if len(password) > LONGEST:
        raise BadQuery("password", "the password has more than 256 characters")
    if account.login.casefold() in password.casefold() or len(set(password.casefold())) < _FEWEST_LETTERS:
        raise BadQuery("password", "the password is too easy to guess")
    if verify_password(account.password_hash, password):
        raise BadQuery("password", "the new password is the one-time password")
    if password != again:
        raise BadQuery("again", "the two passwords are not the same")
