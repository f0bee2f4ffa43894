"""Watches requests from outside the applications: an id for each, one line of the log, and what is to be counted.

Written against the ASGI interface alone. An address is told as the template of its route, so that neither ids nor
names that somebody has typed into it are kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from registry.protect.log_lines import Told, tell

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

UNMATCHED: Final = "unmatched"  # every address that leads nowhere
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID: Final = "registry.request_id"
_FAILED: Final = "registry.failed"
_MOUNTED: Final = ("/static",)  # folders of files, told as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What is kept of one request."""

    route: str
    method: str
    status: int  # 0: the client had gone before an answer
    seconds: float


def request_id(scope: Scope) -> UUID:
    """Return the id of a request: the same in the log of the program and in the access log."""
    found = scope.get(_ID)
    if not isinstance(found, UUID):
        found = scope[_ID] = uuid4()
    return found


def route_of(scope: Mapping[str, Any]) -> str:
    """Return the template of the route that a request was led to."""
    mounted = str(scope.get("root_path", ""))
    if mounted in _MOUNTED:
        return mounted
    template = getattr(scope.get("route"), "path", None)
    return f"{mounted}{template}" if isinstance(template, str) else UNMATCHED


def method_of(scope: Mapping[str, Any]) -> str:
    """Return the method of a request, or OTHER for one that somebody made up."""
    method = str(scope.get("method", ""))
    return method if method in METHODS else "OTHER"


def tell_failure(scope: Scope, error: Exception) -> None:
    """Write the line of a request that ended in an error that nobody foresaw; it has no other line."""
    scope[_FAILED] = True
    tell(
        Told.REQUEST_FAILED,
        logging.ERROR,
        error=error,
        route=route_of(scope),
        method=method_of(scope),
        status=500,
        request_id=request_id(scope),
    )


class RequestWatch:
    """Watches an application."""

    def __init__(
        self,
        app: Application,
        *,
        answered: Callable[[Answered], None],
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Watch an application.

        Args:
            answered: is told of each request after its end.
            timer: seconds that only grow.
        """
        self._app = app
        self._answered = answered
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and keep what may be kept of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._timer()
        status = 0

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as error:  # noqa: BLE001  it came from outside every guard, and its text must stop here
            tell_failure(scope, error)
            if status == 0:
                await _broken(noticed)
        finally:
            self._finish(scope, status, self._timer() - began)

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        told = Answered(route=route_of(scope), method=method_of(scope), status=status, seconds=seconds)
        self._answered(told)
        if not scope.get(_FAILED):
            tell(
                Told.REQUEST,
                route=told.route,
                method=told.method,
                status=status,
                ms=round(seconds * 1000, 1),
                request_id=request_id(scope),
            )


async def _broken(send: Send) -> None:
    body = b'{"type":"about:blank","title":"Internal Server Error","status":500}'
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
