"""Clauses on a source that changes: new rows, equal and late time stamps, clocks, repeats, drift, deletes, troubles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.engine import Engine, heard
from connectors.conformance.scenario import NotOffered, Row, Trouble
from connectors.conformance.subject import ROWS, Bench, Subject
from connectors.contract import Checkpoint, ConnectorError, CursorKind, Deletes, Record, SectorConnector, StartOver
from connectors.records import Operation, Rejected, SourceRecord

_UNKNOWN_FIELD: Final = "kit_unknown"
_OF_TIMES: Final = (CursorKind.TIMESTAMP, CursorKind.WINDOW)


def changes(subject: Subject) -> None:
    """The next pass brings what is new and what has changed."""
    with subject.filled() as bench:
        engine = bench.read_through(limit=3)
        before = engine.landed.living()
        now = bench.scenario.now()
        bench.write(Row(number=2, version=2, at=now), Row(number=ROWS + 1, at=now))
        engine.run(bench.connector())
        after = engine.landed.living()
        require(bench.scenario.key(ROWS + 1) in after, "a new row does not come with the next pass")
        changed = bench.scenario.key(2)
        require(after[changed] != before[changed], "a changed row does not come with the next pass")
        others = before.keys() - {changed}
        require(all(after.get(key) == before[key] for key in others), "a row that did not change is changed or gone")
        _as_if_read_now(bench, engine, "after a change")


def _as_if_read_now(bench: Bench, engine: Engine, when: str) -> None:
    """Compare what was kept over several passes with what one pass from the beginning finds."""
    require(
        engine.landed.living() == bench.read_through().landed.living(), f"{when}: what is kept is not what is there"
    )


def equal_times(subject: Subject) -> None:
    """Rows of one time stamp all come, wherever a page ends."""
    with subject.bench() as bench:
        rows = [Row(number=number, at=bench.stamp(1)) for number in range(1, ROWS + 1)]
        bench.write(*rows)
        for size in (1, 2, 4):
            lost = bench.keys() - bench.read_through(limit=size).landed.living().keys()
            require(not lost, f"in pages of {size}, {len(lost)} of {len(rows)} rows of one time stamp are lost")
        now = bench.scenario.now()
        bench.write(Row(number=ROWS + 1, at=now))
        engine = bench.read_through(limit=2)
        bench.write(Row(number=ROWS + 2, at=now))
        engine.run(bench.connector())
        require(bench.keys() <= engine.landed.living().keys(), "a row with the stamp of the last one read is lost")


def late_rows(subject: Subject) -> None:
    """A row that was committed late, stamped before rows that were read already, is not lost."""
    with subject.bench() as bench:
        stream = bench.stream()
        back = stream.overlap / 2 if stream.cursor in _OF_TIMES else timedelta(hours=1)
        now = bench.scenario.now()
        bench.write(Row(number=1, at=bench.stamp(1)), Row(number=2, at=now))
        engine = bench.read_through(limit=2)
        bench.write(Row(number=3, at=now - back))
        engine.run(bench.connector())
        require(bench.scenario.key(3) in engine.landed.living(), f"a row stamped {back} before the last one is lost")


def clock_back(subject: Subject) -> None:
    """The source's clock falls back while rows are written; none of them is lost."""
    with subject.bench() as bench:
        early, late = range(1, 4), range(4, ROWS + 1)
        rows = [Row(number=number, at=bench.stamp(number)) for number in early]
        rows += [Row(number=number, at=bench.stamp(number) - timedelta(hours=2)) for number in late]
        bench.write(*rows)
        for size in (1, 2, 100):
            lost = bench.keys() - bench.read_through(limit=size).landed.living().keys()
            require(not lost, f"in pages of {size}, {len(lost)} rows are lost after the clock fell back")


def repeats(subject: Subject) -> None:
    """Rows that the source gives twice, and in another order, change nothing."""
    with subject.filled() as bench:
        engine = bench.read_through(limit=2)
        numbers = list(bench.written)
        subject.chance().shuffle(numbers)
        bench.scenario.repeat([bench.written[number] for number in numbers])
        bench.scenario.settle()
        engine.run(bench.connector())
        for found, how in ((engine, "in the next pass"), (bench.read_through(limit=2), "from the beginning")):
            living = found.landed.living().keys()
            require(bench.keys() <= living, f"{how}, {len(bench.keys() - living)} rows are lost after repeats")
            require(living <= bench.keys(), f"{how}, repeats come under keys of their own")
        _as_if_read_now(bench, engine, "after repeats")


def unknown_field(subject: Subject) -> None:
    """A field that the mapping does not know shows as drift; the record is kept."""
    with subject.filled() as bench:
        number = ROWS + 1
        bench.write(Row(number=number, at=bench.scenario.now(), beside=_UNKNOWN_FIELD))
        landed, connector = bench.read_through().landed, bench.connector()
        key = bench.scenario.key(number)
        found = [record for record in landed.yielded if record.key == key]
        require(found, "a record with a field that nobody knows does not come")
        require(
            _UNKNOWN_FIELD in found[-1].payload or any(_UNKNOWN_FIELD in drift.field for drift in landed.drifts),
            "a field that nobody knows shows neither in the payload nor as a drift",
        )
        require(isinstance(connector.map(found[-1]), SourceRecord), "map() rejects a record for an unknown field")
        require(bench.keys() <= landed.living().keys(), "other rows are lost beside a field that nobody knows")


def missing_field(subject: Subject) -> None:
    """A row that lacks a required field goes to quarantine with the field's name; the others come."""
    with subject.bench() as bench:
        required = sorted(bench.stream().required)
    if not required:
        raise NotShown("the stream requires no field")
    for name in required:
        with subject.filled() as bench:
            _misses(bench, name)


