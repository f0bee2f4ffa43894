"""An engine in memory: it lands what a connector yields as the registry does, and can be killed at every message.

Records are landed together with the checkpoint behind them, or not at all. What was seen before is recognised by its
key and version, or its content; an older version never replaces a newer one. Each pass begins with the cursor that the
protocol says for the kind of the stream.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from connectors.conformance.clauses import Broken
from connectors.contract import Checkpoint, CursorKind, Drift, Message, Record, SectorConnector, Stream
from connectors.records import Operation, Rejected

PLENTY: Final = 100  # more than a scenario ever has; for reading it in one page
MOST_PAGES: Final = 400  # a pass that needs more reads in circles
MOST_MESSAGES: Final = 5_000  # of one page

Clock = Callable[[], datetime]


class Killed(Exception):
    """The engine was killed in the middle of a page, as it was told to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The version of a record that stands."""

    version: int | None
    version_at: datetime | None
    content: str  # digest of what it says
    gone: bool


@dataclass(slots=True, kw_only=True)
class Landed:
    """Everything that an engine has kept."""

    records: dict[str, Kept] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    drifts: list[Drift] = field(default_factory=list)
    yielded: list[Record] = field(default_factory=list)  # every record that was landed, in its order
    missing: set[str] = field(default_factory=set)  # keys that a whole pass or delivery did not hold
    deliveries: list[str] = field(default_factory=list)  # that were closed
    cursor: str | None = None

    def living(self) -> dict[str, str]:
        """Return the content by key of every record that is there."""
        return {key: kept.content for key, kept in self.records.items() if not kept.gone and key not in self.missing}


class Engine:
    """Reads one stream of a connector, page by page and pass by pass."""

    def __init__(self, stream: Stream, *, clock: Clock, limit: int = PLENTY) -> None:
        self.stream = stream
        self.limit = limit
        self.landed = Landed()
        self.messages = 0  # how many were taken, over all pages
        self._clock = clock
        self._underway = False  # a pass was begun and not ended: the next run goes on with it
        self._began: datetime | None = None  # the pass before
        self._whole = True  # this pass began at the beginning
        self._held: set[str] = set()  # keys of this pass or delivery

    def run(self, connector: SectorConnector, *, kill_at: int | None = None) -> None:
        """Go on with the pass that was broken off, or make a new one, until there is no more.

        Args:
            kill_at: the message, counted from 1 over all pages, at which to be killed.

        Raises:
            Broken: the pass comes to no end.
            Killed: it was.
        """
        if not self._underway:
            self._begin(first_cursor(self.stream, self.landed.cursor, self._began))
        for _ in range(MOST_PAGES):
            if not self._page(connector, kill_at=kill_at):
                self._end()
                return
        raise Broken(f"after {MOST_PAGES} pages there is still more to be read")

    def start_over(self, connector: SectorConnector) -> None:
        """Make a whole pass, from the beginning."""
        self._begin(None)
        self.run(connector)

    def _begin(self, cursor: str | None) -> None:
        self.landed.cursor = cursor
        self._underway, self._whole = True, cursor is None
        self._began = self._clock()
        if cursor is None or not self.stream.deliveries:
            self._held = set()

    def _end(self) -> None:
        self._underway = False
        if self._whole and not self.stream.deliveries:
            self.landed.missing = self.landed.records.keys() - self._held

    def _page(self, connector: SectorConnector, *, kill_at: int | None) -> bool:
        """Read and land until the connector ends or enough was read; return whether there is more."""
        waiting: list[Message] = []
        last: Checkpoint | None = None
        for message in heard(connector, self.stream, self.landed.cursor, limit=self.limit):
            self.messages += 1
            if self.messages == kill_at:
                raise Killed
            if isinstance(message, Checkpoint):
                self._land(waiting, message)
                waiting, last = [], message
            else:
                waiting.append(message)
        if last is None or waiting:
            raise Broken("the last message of a page is not a checkpoint")
        return last.more

    def _land(self, messages: Sequence[Message], checkpoint: Checkpoint) -> None:
        landed = self.landed
        for message in messages:
            match message:
                case Record():
                    landed.yielded.append(message)
                    self.keep(message)
                case Rejected():
                    landed.rejected.append(message)
                case Drift():
                    landed.drifts.append(message)
        landed.cursor = checkpoint.cursor
        if checkpoint.closes is not None:
            landed.deliveries.append(checkpoint.closes.delivery)
            if checkpoint.closes.whole:
                landed.missing |= landed.records.keys() - self._held
            self._held = set()

    def keep(self, record: Record) -> None:
        """Keep a record, unless what is there is newer."""
        self._held.add(record.key)
        self.landed.missing.discard(record.key)
        known = self.landed.records.get(record.key)
        if known is None or not _older(record, known):
            self.landed.records[record.key] = Kept(
                version=record.version,
                version_at=record.version_at,
                content=content(record),
                gone=record.operation is Operation.DELETE,
            )


def first_cursor(stream: Stream, last: str | None, began: datetime | None) -> str | None:
    """Return the cursor that a pass begins with.

    Args:
        last: the cursor that the pass before ended with; None: there was none.
        began: when the pass before began.
    """
    if last is None or stream.cursor is CursorKind.NONE:
        return None
    if stream.cursor is CursorKind.SEQUENCE:
        return last
    head = last.partition("|")[0]
    reached = time_of(head)
    if began is not None and began < reached:
        reached = began
    back = reached - stream.overlap
    return back.date().isoformat() if len(head) == len("2026-01-31") else back.isoformat()


def time_of(head: str) -> datetime:
    """Return the time that the cursor of a stream of times begins with.

    Raises:
        Broken: it begins with none.
    """
    try:
        time = datetime.fromisoformat(head)
    except ValueError:
        raise Broken("the cursor does not begin with a time or a day in ISO form") from None
    if len(head) == len("2026-01-31"):
        return time.replace(tzinfo=UTC)
    if time.tzinfo is None:
        raise Broken("the time that the cursor begins with has no zone")
    return time


def messages_of(connector: SectorConnector, stream: Stream, cursor: str | None, *, limit: int) -> Iterator[Message]:
    """Yield what one call of `read` yields; wherever the reading is left, the connector's own is closed.

    Raises:
        Broken: it yields without an end.
    """
    reading = connector.read(stream.name, cursor, limit=limit)
    try:
        for number, message in enumerate(reading, start=1):
            if number > MOST_MESSAGES:
                raise Broken(f"one page has more than {MOST_MESSAGES} messages")
            yield message
    finally:
        close = getattr(reading, "close", None)
        if close is not None:
            close()


def heard(connector: SectorConnector, stream: Stream, cursor: str | None, *, limit: int) -> Iterator[Message]:
    """Yield what one call of `read` yields, as far as an engine listens: to a checkpoint behind enough records."""
    records = 0
    for message in messages_of(connector, stream, cursor, limit=limit):
        yield message
        records += isinstance(message, Record | Rejected)
        if isinstance(message, Checkpoint) and records >= limit:
            return


def content(record: Record) -> str:
    """Return a digest of what a record says."""
    said = json.dumps(_plain(record.payload), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{record.operation} {said}".encode()).hexdigest()


def _plain(value: object) -> object:
    """Return a value as `json` can write it; what JSON does not know is told by its kind."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(type(value))


def _older(record: Record, known: Kept) -> bool:
    if record.version is not None and known.version is not None:
        return record.version < known.version
    if record.version_at is not None and known.version_at is not None:
        return record.version_at < known.version_at
    return False
