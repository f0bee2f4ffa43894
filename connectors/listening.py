"""Listens to a connector for one page, in a thread, against the clock: whatever it does, an answer comes back.

A thread that hangs cannot be ended from outside. It is left alone, nothing is heard of it any more, and its source is
not asked again in this process until it comes to its end: so there is never more than one of them for a source. It
dies with the process. Whatever was heard up to the last checkpoint is good.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import GeneratorType
from typing import Final, TypeVar

from connectors.contract import (
    BadClaim,
    Checkpoint,
    CheckReport,
    ConnectorError,
    ContractDrift,
    Denied,
    Drift,
    FileRefused,
    MediatorFailure,
    RateLimited,
    Record,
    Rereads,
    SectorConnector,
    StartOver,
    Stream,
    Transient,
)
from connectors.records import Rejected, SourceRecord
from connectors.understanding import NotJson, drift_of, field_name, from_bytes, refused, spaced, understood

LONGEST_CURSOR: Final = 4000
DEADLINE: Final = 120.0  # seconds a page
MOST_BYTES: Final = 1 << 26  # a page
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/\[\]-]{1,120}")
_DIGITS: Final = re.compile(r"\d{5,}")

T = TypeVar("T")


class FailureKind(StrEnum):
    """What a connector fails by."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    MEDIATOR = "mediator"
    DENIED = "denied"
    CONTRACT_DRIFT = "contract_drift"
    START_OVER = "start_over"
    FILE_REFUSED = "file_refused"
    BAD_CLAIM = "bad_claim"
    REFUSED = "refused"  # by a kind of failure that the contract does not name
    BROKE = "connector_broke"  # it raised what no connector raises
    HANGS = "hangs"  # it did not come to a checkpoint in time
    RUBBISH = "rubbish"  # it yielded what is no message
    FLOOD = "flood"  # it yields on and on without a checkpoint
    CURSOR_BROKEN = "cursor_broken"  # too long, no text, or no time where it should be one
    CURSOR_STUCK = "cursor_stuck"  # it says that there is more, and comes to the same place again
    NO_CHECKPOINT = "no_checkpoint"  # its last message was none

    @property
    def passes(self) -> bool:
        """Tell whether asking again may help."""
        return self in {FailureKind.TRANSIENT, FailureKind.RATE_LIMITED, FailureKind.MEDIATOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure without anything that anybody wrote: its kind, and a place or rule."""

    kind: FailureKind
    place: str | None = None
    retry_after: float | None = None  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A page: what stands before its checkpoint, and what went wrong behind it."""

    elements: Sequence[SourceRecord | Rejected] = field(default=(), repr=False)
    keys: frozenset[str] = field(default=frozenset(), repr=False)  # of all its records, those refused among them
    drifts: Mapping[Drift, int] = field(default_factory=dict)
    newest_at: datetime | None = None
    checkpoint: Checkpoint | None = None  # None: there is no page
    failure: Failure | None = None


class _Stopped(Exception):
    """Carries a failure out of the reading."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class Listener:
    """Listens to one connector, one thing at a time."""

    def __init__(self, connector: SectorConnector, *, deadline: float = DEADLINE, key_space: str | None = None) -> None:
        self.connector = connector
        self._key_space = key_space
        self.system = connector.system
        self._deadline = deadline
        self._hung: threading.Thread | None = None

    @property
    def hangs(self) -> bool:
        """Tell whether something that it was asked has not come to an end yet."""
        return self._hung is not None and self._hung.is_alive()

    def check(self) -> CheckReport | Failure:
        """Return whether the source can be read as it is configured."""
        return self._guarded(self.connector.check)

    def streams(self) -> Sequence[Stream] | Failure:
        """Return the streams of the source, or why they cannot be known."""
        return self._guarded(lambda: tuple(self.connector.discover()))

    def page(self, stream: Stream, cursor: str | None, *, limit: int) -> Heard:
        """Return the next page behind a cursor."""
        reading = _Reading(self.connector, stream, self.system, self._key_space)
        failure = self._guarded(lambda: reading.run(cursor, limit))
        return reading.heard(failure)

    def again(
        self, stream: Stream, rows: Sequence[tuple[bytes, int]]
    ) -> Sequence[SourceRecord | Rejected | None] | Failure:
        """Return what kept rows, each with its place, say by today's mapping; None: it cannot be read again."""
        return self._guarded(lambda: [self._read_again(stream, raw, row) for raw, row in rows])

    def close(self) -> None:
        """Let the connector let go of what it holds."""
        close = getattr(self.connector, "close", None)
        if callable(close):
            self._guarded(close)

    def told(self, act: Callable[[], object]) -> Failure | None:
        """Do something with the connector that may fail without harm."""
        done = self._guarded(act)
        return done if isinstance(done, Failure) else None

    def _read_again(self, stream: Stream, raw: bytes, row: int) -> SourceRecord | Rejected | None:
        record: Record | Rejected | None = from_bytes(raw, row=row)
        if record is None:
            if not isinstance(self.connector, Rereads):
                return None
            record = self.connector.reread(stream.name, raw, row=row)
        if isinstance(record, Record):
            return understood(record, self.connector.map, stream=stream, system=self.system, key_space=self._key_space)
        return refused(record, raw=raw, row=row)

    def _guarded(self, act: Callable[[], T]) -> T | Failure:
        """Return what an act of the connector returns, or what it failed by, before the deadline."""
        if self.hangs:
            return Failure(kind=FailureKind.HANGS, place="still")
        answer: list[T | Failure] = []

        def attempt() -> None:
            try:
                answer.append(act())
            except Exception as error:  # noqa: BLE001  somebody else's code: its message may hold anybody's values
                answer.append(failure_of(error))

        thread = threading.Thread(target=attempt, name="connector", daemon=True)
        thread.start()
        thread.join(self._deadline)
        if not answer:
            self._hung = thread
            return Failure(kind=FailureKind.HANGS)
        return answer[0]


class _Reading:
    """One reading: what was heard so far, and what of it stands before a checkpoint."""

    def __init__(self, connector: SectorConnector, stream: Stream, system: str, key_space: str | None) -> None:
        self._connector = connector
        self._key_space = key_space
        self._stream = stream
        self._system = system
        self._elements: list[SourceRecord | Rejected] = []
        self._keys: set[str] = set()
        self._drifts: Counter[Drift] = Counter()
        self._newest: datetime | None = None
        self._bytes = 0
        self._page: Heard = Heard()  # replaced as a whole: another thread may look at any moment

    def run(self, cursor: str | None, limit: int) -> None:
        """Listen until the page is there."""
        messages = self._connector.read(self._stream.name, cursor, limit=limit)
        most, number = 4 * limit + 1000, 0
        last: object = None
        for last in messages:
            number += 1
            if isinstance(last, Checkpoint):
                self._take(last, cursor)
                if len(self._elements) >= limit or last.closes is not None or not last.more:
                    break
                number = 0
            elif number > most or self._bytes > MOST_BYTES:
                raise _Stopped(Failure(kind=FailureKind.FLOOD))
            else:
                self._hear(last)
        if isinstance(messages, GeneratorType):
            messages.close()
        if not isinstance(last, Checkpoint):
            raise _Stopped(Failure(kind=FailureKind.NO_CHECKPOINT))

    def heard(self, failure: Failure | None) -> Heard:
        """Return the page, and what went wrong behind it."""
        page = self._page
        return Heard(
            elements=page.elements,
            keys=page.keys,
            drifts=page.drifts,
            newest_at=page.newest_at,
            checkpoint=page.checkpoint,
            failure=failure,
        )

    def _hear(self, message: object) -> None:
        match message:
            case Record(payload=Mapping(), row=int()):
                self._record(message)
            case Rejected(raw=bytes(), row=int()):
                self._add(refused(message, raw=message.raw, row=message.row))
            case Drift():
                name = field_name(message.field) or "(hidden)"
                self._drifts[Drift(field=name, seen=_word(message.seen), expected=_known(message.expected))] += 1
            case _:
                raise _Stopped(Failure(kind=FailureKind.RUBBISH, place="message"))

    def _record(self, record: Record) -> None:
        space = self._key_space
        self._add(understood(record, self._connector.map, stream=self._stream, system=self._system, key_space=space))
        self._keys.add(spaced(record.key, space))
        self._drifts.update(drift_of(record.payload, self._stream))
        at = record.version_at
        if at is not None and at.tzinfo is not None and (self._newest is None or at > self._newest):
            self._newest = at

    def _add(self, element: SourceRecord | Rejected) -> None:
        self._elements.append(element)
        self._bytes += len(element.raw)

    def _take(self, checkpoint: Checkpoint, before: str | None) -> None:
        cursor: object = checkpoint.cursor
        if not isinstance(cursor, str) or len(cursor) > LONGEST_CURSOR or "\0" in cursor:
            raise _Stopped(Failure(kind=FailureKind.CURSOR_BROKEN))
        if checkpoint.more and cursor == before and not self._elements:
            raise _Stopped(Failure(kind=FailureKind.CURSOR_STUCK))
        self._page = Heard(
            elements=tuple(self._elements),
            keys=frozenset(self._keys),
            drifts=dict(self._drifts),
            newest_at=self._newest,
            checkpoint=checkpoint,
        )


def failure_of(error: Exception) -> Failure:
    """Return an error as a kind and a place; nothing of its message."""
    if isinstance(error, _Stopped):
        return error.failure
    if isinstance(error, NotJson):
        return Failure(kind=FailureKind.RUBBISH, place="payload")
    if isinstance(error, Transient):
        return Failure(kind=_transient(error), retry_after=_seconds(error.retry_after))
    if isinstance(error, ConnectorError):
        return _refusal(error)
    return Failure(kind=FailureKind.BROKE, place=_word(type(error).__name__))


def _transient(error: Transient) -> FailureKind:
    if isinstance(error, RateLimited):
        return FailureKind.RATE_LIMITED
    return FailureKind.MEDIATOR if isinstance(error, MediatorFailure) else FailureKind.TRANSIENT


def _refusal(error: ConnectorError) -> Failure:
    match error:
        case Denied():
            return Failure(kind=FailureKind.DENIED)
        case ContractDrift():
            return Failure(kind=FailureKind.CONTRACT_DRIFT, place=_word(error.path))
        case StartOver():
            return Failure(kind=FailureKind.START_OVER)
        case FileRefused():
            return Failure(kind=FailureKind.FILE_REFUSED, place=_word(error.rule))
        case BadClaim():
            return Failure(kind=FailureKind.BAD_CLAIM, place=_word(error.field))
        case _:
            return Failure(kind=FailureKind.REFUSED, place=_word(type(error).__name__))


def _seconds(said: object) -> float | None:
    return float(said) if isinstance(said, int | float) and 0 <= said < 1e7 else None


def _word(said: object) -> str:
    """Return a word of a program; anything else might be somebody's value."""
    return said if isinstance(said, str) and _WORD.fullmatch(said) and not _DIGITS.search(said) else "unknown"


def _known(said: object) -> str | None:
    return None if said is None else _word(said)
