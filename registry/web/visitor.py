"""Who stands at the door of the pages: the language, the session, and what may be opened with it."""

from __future__ import annotations

import hmac
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Form, Request
from starlette.responses import Response

from registry.actions.accounts.sign_in import LONGEST_SESSION, Started, access_of, current, nobody, require_ready
from registry.actions.services import Services
from registry.model.access import Access, Purpose
from registry.model.errors import NotFound, Refused, SignInNeeded
from registry.protect.doors import PAGES, require_door
from registry.protect.requests.request_watch import request_id
from registry.store.session import Transaction
from registry.store.staff import SignedIn
from registry.web.translation import Language, is_language

TLS_COOKIE: Final = "__Host-session"
LOOPBACK_COOKIE: Final = "child_registry_session"  # over plain HTTP a browser takes neither the prefix nor `Secure`


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One request for a page. `signed_in` is None for someone who has not signed in."""

    services: Services
    language: Language
    path: str  # without the language, such as '/find'
    query: str
    at: datetime
    request_id: UUID
    signed_in: SignedIn | None

    @property
    def member(self) -> SignedIn:
        """Whoever is signed in.

        Raises:
            SignInNeeded: nobody is.
        """
        if self.signed_in is None:
            raise SignInNeeded
        return self.signed_in

    def access(self, purpose: Purpose, *, reason: str | None = None) -> Access:
        """Return the access of this request for a purpose."""
        return access_of(self.member, purpose, reason=reason, at=self.at, request_id=self.request_id)

    def begin(self, purpose: Purpose, *, reason: str | None = None) -> AbstractContextManager[Transaction]:
        """Open a transaction on behalf of whoever is signed in.

        Raises:
            NoLegalBasis: no law allows this purpose today.
        """
        access = self.access(purpose, reason=reason)
        self.services.lawful.require(access)
        return self.services.store.begin(access)

    def begin_unknown(self) -> AbstractContextManager[Transaction]:
        """Open a transaction in which accounts and sessions are read."""
        return self.services.store.begin(nobody(at=self.at, request_id=self.request_id))

    def url(self, path: str) -> str:
        """Return the address of a page in the visitor's language."""
        return f"/{self.language}{path}"


def visitor(request: Request) -> Visitor:
    """Return who asks; the session is read, and its time goes on."""
    services: Services = request.app.state.services
    language, path = split_path(request.url.path)
    if language is None:
        raise NotFound
    at, known_as = services.clock(), request_id(request.scope)
    token = request.cookies.get(cookie_name(request))
    signed_in = None
    if token:
        with services.store.begin(nobody(at=at, request_id=known_as)) as transaction:
            signed_in = current(transaction, token)
    found = Visitor(
        services=services,
        language=language,
        path=path,
        query=request.url.query,
        at=at,
        request_id=known_as,
        signed_in=signed_in,
    )
    request.state.visitor = found
    return found


Visiting = Annotated[Visitor, Depends(visitor)]


def newcomer(found: Visiting) -> Visitor:
    """Return someone who is signed in, with a one-time password or a chosen one."""
    if found.signed_in is None:
        raise SignInNeeded
    return found


Newcomer = Annotated[Visitor, Depends(newcomer)]


def member(found: Newcomer, request: Request) -> Visitor:
    """Return someone who is signed in, has set up what is demanded, and whose role passes this door.

    Raises:
        PasswordMustBeChosen: it is a one-time password still.
        CodesMustBeSetUp: one-time codes are demanded.
        Refused: the policy has nothing for this role here, whatever was sent.
    """
    signed_in = found.member
    require_ready(signed_in.account, method=signed_in.method, demo=found.services.demo)
    require_door(PAGES, request.method, template=request.scope["route"].path, role=signed_in.account.role)
    return found


def require_own_password(found: Visitor) -> None:
    """Refuse somebody whose one-time password is still to be replaced: that comes before everything else.

    Raises:
        PasswordMustBeChosen: it is.
    """
    signed_in = found.member
    require_ready(signed_in.account, method=signed_in.method, demo=True)


Member = Annotated[Visitor, Depends(member)]


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent.

    A browser that hides the origin for privacy says 'null'; then the token in the form decides alone.

    Raises:
        Refused: the form came from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Refused("the form came from another site")
        return
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused("the form came from another site")


def check_token(found: Newcomer, csrf: Annotated[str, Form()] = "") -> None:
    """Refuse a form that does not carry the session's token.

    Raises:
        Refused: the form is not one of this session.
    """
    if not hmac.compare_digest(csrf.encode(), found.member.csrf_token.encode()):
        raise Refused("the form is not one of this session")


SAME_SITE: Final = Depends(check_origin)
OWN_FORM: Final = (SAME_SITE, Depends(check_token))


def split_path(path: str) -> tuple[Language | None, str]:
    """Return the language that a path begins with, or None, and the rest."""
    first, _, rest = path.removeprefix("/").partition("/")
    return (first, f"/{rest}") if is_language(first) else (None, path)


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie on this connection."""
    return TLS_COOKIE if request.url.scheme == "https" else LOOPBACK_COOKIE


def give_cookie(request: Request, response: Response, started: Started) -> None:
    """Let the browser hold a new session."""
    response.set_cookie(
        cookie_name(request),
        started.token,
        max_age=int(LONGEST_SESSION.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def take_cookie(request: Request, response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(
        cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
