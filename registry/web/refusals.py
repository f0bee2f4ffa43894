"""Every refusal as a page: what happened in words, never the value that was refused, and no more than may be known."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from registry.actions.accounts.sign_in import CodesMustBeSetUp, PasswordMustBeChosen
from registry.actions.keys.damage import RecordDamaged
from registry.actions.oversight.note_refusal import note_refusal
from registry.actions.services import Services
from registry.model.access import Purpose
from registry.model.errors import FreshSignInNeeded, LimitReached, NotFound, Refused, RegistryError, SignInNeeded
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import Visitor, split_path, take_cookie

WORDS: Final[dict[int, tuple[str, str]]] = {
    403: (msgid("You may not do this"), msgid("Your role does not allow it, or the page was open for too long.")),
    404: (msgid("Page not found"), msgid("There is no such page, or you may not know of it.")),
    405: (msgid("Page not found"), msgid("There is no such page, or you may not know of it.")),
    409: (
        msgid("This has been changed in the meantime"),
        msgid("Somebody was faster. Open the page again to see how it stands now."),
    ),
    413: (msgid("This is too large"), msgid("Go back and check what you have written.")),
    422: (msgid("Something is missing or cannot be understood"), msgid("Go back and check what you have written.")),
    429: (
        msgid("This was too much in a short time"),
        msgid("Nothing was opened. Please go on later; if your work needs more, speak to your supervisor."),
    ),
    503: (
        msgid("The registry cannot be reached just now"),
        msgid("Nothing was saved. Please try again in a few minutes."),
    ),
}
UNREADABLE: Final = (
    msgid("This record cannot be read"),
    msgid("What is sealed in it was changed. It was noted, and somebody looks at it."),
)
_OWN_PAGE: Final = re.compile(r"/(vi|en)(/[a-z0-9-]+)*/?")
OTHERWISE: Final = (
    msgid("Something went wrong on our side"),
    msgid("Nothing was saved. If it happens again, tell your administrator the time."),
)


def install(app: FastAPI) -> None:
    """Let an application answer every refusal with a page."""
    app.add_exception_handler(RegistryError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)


def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInNeeded):
        return _to_sign_in(request)
    instead = _page_before(request, error)
    if instead is not None:
        return RedirectResponse(instead, status_code=303)
    known = _visitor(request)
    if isinstance(error, Refused) and known.signed_in is not None:
        note_refusal(known.services, known.access(Purpose.SIGN_IN), error)
    status = error.status if isinstance(error, RegistryError) else 500
    if isinstance(error, LimitReached):
        answer = _page(request, status)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return _page(request, status, told=UNREADABLE if isinstance(error, RecordDamaged) else None)


def _page_before(request: Request, error: Exception) -> str | None:
    """Return the page on which what is missing is seen to; None: nothing is."""
    visitor = _visitor(request)
    if isinstance(error, PasswordMustBeChosen):
        return visitor.url("/password")
    if isinstance(error, CodesMustBeSetUp):
        return visitor.url("/codes")
    if isinstance(error, FreshSignInNeeded):
        back = visitor.url(visitor.path if request.method == "GET" or _can_be_shown(request) else "/")
        return f"{visitor.url('/prove')}?next={quote(back)}"
    return None


def _can_be_shown(request: Request) -> bool:
    """Say whether a form that was sent has a page of the same address."""
    scope = {**request.scope, "method": "GET"}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def own_page(page: str) -> str:
    """Return the address of one of our own pages, or nothing: a link may not lead away through the sign-in."""
    return page if _OWN_PAGE.fullmatch(page) else ""


def _not_understood(request: Request, error: Exception) -> Response:
    """Answer what the framework refused: a broken address is no page, a broken form is told so."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    in_body = any(one["loc"][:1] == ("body",) for one in errors)
    return _page(request, 422 if in_body else NotFound.status)


def _http(request: Request, error: Exception) -> Response:
    return _page(request, error.status_code if isinstance(error, HTTPException) else 500)


def _page(request: Request, status: int, *, told: tuple[str, str] | None = None) -> Response:
    title, text = told or WORDS.get(status, OTHERWISE)
    return render(_visitor(request), "refusal.html", status=status, title=title, text=text)


def _to_sign_in(request: Request) -> Response:
    visitor = _visitor(request)
    if request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site":
        # the session's cookie does not follow a link of another site: a page of ours asks once more
        query = f"?{visitor.query}" if visitor.query else ""
        return render(visitor, "go_on.html", page=visitor.url(visitor.path) + query)
    back = f"?next={quote(visitor.url(visitor.path))}" if request.method == "GET" and visitor.path != "/" else ""
    response = RedirectResponse(visitor.url("/sign-in") + back, status_code=303)
    take_cookie(request, response)
    return response


def _visitor(request: Request) -> Visitor:
    """Return who asked; someone unknown if the refusal came before that was found out."""
    found = getattr(request.state, "visitor", None)
    return found if isinstance(found, Visitor) else _stranger(request.app.state.services, request.url.path)


def _stranger(services: Services, path: str) -> Visitor:
    language, rest = split_path(path)
    return Visitor(
        services=services,
        language=language or services.locale,
        path=rest if language else "/",
        query="",
        at=services.clock(),
        request_id=uuid4(),
        signed_in=None,
    )


def bare_page(services: Services, status: int, path: str) -> tuple[str, bytes]:
    """Return the page of a refusal that came before or after everything else, and its media type."""
    title, text = WORDS.get(status, OTHERWISE)
    page = render(_stranger(services, path), "refusal.html", status=status, title=title, text=text)
    return "text/html; charset=utf-8", bytes(page.body)


def mistakes_of(error: RegistryError) -> tuple[Mistake, ...]:
    """Return what an error says about a form's field."""
    return (Mistake(field=error.field or "", rule=error.rule or error.title),)
