"""Clauses on reading: messages, checkpoints and cursors, page sizes, kills, and what is left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.engine import (
    PLENTY,
    Engine,
    Killed,
    content,
    first_cursor,
    heard,
    messages_of,
    time_of,
)
from connectors.conformance.subject import Bench, Subject, mapped
from connectors.conformance.values import personal, require_silence
from connectors.contract import Checkpoint, CursorKind, Drift, Message, Record, SectorConnector, Stream
from connectors.records import Operation, Rejected

LONGEST_KEY: Final = 512
LONGEST_CURSOR: Final = 4_000
LONGEST_VERSION: Final = 2**63 - 1
MANY: Final = 40  # rows, for a limit of
FEW: Final = 5
PAGES: Final = (1, 2, 3, 5, 8)


def messages(subject: Subject) -> None:
    """What is read is made of the protocol's messages, each of them sound."""
    with subject.readable() as connector:
        for stream in connector.discover():
            for number, message in enumerate(messages_of(connector, stream, None, limit=PLENTY), start=1):
                _sound(message, stream, f"stream {stream.name}, message {number}")
                if number > PLENTY:
                    break


def _sound(message: object, stream: Stream, place: str) -> None:
    match message:
        case Record():
            _sound_record(message, place)
        case Checkpoint():
            require(isinstance(message.cursor, str), f"{place}: the cursor is not a text")
            require(
                message.closes is None or stream.deliveries,
                f"{place}: closes a delivery, and the stream does not say that it has any",
            )
        case Rejected():
            require(message.rule and isinstance(message.raw, bytes), f"{place}: a rejection without rule or bytes")
        case Drift():
            require(message.field and message.seen, f"{place}: a drift without a field or a kind")
        case _:
            raise Broken(f"{place} is a {type(message).__name__}, which is no message")


def _sound_record(record: Record, place: str) -> None:
    require(record.key, f"{place}: the record has no key")
    require(len(record.key) <= LONGEST_KEY, f"{place}: the key is longer than {LONGEST_KEY} characters")
    require(isinstance(record.payload, Mapping), f"{place}: the payload is no mapping")
    require(record.version is None or 0 <= record.version <= LONGEST_VERSION, f"{place}: the version is out of range")
    require(_in_a_zone(record.version_at), f"{place}: version_at has no zone")
    deleted = record.operation is Operation.DELETE
    require(not (deleted and record.payload), f"{place}: a tombstone has a payload")
    require(deleted or record.payload, f"{place}: the payload is empty")
    for path in _not_json(record.payload, "payload"):
        raise Broken(f"{place}: {path} is of a type that JSON does not have")


def _in_a_zone(time: datetime | None) -> bool:
    return time is None or time.tzinfo is not None


def _not_json(value: object, path: str) -> Iterator[str]:
    """Yield the path of everything in a value that is not of JSON; names are those of fields."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _not_json(inner, f"{path}.{name}") if isinstance(name, str) else (path,)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _not_json(inner, f"{path}[]")
    elif isinstance(value, float):
        yield from () if math.isfinite(value) else (path,)
    elif not isinstance(value, str | int | bool | None):
        yield path


def checkpoints(subject: Subject) -> None:
    """A checkpoint is last, and one that says there is no more is the last one."""
    with subject.readable() as connector:
        for stream in connector.discover():
            _ends_well(list(heard(connector, stream, None, limit=PLENTY)), stream)
    with subject.bench() as bench:
        if bench.stands:
            return
        said = list(heard(bench.connector(), bench.stream(), None, limit=PLENTY))
        _ends_well(said, bench.stream())
        require(not any(isinstance(message, Record) for message in said), "an empty source gives records")


def _ends_well(said: Sequence[Message], stream: Stream) -> None:
    require(said, f"stream {stream.name}: nothing is yielded, not even a checkpoint")
    require(isinstance(said[-1], Checkpoint), f"stream {stream.name}: the last message is not a checkpoint")
    early = [message for message in said[:-1] if isinstance(message, Checkpoint) and not message.more]
    require(not early, f"stream {stream.name}: more is yielded behind a checkpoint that says there is no more")


def cursors(subject: Subject) -> None:
    """Cursors are short, of the form that the kind of the stream asks for, and tell nothing of anybody."""
    with subject.filled() as bench:
        values = frozenset().union(*(personal(record, source) for record, source in mapped(bench)))
        stream = bench.stream()
        for cursor in _cursors(bench.connector(), bench.engine(limit=2)):
            require(cursor, "a cursor is empty")
            require(len(cursor) <= LONGEST_CURSOR, f"a cursor is longer than {LONGEST_CURSOR} characters")
            require_silence(cursor, values, of="a cursor")
            if stream.cursor in (CursorKind.TIMESTAMP, CursorKind.WINDOW):
                time_of(cursor.partition("|")[0])


def _cursors(connector: SectorConnector, engine: Engine) -> list[str]:
    """Return every cursor of a pass."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(PLENTY):
        marks = [
            message
            for message in heard(connector, engine.stream, cursor, limit=engine.limit)
            if isinstance(message, Checkpoint)
        ]
        found += [mark.cursor for mark in marks]
        if not marks or not marks[-1].more:
            return found
        cursor = marks[-1].cursor
    raise Broken("the cursors come to no end")


def limit(subject: Subject) -> None:
    """A checkpoint stands soon behind as many records as were asked for."""
    with subject.bench() as bench:
        bench.fill(range(1, MANY + 1))
        records = 0
        for message in messages_of(bench.connector(), bench.stream(), None, limit=FEW):
            records += isinstance(message, Record | Rejected)
            if isinstance(message, Checkpoint) and records >= FEW:
                break
        if bench.stands and records < FEW:
            raise NotShown(f"the source has fewer than {FEW} records")
        require(records <= 4 * FEW, f"asked for {FEW} records, it gives {records} before a checkpoint")


