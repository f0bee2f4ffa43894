"""A drop folder as a source: data packages, tables in CSV or Excel, and the sectors' older forms of file.

    [sources.clinics]
    connector = "file_drop"
    [sources.clinics.settings]
    folder = "/srv/drop/clinics"
    system = "health"
    [sources.clinics.settings.streams.child-records]     # a table of that name in a package, or a file of that name

Files stay where they are. Each delivery of a stream ends with a checkpoint that closes it, and the engine's receipt is
written beside it as NAME.receipt.json.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    Closed,
    ContractDrift,
    FileRefused,
    Message,
    Receipt,
    Record,
    Stream,
    Transient,
)
from connectors.records import Rejected, SourceRecord
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.file_drop_cursor import Cursor, Place, read_cursor
from connectors.sectors.file_drop_deliveries import Choice, Delivery, choose, entries, signature
from connectors.sectors.file_drop_receipts import write_receipt
from connectors.sectors.file_drop_streams import OlderStream, TableSettings, TableStream, Waiting
from connectors.sectors.file_drop_tables import Step
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid

_OLDER = (Education, Health, CivilStatus, SocialAid, Protection)
StreamName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class FileDropSettings(BaseModel):
    """Where deliveries are dropped, and what they hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    folder: Path
    system: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    streams: Mapping[StreamName, TableSettings] = Field(default_factory=dict)
    older_files: bool = False  # also the sector's form of file from before there were packages
    older_whole: bool = False  # such a file holds all records there are
    settle_seconds: float = Field(default=5.0, ge=0, le=3600)  # so long a file must not have changed
    receipts: bool = True

    @field_validator("folder")
    @classmethod
    def _absolute(cls, said: Path) -> Path:
        if not said.is_absolute():
            raise ValueError("must be a path from the root")
        return said


class _DropStream(Protocol):
    """What all streams of a drop folder can do."""

    def stream(self) -> Stream: ...

    def deliveries(self, found: Sequence[Path], waiting: Waiting) -> tuple[list[Delivery], list[FileRefused]]: ...

    def steps(self, delivery: Delivery, place: Place) -> Iterator[Step]: ...

    def check_arrived(self, delivery: Delivery) -> None: ...

    def closes_whole(self, delivery: Delivery) -> bool: ...

    def again(self, raw: bytes, *, row: int) -> Record | Rejected: ...

    def map(self, record: Record) -> SourceRecord | Rejected: ...

    def stays_open(self, delivery: Delivery) -> bool: ...


class FileDrop:
    """Reads what is dropped into a folder."""

    api: ClassVar[int] = API
    conformance: ClassVar[str] = "connectors.conformance.scenarios.dropped:DropScenario"

    def __init__(self, settings: FileDropSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._waiting = Waiting(seconds=settings.settle_seconds, clock=clock)
        self._streams = {one.stream().name: one for one in _streams_of(settings)}
        self._arrived: set[tuple[str, str]] = set()  # stream and digest of what was compared with its promise
        self._open: tuple[tuple[str, str, Place], Iterator[Step]] | None = None  # a delivery begun, and where it stands

    @property
    def system(self) -> str:
        """The sector whose records these are."""
        return self._settings.system

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return FileDropSettings

    def check(self) -> CheckReport:
        """Say whether the folder can be used."""
        folder = self._settings.folder
        faults = []
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            faults.append("the folder is not there or cannot be read")
        elif self._settings.receipts and not os.access(folder, os.W_OK):
            faults.append("receipts cannot be written into the folder")
        if not self._streams:
            faults.append("no stream is configured")
        return CheckReport(ok=not faults, faults=tuple(faults))

    def discover(self) -> Sequence[Stream]:
        """Return the streams."""
        return [one.stream() for one in self._streams.values()]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield the rows behind a cursor, of one delivery at a time.

        Raises:
            FileRefused: what is there to be read cannot be.
            StartOver: the cursor is none of this connector's.
            Transient: a file changed while it was read.
        """
        of = self._stream(stream)
        at = read_cursor(cursor)
        choice = self._chosen(of, at)
        at = at.passing_over([one.mark for one in choice.passed_over])
        if choice.delivery is None:
            yield Checkpoint(cursor=at.text())
            return
        yield from self._page(of, choice.delivery, at, limit=limit)

    def _chosen(self, of: _DropStream, at: Cursor) -> Choice:
        found, faults = of.deliveries(list(entries(self._settings.folder)), self._waiting)
        if not found and faults:
            raise faults[0]
        return choose(found, at, faults=faults)

    def _page(self, of: _DropStream, delivery: Delivery, at: Cursor, *, limit: int) -> Iterator[Message]:
        name = of.stream().name
        if (name, delivery.digest) not in self._arrived:
            of.check_arrived(delivery)
            self._arrived.add((name, delivery.digest))
        place = at.place if at.current == delivery.digest else Place()
        steps = self._steps(of, delivery, place)
        for count, (message, behind) in enumerate(steps, start=1):
            yield message
            place = behind
            if count >= limit:
                self._check_unchanged(delivery)
                if of.stays_open(delivery):
                    self._open = ((name, delivery.digest, behind), steps)
                yield Checkpoint(cursor=at.within(delivery.digest, behind).text(), more=True)
                return
        self._check_unchanged(delivery)
        closed = Closed(delivery=delivery.name, whole=of.closes_whole(delivery))
        yield Checkpoint(cursor=at.behind(delivery.digest, delivery.sequence).text(), more=True, closes=closed)

    def _steps(self, of: _DropStream, delivery: Delivery, place: Place) -> Iterator[Step]:
        """Return the rows behind a place; of a delivery that is still open, those that come next in it."""
        wanted = (of.stream().name, delivery.digest, place)
        known, self._open = self._open, None
        return known[1] if known is not None and known[0] == wanted else of.steps(delivery, place)

    def _check_unchanged(self, delivery: Delivery) -> None:
        if signature(delivery.path) != delivery.signature:
            raise Transient("a file changed while it was read")

    def _stream(self, name: str) -> _DropStream:
        found = self._streams.get(name)
        if found is None:
            raise ContractDrift("stream")
        return found

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child, by the mapping of the stream whose fields it has."""
        return self._mapped_by(record).map(record)

    def _mapped_by(self, record: Record) -> _DropStream:
        streams = list(self._streams.values())
        if len(streams) == 1:
            return streams[0]
        return max(streams, key=lambda one: len(record.payload.keys() & one.stream().fields.keys()))

    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        """Read one refused row again by the bytes that it was refused with."""
        return self._stream(stream).again(raw, row=row)

    def receipt(self, stream: str, receipt: Receipt) -> None:
        """Write what became of a delivery beside it.

        Raises:
            FileRefused: it cannot be written there.
        """
        if self._settings.receipts:
            write_receipt(self._settings.folder, stream, receipt)

    def close(self) -> None:
        """Let go of the file that is open."""
        self._open = None


def _streams_of(settings: FileDropSettings) -> list[_DropStream]:
    tables = settings.streams if settings.streams or settings.older_files else {"child-records": TableSettings()}
    found: list[_DropStream] = [TableStream(name, table, system=settings.system) for name, table in tables.items()]
    if settings.older_files:
        older = [make() for make in _OLDER if make.format.system == settings.system]
        found += [OlderStream(reader, whole=settings.older_whole) for reader in older]
    return found
