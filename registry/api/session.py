"""Sign in and out, prove again who one is: the same accounts and sessions as on the pages."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.accounts.sign_in import (
    SignInRefused,
    Started,
    prove,
    require_passwords,
    require_ready,
    sign_in,
    sign_out,
)
from registry.api.caller import Calling, Signed
from registry.api.problems import problems

router = APIRouter(tags=["session"])


class Proof(BaseModel):
    """Password and, where the account has them set up, a one-time code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: str = Field(min_length=1, max_length=256, repr=False)
    code: str = Field(
        default="", max_length=64, repr=False, description="six digits of the device, or a code for a lost one"
    )


class Credentials(Proof):
    """Account name, password and one-time code."""

    login: str = Field(min_length=1, max_length=64, repr=False)


class Session(BaseModel):
    """A session that was started, or goes on under another token."""

    token: str = Field(repr=False, description="to be sent as `Authorization: Bearer …`; it is told only now")
    role: str
    ends_at: datetime = Field(description="at the latest; earlier after 15 minutes without a request")


@router.post(
    "/session", status_code=201, summary="Sign in", responses=problems(401, 403, 413, 422), response_model=Session
)
def start(made: Calling, credentials: Credentials) -> Session:
    """Start a session. An account with a one-time password, or without codes demanded of it, begins on the pages."""
    services = made.services
    require_passwords(allowed=services.passwords)
    with made.begin_unknown() as transaction:
        started = sign_in(
            transaction,
            services.vault,
            login=credentials.login,
            password=credentials.password,
            code=credentials.code,
        )
        if not isinstance(started, SignInRefused):
            require_ready(started.account, method=started.method, demo=services.demo)
    return _told(started)


@router.post(
    "/session/proof",
    status_code=201,
    summary="Prove again who you are",
    responses=problems(401, 403, 413, 422),
    response_model=Session,
)
def prove_again(caller: Signed, proof: Proof) -> Session:
    """Prove who holds the session, for what needs a proof of the last five minutes. The old token ends with it."""
    services = caller.services
    require_passwords(allowed=services.passwords)
    with caller.call.begin_unknown() as transaction:
        proved = prove(
            transaction, services.vault, signed_in=caller.signed_in, password=proof.password, code=proof.code
        )
    return _told(proved)


@router.delete("/session", status_code=204, summary="Sign out", responses=problems(401, 403))
def end(caller: Signed) -> None:
    """End the session of the token."""
    with caller.call.begin_unknown() as transaction:
        sign_out(transaction, caller.services.vault, signed_in=caller.signed_in)


def _told(started: Started | SignInRefused) -> Session:
    if isinstance(started, SignInRefused):
        raise started
    return Session(token=started.token, role=started.account.role.value, ends_at=started.ends_at)
