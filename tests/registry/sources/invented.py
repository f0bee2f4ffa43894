"""An invented source that lives in memory: what it yields, and how it misbehaves, is said by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from connectors.contract import API, Checkpoint, CheckReport, CursorKind, Deletes, Record, SectorConnector, Stream
from connectors.listening import Listener
from connectors.records import ChildFacts, Operation, Rejected, SourceRecord
from registry.jobs.connections import SourceConnection
from registry.jobs.opening import Installation
from registry.jobs.syncing import Source, sync_stream
from registry.model.access import Purpose
from registry.store import listings, source_streams
from registry.store.listings import Proposal
from registry.store.source_streams import StreamState
from registry.store.sync_runs import SyncRun
from tests.registry.actions.installed import query

NAME = "invented"
PUPILS = Stream(
    name="roster",
    key=("id",),
    fields={"id": "text", "name": "text", "born": "date", "sex": "text", "points": "number"},
    required=frozenset({"name"}),
    cursor=CursorKind.SEQUENCE,
    deletes=Deletes.TOMBSTONE,
)
FIRST = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
Script = Callable[[str | None, int], Iterator[object]]


class Nothing(BaseModel):
    """No settings."""


def understand(record: Record) -> SourceRecord | Rejected:
    """Understand a pupil of the invented roster."""
    said = record.payload
    if said["name"] == "?":
        return Rejected(row=record.row, rule="name_missing", field="name", raw=b"")
    facts = ChildFacts(name=said["name"], birth_date=said.get("born"), sex=said.get("sex"))
    return SourceRecord(system="", stream="", key="", row=0, facts=facts, raw=b"")


def pupil(key: str, version: int | None = 1, *, at: datetime | None = None, row: int = 0, **said: Any) -> Record:
    """Return a pupil; `said` replaces fields of the payload."""
    payload = {"id": key, "name": "Nguyễn Thị Hoà", "born": "2014-05-03", "sex": "Nữ", **said}
    return Record(key=key, version=version, version_at=at, payload=payload, row=row)


def gone(key: str, version: int | None = 2, *, at: datetime | None = None) -> Record:
    """Return a tombstone."""
    return Record(key=key, operation=Operation.DELETE, version=version, version_at=at)


@dataclass
class Invented:
    """A source whose log of changes is a list: the cursor is the number of changes read."""

    log: list[Record] = field(default_factory=list)
    stream: Stream = PUPILS
    script: Script | None = None  # instead of the log
    map_: Callable[[Record], SourceRecord | Rejected] = understand
    asked: list[str | None] = field(default_factory=list)
    api = API
    system = "education"

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return no settings."""
        return Nothing

    def check(self) -> CheckReport:
        """Say that all is well."""
        return CheckReport(ok=True)

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [self.stream]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Any]:
        """Yield the log from a place on, or what the test says."""
        del stream
        self.asked.append(cursor)
        if self.script is not None:
            yield from self.script(cursor, limit)
            return
        start = int(cursor or 0)
        yield from self.log[start : start + limit]
        end = min(start + limit, len(self.log))
        yield Checkpoint(cursor=str(end), more=end < len(self.log))

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Understand a record."""
        return self.map_(record)


def source_of(
    connector: SectorConnector, *, page: int = 50, deadline: float = 20.0, shrink_share: float = 0.2
) -> Source:
    """Return an open source."""
    connection = SourceConnection(connector="invented", page=page, shrink_share=shrink_share)
    return Source(name=NAME, connection=connection, listener=Listener(connector, deadline=deadline))


def read(installed: Installation, connector: Invented, *, full: bool = False, **how: Any) -> SyncRun:
    """Read the source to its end and return the run."""
    waits: list[float] = []
    return sync_stream(installed, source_of(connector, **how), connector.stream, full=full, sleep=waits.append)


def standing(installed: Installation) -> dict[str, int]:
    """Return the records that stand and those withdrawn."""
    rows = query(installed, "select withdrawn, count(*) as n from source_record group by withdrawn")
    return {"withdrawn" if row["withdrawn"] else "standing": row["n"] for row in rows}


def versions(installed: Installation) -> list[int | None]:
    """Return the source's own numbers of the current versions."""
    return [row["said_version"] for row in query(installed, "select said_version from source_record order by 1")]


def state(installed: Installation, stream: Stream = PUPILS) -> StreamState:
    """Return how far the stream is read."""
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        return next(one for one in source_streams.streams(transaction) if one.stream == stream.name)


def proposals(installed: Installation) -> list[Proposal]:
    """Return what waits for a person."""
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        return listings.undone(transaction)


def later(stream: Stream, **changes: Any) -> Stream:
    """Return a stream with other properties."""
    return replace(stream, **changes)


def after(days: float) -> datetime:
    """Return a time of the source."""
    return FIRST + timedelta(days=days)


def raising(error: Exception) -> Script:
    """Return a reading that fails at once."""

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del cursor, limit
        raise error
        yield

    return script


def yielding(*messages: object) -> Script:
    """Return a reading that yields these and ends."""

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del cursor, limit
        yield from messages

    return script


def payloads(names: Mapping[str, str]) -> list[Record]:
    """Return pupils without versions or times, by key and name."""
    return [pupil(key, None, name=name) for key, name in names.items()]
