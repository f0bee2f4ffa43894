"""Sign in by the identity provider: a browser is sent there, comes back once, and its account is one that was invited.

Nonce and verifier are made from the browser's own cookie, so neither is kept: whoever reads the database learns nothing
with which an answer could be used, and an answer brought by another browser is worth nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from registry.actions.accounts.sign_in import SignInRefused, Started, is_barred, renew_session, standing, start_session
from registry.actions.accounts.sign_in_log import log_sign_in
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery
from registry.model.signing_in import Method
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event, Outcome
from registry.protect.signing_in.identity_provider import Answer, IdentityProvider, Question
from registry.protect.signing_in.identity_tokens import LoggedOut, TokenRefused, Vouched
from registry.store import provider_accounts, sessions, staff
from registry.store.session import Transaction
from registry.store.staff import Account, SignedIn

QUESTION_LIVES: Final = timedelta(minutes=10)
_LONGEST: Final = 4096  # characters of a code
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A browser on its way to the provider."""

    address: str = field(repr=False)
    browser_token: str = field(repr=False)  # its cookie, by which it is known again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a browser brings back in the address, and its cookie."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    issuer: str | None
    browser_token: str = field(repr=False)
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A browser that came back from where it was sent; `answer` is what the provider is now asked."""

    answer: Answer
    next_page: str
    session_digest: bytes | None  # the session whose holder proves who they are; None: a sign-in


def send(
    transaction: Transaction,
    provider: IdentityProvider,
    *,
    next_page: str,
    return_to: str,
    signed_in: SignedIn | None = None,
) -> Sent:
    """Send a browser to the provider.

    Args:
        next_page: where to go on afterwards.
        return_to: the address of our page for the answer.
        signed_in: whose holder is to prove who they are; None: somebody signs in.

    Raises:
        IdentityProviderAway: the provider cannot be asked what it is.
    """
    authorize(transaction.access, Action.SIGN_IN)
    state, browser_token = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    question = Question(
        state=state,
        nonce=_made_of(browser_token, "nonce", state),
        challenge=_text(hashlib.sha256(_made_of(browser_token, "verifier", state).encode()).digest()),
        return_to=return_to,
        again=signed_in is not None,
    )
    address = provider.address(question, at=transaction.access.at)
    provider_accounts.ask(
        transaction,
        state_digest=_digest(state),
        browser_digest=_digest(browser_token),
        session_digest=None if signed_in is None else signed_in.token_digest,
        next_page=next_page,
    )
    return Sent(address=address, browser_token=browser_token)


def take_back(transaction: Transaction, vault: Vault, reply: Reply) -> Returned | SignInRefused:
    """Return what is now to be asked of the provider; an answer is taken once, soon, and from the browser it is for.

    A refusal is returned, not raised, so that the caller commits its leaf.
    """
    authorize(transaction.access, Action.SIGN_IN)
    found = provider_accounts.take_question(transaction, _digest(reply.state)) if reply.state else None
    age = transaction.access.at - found.asked_at if found else None
    if (
        found is None
        or age is None
        or not timedelta(0) <= age <= QUESTION_LIVES
        or not hmac.compare_digest(found.browser_digest, _digest(reply.browser_token))
    ):
        return _refused(transaction, vault, None, "foreign_answer")
    if not 0 < len(reply.code) <= _LONGEST:
        return _refused(transaction, vault, None, "provider_refused")
    answer = Answer(
        code=reply.code,
        issuer=reply.issuer,
        verifier=_made_of(reply.browser_token, "verifier", reply.state),
        nonce=_made_of(reply.browser_token, "nonce", reply.state),
        return_to=reply.return_to,
        proof_since=found.asked_at if found.session_digest is not None else None,
    )
    return Returned(answer=answer, next_page=found.next_page, session_digest=found.session_digest)


def enter(transaction: Transaction, vault: Vault, *, issuer: str, vouched: Vouched) -> Started | SignInRefused:
    """Start a session of the account that the provider vouches for: one bound to this subject, or invited by its name.

    A refusal is returned, as by `sign_in`.
    """
    authorize(transaction.access, Action.SIGN_IN)
    account = _account(transaction, issuer, vouched)
    if account is None or is_barred(transaction, account):
        return _refused(transaction, vault, account, "not_invited" if account is None else "barred")
    started = start_session(transaction, account, method=Method.PROVIDER, provider_session=vouched.session)
    log_sign_in(transaction, vault, account, counts={Method.PROVIDER.value: 1})
    return started


def prove_by_provider(
    transaction: Transaction, vault: Vault, *, issuer: str, vouched: Vouched, session_digest: bytes
) -> Started | SignInRefused:
    """Note that whoever holds a session has proved again at the provider who they are, and give it another token."""
    authorize(transaction.access, Action.SIGN_IN)
    signed_in = standing(transaction, session_digest)
    if signed_in is None:
        return _refused(transaction, vault, None, "session_ended")
    account = signed_in.account
    if provider_accounts.account_of(transaction, issuer=issuer, subject=vouched.subject) != account.staff_id:
        return _refused(transaction, vault, account, "another_account")
    log_sign_in(transaction, vault, account, counts={"proved_again": 1, Method.PROVIDER.value: 1})
    return renew_session(transaction, signed_in, method=Method.PROVIDER)


def note_refusal(transaction: Transaction, vault: Vault, refused: TokenRefused) -> SignInRefused:
    """Log what is wrong with a token, and return the refusal, which does not tell."""
    authorize(transaction.access, Action.SIGN_IN)
    return _refused(transaction, vault, None, f"token_{refused.fault.value}")


def log_out(transaction: Transaction, vault: Vault, *, issuer: str, told: LoggedOut) -> int | None:
    """End the sessions that the provider says have ended there; return how many, None if it was told before."""
    authorize(transaction.access, Action.SIGN_IN)
    if not provider_accounts.note_logout(transaction, _digest(f"{issuer}\n{told.number}")):
        log_sign_in(transaction, vault, None, outcome=Outcome.REFUSED, counts={"logout_told_before": 1})
        return None
    staff_id = None
    if told.subject is not None:
        staff_id = provider_accounts.account_of(transaction, issuer=issuer, subject=told.subject)
        if staff_id is None:
            return 0
    ended = sessions.end_of_provider(transaction, staff_id=staff_id, provider_session=told.session)
    account = None if staff_id is None else staff.by_id(transaction, staff_id)
    log_sign_in(transaction, vault, account, counts={"ended_by_provider": ended})
    return ended


def invite(
    transaction: Transaction, vault: Vault, *, login: str, issuer: str, subject: str | None, name: str | None
) -> None:
    """Let the identity provider vouch for an account: by its subject, or by a name at the first sign-in.

    Raises:
        BadQuery: there is no such account, or not exactly one of subject and name.
        Conflict: another account has this subject or name.
    """
    authorize(transaction.access, Action.STAFF)
    account = staff.by_login(transaction, login)
    if account is None:
        raise BadQuery("login", "there is no account of this login")
    if (subject is None) is (name is None):
        raise BadQuery("oidc", "either a subject or a name")
    provider_accounts.invite(transaction, account.staff_id, issuer=issuer, subject=subject, invited_as=name)
    staff.end_sessions_of(transaction, account.staff_id)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"invited": 1}))


def _account(transaction: Transaction, issuer: str, vouched: Vouched) -> Account | None:
    staff_id = provider_accounts.account_of(transaction, issuer=issuer, subject=vouched.subject)
    if staff_id is None and vouched.name is not None:
        staff_id = provider_accounts.bind_invited(
            transaction, issuer=issuer, name=vouched.name, subject=vouched.subject
        )
    return None if staff_id is None else staff.by_id(transaction, staff_id)


def _refused(transaction: Transaction, vault: Vault, account: Account | None, why: str) -> SignInRefused:
    log_sign_in(transaction, vault, account, outcome=Outcome.REFUSED, counts={why: 1})
    return SignInRefused()


def _made_of(browser_token: str, what: str, state: str) -> str:
    key, said = browser_token.encode("utf-8", "replace"), f"{what}\n{state}".encode("utf-8", "replace")
    return _text(hmac.digest(key, said, "sha256"))


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