def _misses(bench: Bench, name: str) -> None:
    number = ROWS + 1
    sound = bench.keys()
    bench.write(Row(number=number, at=bench.scenario.now(), without=name))
    landed, connector = bench.read_through().landed, bench.connector()
    require(sound <= landed.living().keys(), f"other rows are lost beside one without {name}")
    for record in landed.yielded:
        if record.key not in sound:
            _waits(connector, record, name)
    found = len(landed.rejected) + sum(record.key not in sound for record in landed.yielded)
    require(found, f"a row without {name} is neither yielded nor rejected")
    refused = [rejected for rejected in landed.rejected if not rejected.rule or not _names(rejected, name)]
    require(not refused, f"the rejection of a row without {name} does not name rule and field")


def _waits(connector: SectorConnector, record: Record, name: str) -> None:
    """Look at a record without a required field: its payload shows that, or its mapping says so."""
    try:
        answer = connector.map(record)
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"map() raises {type(error).__name__} for a record without {name}") from None
    if record.payload.get(name) not in (None, ""):
        raise Broken(f"the payload of a row without {name} holds one")
    if isinstance(answer, Rejected):
        require(_names(answer, name), f"map() rejects a record without {name} and does not name the field")


def _names(rejected: Rejected, name: str) -> bool:
    return bool(rejected.rule) and rejected.field is not None and name in rejected.field


def deletes(subject: Subject) -> None:
    """A row that is gone is said to be gone, or is missing from a whole pass."""
    with subject.filled() as bench:
        stream, engine = bench.stream(), bench.read_through(limit=3)
        key = bench.scenario.key(3)
        bench.scenario.remove([3], bench.scenario.now())
        bench.scenario.settle()
        engine.run(bench.connector())
        if stream.deletes is Deletes.TOMBSTONE:
            said = [record for record in engine.landed.yielded if record.key == key]
            told = said[-1].operation is Operation.DELETE or key in engine.landed.missing
            require(told, "a row that was taken out comes without a tombstone")
        else:
            engine = _whole_again(bench, engine)
        require(key not in engine.landed.living(), "a row that was taken out is still there")
        require(bench.keys() - {key} <= engine.landed.living().keys(), "other rows are gone with one taken out")


def _whole_again(bench: Bench, engine: Engine) -> Engine:
    if not bench.stream().deliveries:
        engine.start_over(bench.connector())
    return engine


def start_over(subject: Subject) -> None:
    """Where the source has forgotten the cursor's place, the connector asks to start over, and then reads all."""
    with subject.filled() as bench:
        engine = bench.read_through(limit=3)
        bench.scenario.forget()
        bench.write(Row(number=ROWS + 1, at=bench.scenario.now()))
        try:
            engine.run(bench.connector())
        except StartOver:
            engine.start_over(bench.connector())
        except ConnectorError as error:
            raise Broken(f"it raises {type(error).__name__} where it should raise StartOver") from None
        lost = bench.keys() - engine.landed.living().keys()
        require(not lost, f"{len(lost)} rows are lost after the source forgot the cursor")


def failures(subject: Subject) -> None:
    """A source that is broken is a typed failure, and never looks like an empty one."""
    shown = 0
    for trouble in Trouble:
        try:
            with subject.filled() as bench:
                _fails(bench, trouble)
                shown += 1
        except (NotShown, NotOffered):
            continue
    if not shown:
        raise NotShown("the source cannot be broken")


def _fails(bench: Bench, trouble: Trouble) -> None:
    engine = bench.read_through(limit=3)
    stream, start = bench.stream(), engine.landed.cursor
    bench.scenario.trouble(trouble)
    for cursor in (None, start):
        said: Sequence[object] = ()
        try:
            said = list(heard(bench.connector(), stream, cursor, limit=3))
        except ConnectorError:
            continue
        except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
            raise Broken(f"while the source is broken ({trouble}), read() raises {type(error).__name__}") from None
        refused = any(isinstance(message, Rejected) for message in said)
        require(
            refused or not isinstance(said[-1], Checkpoint),
            f"while the source is broken ({trouble}), read() ends as if it had read everything",
        )


CLAUSES: Final = (
    Clause(name="changes", promise="the next pass brings new and changed rows", show=changes, needs=("pages",)),
    Clause(
        name="equal-times",
        promise="rows of one time stamp all come, wherever a page ends",
        show=equal_times,
        needs=("changes",),
    ),
    Clause(
        name="late-rows",
        promise="a row committed late, within the overlap, is not lost",
        show=late_rows,
        needs=("changes",),
    ),
    Clause(
        name="clock-back",
        promise="rows written after the source's clock fell back are not lost",
        show=clock_back,
        needs=("pages",),
    ),
    Clause(
        name="repeats",
        promise="rows given twice, in another order, change nothing",
        show=repeats,
        needs=("changes", "quiet"),
    ),
    Clause(
        name="unknown-field",
        promise="an unknown field shows as drift, and the record is kept",
        show=unknown_field,
        needs=("whole", "map-answers"),
    ),
    Clause(
        name="missing-field",
        promise="a row without a required field waits under rule and field, and the others come",
        show=missing_field,
        needs=("whole",),
    ),
    Clause(
        name="deletes",
        promise="a row that is gone is said to be gone, or is missing from a whole pass",
        show=deletes,
        needs=("changes",),
    ),
    Clause(
        name="start-over",
        promise="where the source forgot the cursor, everything is read again",
        show=start_over,
        needs=("changes",),
    ),
    Clause(
        name="failures",
        promise="a broken source is a typed failure, and never looks like an empty one",
        show=failures,
        needs=("pages",),
    ),
)
