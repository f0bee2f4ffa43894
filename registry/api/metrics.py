"""`/metrics` for the machine's own watchers: to this machine alone, or to whoever bears the token of a file."""

from __future__ import annotations

import hmac
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

from fastapi import FastAPI, Request
from starlette.responses import Response

from registry.actions.oversight.meters import MEDIA_TYPE
from registry.actions.oversight.read_gauges import Gauges, read_gauges
from registry.actions.services import Services
from registry.model.access import Access, Purpose
from registry.model.errors import RegistryError, WrongKeys
from registry.protect.keys.private_file import read_private
from registry.protect.requests.front_gate import is_proxied

KEPT: Final = 5.0  # seconds for which what the database said is said again
SHORTEST_TOKEN: Final = 16  # characters
_PASSED_ON: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")

Jobs = Callable[[], Mapping[str, int]]


class MetricsPage:
    """The page of one running registry."""

    def __init__(
        self,
        services: Services,
        *,
        jobs: Jobs,
        token_file: Path | None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            jobs: background jobs by state.
            token_file: whoever bears its content may ask from anywhere; None: nobody from elsewhere may.
            timer: seconds that only grow.
        """
        self._services = services
        self._jobs = jobs
        self._token_file = token_file
        self._timer = timer
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._standing: tuple[Gauges | None, Mapping[str, int]] = (None, {})

    def __call__(self, request: Request) -> Response:
        """Answer, or say that there is no such page."""
        if not (_from_here(request) or self._bears_token(request)):
            return Response(status_code=404)
        gauges, jobs = self._now()
        return Response(self._services.meters.text(gauges, jobs), media_type=MEDIA_TYPE)

    def _now(self) -> tuple[Gauges | None, Mapping[str, int]]:
        with self._lock:
            now = self._timer()
            if self._read_at is None or now - self._read_at >= KEPT:
                self._standing = self._read()
                self._read_at = now
            return self._standing

    def _read(self) -> tuple[Gauges | None, Mapping[str, int]]:
        services = self._services
        access = Access.of_engine(Purpose.MAINTENANCE, at=services.clock(), request_id=uuid4())
        try:
            with services.store.begin(access) as transaction:
                gauges = read_gauges(transaction, services.vault)
            return gauges, self._jobs()
        except RegistryError:
            return None, {}  # the gauge that says so is the answer

    def _bears_token(self, request: Request) -> bool:
        """Tell whether a request has the token; the file is read each time, so that it can be exchanged."""
        scheme, _, borne = request.headers.get("authorization", "").partition(" ")
        if self._token_file is None or scheme.lower() != "bearer":
            return False
        try:
            token = token_of(self._token_file)
        except WrongKeys:
            return False
        return hmac.compare_digest(token, borne.strip().encode())


def token_of(file: Path) -> bytes:
    """Return the token that a file holds.

    Raises:
        WrongKeys: the file is missing, others can read it, or the token is short.
    """
    token = read_private(file).strip()
    if len(token) < SHORTEST_TOKEN:
        raise WrongKeys(f"the token for metrics has less than {SHORTEST_TOKEN} characters", place=str(file))
    return token


def _from_here(request: Request) -> bool:
    """Tell whether a program of this machine asks for itself, and is no web server that passes a request on."""
    passed_on = is_proxied(request.scope) or any(name in request.headers for name in _PASSED_ON)
    if passed_on or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def add_metrics(app: FastAPI, page: MetricsPage) -> None:
    """Let an application answer `/metrics`."""

    def metrics(request: Request) -> Response:
        return page(request)

    app.add_api_route("/metrics", metrics, include_in_schema=False, response_model=None)
