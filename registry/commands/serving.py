"""Serves the pages and the interface for systems, with the background worker beside them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from connectors.contract import ConnectorError
from registry.actions.services import Services
from registry.api.app import api
from registry.api.metrics import Jobs, MetricsPage, add_metrics, token_of
from registry.commands.console import Data, opened, out
from registry.jobs import queue
from registry.jobs.opening import Installation
from registry.protect.keyring_file import Mark
from registry.protect.log_lines import tell_all
from registry.protect.request_watch import RequestWatch
from registry.settings import Settings
from registry.web.app import pages

PortOption = Annotated[int | None, typer.Option("--port", help="The port; also CHILD_REGISTRY_PORT.")]


class PortTaken(ConnectorError):
    """Another program listens there already."""


def application(installed: Installation) -> FastAPI:
    """Return the whole application: the interface for systems under /v1, the pages everywhere else."""
    services = Services(
        store=installed.store,
        vault=installed.vault,
        clock=installed.clock,
        demo=installed.vault.keyring.mark is Mark.DEMO,
        locale=installed.settings.locale,
    )
    token_file = installed.settings.metrics_token_file
    if token_file is not None:
        token_of(token_file)  # what is wrong with it is said now, not by a page that is not there
    return whole(services, jobs=lambda: asdict(queue.state(installed.url)), token_file=token_file)


def whole(services: Services, *, jobs: Jobs, token_file: Path | None) -> FastAPI:
    """Return the interface, the pages and the metrics as one application that tells what it did, and of nobody.

    Args:
        jobs: background jobs by state.
        token_file: whoever bears its content may ask for the metrics from elsewhere; None: nobody may.
    """
    root = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    root.add_middleware(RequestWatch, answered=services.meters.request)
    add_metrics(root, MetricsPage(services, jobs=jobs, token_file=token_file))
    root.mount("/v1", api(services))
    root.mount("/", pages(services))
    return root


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a listening socket, so that a taken port is known before any work is done.

    Raises:
        PortTaken: another program listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named: else each waits for 40 ms
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(f"port {port} on {host} is taken or not allowed: choose another with --port") from None
            raise
        listener.listen(128)
        yield listener


def run_until_interrupted(installed: Installation, listener: socket.socket) -> None:
    """Serve until Ctrl-C or a signal to stop; requests under way are finished."""
    config = uvicorn.Config(
        application(installed),
        log_config=None,
        access_log=False,  # addresses hold ids; the access log of the registry is the one that counts
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=5,
    )
    with queue.worker(installed):
        uvicorn.Server(config).run(sockets=[listener])


def address_of(listener: socket.socket) -> str:
    """Return the address people type."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(*, port: PortOption = None, data: Data = None) -> None:
    """Serve the pages and the interface for systems on this machine; Ctrl-C stops everything."""
    settings = Settings.load(data)
    chosen = settings.port if port is None else port
    tell_all()
    with listening(settings.host, chosen) as listener, opened(data) as installed:
        out.print(f"child-registry serves {address_of(listener)}; Ctrl-C stops it")
        run_until_interrupted(installed, listener)
