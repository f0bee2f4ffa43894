"""Sources on the queue: a job is a page, asked for in the transaction of the page before.

A job names its run and how many pages were landed when it was asked for. If that is no longer so, another job has done
its work, and it ends: so a job that is run again, because its worker died, does no harm. Jobs of one stream follow each
other by a lock; failures that pass are asked for again later by the engine, never by the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from croniter import croniter
from procrastinate import App, SyncPsycopgConnector

from connectors.contract import Stream
from connectors.listening import Listener
from registry.actions.sources.decide import Wish
from registry.actions.sources.run import PageOvertaken, Place, SourceWaits, current_place, open_run
from registry.jobs import syncing
from registry.jobs.connections import SourceConnection
from registry.jobs.opening import Installation
from registry.jobs.syncing import Source
from registry.model.access import Purpose
from registry.store import listings, source_streams, sync_runs
from registry.store.session import Transaction

SYNC_SOURCE: Final = "sync_source"
SYNC_PAGE: Final = "sync_page"
RETRY_SOURCE: Final = "retry_source"
WITHDRAW: Final = "withdraw_records"
DEADLINE: Final = 60.0  # seconds a page: other jobs wait as long
READ: Final = "read"
COMPARE: Final = "compare"

Told = Callable[[str], AbstractContextManager[None]]


def add_tasks(app: App, installed: Installation, told: Told) -> None:
    """Let a queue read sources; args: told: writes a line of the log for a job."""
    reader = Reader(installed)

    @app.task(name=SYNC_SOURCE)
    def sync_source(source: str, *, full: bool) -> None:
        with told(SYNC_SOURCE):
            reader.start(source, full=full)

    @app.task(name=SYNC_PAGE)
    def sync_page(source: str, stream: str, run_id: str, pages: int) -> None:
        with told(SYNC_PAGE):
            reader.page(source, stream, UUID(run_id), pages=pages)

    @app.task(name=RETRY_SOURCE)
    def retry_source(source: str) -> None:
        with told(RETRY_SOURCE):
            reader.retry(source)

    @app.task(name=WITHDRAW)
    def withdraw_records(system: str, proposal_id: str) -> None:
        with told(WITHDRAW):
            syncing.withdraw_approved(installed, system=system, proposal_id=UUID(proposal_id))


def enqueue(
    transaction: Transaction, task: str, *, lock: str, after: timedelta | None = None, **arguments: str | int
) -> None:
    """Ask for a job in a transaction; it is there if the transaction is kept."""
    driver = transaction.connection.connection.driver_connection
    app = App(connector=SyncPsycopgConnector())
    at = None if after is None else transaction.access.at + after
    app.configure_task(task, lock=lock, connection=driver, schedule_at=at).defer(**arguments)


def enqueue_source(transaction: Transaction, source: str, *, full: bool) -> None:
    """Ask for a source to be read."""
    enqueue(transaction, SYNC_SOURCE, lock=source, source=source, full=full)


def enqueue_withdrawal(transaction: Transaction, *, system: str, proposal_id: UUID) -> None:
    """Ask for an approved proposal to be carried out."""
    enqueue(transaction, WITHDRAW, lock=f"withdraw:{system}", system=system, proposal_id=str(proposal_id))


def tick(installed: Installation) -> None:
    """Ask for what people want, and for the sources whose time has come."""
    with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
        for name, kind in source_streams.take_asked(transaction, [wish.value for wish in Wish]):
            if kind == Wish.RETRY:
                enqueue(transaction, RETRY_SOURCE, lock=name, source=name)
            else:
                enqueue_source(transaction, name, full=kind == Wish.FULL)
        for proposal in listings.undone(transaction):
            if proposal.state == "approved":
                enqueue_withdrawal(transaction, system=proposal.system, proposal_id=proposal.proposal_id)
    for name, connection in syncing.connections_of(installed).sources.items():
        for kind, cron in ((READ, connection.schedule), (COMPARE, connection.compare)):
            if cron is not None:
                with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
                    _ask_if_due(transaction, name, kind, cron=cron)


def _ask_if_due(transaction: Transaction, name: str, kind: str, *, cron: str) -> None:
    at = transaction.access.at
    asked = source_streams.asked_at(transaction, name, kind)
    if asked is not None and not is_due(cron, asked=asked, at=at):
        return
    source_streams.ask(transaction, name, kind)
    if name not in source_streams.paused(transaction):
        enqueue_source(transaction, name, full=kind == COMPARE)


def is_due(cron: str, *, asked: datetime, at: datetime) -> bool:
    """Tell whether a time of the schedule lies between the last question and now; a clock set back asks once more."""
    if asked > at:
        return True
    following: datetime = croniter(cron, asked).get_next(datetime)
    return following <= at


class Reader:
    """What the jobs of one process share: which sources hang."""

    def __init__(self, installed: Installation) -> None:
        self._installed = installed
        self._hanging: dict[str, Listener] = {}

    def start(self, name: str, *, full: bool) -> None:
        """Begin a run over each stream of a source, each with its first page asked for."""
        with self._opened(name) as source:
            if source is None:
                return
            for stream in syncing.streams_of(source):
                with suppress(SourceWaits), self._begun(source) as transaction:
                    place = open_run(transaction, name, stream, system=source.listener.system, full=full)
                    _go_on(transaction, place, None)

    def retry(self, name: str) -> None:
        """Read again what of a source waits in quarantine."""
        with self._opened(name) as source:
            if source is None:
                return
            for stream in syncing.streams_of(source):
                with suppress(SourceWaits):
                    syncing.retry(self._installed, source, stream)

    def page(self, name: str, stream_name: str, run_id: UUID, *, pages: int) -> None:
        """Do the next step of a run, unless another job has done it."""
        with self._opened(name) as source:
            stream = None if source is None else _named(source, stream_name)
            if source is None or stream is None:
                return
            place = self._place(source, stream, run_id)
            if place is not None and place.state.pages == pages:
                with suppress(PageOvertaken):
                    syncing.step(self._installed, source, place, go_on=_go_on)

    def _place(self, source: Source, stream: Stream, run_id: UUID) -> Place | None:
        """Return where a run stands; None: it has ended, or its source is paused."""
        with self._begun(source) as transaction:
            run = sync_runs.get(transaction, run_id)
            if run.state != "running" or source.name in source_streams.paused(transaction):
                return None
            state = source_streams.locked(transaction, source.name, stream.name, system=source.listener.system)
            return current_place(transaction, Place(run=run, stream=stream, system=source.listener.system, state=state))

    @contextmanager
    def _begun(self, source: Source) -> Iterator[Transaction]:
        access = self._installed.engine(Purpose.INGEST)
        with self._installed.store.begin(access, system=source.listener.system) as transaction:
            yield transaction

    @contextmanager
    def _opened(self, name: str) -> Iterator[Source | None]:
        """Open a source; None: it is connected no longer, or hangs in this process."""
        connection = self._connections().get(name)
        if connection is None or self._hangs(name):
            yield None
            return
        with syncing.opened_source(name, connection, deadline=DEADLINE) as source:
            try:
                yield source
            finally:
                if source.listener.hangs:
                    self._hanging[name] = source.listener

    def _connections(self) -> Mapping[str, SourceConnection]:
        return syncing.connections_of(self._installed).sources

    def _hangs(self, name: str) -> bool:
        listener = self._hanging.get(name)
        if listener is not None and not listener.hangs:
            del self._hanging[name]
        return name in self._hanging


def _named(source: Source, name: str) -> Stream | None:
    return next((stream for stream in syncing.streams_of(source) if stream.name == name), None)


def _go_on(transaction: Transaction, place: Place, wait: timedelta | None) -> None:
    enqueue(
        transaction,
        SYNC_PAGE,
        lock=f"{place.source}:{place.stream.name}",
        after=wait,
        source=place.source,
        stream=place.stream.name,
        run_id=str(place.run.run_id),
        pages=place.state.pages,
    )
