"""Sign in by the identity provider: there, and back once with an answer for this browser alone."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.accounts.identity_provider import (
    QUESTION_LIVES,
    Reply,
    Returned,
    enter,
    note_refusal,
    prove_by_provider,
    send,
    take_back,
)
from registry.actions.accounts.sign_in import SignInRefused, Started
from registry.model.errors import NotFound
from registry.protect.signing_in.identity_provider import IdentityProvider
from registry.protect.signing_in.identity_tokens import TokenRefused
from registry.web.refusals import own_page
from registry.web.rendering import render
from registry.web.visitor import Newcomer, Visiting, Visitor, give_cookie

router = APIRouter()

TLS_COOKIE: Final = "__Host-signing-in"
LOOPBACK_COOKIE: Final = "child_registry_signing_in"


@router.get("/sign-in/provider")
def leave(request: Request, visitor: Visiting, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Send the browser to the provider to sign in."""
    return _sent(request, visitor, next_page=own_page(next))


@router.get("/prove/provider")
def leave_for_proof(request: Request, visitor: Newcomer, next: str = "") -> Response:  # noqa: A002  as above
    """Send the browser to the provider, where its holder proves again who they are."""
    return _sent(request, visitor, next_page=own_page(next), again=True)


@router.get("/sign-in/return")
def come_back(
    request: Request, visitor: Visiting, *, state: str = "", code: str = "", iss: str | None = None
) -> Response:
    """Take the answer, once, and go on with a session."""
    provider = _provider(visitor)
    reply = Reply(
        state=state,
        code=code,
        issuer=iss,
        browser_token=request.cookies.get(_cookie_name(request), ""),
        return_to=_return_address(request, visitor),
    )
    with visitor.begin_unknown() as transaction:
        returned = take_back(transaction, visitor.services.vault, reply)
    started = returned if isinstance(returned, SignInRefused) else _answered(visitor, provider, returned)
    if isinstance(started, SignInRefused) or isinstance(returned, SignInRefused):
        response: Response = render(visitor, "provider_refused.html", status=SignInRefused.status)
    else:
        # this request came from another site, which the session's cookie does not follow: a page of ours goes on
        response = render(visitor, "go_on.html", page=returned.next_page or visitor.url("/"))
        give_cookie(request, response, started)
    response.delete_cookie(
        _cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
    return response


def _answered(visitor: Visitor, provider: IdentityProvider, returned: Returned) -> Started | SignInRefused:
    vault = visitor.services.vault
    try:
        vouched = provider.vouched(returned.answer, at=visitor.at)
    except TokenRefused as refused:
        with visitor.begin_unknown() as transaction:
            return note_refusal(transaction, vault, refused)
    with visitor.begin_unknown() as transaction:
        if returned.session_digest is None:
            return enter(transaction, vault, issuer=provider.issuer, vouched=vouched)
        return prove_by_provider(
            transaction,
            vault,
            issuer=provider.issuer,
            vouched=vouched,
            session_digest=returned.session_digest,
        )


def _sent(request: Request, visitor: Visitor, *, next_page: str, again: bool = False) -> Response:
    provider = _provider(visitor)
    provider.prepare(at=visitor.at)  # it may be slow: nobody else is to wait for the database meanwhile
    with visitor.begin_unknown() as transaction:
        sent = send(
            transaction,
            provider,
            next_page=next_page,
            return_to=_return_address(request, visitor),
            signed_in=visitor.member if again else None,
        )
    response = RedirectResponse(sent.address, status_code=303)
    response.set_cookie(
        _cookie_name(request),
        sent.browser_token,
        max_age=int(QUESTION_LIVES.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # it has to come along when the provider sends the browser back
    )
    return response


def _provider(visitor: Visitor) -> IdentityProvider:
    provider = visitor.services.identity_provider
    if provider is None:
        raise NotFound
    return provider


def _return_address(request: Request, visitor: Visitor) -> str:
    """Return the one address that the provider knows: it does not vary with the language."""
    services = visitor.services
    ours = services.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{ours.rstrip('/')}/{services.locale}/sign-in/return"


def _cookie_name(request: Request) -> str:
    return TLS_COOKIE if request.url.scheme == "https" else LOOPBACK_COOKIE
