"""Background work on Procrastinate: a job is a batch or a page, enqueued in the transaction of what it follows.

Handlers may run more than once, so each is harmless when repeated. Jobs whose worker died are found by their missing
heartbeat and run again; that task itself holds no lock, so that it cannot stall behind what it rescues.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy import make_url

from registry.actions.accounts.sessions import sweep
from registry.actions.build_frame import build_frame
from registry.actions.intake.handwritten import SYSTEM as HANDWRITTEN
from registry.actions.looking.review_emergency import lock_unreviewed
from registry.jobs import batches, duties, linking, rotating, sync_queue, verifying, watching, webhooks
from registry.jobs.connections import read_connections
from registry.jobs.enqueue import LINK_NEW, VERIFY_MORE, enqueue_linking, enqueue_verifying
from registry.jobs.intake import today
from registry.jobs.opening import Installation
from registry.jobs.sealing_log import sealer
from registry.model.access import Purpose
from registry.model.errors import DatabaseUnavailable
from registry.protect.log_lines import Told, tell
from registry.store import sources

STALLED_AFTER: Final = 60  # seconds without a heartbeat
CONCURRENCY: Final = 1  # the laptop has other work too
TURN: Final = 20.0  # seconds that a long job works before others have their turn


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
        with _told(LINK_NEW), suppress(linking.NoExtract):  # records may come before the extract does
            linking.link_all(installed, changed_only=True)

    @app.task(name=VERIFY_MORE, queueing_lock=VERIFY_MORE)
    def verify_more() -> None:
        with _told(VERIFY_MORE):
            _verify(installed, looks_for_more=False)

    sync_queue.add_tasks(app, installed, _told)
    for name, cron, work in _periodic(installed):
        _every(app, name, cron, work=work)

    @app.periodic(cron="* * * * *")
    @app.task(name="rescue_stalled", queueing_lock="rescue_stalled", pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        del timestamp
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
            await context.app.job_manager.retry_job(job)

    return app


def _periodic(installed: Installation) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Yield the jobs that come again and again: name, times in UTC as cron writes them, and the work."""
    complete: list[bool] = []  # filled once every search row was there
    yield "build_frame", "30 19 * * *", partial(_build_frame, installed)  # half past two at night in Viet Nam
    yield "carry_on_keys", "*/2 * * * *", partial(_carry_on_keys, installed, complete)
    yield "watch_looks", "*/5 * * * *", partial(watching.watch, installed)
    yield "lock_unreviewed", "* * * * *", partial(_lock_unreviewed, installed)
    yield "link_handwritten", "* * * * *", partial(_link_handwritten, installed)
    yield "link_pushed", "* * * * *", partial(batches.link_pushed, installed)
    yield "send_events", "* * * * *", partial(webhooks.send_due, installed, webhooks.sender_of(installed))
    yield "forget_events", "40 18 * * *", partial(webhooks.forget, installed)
    yield "forget_batches", "45 18 * * *", partial(batches.forget, installed)
    yield "tick_sources", "* * * * *", partial(sync_queue.tick, installed)
    yield "sweep_sessions", "25 * * * *", partial(_sweep_sessions, installed)
    yield "watch_clocks", "*/10 * * * *", partial(duties.watch, installed)
    if read_connections(installed.settings.connections_file).population is not None:
        yield "verify_links", "* * * * *", partial(_verify, installed)
    yield "run_retention", "15 18 * * *", partial(duties.retain, installed)  # a quarter past one at night


def _sweep_sessions(installed: Installation) -> None:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        sweep(transaction)


def _every(app: App, name: str, cron: str, *, work: Callable[[], object]) -> None:
    @app.periodic(cron=cron)
    @app.task(name=name, queueing_lock=name)
    def run(timestamp: int) -> None:
        del timestamp
        with _told(name):
            work()


def _verify(installed: Installation, *, looks_for_more: bool = True) -> None:
    """Ask the population database about what waits; it is asked again when it lets more through."""
    again_at = verifying.work_off(installed, seconds=TURN, looks_for_more=looks_for_more)
    if again_at is not None and again_at < installed.clock() + timedelta(minutes=1):
        with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
            enqueue_verifying(transaction, at=again_at)


def _build_frame(installed: Installation) -> None:
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=today(installed))


def _lock_unreviewed(installed: Installation) -> None:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        lock_unreviewed(transaction, installed.vault)


def _link_handwritten(installed: Installation) -> None:
    """Ask for the linkage of what communes wrote by hand since the last run."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        if sources.unlinked(transaction, HANDWRITTEN):
            enqueue_linking(transaction)


def _carry_on_keys(installed: Installation, complete: list[bool]) -> None:
    """Finish what others have begun and were stopped in: erasures, rotations, the search rows of a restore."""
    installed.replay_erasures()
    rotating.carry_on_all(installed, seconds=TURN)
    if not complete:
        with suppress(rotating.OutOfTime):
            rotating.rebuild_missing(installed, until=time.monotonic() + TURN)
            complete.append(True)


@contextmanager
def _told(job: str) -> Iterator[None]:
    """Write a line of the log for a job: how long it took, or where it failed."""
    began = time.perf_counter()
    try:
        yield
    except Exception as error:
        tell(Told.JOB_FAILED, logging.ERROR, error=error, job=job)
        raise
    tell(Told.JOB, job=job, ms=round((time.perf_counter() - began) * 1000, 1))


@contextmanager
def worker(installed: Installation) -> Iterator[None]:
    """Work off the queue and seal the log, each in a thread, as long as the block runs."""
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
        with sealer(installed):
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


_STATE: Final = """
SELECT count(*) FILTER (WHERE job.status = 'todo'), count(*) FILTER (WHERE job.status = 'failed'),
    count(*) FILTER (WHERE job.status = 'doing'
        AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s)))
FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
"""


def state(url: str) -> QueueState:
    """Return the state of the queue.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        with psycopg.connect(conninfo(url)) as connection:
            waiting, failed, stalled = connection.execute(_STATE, [STALLED_AFTER]).fetchone() or (0, 0, 0)
    except psycopg.OperationalError:
        raise DatabaseUnavailable("the queue of jobs does not answer") from None
    return QueueState(waiting=waiting, failed=failed, stalled=stalled)
