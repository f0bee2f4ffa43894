"""One's own sessions: where one is signed in, and an end to each."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.accounts.sessions import end_own, own_sessions
from registry.web.rendering import render
from registry.web.visitor import OWN_FORM, Member, take_cookie

router = APIRouter()


@router.get("/sessions")
def show(visitor: Member) -> Response:
    """List the own sessions."""
    with visitor.begin_unknown() as transaction:
        found = own_sessions(transaction, signed_in=visitor.member)
    return render(visitor, "sessions.html", sessions=found)


@router.post("/sessions/{reference}", dependencies=OWN_FORM)
def end(request: Request, visitor: Member, reference: str) -> Response:
    """End one of them; whoever ends the one in use is signed out."""
    with visitor.begin_unknown() as transaction:
        was_this = end_own(transaction, visitor.services.vault, signed_in=visitor.member, reference=reference)
    response = RedirectResponse(visitor.url("/sign-in" if was_this else "/sessions"), status_code=303)
    if was_this:
        take_cookie(request, response)
    return response