def whole(subject: Subject) -> None:
    """From the beginning, every row comes once, under its key."""
    with subject.filled() as bench:
        landed = bench.read_through().landed
        if bench.stands:
            return
        living = set(landed.living())
        require(not landed.rejected, f"{len(landed.rejected)} of the sound rows are rejected")
        require(bench.keys() <= living, f"{len(bench.keys() - living)} of {len(bench.keys())} rows do not come")
        require(living <= bench.keys(), "records come under keys that no row has")
        require(len(landed.yielded) == len(bench.keys()), "a row comes more than once in one page")


def pages(subject: Subject) -> None:
    """However large the pages, the same records come."""
    with subject.filled() as bench:
        expected = bench.read_through().landed.living()
        for size in PAGES:
            _same(bench.read_through(limit=size), expected, f"in pages of {size}")


def _same(engine: Engine, expected: Mapping[str, str], how: str) -> None:
    living = engine.landed.living()
    lost = expected.keys() - living.keys()
    require(not lost, f"{how}: {len(lost)} of {len(expected)} records are lost")
    require(living.keys() <= expected.keys(), f"{how}: {len(living.keys() - expected.keys())} records are too many")
    require(living == expected, f"{how}: a record says something else")


def repeatable(subject: Subject) -> None:
    """Asked for the same again, it gives the same again, in the same order."""
    with subject.filled() as bench:
        connector = bench.connector()
        stream = bench.stream()
        starts = [None, *_cursors(bench.connector(), bench.engine(limit=3))]
        for place, start in enumerate(starts):
            first, again, other = (
                _records(heard(asked, stream, start, limit=3)) for asked in (connector, connector, bench.connector())
            )
            require(first == again, f"from cursor {place}: the second reading differs from the first")
            require(first == other, f"from cursor {place}: another connector of the same settings reads otherwise")


def _records(said: Iterator[Message]) -> list[tuple[str, str, object]]:
    return [
        (message.key, content(message), (message.version, message.version_at))
        for message in said
        if isinstance(message, Record)
    ]


def resume(subject: Subject) -> None:
    """Killed at any message and started again, it comes to the same end."""
    with subject.filled() as bench:
        undisturbed = bench.read_through(limit=3)
        expected = undisturbed.landed.living()
        for kill_at in range(1, undisturbed.messages + 1):
            engine = bench.engine(limit=3)
            try:
                engine.run(bench.connector(), kill_at=kill_at)
            except Killed:
                engine.run(bench.connector())
            _same(engine, expected, f"killed at message {kill_at} of {undisturbed.messages}")
            require(not engine.landed.rejected, f"killed at message {kill_at}: rows are rejected on the way")


def quiet(subject: Subject) -> None:
    """Where nothing has changed, the next pass ends and changes nothing."""
    with subject.filled() as bench:
        engine = bench.read_through(limit=3)
        expected = engine.landed.living()
        for _ in range(2):
            engine.run(bench.connector())
            _same(engine, expected, "a pass in which nothing had changed")


def side_by_side(subject: Subject) -> None:
    """Two connectors that read at the same time do not disturb each other."""
    with subject.filled() as bench:
        expected = bench.read_through().landed.living()
        engines = [bench.engine(limit=2), bench.engine(limit=3)]
        readings = [_step_by_step(bench, engine) for engine in engines]
        for _ in zip_longest(*readings):
            continue
        for number, engine in enumerate(engines, start=1):
            _same(engine, expected, f"of two readers the {'first' if number == 1 else 'second'}")


def _step_by_step(bench: Bench, engine: Engine) -> Iterator[None]:
    """Read a stream, pausing at every message."""
    connector = bench.connector()
    cursor = first_cursor(engine.stream, None, None)
    for _ in range(PLENTY):
        last: Checkpoint | None = None
        for message in heard(connector, engine.stream, cursor, limit=engine.limit):
            yield
            if isinstance(message, Record):
                engine.keep(message)
            last = message if isinstance(message, Checkpoint) else last
        if last is None or not last.more:
            break
        cursor = last.cursor


CLAUSES: Final = (
    Clause(
        name="messages",
        promise="read() yields records, rejections, drifts and checkpoints, each of them sound, of JSON's types",
        show=messages,
        needs=("discover",),
    ),
    Clause(
        name="checkpoints",
        promise="a checkpoint is the last message, and the only one that says there is no more",
        show=checkpoints,
        needs=("messages",),
    ),
    Clause(
        name="whole",
        promise="from the beginning every row comes, once, under its key",
        show=whole,
        needs=("checkpoints",),
    ),
    Clause(
        name="cursors",
        promise="cursors are short, in the form that their kind asks for, and hold nobody's values",
        show=cursors,
        needs=("whole", "map-answers"),
    ),
    Clause(name="limit", promise="a page ends soon behind `limit` records", show=limit, needs=("whole",)),
    Clause(name="pages", promise="pages of any size give the same records", show=pages, needs=("whole",)),
    Clause(
        name="repeatable",
        promise="the same cursor gives the same records again, to this connector or another",
        show=repeatable,
        needs=("pages",),
    ),
    Clause(
        name="resume",
        promise="killed at any message and resumed, it comes to the same end",
        show=resume,
        needs=("pages",),
    ),
    Clause(name="quiet", promise="a pass in which nothing changed changes nothing", show=quiet, needs=("pages",)),
    Clause(
        name="side-by-side",
        promise="two connectors that read at the same time do not disturb each other",
        show=side_by_side,
        needs=("resume",),
    ),
)
