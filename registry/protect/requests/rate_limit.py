"""Limits of how often the doors are knocked at: by session, by address, and more narrowly for searches and sign-ins.

Each key has a bucket of tokens that fills steadily; a request without a token is refused before it is read. The buckets
live in this process and are bounded: the one that was used longest ago makes room, and a bucket that is full again is
the same as none. Written against the ASGI interface alone, outside every application.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Refusal = Callable[[int, str], tuple[str, bytes]]  # status and path of a request → media type and document

MOST_KEYS: Final = 50_000  # buckets kept: some megabytes
TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many requests at once, and how many a minute in the long run."""

    burst: int
    per_minute: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The rates of the doors."""

    session: Rate = Rate(burst=120, per_minute=600)  # a person clicks; a program of a sector works through a list
    address: Rate = Rate(burst=600, per_minute=3000)  # an office may stand behind one address
    search: Rate = Rate(burst=30, per_minute=30)
    sign_in: Rate = Rate(burst=20, per_minute=10)  # by address; the account has a lock of its own


class Buckets:
    """The buckets of one rate."""

    def __init__(self, rate: Rate, *, timer: Callable[[], float] = time.monotonic, most: int = MOST_KEYS) -> None:
        """Begin with full buckets.

        Args:
            timer: seconds; where it goes back, nothing is given and nothing taken away.
            most: buckets kept.
        """
        self._rate = rate
        self._timer = timer
        self._most = most
        self._lock = threading.Lock()
        self._full_at: OrderedDict[bytes, float] = OrderedDict()  # when each bucket will be full again

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: bytes) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        every = 60 / self._rate.per_minute
        now = self._timer()
        with self._lock:
            full_at = max(self._full_at.pop(key, now), now)
            full_at = min(full_at, now + self._rate.burst * every)  # the clock has gone back
            wait = full_at + every - now - self._rate.burst * every
            if wait > every * 1e-6:
                self._keep(key, full_at)
                return wait
            self._keep(key, full_at + every)
        return 0.0

    def _keep(self, key: bytes, full_at: float) -> None:
        self._full_at[key] = full_at
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


_SEARCHES: Final = re.compile(r"/(v1|vi|en)/searches/?")
_SIGN_INS: Final = re.compile(r"/(v1/session|v1/oauth/token|(vi|en)/(sign-in|password|second-step|prove)(/.*|-.*)?)/?")
_SESSIONS: Final = (b"__Host-session=", b"child_registry_session=")
_EXEMPT: Final = ("/static/", "/metrics")


class RateGuard:
    """Lets so many requests through as the rates allow, and answers the others itself."""

    def __init__(
        self,
        app: Application,
        *,
        rates: Rates,
        refusal: Refusal,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Guard an application.

        Args:
            rates: of the doors.
            refusal: writes the answer for those who are refused.
            timer: seconds.
        """
        self._app = app
        self._refusal = refusal
        self._session = Buckets(rates.session, timer=timer)
        self._address = Buckets(rates.address, timer=timer)
        self._search = Buckets(rates.search, timer=timer)
        self._sign_in = Buckets(rates.sign_in, timer=timer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http" or str(scope["path"]).startswith(_EXEMPT):
            await self._app(scope, receive, send)
            return
        wait = max((buckets.take(key) for buckets, key in self._keys(scope)), default=0.0)
        if wait <= 0:
            await self._app(scope, receive, send)
            return
        await _refuse(send, math.ceil(wait), self._refusal(TOO_MANY, str(scope["path"])))

    def _keys(self, scope: Scope) -> Iterator[tuple[Buckets, bytes]]:
        """Yield the buckets that a request draws from. What a session is named by is kept as a hash only."""
        address = _digest(_network(scope).encode())
        session = _session_of(scope)
        path, method = str(scope["path"]), scope["method"]
        yield self._address, address
        if session is not None:
            yield self._session, session
        if method == "POST" and _SEARCHES.fullmatch(path):
            yield self._search, session or address
        if method == "POST" and _SIGN_INS.fullmatch(path):
            yield self._sign_in, address


def _network(scope: Mapping[str, Any]) -> str:
    """Return who is at the other end: an address, or of the sixth version the network that one customer has."""
    client = scope.get("client")
    host = str(client[0]) if client else "unknown"
    try:
        return str(ipaddress.IPv6Network((host, 64), strict=False)) if ":" in host else host
    except ValueError:
        return host


def _session_of(scope: Mapping[str, Any]) -> bytes | None:
    """Return a digest of the session that a request bears; None: it bears none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return _digest(bytes(value))
        if name == b"cookie":
            for part in bytes(value).split(b";"):
                if part.strip().startswith(_SESSIONS):
                    return _digest(part.strip().partition(b"=")[2])
    return None


def _digest(name: bytes) -> bytes:
    return blake2b(name, digest_size=16).digest()


async def _refuse(send: Send, seconds: int, told: tuple[str, bytes]) -> None:
    media_type, body = told
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(seconds).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": TOO_MANY, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def problem(status: int) -> tuple[str, bytes]:
    """Return the problem document of a refusal."""
    title = "The limit is reached: try again later"
    document = {"type": "/problems/limit-reached", "title": title, "status": status, "key": "LimitReached"}
    return "application/problem+json", json.dumps(document).encode()
