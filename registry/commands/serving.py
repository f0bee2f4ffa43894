"""Serves the pages and the interface for systems, with the background worker beside them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer
import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from registry.actions.accounts.sign_in import nobody
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.services import Services
from registry.api.app import api
from registry.api.metrics import Jobs, MetricsPage, add_metrics, token_of
from registry.api.oauth import add_metadata
from registry.commands.connection import (
    allowed_peers,
    front_of,
    listening,
    listening_to_proxy,
    protocol_for,
    tls_of,
)
from registry.commands.console import Data, opened, out
from registry.jobs import queue, verifying
from registry.jobs.connections import identity_domains, read_connections
from registry.jobs.identity_provider import provider_of, takes_passwords
from registry.jobs.opening import Installation
from registry.model.errors import RegistryError
from registry.protect.keys.keyring_file import Mark
from registry.protect.log_lines import tell_all
from registry.protect.requests.front_gate import LARGEST_HEAD, Front, FrontGate
from registry.protect.requests.rate_limit import RateGuard, Rates, problem
from registry.protect.requests.request_watch import RequestWatch
from registry.settings import Settings
from registry.web.app import pages
from registry.web.refusals import bare_page

ALARM_EVERY: Final = 60.0  # seconds: whoever forges requests must not fill the log
_NOTHING: Final = Front()
_RATES: Final = Rates()
PortOption = Annotated[int | None, typer.Option("--port", help="The port; also CHILD_REGISTRY_PORT.")]


def application(installed: Installation) -> FastAPI:
    """Return the whole application: the interface for systems under /v1, the pages everywhere else."""
    services = Services(
        store=installed.store,
        vault=installed.vault,
        clock=installed.clock,
        demo=installed.vault.keyring.mark is Mark.DEMO,
        locale=installed.settings.locale,
        public_url=installed.settings.public_url,
        passwords=takes_passwords(installed.settings),
        identity_provider=provider_of(installed.settings),
        webhook_internal=installed.settings.webhook_internal,
        identity_domains=identity_domains(read_connections(installed.settings.connections_file)),
        law=installed.law,
        population=verifying.asked_of(installed),
    )
    token_file = installed.settings.metrics_token_file
    if token_file is not None:
        token_of(token_file)  # what is wrong with it is said now, not by a page that is not there
    front = front_of(installed.settings)
    return whole(services, jobs=lambda: asdict(queue.state(installed.url)), token_file=token_file, front=front)


def whole(
    services: Services, *, jobs: Jobs, token_file: Path | None, front: Front = _NOTHING, rates: Rates = _RATES
) -> FastAPI:
    """Return the interface, the pages and the metrics as one application that tells what it did, and of nobody.

    Args:
        jobs: background jobs by state.
        token_file: whoever bears its content may ask for the metrics from elsewhere; None: nobody may.
        front: the way by which requests come.
        rates: how often one may knock.
    """
    root = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    root.add_middleware(RateGuard, rates=rates, refusal=partial(_too_many, services))
    root.add_middleware(FrontGate, front=front, forged=ForgeryAlarm(services))
    root.add_middleware(RequestWatch, answered=services.meters.request)
    add_metrics(root, MetricsPage(services, jobs=jobs, token_file=token_file))
    add_metadata(root, services)
    root.mount("/v1", api(services))
    root.mount("/", pages(services))
    return root


class ForgeryAlarm:
    """Raises an alarm when a request speaks as only the web server in front may, once a minute at most."""

    def __init__(self, services: Services, *, timer: Callable[[], float] = time.monotonic) -> None:
        """Prepare; args: timer: seconds that only grow."""
        self._services = services
        self._timer = timer
        self._raised_at: float | None = None

    async def __call__(self) -> None:
        """Be told of a forgery."""
        now = self._timer()
        if self._raised_at is None or now - self._raised_at >= ALARM_EVERY:
            self._raised_at = now
            await run_in_threadpool(self._raise)

    def _raise(self) -> None:
        services = self._services
        try:
            with services.store.begin(nobody(at=services.clock(), request_id=uuid4())) as transaction:
                raise_alarm(transaction, services.vault, AlarmKind.FORGED_CONNECTION)
        except RegistryError:
            self._raised_at = None  # the next one is told; this one is refused all the same


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return the server of the whole application, not yet running."""
    config = uvicorn.Config(
        app,
        http=protocol_for(allowed_peers(settings)),
        ws="none",
        proxy_headers=False,  # the gate in front of everything knows whom to believe, and the server does not
        h11_max_incomplete_event_size=LARGEST_HEAD,
        log_config=None,
        access_log=False,  # addresses hold ids; the access log of the registry is the one that counts
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=5,
    )
    config.load()
    config.ssl = tls_of(settings)
    return uvicorn.Server(config)


def _too_many(services: Services, status: int, path: str) -> tuple[str, bytes]:
    return problem(status) if path.startswith("/v1/") else bare_page(services, status, path)


def run_until_interrupted(installed: Installation, listener: socket.socket) -> None:
    """Serve until Ctrl-C or a signal to stop; requests under way are finished."""
    server = server_of(application(installed), installed.settings)
    with listening_to_proxy(installed.settings) as from_proxy, queue.worker(installed):
        server.run(sockets=[listener] if from_proxy is None else [listener, from_proxy])


def address_of(listener: socket.socket, settings: Settings) -> str:
    """Return the address people type."""
    if settings.public_url is not None:
        return settings.public_url
    host, port = listener.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(*, port: PortOption = None, data: Data = None) -> None:
    """Serve the pages and the interface for systems; Ctrl-C stops everything.

    This machine alone is served, unless TLS, a public address and an identity provider are set.
    """
    settings = Settings.load(data)
    chosen = settings.port if port is None else port
    tls_of(settings)  # what is wrong with it is said before anything is opened
    tell_all()
    with listening(settings.host, chosen) as listener, opened(data) as installed:
        out.print(f"child-registry serves {address_of(listener, settings)}; Ctrl-C stops it")
        run_until_interrupted(installed, listener)
