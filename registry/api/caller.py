"""Who calls: the bearer of a session's token, and what may be opened with it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from registry.actions.services import Services
from registry.actions.sign_in import PasswordMustBeChosen, access_of, current, nobody
from registry.model.access import Purpose
from registry.model.errors import SignInNeeded
from registry.protect.request_watch import request_id
from registry.store.session import Transaction
from registry.store.staff import SignedIn

_BEARER = HTTPBearer(auto_error=False, description="the token that POST /v1/session answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before it is known who calls."""

    services: Services
    at: datetime
    request_id: UUID

    def begin_unknown(self) -> AbstractContextManager[Transaction]:
        """Open a transaction in which accounts and sessions are read."""
        return self.services.store.begin(nobody(at=self.at, request_id=self.request_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One request of somebody who is signed in."""

    call: Call
    signed_in: SignedIn

    @property
    def services(self) -> Services:
        """What the actions need."""
        return self.call.services

    def begin(self, purpose: Purpose, *, reason: str | None = None) -> AbstractContextManager[Transaction]:
        """Open a transaction on behalf of the caller."""
        call = self.call
        access = access_of(self.signed_in, purpose, reason=reason, at=call.at, request_id=call.request_id)
        return self.services.store.begin(access)


def call(request: Request) -> Call:
    """Return the request with its time and id."""
    services: Services = request.app.state.services
    return Call(services=services, at=services.clock(), request_id=request_id(request.scope))


Calling = Annotated[Call, Depends(call)]


def caller(made: Calling, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Caller:
    """Return who calls.

    Raises:
        SignInNeeded: there is no token, or its session has ended.
        PasswordMustBeChosen: the account has its one-time password still.
    """
    if bearer is None:
        raise SignInNeeded
    with made.begin_unknown() as transaction:
        found = current(transaction, bearer.credentials)
    if found is None:
        raise SignInNeeded
    if found.account.password_is_one_time:
        raise PasswordMustBeChosen
    return Caller(call=made, signed_in=found)


Signed = Annotated[Caller, Depends(caller)]
