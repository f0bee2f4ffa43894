"""Sign in, stay signed in, prove again who one is, choose a password, sign out.

A session is a random token of which only a digest is kept; whatever changes what it may do changes the token too. An
account is locked for a while after ten wrong passwords or codes. A refusal never says which part was wrong.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from registry.actions.accounts import one_time_codes
from registry.actions.accounts.sign_in_log import log_sign_in
from registry.actions.keys.sealing import Vault
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.model.errors import BadQuery, RegistryError, SignInNeeded
from registry.model.signing_in import Method
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Outcome
from registry.protect.signing_in.passwords import LONGEST, SHORTEST, hash_password, needs_new_hash, verify_password
from registry.store import sessions, staff
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
_CLOCKS_DIFFER: Final = timedelta(seconds=30)  # between machines that serve the same sessions
_WITHOUT_CODE: Final = frozenset({Role.SECTOR_SYSTEM, Role.STATISTICIAN})  # they see no child and change no account


class SignInRefused(RegistryError):
    """Account, password or code are not right, or the account is locked or disabled: all look the same."""

    status = 401
    title = "The account name, the password or the code is not right"


class PasswordMustBeChosen(RegistryError):
    """The account still has its one-time password, which opens nothing but the page to choose another."""

    status = 403
    title = "Choose a password of your own first"


class PasswordsRefused(RegistryError):
    """The identity provider vouches for accounts here, and no password does."""

    status = 403
    title = "Sign in through the identity provider"


class CodesMustBeSetUp(RegistryError):
    """The account has to sign in with one-time codes, and has not set them up: nothing else opens before."""

    status = 403
    title = "Set up one-time codes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A new session. The token is told once, to the browser or program that holds it from now on."""

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    account: Account
    method: Method
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
        rights=account.rights,
        proven_at=signed_in.proven_at,
    )


def sign_in(
    transaction: Transaction, vault: Vault, *, login: str, password: str, code: str = ""
) -> Started | SignInRefused:
    """Start a session if login, password and, where the account has set them up, one-time code fit.

    A refusal is returned, not raised, so that the caller commits the count of wrong passwords.
    """
    authorize(transaction.access, Action.SIGN_IN)
    known = staff.by_login(transaction, login) if len(login) <= _LONGEST_LOGIN else None
    proved = _proved(transaction, vault, known, password=password, code=code)
    if proved is None:
        return SignInRefused()
    account, method = proved
    started = start_session(transaction, account, method=method)
    log_sign_in(transaction, vault, account, counts={method.value: 1})
    return started


def prove(
    transaction: Transaction, vault: Vault, *, signed_in: SignedIn, password: str, code: str = ""
) -> Started | SignInRefused:
    """Note that whoever holds a session has proved again who they are, and give it another token.

    A refusal is returned, as by `sign_in`, and counts as a wrong sign-in does.
    """
    authorize(transaction.access, Action.SIGN_IN)
    proved = _proved(transaction, vault, signed_in.account, password=password, code=code)
    if proved is None:
        return SignInRefused()
    account, method = proved
    log_sign_in(transaction, vault, account, counts={"proved_again": 1, method.value: 1})
    return renew_session(transaction, signed_in, method=method)


def current(transaction: Transaction, token: str) -> SignedIn | None:
    """Return who holds a session's token; None if it was ended, was idle too long, or is too old."""
    return standing(transaction, _digest(token))


def standing(transaction: Transaction, token_digest: bytes) -> SignedIn | None:
    """Return a session that goes on, by the digest of its token.

    One from the future is ended: the clock went back, and it would live longer than it may.
    """
    at = transaction.access.at
    found = staff.session(transaction, token_digest)
    if found is None or is_barred(transaction, found.account):
        return None
    if found.last_seen_at - at > _CLOCKS_DIFFER or found.started_at - at > _CLOCKS_DIFFER:
        staff.end_session(transaction, found.token_digest)
        return None
    if at - found.last_seen_at > IDLE or at - found.started_at > LONGEST_SESSION:
        return None
    if at - found.last_seen_at >= _TOUCH_EVERY:
        staff.touch_session(transaction, found.token_digest)
    return found


def require_passwords(*, allowed: bool) -> None:
    """Refuse a password where none is taken.

    Raises:
        PasswordsRefused: sign in by the identity provider.
    """
    if not allowed:
        raise PasswordsRefused


