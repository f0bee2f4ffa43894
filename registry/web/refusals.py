"""Every refusal as a page: what happened in words, never the value that was refused, and no more than may be known."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from registry.actions.damage import RecordDamaged
from registry.actions.services import Services
from registry.actions.sign_in import PasswordMustBeChosen
from registry.model.errors import NotFound, RegistryError, SignInNeeded
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
    503: (
        msgid("The registry cannot be reached just now"),
        msgid("Nothing was saved. Please try again in a few minutes."),
    ),
}
UNREADABLE: Final = (
    msgid("This record cannot be read"),
    msgid("What is sealed in it was changed. It was noted, and somebody looks at it."),
)
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
    if isinstance(error, PasswordMustBeChosen):
        return RedirectResponse(_visitor(request).url("/password"), status_code=303)
    status = error.status if isinstance(error, RegistryError) else 500
    return _page(request, status, told=UNREADABLE if isinstance(error, RecordDamaged) else None)


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
