"""Background work on Procrastinate: a job is a batch or a page, enqueued in the transaction of what it follows.

Handlers may run more than once, so each is harmless when repeated. Jobs whose worker died are found by their missing
heartbeat and run again; that task itself holds no lock, so that it cannot stall behind what it rescues.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy import make_url

from registry.actions.build_frame import build_frame
from registry.actions.seal_log import seal_log
from registry.jobs import linking
from registry.jobs.enqueue import LINK_NEW
from registry.jobs.intake import today
from registry.jobs.opening import Installation
from registry.model.access import Purpose

STALLED_AFTER: Final = 60  # seconds without a heartbeat
CONCURRENCY: Final = 1  # the laptop has other work too


def conninfo(url: str) -> str:
    """Return the address of the database as libpq writes it."""
    address = make_url(url)
    socket = address.query.get("host")
    return psycopg.conninfo.make_conninfo(
        "",
        host=socket if isinstance(socket, str) else address.host,
        port=address.port,
        dbname=address.database,
        user=address.username,
        password=address.password,
    )


def tasks(installed: Installation) -> App:
    """Return the queue with its tasks, bound to an installation."""
    app = App(connector=PsycopgConnector(conninfo=conninfo(installed.url)))

    @app.task(name=LINK_NEW, queueing_lock=LINK_NEW)
    def link_new() -> None:
        with suppress(linking.NoExtract):  # records may come before the extract does
            linking.link_all(installed, changed_only=True)

    @app.periodic(cron="*/10 * * * * *")
    @app.task(name="seal_log", queueing_lock="seal_log")
    def seal(timestamp: int) -> None:
        del timestamp
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            seal_log(transaction, installed.vault)

    @app.periodic(cron="30 19 * * *")  # in UTC: half past two at night in Viet Nam
    @app.task(name="build_frame", queueing_lock="build_frame")
    def frame(timestamp: int) -> None:
        del timestamp
        with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
            build_frame(transaction, installed.vault, as_of=today(installed))

    @app.periodic(cron="* * * * *")
    @app.task(name="rescue_stalled", queueing_lock="rescue_stalled", pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        del timestamp
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
            await context.app.job_manager.retry_job(job)

    return app


@contextmanager
def worker(installed: Installation) -> Iterator[None]:
    """Work off the queue in a thread as long as the block runs."""
    app = tasks(installed)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()

    async def work() -> None:
        async with app.open_async():
            running = asyncio.create_task(
                app.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False, delete_jobs="successful")
            )
            ready.set()
            await stop.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()), name="jobs", daemon=True)
    thread.start()
    ready.wait(timeout=10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=10)
        loop.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """How many jobs wait, failed for good, or lost their worker."""

    waiting: int
    failed: int
    stalled: int


def state(url: str) -> QueueState:
    """Return the state of the queue."""
    app = App(connector=PsycopgConnector(conninfo=conninfo(url)))
    with app.open() as opened:
        stalled = len(list(asyncio.run(_stalled(url))))
        counts = {status: len(list(opened.job_manager.list_jobs(status=status))) for status in ("todo", "failed")}
    return QueueState(waiting=counts["todo"], failed=counts["failed"], stalled=stalled)


async def _stalled(url: str) -> list[object]:
    app = App(connector=PsycopgConnector(conninfo=conninfo(url)))
    async with app.open_async():
        return list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER))