def require_ready(account: Account, *, method: Method, demo: bool) -> None:
    """Refuse whoever has something to set up before anything else.

    Args:
        account: who signed in.
        method: how; the identity provider asks for what it was set up to ask for.
        demo: whether the children are invented: there one-time codes are offered, not demanded.

    Raises:
        PasswordMustBeChosen: it is a one-time password still.
        CodesMustBeSetUp: one-time codes are demanded.
    """
    if method is Method.PROVIDER:
        return
    if account.password_is_one_time:
        raise PasswordMustBeChosen
    if not demo and account.role not in _WITHOUT_CODE and account.code_enrolled_at is None:
        raise CodesMustBeSetUp


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
    log_sign_in(transaction, vault, account, counts={"password_chosen": 1})
    return start_session(transaction, replace(account, password_is_one_time=False), method=signed_in.method)


def sign_out(transaction: Transaction, vault: Vault, *, signed_in: SignedIn) -> None:
    """End a session."""
    staff.end_session(transaction, signed_in.token_digest)
    log_sign_in(transaction, vault, signed_in.account, counts={"signed_out": 1})


def start_session(
    transaction: Transaction, account: Account, *, method: Method, provider_session: str | None = None
) -> Started:
    """Start a session of an account that has proved who it is."""
    token, csrf_token = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    staff.start_session(
        transaction,
        token_digest=_digest(token),
        staff_id=account.staff_id,
        csrf_token=csrf_token,
        method=method,
        provider_session=provider_session,
    )
    ends_at = transaction.access.at + LONGEST_SESSION
    return Started(token=token, csrf_token=csrf_token, account=account, method=method, ends_at=ends_at)


def renew_session(transaction: Transaction, signed_in: SignedIn, *, method: Method) -> Started:
    """Give a session another token after a proof of its holder; it ends no later than before.

    Raises:
        SignInNeeded: it has ended meanwhile.
    """
    token, csrf_token = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    stands = sessions.renew(
        transaction, signed_in.token_digest, token_digest=_digest(token), csrf_token=csrf_token, method=method
    )
    if not stands:
        raise SignInNeeded
    ends_at = signed_in.started_at + LONGEST_SESSION
    return Started(token=token, csrf_token=csrf_token, account=signed_in.account, method=method, ends_at=ends_at)


def is_closed(transaction: Transaction, account: Account) -> bool:
    """Say whether an account may not sign in now: locked for a while, or barred."""
    locked = account.locked_until is not None and account.locked_until > transaction.access.at
    return locked or is_barred(transaction, account)


def is_barred(transaction: Transaction, account: Account) -> bool:
    """Say whether not even the sessions of an account go on."""
    return account.disabled_at is not None or staff.suspended(transaction, account)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _proved(
    transaction: Transaction, vault: Vault, known: Account | None, *, password: str, code: str
) -> tuple[Account, Method] | None:
    """Return the account and what was proved; None if something did not fit, which is counted and logged."""
    fits = verify_password(known.password_hash if known else None, password)
    account = _locked_row(transaction, known) if known else None
    if account is None or is_closed(transaction, account):
        log_sign_in(transaction, vault, account, outcome=Outcome.REFUSED)  # what is locked reopens by itself
        return None
    method = _method(transaction, vault, account, code) if fits else None
    if method is None:
        _note_failure(transaction, vault, account)
        return None
    columns: dict[str, object] = {"failed_sign_ins": 0, "locked_until": None}
    if needs_new_hash(account.password_hash):
        columns["password_hash"] = hash_password(password)
    staff.change(transaction, account.staff_id, **columns)
    return account, method


def _method(transaction: Transaction, vault: Vault, account: Account, code: str) -> Method | None:
    if account.code_enrolled_at is None:
        return Method.PASSWORD
    return one_time_codes.spend(transaction, vault, account=account, typed=code)


def _locked_row(transaction: Transaction, account: Account) -> Account | None:
    """Return the account as it is now, with its row locked: guesses that come at once are counted one by one."""
    staff.change(transaction, account.staff_id, office=account.office)
    return staff.by_login(transaction, account.login)


def _note_failure(transaction: Transaction, vault: Vault, account: Account) -> None:
    """Count a wrong password or code, and lock the account when there were too many."""
    failures = account.failed_sign_ins + 1
    full = failures >= MOST_FAILURES
    staff.change(
        transaction,
        account.staff_id,
        failed_sign_ins=0 if full else failures,
        locked_until=transaction.access.at + LOCKED_FOR if full else None,
    )
    log_sign_in(transaction, vault, account, outcome=Outcome.REFUSED)


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
