"""Lets a simulated service be reached: by a real server on loopback, or in process without any socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.simulators.exchange import Answered, Asked

HOST = "127.0.0.1"
LARGEST_BODY = 2_000_000  # bytes
START_SECONDS = 10.0
PIECES = 10  # of a body that drips
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")

Answer = Callable[[Asked], Answered]
Sleep = Callable[[float], None]  # seconds


class _Delivery(Response):
    """A response that promises its whole body and may close the connection after a part of it."""

    def __init__(self, answered: Answered) -> None:
        background = None if answered.afterwards is None else BackgroundTask(answered.afterwards)
        super().__init__(
            answered.body,
            status_code=answered.status,
            headers={**answered.headers},
            media_type=answered.media_type,
            background=background,
        )
        self._sent = answered.sent
        self._drips = answered.drips

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all of it, or begin and return: the server closes a connection whose response is unfinished."""
        if self._sent is None and not self._drips:
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in pieces(bytes(self.body)[: self._sent], self._drips):
            await asyncio.sleep(self._drips)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._sent is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def pieces(body: bytes, drips: float) -> list[bytes]:
    """Return the pieces that a body comes in."""
    size = max(1, -(-len(body) // PIECES)) if drips else max(1, len(body))
    return [body[start : start + size] for start in range(0, len(body), size)]


class _Dripping(httpx.SyncByteStream):
    """A body that comes piece by piece, with a sleep before each."""

    def __init__(self, answered: Answered, sleep: Sleep, patience: float | None) -> None:
        self._answered = answered
        self._sleep = sleep
        self._patience = patience

    def __iter__(self) -> Iterator[bytes]:
        for piece in pieces(self._answered.body, self._answered.drips):
            wait_for(self._answered.drips, self._sleep, self._patience)
            yield piece


def wait_for(late_by: float, sleep: Sleep, patience: float | None) -> None:
    """Sleep for what an answer is late.

    Raises:
        httpx.ReadTimeout: that is longer than the client waits.
    """
    if patience is not None and late_by > patience:
        sleep(patience)
        raise httpx.ReadTimeout("no answer in time")
    sleep(late_by)


def application(answer: Answer) -> Starlette:
    """Return the service as an ASGI application."""

    async def endpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return Response(status_code=413)
        asked = Asked(
            method=request.method,
            url=str(request.url.replace(query="")),
            path=request.url.path,
            query=tuple(request.query_params.multi_items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        answered = await run_in_threadpool(answer, asked)
        if answered.late_by:
            await asyncio.sleep(answered.late_by)
        return _Delivery(answered)

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=list(METHODS))])


@contextmanager
def serving(answer: Answer, *, port: int = 0) -> Iterator[str]:
    """Run the service on loopback until the block ends; yields its URL without a slash at the end.

    Args:
        port: 0 for any that is free.

    Raises:
        OSError: the port is taken.
    """
    listening = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)  # the protocol named: else answers wait for 40 ms
    try:
        listening.bind((HOST, port))
        with _running(application(answer), listening):
            yield f"http://{HOST}:{listening.getsockname()[1]}"
    finally:
        listening.close()


@contextmanager
def _running(app: Starlette, listening: socket) -> Iterator[None]:
    # No access log: it would be one more place that requests leave traces in.
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="simulator", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    if not server.started:
        raise RuntimeError("the simulator did not start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


@dataclass(frozen=True, slots=True)
class InProcess(httpx.BaseTransport):
    """Reaches the service without a socket, so that whole days can be simulated: lateness is slept by `sleep`."""

    answer: Answer
    sleep: Sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as the server would.

        Raises:
            httpx.TransportError: the answer is later than the client waits, or the connection breaks.
        """
        answered = self.answer(_asked(request))
        patience = request.extensions.get("timeout", {}).get("read")
        if answered.late_by:
            wait_for(answered.late_by, self.sleep, patience)
        if answered.afterwards is not None:
            answered.afterwards()
        if answered.sent is not None:
            raise httpx.RemoteProtocolError("the connection was closed", request=request)
        headers = {"Content-Type": answered.media_type, **answered.headers}
        if answered.drips:
            stream = _Dripping(answered, self.sleep, patience)
            return httpx.Response(answered.status, headers=headers, stream=stream, request=request)
        return httpx.Response(answered.status, headers=headers, content=answered.body, request=request)


def _asked(request: httpx.Request) -> Asked:
    return Asked(
        method=request.method,
        url=str(request.url.copy_with(query=None)),
        path=request.url.path,
        query=tuple(request.url.params.multi_items()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.read(),
    )
