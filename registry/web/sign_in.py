"""Sign in, choose a password of one's own, sign out."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.sign_in import SignInRefused, choose_password, sign_in, sign_out
from registry.model.errors import BadQuery
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, SAME_SITE, Newcomer, Visiting, give_cookie, take_cookie

router = APIRouter()

WRONG: Final = msgid(
    "The account name or the password is not right. After ten wrong passwords an account is locked for 15 minutes."
)
_OWN_PAGE: Final = re.compile(r"/(vi|en)(/[a-z0-9-]+)*/?")


@router.get("/sign-in")
def ask(visitor: Visiting, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Show the form; whoever is signed in goes on."""
    if visitor.signed_in is not None:
        return RedirectResponse(visitor.url("/"), status_code=303)
    return render(visitor, "sign_in.html", login="", next=_safe(next), ended=bool(next))


@router.post("/sign-in", dependencies=[SAME_SITE])
def enter(
    request: Request,
    visitor: Visiting,
    *,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002  the name in the form
) -> Response:
    """Start a session and go to the page that was asked for."""
    name = login.strip().lower()
    if not name or not password:
        mistake = Mistake("login" if not name else "password", msgid("Write your account name and your password."))
        return _again(visitor, name, mistake, status=422, next_page=next)
    services = visitor.services
    with visitor.begin_unknown() as transaction:
        started = sign_in(transaction, services.vault, login=name, password=password)
    if isinstance(started, SignInRefused):
        return _again(visitor, name, Mistake("login", WRONG), status=401, next_page=next)
    page = visitor.url("/password") if started.account.password_is_one_time else _safe(next) or visitor.url("/")
    response = RedirectResponse(page, status_code=303)
    give_cookie(request, response, started)
    return response


@router.get("/password")
def ask_password(visitor: Newcomer) -> Response:
    """Show the form for a password of one's own."""
    if not visitor.member.account.password_is_one_time:
        return RedirectResponse(visitor.url("/"), status_code=303)
    return render(visitor, "password.html")


@router.post("/password", dependencies=OWN_FORM)
def take_password(
    request: Request,
    visitor: Newcomer,
    *,
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Replace the one-time password and begin a fresh session."""
    services = visitor.services
    try:
        with visitor.begin_unknown() as transaction:
            started = choose_password(
                transaction, services.vault, signed_in=visitor.member, password=password, again=again
            )
    except BadQuery as refused:
        return render(visitor, "password.html", status=422, mistakes=mistakes_of(refused))
    response = RedirectResponse(visitor.url("/"), status_code=303)
    give_cookie(request, response, started)
    return response


@router.post("/sign-out", dependencies=OWN_FORM)
def leave(request: Request, visitor: Newcomer) -> Response:
    """End the session."""
    with visitor.begin_unknown() as transaction:
        sign_out(transaction, visitor.services.vault, signed_in=visitor.member)
    response = RedirectResponse(visitor.url("/sign-in"), status_code=303)
    take_cookie(request, response)
    return response


def _again(visitor: Visiting, login: str, mistake: Mistake, *, status: int, next_page: str) -> Response:
    return render(
        visitor,
        "sign_in.html",
        status=status,
        login=login,
        next=_safe(next_page),
        ended=False,
        mistakes=(mistake,),
    )


def _safe(page: str) -> str:
    """Return the address of one of our own pages, or nothing: a link may not lead away through the sign-in."""
    return page if _OWN_PAGE.fullmatch(page) else ""
