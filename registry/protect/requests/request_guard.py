"""A guard around a web application: no large request comes in, no answer goes out without its headers.

Written against the ASGI interface alone, so that pages and the interface for systems share it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from registry.protect.requests.request_watch import tell_failure

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

Refusal = Callable[[int, str], tuple[str, bytes]]  # status and path of a request → media type and document
Largest = Callable[[str], int | None]  # path of a request → bytes of its body; None: as for all

LARGEST_BODY: Final = 64 * 1024  # bytes; forms and questions are small, files come by another way

COMMON_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()"
    ),
}
TLS_HEADERS: Final[Mapping[str, str]] = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class RequestGuard:
    """Reads a request's body up to a limit, adds headers to every answer, and lets no error's text out."""

    def __init__(
        self,
        app: Application,
        *,
        content_security_policy: str,
        refusal: Refusal | None = None,
        largest_body: int = LARGEST_BODY,
        larger: Largest | None = None,
    ) -> None:
        """Guard an application.

        Args:
            content_security_policy: what the answers may load and where they may lead.
            refusal: writes the guard's own refusals; by default they are problem documents.
            largest_body: bytes of a request.
            larger: tells where more than that may come in; None: nowhere.
        """
        headers = {**COMMON_HEADERS, "Content-Security-Policy": content_security_policy}
        self._app = app
        self._headers = _encoded(headers)
        self._tls_headers = _encoded({**headers, **TLS_HEADERS})
        self._refusal = refusal or _problem
        self._largest = largest_body
        self._larger = larger

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._tls_headers if scope.get("scheme") == "https" else self._headers)
        body = await self._body(scope, receive)
        if body is None:
            await answer.whole(413, self._refusal(413, scope["path"]))
            return
        try:
            await self._app(scope, _replayed(body, receive), answer.send)
        except Exception as error:  # noqa: BLE001  the text of an unforeseen error may hold a value, so it stops here
            tell_failure(scope, error)
            if not answer.started:
                await answer.whole(500, self._refusal(500, scope["path"]))

    async def _body(self, scope: Mapping[str, Any], receive: Receive) -> bytes | None:
        """Return the body; None if it is longer than allowed."""
        largest = (self._larger(scope["path"]) if self._larger else None) or self._largest
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > largest):
                return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":  # the client has gone
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > largest:
                return None
        return bytes(body)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer, its head with the headers that are missing there."""
        if message["type"] == "http.response.start":
            self.started = True
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            missing = [(name, value) for name, value in self._headers if name not in names]
            message = {**message, "headers": given + missing}
        await self._send(message)

    async def whole(self, status: int, told: tuple[str, bytes]) -> None:
        """Answer with a document of a media type."""
        media_type, body = told
        headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _problem(status: int, _path: str) -> tuple[str, bytes]:
    title = HTTPStatus(status).phrase
    return "application/problem+json", json.dumps({"type": "about:blank", "title": title, "status": status}).encode()


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body read already, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
