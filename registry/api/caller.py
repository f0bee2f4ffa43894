"""Who calls: the bearer of a token, a person's or a sector system's, and what may be opened with it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from registry.actions.accounts.client_sign_in import access_of_client, current_client, is_client_token
from registry.actions.accounts.sign_in import access_of, current, nobody, require_ready
from registry.actions.services import Services
from registry.model.access import Access, Purpose, Role
from registry.model.errors import Refused, SignInNeeded
from registry.protect.doors import SYSTEMS, require_door
from registry.protect.requests.front_gate import client_certificate
from registry.protect.requests.request_watch import request_id
from registry.protect.signing_in.client_certificate import ShownCertificate
from registry.store.clients import ClientToken
from registry.store.session import Transaction
from registry.store.staff import SignedIn

_BEARER = HTTPBearer(auto_error=False, description="the token that POST /v1/session or POST /v1/oauth/token answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before it is known who calls."""

    services: Services
    at: datetime
    request_id: UUID
    certificate: ShownCertificate | None = None  # whose key the other end has proved to hold

    def begin_unknown(self) -> AbstractContextManager[Transaction]:
        """Open a transaction in which accounts and sessions are read."""
        return self.services.store.begin(nobody(at=self.at, request_id=self.request_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One request of somebody who is signed in: a person, or a client of a sector system."""

    call: Call
    bearer: SignedIn | ClientToken

    @property
    def signed_in(self) -> SignedIn:
        """The person's session.

        Raises:
            Refused: a client calls.
        """
        if isinstance(self.bearer, ClientToken):
            raise Refused("this is for people, not for a sector's system")
        return self.bearer

    @property
    def role(self) -> Role:
        """The role in which the caller acts."""
        return Role.SECTOR_SYSTEM if isinstance(self.bearer, ClientToken) else self.bearer.account.role

    @property
    def client(self) -> ClientToken | None:
        """The client's token; None: a person calls."""
        return self.bearer if isinstance(self.bearer, ClientToken) else None

    @property
    def services(self) -> Services:
        """What the actions need."""
        return self.call.services

    def access(self, purpose: Purpose, *, reason: str | None = None) -> Access:
        """Return the access of this request for a purpose."""
        at, known_as = self.call.at, self.call.request_id
        if isinstance(self.bearer, ClientToken):
            return access_of_client(self.bearer, purpose, reason=reason, at=at, request_id=known_as)
        return access_of(self.bearer, purpose, reason=reason, at=at, request_id=known_as)

    def begin(self, purpose: Purpose, *, reason: str | None = None) -> AbstractContextManager[Transaction]:
        """Open a transaction on behalf of the caller.

        Raises:
            NoLegalBasis: no law allows this purpose today.
        """
        access = self.access(purpose, reason=reason)
        if self.client is None:
            self.services.lawful.require(access)
        return self.services.store.begin(access, system=self.client.client.system if self.client else None)


def call(request: Request) -> Call:
    """Return the request with its time and id."""
    services: Services = request.app.state.services
    return Call(
        services=services,
        at=services.clock(),
        request_id=request_id(request.scope),
        certificate=client_certificate(request.scope),
    )


Calling = Annotated[Call, Depends(call)]


def caller(
    request: Request, made: Calling, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    """Return who calls, if the caller's role passes this door.

    Raises:
        SignInNeeded: there is no token, it has ended, or its certificate was not shown with it.
        PasswordMustBeChosen: the account has its one-time password still.
        CodesMustBeSetUp: one-time codes are demanded of it.
        Refused: the policy has nothing for this role here, whatever was sent.
    """
    if bearer is None:
        raise SignInNeeded
    with made.begin_unknown() as transaction:
        found = _bearer(transaction, made, bearer.credentials)
    if found is None:
        raise SignInNeeded
    if isinstance(found, SignedIn):
        require_ready(found.account, method=found.method, demo=made.services.demo)
    known = Caller(call=made, bearer=found)
    request.state.caller = known
    require_door(SYSTEMS, request.method, template=request.scope["route"].path_format, role=known.role)
    return known


def _bearer(transaction: Transaction, made: Call, token: str) -> SignedIn | ClientToken | None:
    if is_client_token(token):
        return current_client(transaction, token, certificate=made.certificate)
    return current(transaction, token)


Signed = Annotated[Caller, Depends(caller)]


def person(found: Signed) -> Caller:
    """Return a person who calls.

    Raises:
        Refused: a sector's system calls.
    """
    if found.client is not None:
        raise Refused("this is for people, not for a sector's system")
    return found


Person = Annotated[Caller, Depends(person)]
