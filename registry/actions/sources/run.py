"""Runs over the streams of sources: begun or gone on with, and brought to their end.

Runs follow each other by number, never by time: a clock that jumps changes what is shown, not what is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from connectors.contract import CursorKind, Deletes, Stream
from connectors.listening import Failure, FailureKind
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import RegistryError
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event, Outcome
from registry.store import listings, source_streams, sync_runs
from registry.store.session import Transaction
from registry.store.source_streams import StreamState
from registry.store.sync_runs import SyncRun

MOST_TRIES: Final = 8  # failed tries in a row, before a run gives up
LONGEST_WAIT: Final = 900.0  # seconds until the next try
_FIRST_WAIT: Final = 2.0
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?")


class SourceWaits(RegistryError):
    """A source is paused, or waits until a person has decided whether records that it lacks are withdrawn."""

    status = 409
    title = "This source waits for a person"


class PageOvertaken(RegistryError):
    """Another process has landed a page of the stream meanwhile: this one is read again from there."""

    status = 409
    title = "This stream was read on in the meantime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run stands: what the next page is read from."""

    run: SyncRun
    stream: Stream
    system: str
    state: StreamState

    @property
    def source(self) -> str:
        """The name of the connection."""
        return self.run.source

    @property
    def mapping_version(self) -> int:
        """By which its records are understood."""
        return self.stream.mapping_version

    @property
    def replays(self) -> bool:
        """Tell whether kept records are to be read again first, for the mapping is a newer one."""
        return self.state.mapping_version < self.stream.mapping_version


def open_run(transaction: Transaction, source: str, stream: Stream, *, system: str, full: bool) -> Place:
    """Begin a run over a stream, or go on with the one that was broken off.

    Args:
        full: read from the beginning, whatever stands; what the source lacks then is proposed to a person.

    Raises:
        Refused: the access may not read sources.
        SourceWaits: it is paused, or a shrunken listing waits for a person; reading it in full is allowed then.
    """
    authorize(transaction.access, Action.SYNC)
    state = source_streams.locked(transaction, source, stream.name, system=system)
    if source in source_streams.paused(transaction):
        raise SourceWaits("it is paused", place=source)
    waiting = listings.waiting_of(transaction, source, stream.name)
    if waiting is not None and waiting.shrunk and not full:
        raise SourceWaits("more is missing than may be: approve it, refuse it, or read it in full", place=source)
    run = sync_runs.running(transaction, source, stream.name)
    if run is not None and full and not run.full:
        sync_runs.end(transaction, run.run_id, "stopped")
        run = None
    if state.pages == 0 and state.mapping_version == 0:  # nothing is kept that could be read again
        source_streams.change(transaction, source, stream.name, mapping_version=stream.mapping_version)
        state = source_streams.locked(transaction, source, stream.name, system=system)
    resumed = run is not None
    run = run or sync_runs.begin(transaction, source, stream.name, full=full)
    if not (state.more and (resumed or not full)):
        state = begin_pass(transaction, state, stream, whole=full)
    return Place(run=run, stream=stream, system=system, state=state)


def begin_pass(transaction: Transaction, state: StreamState, stream: Stream, *, whole: bool) -> StreamState:
    """Begin a pass: fix the cursor from which it reads, and what stands before it."""
    cursor = None if whole else first_cursor(state, stream)
    compared = cursor is None and not stream.deliveries and (whole or stream.deletes is Deletes.NONE)
    values: dict[str, object] = {
        "cursor": cursor,
        "more": True,
        "whole_pass": compared,
        "pass_began_at": transaction.access.at,
    }
    if compared or whole or not state.delivered:
        listings.forget(transaction, state.source, state.stream)
        values |= {"delivered": {}, "living_before": listings.living(transaction, state.source, state.stream)}
    source_streams.change(transaction, state.source, state.stream, **values)
    return source_streams.locked(transaction, state.source, state.stream, system=state.system)


def first_cursor(state: StreamState, stream: Stream) -> str | None:
    """Return the cursor from which a pass begins: times go back by the overlap, and never stand in the future."""
    if state.cursor is None or stream.cursor is CursorKind.NONE:
        return None
    if stream.cursor is CursorKind.SEQUENCE:
        return state.cursor
    said = state.cursor.partition("|")[0]
    at = time_of(said)
    if at is None:
        return None
    if state.passed_from is not None:
        at = min(at, state.passed_from)
    at -= stream.overlap
    return at.date().isoformat() if len(said) == len("yyyy-mm-dd") else at.isoformat()


def time_of(said: str) -> datetime | None:
    """Return the time that a cursor begins with, in UTC where it names no zone; None: it is none."""
    if not _TIME.fullmatch(said):
        return None
    try:
        at = datetime.fromisoformat(said.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def current_place(transaction: Transaction, place: Place) -> Place:
    """Return where a run stands now.

    Raises:
        PageOvertaken: it has ended meanwhile.
    """
    state = source_streams.locked(transaction, place.source, place.stream.name, system=place.system)
    run = sync_runs.get(transaction, place.run.run_id)
    if run.state != "running":
        raise PageOvertaken(place=place.source)
    return Place(run=run, stream=place.stream, system=place.system, state=state)


def start_over(transaction: Transaction, vault: Vault, place: Place) -> Place | None:
    """Read a stream from its beginning, since its source has forgotten our place; None: it did so at the beginning."""
    authorize(transaction.access, Action.SYNC)
    now = current_place(transaction, place)
    if now.state.cursor is None:
        fail(transaction, vault, place, Failure(kind=FailureKind.START_OVER), final=True)
        return None
    state = begin_pass(transaction, now.state, place.stream, whole=True)
    return Place(run=now.run, stream=place.stream, system=place.system, state=state)


def fail(transaction: Transaction, vault: Vault, place: Place, failure: Failure, *, final: bool) -> timedelta | None:
    """Note a failure; return after what time to try again, or None: the run has ended by it.

    Args:
        final: do not try again, whatever it is.
    """
    authorize(transaction.access, Action.SYNC)
    now = current_place(transaction, place)
    sync_runs.note_failure(transaction, place.run.run_id, kind=failure.kind.value, place=failure.place)
    tries = now.run.tries + 1
    if failure.kind.passes and not final and tries < MOST_TRIES:
        return timedelta(seconds=wait_of(tries, failure.retry_after))
    end(transaction, vault, place.run.run_id, state="failed")
    return None


def wait_of(tries: int, said: float | None) -> float:
    """Return the seconds until the next try: doubled each time, and no less than the source asks for."""
    return min(LONGEST_WAIT, max(_FIRST_WAIT * float(2 ** (tries - 1)), said or 0.0))


def end(transaction: Transaction, vault: Vault, run_id: UUID, *, state: str) -> None:
    """End a run and note what it came to."""
    sync_runs.end(transaction, run_id, state)
    run = sync_runs.get(transaction, run_id)
    counts = {"pages": run.pages, "records": run.records, "quarantined": run.quarantined}
    outcome = Outcome.FAILED if state == "failed" else Outcome.DONE
    log(transaction, vault, Event(action=Action.SYNC, outcome=outcome, counts=counts))
