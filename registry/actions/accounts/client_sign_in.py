"""A client signs in: it proves with its own key or certificate who it is, and is given a token for ten minutes.

Only a digest of the token is kept. A refusal tells the client no more than the names of RFC 6749; which rule was broken
is for its owner to find out with the administrator.

Source: RFC 6749, sections 4.4 and 5.2; RFC 7523, section 2.2; RFC 8705, sections 2 and 3.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event, Outcome
from registry.protect.signing_in.client_assertion import SLACK, AssertionRefused, proved, read_assertion
from registry.protect.signing_in.client_certificate import ShownCertificate
from registry.store import clients
from registry.store.clients import Client, ClientToken
from registry.store.session import Transaction

LIFE: Final = timedelta(minutes=10)
TOKEN_MARK: Final = "crt_"  # noqa: S105  tells a client's token from a person's, and a leaked one in a file from other text
_TOKEN_BYTES: Final = 32


class TokenError(StrEnum):
    """Why no token is given."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused:
    """No token; returned, not raised, so that what was noted of it is committed."""

    error: TokenError


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a client asks for, and by what it proves who it is."""

    client_id: str | None  # as written; an assertion says it too
    assertion: str | None = field(default=None, repr=False)
    certificate: ShownCertificate | None = None
    streams: Collection[str] | None = None  # None: all it may have


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """A token, told once."""

    token: str = field(repr=False)
    life: timedelta
    streams: tuple[str, ...]


def give_token(
    transaction: Transaction, vault: Vault, wish: TokenWish, *, audiences: Collection[str]
) -> GivenToken | TokenRefused:
    """Give a token to a client that proves who it is.

    Args:
        audiences: our own names, one of which an assertion must be for.
    """
    authorize(transaction.access, Action.SIGN_IN)
    at = transaction.access.at
    client = _proven(transaction, vault, wish, audiences=audiences)
    if client is None:
        return TokenRefused(error=TokenError.INVALID_CLIENT)
    streams = client.streams if wish.streams is None else tuple(sorted(wish.streams))
    if not streams or not set(streams) <= set(client.streams):
        _note(transaction, vault, client, outcome=Outcome.REFUSED)
        return TokenRefused(error=TokenError.INVALID_SCOPE)
    token = TOKEN_MARK + secrets.token_urlsafe(_TOKEN_BYTES)
    kept = ClientToken(
        token_digest=_digest(token),
        client=client,
        streams=streams,
        certificate=wish.certificate.digest if wish.certificate else None,
        issued_at=at,
        expires_at=at + LIFE,
    )
    clients.keep_token(transaction, kept)
    _note(transaction, vault, client, outcome=Outcome.DONE)
    return GivenToken(token=token, life=LIFE, streams=streams)


def is_client_token(token: str) -> bool:
    """Tell a client's token from that of a person's session."""
    return token.startswith(TOKEN_MARK)


def current_client(transaction: Transaction, token: str, *, certificate: ShownCertificate | None) -> ClientToken | None:
    """Return whose a token is; None if it has ended, is from the future, or its certificate was not shown with it."""
    at = transaction.access.at
    found = clients.token(transaction, _digest(token))
    if found is None or found.client.disabled_at is not None:
        return None
    if not found.client.keys_changed_at <= found.issued_at <= at < found.expires_at:
        return None
    if found.certificate is not None and not _shows(certificate, {found.certificate}, at):
        return None
    return found


def access_of_client(
    token: ClientToken, purpose: Purpose, *, reason: str | None = None, at: datetime, request_id: UUID
) -> Access:
    """Return the access of a client: it stands in the log under its own id."""
    client = token.client
    return Access(
        staff_id=client.client_id,
        login=client.name,
        role=Role.SECTOR_SYSTEM,
        area=NOWHERE,
        office=client.system,
        purpose=purpose,
        reason=reason,
        at=at,
        session_ref=token.token_digest.hex()[:16],
        os_account=None,
        request_id=request_id,
    )


def _proven(transaction: Transaction, vault: Vault, wish: TokenWish, *, audiences: Collection[str]) -> Client | None:
    """Return the client that has proved itself; every refusal is in the log."""
    client = _claimed(transaction, wish)
    if client is None or client.disabled_at is not None or _clock_is_back(transaction, client):
        _note(transaction, vault, client, outcome=Outcome.REFUSED)
        return None
    if wish.assertion is not None:
        proves = _assertion_proves(transaction, vault, client, assertion=wish.assertion, audiences=audiences)
    else:
        proves = _shows(wish.certificate, client.certificates, transaction.access.at)
    if not proves:
        _note(transaction, vault, client, outcome=Outcome.REFUSED)
        return None
    return client


def _claimed(transaction: Transaction, wish: TokenWish) -> Client | None:
    """Return the client that the sender says it is."""
    try:
        said = None if wish.client_id is None else UUID(wish.client_id)
        if wish.assertion is not None:
            signed = read_assertion(wish.assertion).client_id
            said = signed if said in (None, signed) else None
    except (ValueError, AssertionRefused):
        return None
    return None if said is None else clients.by_id(transaction, said)


def _assertion_proves(
    transaction: Transaction, vault: Vault, client: Client, *, assertion: str, audiences: Collection[str]
) -> bool:
    try:
        proof = proved(read_assertion(assertion), keys=client.keys, audiences=audiences, at=transaction.access.at)
    except AssertionRefused:
        return False
    if clients.use_up(transaction, client.client_id, proof.digest, expires_at=proof.expires_at):
        return True
    raise_alarm(_on_behalf(transaction, client), vault, AlarmKind.ASSERTION_REPLAYED)
    return False


def _clock_is_back(transaction: Transaction, client: Client) -> bool:
    """Tell whether the clock stands before a token that was given already: what has expired would hold again."""
    newest = clients.newest_token(transaction, client.client_id)
    return newest is not None and transaction.access.at + SLACK < newest


def _shows(certificate: ShownCertificate | None, digests: Collection[str], at: datetime) -> bool:
    return (
        certificate is not None and certificate.digest in digests and certificate.begins_at <= at < certificate.ends_at
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _note(transaction: Transaction, vault: Vault, client: Client | None, *, outcome: Outcome) -> None:
    event = Event(action=Action.SIGN_IN.value, outcome=outcome, counts={"client": 1})
    log(transaction if client is None else _on_behalf(transaction, client), vault, event)


def _on_behalf(transaction: Transaction, client: Client) -> Transaction:
    """Return the same transaction, told in the log as the client's."""
    access = replace(transaction.access, staff_id=client.client_id, login=client.name, office=client.system)
    return replace(transaction, access=access)
