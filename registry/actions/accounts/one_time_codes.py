"""One-time codes: set up with a device of one's own, asked for with the password from then on, each taken once."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from registry.actions.accounts.sign_in_log import log_sign_in
from registry.actions.keys.sealing import Vault, open_raw, seal_raw
from registry.model.errors import BadQuery, FreshSignInNeeded, NotFound
from registry.model.signing_in import Method
from registry.protect.authorize import FRESH, Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Outcome
from registry.protect.signing_in import totp
from registry.store import second_steps, staff
from registry.store.second_steps import SecondStep, StoredSecretKey
from registry.store.session import Transaction
from registry.store.staff import Account, SignedIn

TABLE = "second_step"
SECRET = "secret"  # noqa: S105  the name of a sealed group
PROPOSAL = "proposal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A secret for a device, until a code that the device made of it is shown."""

    written: str = field(repr=False)  # as people type it
    address: str = field(repr=False)  # as a device reads it from a picture


def propose(transaction: Transaction, vault: Vault, *, signed_in: SignedIn) -> None:
    """Make a secret for whoever is signed in; it counts once a code of it was shown.

    Raises:
        FreshSignInNeeded: who asks has not proved lately who they are.
    """
    authorize(transaction.access, Action.SIGN_IN)
    _require_fresh(transaction, signed_in)
    staff_id = signed_in.account.staff_id
    key = _own_key(transaction, vault, staff_id)
    sealed = seal_raw(key, TABLE, group=PROPOSAL, row=staff_id, raw=totp.new_secret())
    second_steps.propose(transaction, staff_id, sealed_proposal=sealed)
    log_sign_in(transaction, vault, signed_in.account, counts={"code_proposed": 1})


def proposal(transaction: Transaction, vault: Vault, *, signed_in: SignedIn) -> Proposal:
    """Return the secret that was proposed to whoever is signed in.

    Raises:
        FreshSignInNeeded: who asks has not proved lately who they are.
        NotFound: none was proposed, or it counts already.
    """
    authorize(transaction.access, Action.SIGN_IN)
    _require_fresh(transaction, signed_in)
    secret = _proposed(transaction, vault, signed_in.account.staff_id)
    address = totp.device_address(secret, signed_in.account.login)
    return Proposal(written=totp.written_secret(secret), address=address)


def enrol(transaction: Transaction, vault: Vault, *, signed_in: SignedIn, code: str) -> tuple[str, ...] | BadQuery:
    """Let the proposed secret count, as a code of it was shown; return the codes for a lost device, told once.

    A wrong code is returned, not raised, so that the caller commits its leaf.

    Raises:
        FreshSignInNeeded: who asks has not proved lately who they are.
        NotFound: nothing was proposed.
    """
    authorize(transaction.access, Action.SIGN_IN)
    _require_fresh(transaction, signed_in)
    account = signed_in.account
    secret = _proposed(transaction, vault, account.staff_id)
    step = totp.matching_step(secret, code, at=transaction.access.at, after=0)
    if step is None:
        log_sign_in(transaction, vault, account, outcome=Outcome.REFUSED, counts={"code_proposed": 1})
        return BadQuery("code", "this is not the code that the device shows now")
    recovery = totp.recovery_codes()
    digests = [digest for written in recovery if (digest := totp.recovery_digest(written))]
    key = _own_key(transaction, vault, account.staff_id)
    sealed = seal_raw(key, TABLE, group=SECRET, row=account.staff_id, raw=secret)
    second_steps.settle(transaction, account.staff_id, sealed_secret=sealed, last_step=step, recovery=digests)
    staff.change(transaction, account.staff_id, code_enrolled_at=transaction.access.at)
    staff.end_other_sessions_of(transaction, account.staff_id, but=signed_in.token_digest)
    log_sign_in(transaction, vault, account, counts={"code_enrolled": 1})
    return recovery


def spend(transaction: Transaction, vault: Vault, *, account: Account, typed: str) -> Method | None:
    """Take a code of an account, which is good no more from now on; None: it is none.

    The account's row must be locked by the caller: codes that come at once are taken one after the other.
    """
    kept = second_steps.of(transaction, account.staff_id)
    if kept is None or kept.sealed_secret is None:
        return None
    secret = _opened(vault, kept, SECRET, token=kept.sealed_secret)
    step = totp.matching_step(secret, typed, at=transaction.access.at, after=kept.last_step)
    if step is not None:
        second_steps.note_step(transaction, account.staff_id, step)
        return Method.PASSWORD_AND_CODE
    digest = totp.recovery_digest(typed)
    if digest is not None and digest in kept.recovery_digests:
        second_steps.spend_recovery(transaction, account.staff_id, digest)
        return Method.RECOVERY_CODE
    return None


def recovery_left(transaction: Transaction, *, signed_in: SignedIn) -> int:
    """Return how many codes for a lost device are left."""
    authorize(transaction.access, Action.SIGN_IN)
    kept = second_steps.of(transaction, signed_in.account.staff_id)
    return 0 if kept is None else len(kept.recovery_digests)


def _require_fresh(transaction: Transaction, signed_in: SignedIn) -> None:
    at, proven_at = transaction.access.at, signed_in.proven_at
    if proven_at is None or not proven_at <= at <= proven_at + FRESH:
        raise FreshSignInNeeded(place="codes")


def _proposed(transaction: Transaction, vault: Vault, staff_id: UUID) -> bytes:
    kept = second_steps.of(transaction, staff_id)
    if kept is None or kept.sealed_proposal is None:
        raise NotFound
    return _opened(vault, kept, PROPOSAL, token=kept.sealed_proposal)


def _opened(vault: Vault, kept: SecondStep, group: str, *, token: bytes) -> bytes:
    key = _key(vault, kept.staff_id, kept.wrapped)
    return open_raw(key, TABLE, group=group, row=kept.staff_id, token=token)


def _own_key(transaction: Transaction, vault: Vault, staff_id: UUID) -> DataKey:
    stored = second_steps.key_of(transaction, staff_id)
    if stored is not None:
        return _key(vault, staff_id, stored)
    key, wrapped = vault.new_key(Domain.STAFF_WRAP, staff_id)
    second_steps.add_key(transaction, staff_id, epoch=wrapped.epoch, wrapped_key=wrapped.wrapped)
    return key


def _key(vault: Vault, staff_id: UUID, stored: StoredSecretKey) -> DataKey:
    return vault.key(
        Domain.STAFF_WRAP,
        staff_id,
        wrapped=stored.wrapped_key,
        epoch=stored.epoch,
        generation=stored.generation,
    )
