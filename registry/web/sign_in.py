"""Sign in, choose a password of one's own, prove again who one is, sign out."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.accounts.sign_in import (
    SignInRefused,
    choose_password,
    prove,
    require_passwords,
    sign_in,
    sign_out,
)
from registry.model.errors import BadQuery
from registry.model.signing_in import Method
from registry.web.refusals import mistakes_of, own_page
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, SAME_SITE, Newcomer, Visiting, give_cookie, take_cookie

router = APIRouter()

WRONG: Final = msgid(
    "The account name, the password or the code is not right."
    " After ten wrong tries an account is locked for 15 minutes."
)
WRONG_PROOF: Final = msgid(
    "The password or the code is not right. After ten wrong tries an account is locked for 15 minutes."
)


@router.get("/sign-in")
def ask(visitor: Visiting, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Show the form; whoever is signed in goes on."""
    if visitor.signed_in is not None:
        return RedirectResponse(visitor.url("/"), status_code=303)
    return _form(visitor, next_page=own_page(next), ended=bool(next))


@router.post("/sign-in", dependencies=[SAME_SITE])
def enter(
    request: Request,
    visitor: Visiting,
    *,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002  the name in the form
) -> Response:
    """Start a session and go to the page that was asked for; a session that the browser held before is ended."""
    services, name, next_page = visitor.services, login.strip().lower(), own_page(next)
    require_passwords(allowed=services.passwords)
    if not name or not password:
        mistake = Mistake("login" if not name else "password", msgid("Write your account name and your password."))
        return _form(visitor, status=422, login=name, next_page=next_page, mistakes=(mistake,))
    with visitor.begin_unknown() as transaction:
        started = sign_in(transaction, services.vault, login=name, password=password, code=code)
        if visitor.signed_in is not None and not isinstance(started, SignInRefused):
            sign_out(transaction, services.vault, signed_in=visitor.signed_in)
    if isinstance(started, SignInRefused):
        return _form(visitor, status=401, login=name, next_page=next_page, mistakes=(Mistake("login", WRONG),))
    page = visitor.url("/password") if started.account.password_is_one_time else next_page or visitor.url("/")
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


@router.get("/prove")
def ask_proof(visitor: Newcomer, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Ask again for what whoever is signed in has signed in with."""
    return _proof_form(visitor, next_page=own_page(next))


@router.post("/prove", dependencies=OWN_FORM)
def take_proof(
    request: Request,
    visitor: Newcomer,
    *,
    password: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002  the name in the form
) -> Response:
    """Give the session another token and go back to the page that asked."""
    services, next_page = visitor.services, own_page(next)
    require_passwords(allowed=services.passwords)
    if not password:
        mistake = Mistake("password", msgid("Write your password."))
        return _proof_form(visitor, status=422, next_page=next_page, mistakes=(mistake,))
    with visitor.begin_unknown() as transaction:
        proved = prove(transaction, services.vault, signed_in=visitor.member, password=password, code=code)
    if isinstance(proved, SignInRefused):
        mistakes = (Mistake("password", WRONG_PROOF),)
        return _proof_form(visitor, status=401, next_page=next_page, mistakes=mistakes)
    response = RedirectResponse(next_page or visitor.url("/"), status_code=303)
    give_cookie(request, response, proved)
    return response


@router.post("/sign-out", dependencies=OWN_FORM)
def leave(request: Request, visitor: Newcomer) -> Response:
    """End the session."""
    with visitor.begin_unknown() as transaction:
        sign_out(transaction, visitor.services.vault, signed_in=visitor.member)
    response = RedirectResponse(visitor.url("/sign-in"), status_code=303)
    take_cookie(request, response)
    return response


def _form(
    visitor: Visiting,
    *,
    status: int = 200,
    login: str = "",
    next_page: str,
    ended: bool = False,
    mistakes: tuple[Mistake, ...] = (),
) -> Response:
    services = visitor.services
    return render(
        visitor,
        "sign_in.html",
        status=status,
        login=login,
        next=next_page,
        ended=ended,
        mistakes=mistakes,
        passwords=services.passwords,
        provider=services.identity_provider is not None,
    )


def _proof_form(
    visitor: Newcomer, *, status: int = 200, next_page: str, mistakes: tuple[Mistake, ...] = ()
) -> Response:
    services, signed_in = visitor.services, visitor.member
    by_provider = services.identity_provider is not None and signed_in.method is Method.PROVIDER
    return render(
        visitor,
        "prove.html",
        status=status,
        next=next_page,
        mistakes=mistakes,
        provider=by_provider,
        passwords=services.passwords and not by_provider,
        with_code=signed_in.account.code_enrolled_at is not None,
    )
