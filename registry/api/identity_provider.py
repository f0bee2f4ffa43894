"""The identity provider tells that somebody signed out there: the sessions that it opened here end.

Source: OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form

from registry.actions.accounts.identity_provider import log_out, note_refusal
from registry.api.caller import Calling
from registry.api.problems import problems
from registry.model.errors import NotFound, RegistryError
from registry.protect.signing_in.identity_tokens import LARGEST, TokenRefused

router = APIRouter(tags=["session"])


class LogoutRefused(RegistryError):
    """The token is not the provider's, is no sign-out, or was told before."""

    status = 400
    title = "This is no sign-out of the identity provider"


@router.post(
    "/identity-provider/logout",
    summary="A sign-out at the identity provider",
    responses=problems(400, 404, 413, 422, 503),
)
def logged_out(made: Calling, logout_token: Annotated[str, Form(min_length=1, max_length=LARGEST)]) -> None:
    """End the sessions that the provider names. Nobody signs in for this: the provider's signature is what counts."""
    services = made.services
    provider = services.identity_provider
    if provider is None:
        raise NotFound
    try:
        told = provider.logged_out(logout_token, at=made.at)
    except TokenRefused as refused:
        with made.begin_unknown() as transaction:
            note_refusal(transaction, services.vault, refused)
        raise LogoutRefused from None
    with made.begin_unknown() as transaction:
        ended = log_out(transaction, services.vault, issuer=provider.issuer, told=told)
    if ended is None:
        raise LogoutRefused
