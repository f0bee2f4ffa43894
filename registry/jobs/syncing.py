"""Reads sources: page by page to the end at the command line, or a page a job; broken off, it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from connectors.contract import ConnectorError, Stream, TakesReceipts
from connectors.listening import DEADLINE, Failure, FailureKind, Heard, Listener
from registry.actions.sources import replay
from registry.actions.sources.decide import carry_out
from registry.actions.sources.land_page import CursorRefused, Landed, land_page
from registry.actions.sources.run import PageOvertaken, Place, current_place, end, fail, open_run, start_over
from registry.jobs.connections import Connections, SourceConnection, open_source, read_connections
from registry.jobs.enqueue import enqueue_linking
from registry.jobs.intake import today
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.store import source_streams, sync_runs
from registry.store.session import Transaction
from registry.store.sync_runs import SyncRun

PAGES_OVERTAKEN: Final = 5  # in a row, before another process is left to it

Progress = Callable[[int], None]
Sleep = Callable[[float], None]
GoOn = Callable[[Transaction, Place, timedelta | None], None]  # asks for the next step, in the transaction of this one


def no_progress(_records: int) -> None:
    """Show nothing."""


def ask_nobody(_transaction: Transaction, _place: Place, _wait: timedelta | None) -> None:
    """Let whoever called do the next step."""


class SourceFailed(ConnectorError):
    """The streams of a source cannot even be named."""

    def __init__(self, source: str, failure: Failure) -> None:
        super().__init__(f"{source}: {failure.kind}{f' at {failure.place}' if failure.place else ''}")
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source that is open: its connection, and who listens to it."""

    name: str
    connection: SourceConnection
    listener: Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of a run came to."""

    place: Place | None  # where it goes on; None: the run has ended
    records: int = 0
    wait: timedelta | None = None  # until it is tried again


def connections_of(installed: Installation) -> Connections:
    """Return what is connected to this installation."""
    return read_connections(installed.settings.connections_file)


def connection_of(installed: Installation, name: str) -> SourceConnection:
    """Return the connection of a source.

    Raises:
        BadQuery: there is none of this name.
    """
    known = connections_of(installed).sources
    if name not in known:
        raise BadQuery("source", f"one of: {', '.join(sorted(known)) or 'none is connected'}")
    return known[name]


@contextmanager
def opened_source(name: str, connection: SourceConnection, *, deadline: float = DEADLINE) -> Iterator[Source]:
    """Open a source as long as the block runs."""
    listener = Listener(open_source(name, connection), deadline=deadline, key_space=connection.key_space)
    try:
        yield Source(name=name, connection=connection, listener=listener)
    finally:
        listener.close()


def streams_of(source: Source) -> Sequence[Stream]:
    """Return the streams of a source.

    Raises:
        SourceFailed: it cannot say.
    """
    found = source.listener.streams()
    if isinstance(found, Failure):
        raise SourceFailed(source.name, found)
    return found


@contextmanager
def _begun(installed: Installation, source: Source) -> Iterator[Transaction]:
    access = installed.engine(Purpose.INGEST)
    with installed.store.begin(access, system=source.listener.system) as transaction:
        yield transaction


def begin(installed: Installation, source: Source, stream: Stream, *, full: bool = False) -> Place:
    """Begin a run over a stream, or go on with one that was broken off.

    Raises:
        SourceWaits: it is paused, or waits for a person.
    """
    with _begun(installed, source) as transaction:
        return open_run(transaction, source.name, stream, system=source.listener.system, full=full)


def step(installed: Installation, source: Source, place: Place, *, go_on: GoOn = ask_nobody) -> Step:
    """Do the next step of a run: read kept records again, or read a page and land it.

    Raises:
        PageOvertaken: another process has read on, or ended the run.
    """
    if place.replays:
        return _replay(installed, source, place, go_on)
    heard = source.listener.page(place.stream, place.state.cursor, limit=source.connection.page)
    if heard.checkpoint is None:
        return _failed(installed, source, place, heard.failure or Failure(kind=FailureKind.NO_CHECKPOINT), go_on=go_on)
    try:
        landed, then = _land(installed, source, place, heard, go_on=go_on)
    except CursorRefused:
        return _failed(installed, source, place, Failure(kind=FailureKind.CURSOR_BROKEN), go_on=go_on)
    _hand_over(source, place, landed)
    if then is None or heard.failure is None:
        return Step(place=then, records=landed.records)
    failed = _failed(installed, source, then, heard.failure, go_on=go_on)
    return Step(place=failed.place, records=landed.records, wait=failed.wait)


def _land(
    installed: Installation, source: Source, place: Place, heard: Heard, *, go_on: GoOn
) -> tuple[Landed, Place | None]:
    """Land a page; return what became of it, and where the run goes on, None: it has ended."""
    with _begun(installed, source) as transaction:
        landed = land_page(
            transaction,
            installed.vault,
            place,
            heard,
            shrink_share=source.connection.shrink_share,
            today=today(installed),
        )
        if landed.state != "running":
            enqueue_linking(transaction)
            return landed, None
        then = current_place(transaction, place)
        if heard.failure is None:
            go_on(transaction, then, None)
        return landed, then


def _hand_over(source: Source, place: Place, landed: Landed) -> None:
    """Give the sender the receipt of a delivery; whatever comes of it, the delivery stands."""
    connector, receipt = source.listener.connector, landed.receipt
    if receipt is not None and isinstance(connector, TakesReceipts):
        source.listener.told(lambda: connector.receipt(place.stream.name, receipt))


def _failed(installed: Installation, source: Source, place: Place, failure: Failure, *, go_on: GoOn) -> Step:
    with _begun(installed, source) as transaction:
        wait: timedelta | None = None
        if failure.kind is FailureKind.START_OVER:
            then = start_over(transaction, installed.vault, place)
        else:
            wait = fail(transaction, installed.vault, place, failure, final=False)
            then = None if wait is None else current_place(transaction, place)
        if then is not None:
            go_on(transaction, then, wait)
        return Step(place=then, wait=wait)


def _replay(installed: Installation, source: Source, place: Place, go_on: GoOn) -> Step:
    """Read kept records again by a newer mapping: all those in quarantine in one step, then those that stand."""
    if place.state.replayed_to is None:
        done = _replay_waiting(installed, source, place, whatever_mapping=False)
        if done.failure is not None:
            return _failed(installed, source, place, done.failure, go_on=go_on)
    with _begun(installed, source) as transaction:
        stepped = replay.replay_kept(transaction, installed.vault, place, _again(source, place), today=today(installed))
        if stepped.failure is None:
            then = current_place(transaction, place)
            go_on(transaction, then, None)
            return Step(place=then, records=stepped.records)
    return _failed(installed, source, place, stepped.failure, go_on=go_on)


def _again(source: Source, place: Place) -> replay.Again:
    return lambda rows: source.listener.again(place.stream, rows)


def _replay_waiting(
    installed: Installation, source: Source, place: Place, *, whatever_mapping: bool
) -> replay.Replayed:
    after: UUID | None = None
    records = accepted = 0
    while True:
        with _begun(installed, source) as transaction:
            stepped = replay.replay_waiting(
                transaction,
                installed.vault,
                place,
                _again(source, place),
                after=after,
                today=today(installed),
                whatever_mapping=whatever_mapping,
            )
        records, accepted, after = records + stepped.records, accepted + stepped.accepted, stepped.after
        if stepped.done or stepped.failure is not None:
            return replay.Replayed(records=records, accepted=accepted, done=True, failure=stepped.failure)


def sync_stream(
    installed: Installation,
    source: Source,
    stream: Stream,
    *,
    full: bool = False,
    sleep: Sleep,
    progress: Progress = no_progress,
) -> SyncRun:
    """Read a stream to its end and return its run; a failure that passes is waited for.

    Raises:
        SourceWaits: it is paused, or waits for a person.
    """
    place: Place | None = begin(installed, source, stream, full=full)
    run_id = place.run.run_id if place is not None else None
    overtaken = 0
    while place is not None:
        try:
            done = step(installed, source, place)
        except PageOvertaken:
            overtaken += 1
            place = _caught_up(installed, source, place) if overtaken <= PAGES_OVERTAKEN else None
            continue
        overtaken = 0
        progress(done.records)
        if done.wait is not None:
            sleep(done.wait.total_seconds())
        place = done.place
    with _begun(installed, source) as transaction:
        return sync_runs.get(transaction, run_id) if run_id is not None else sync_runs.newest(transaction)[0]


def _caught_up(installed: Installation, source: Source, place: Place) -> Place | None:
    """Return where the run stands that another process has read on; None: it has ended."""
    with _begun(installed, source) as transaction:
        if sync_runs.get(transaction, place.run.run_id).state != "running":
            return None
        return current_place(transaction, place)


def retry(installed: Installation, source: Source, stream: Stream) -> Mapping[str, int]:
    """Read what of a stream waits in quarantine again, whatever mapping has refused it; return the numbers.

    Raises:
        SourceWaits: it is paused, or waits for a person.
        SourceFailed: its connector fails.
    """
    place = begin(installed, source, stream)
    done = _replay_waiting(installed, source, place, whatever_mapping=True)
    if place.run.records == 0 and place.run.pages == 0:  # a run of the retry's own
        with _begun(installed, source) as transaction:
            end(transaction, installed.vault, place.run.run_id, state="done" if done.failure is None else "failed")
            enqueue_linking(transaction)
    if done.failure is not None:
        raise SourceFailed(source.name, done.failure)
    return {"retried": done.records, "recovered": done.accepted}


def withdraw_approved(installed: Installation, *, system: str, proposal_id: UUID) -> int:
    """Withdraw the records of an approved proposal, batch by batch; return how many were gone through."""
    number = 0
    while True:
        with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
            done = carry_out(transaction, installed.vault, proposal_id)
        if done == 0:
            return number
        number += done


def is_paused(installed: Installation, name: str) -> bool:
    """Say whether a source is paused."""
    with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
        return name in source_streams.paused(transaction)
