"""Sign in and out: the same accounts and sessions as on the pages."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.sign_in import PasswordMustBeChosen, SignInRefused, sign_in, sign_out
from registry.api.caller import Calling, Signed
from registry.api.problems import problems

router = APIRouter(tags=["session"])


class Credentials(BaseModel):
    """Account name and password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    login: str = Field(min_length=1, max_length=64, repr=False)
    password: str = Field(min_length=1, max_length=256, repr=False)


class Session(BaseModel):
    """A session that was started."""

    token: str = Field(repr=False, description="to be sent as `Authorization: Bearer …`; it is told only now")
    role: str
    ends_at: datetime = Field(description="at the latest; earlier after 15 minutes without a request")


@router.post(
    "/session", status_code=201, summary="Sign in", responses=problems(401, 403, 413, 422), response_model=Session
)
def start(made: Calling, credentials: Credentials) -> Session:
    """Start a session. An account with a one-time password first chooses one of its own on the pages."""
    with made.begin_unknown() as transaction:
        started = sign_in(transaction, made.services.vault, login=credentials.login, password=credentials.password)
        if not isinstance(started, SignInRefused) and started.account.password_is_one_time:
            raise PasswordMustBeChosen
    if isinstance(started, SignInRefused):
        raise started
    return Session(token=started.token, role=started.account.role.value, ends_at=started.ends_at)


@router.delete("/session", status_code=204, summary="Sign out", responses=problems(401, 403))
def end(caller: Signed) -> None:
    """End the session of the token."""
    with caller.call.begin_unknown() as transaction:
        sign_out(transaction, caller.services.vault, signed_in=caller.signed_in)
