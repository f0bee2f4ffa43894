"""A sector's system as the registry reads it: streams of records, each read from a cursor, each mapped to a child.

A connector only reads and understands; it keeps nothing and decides nothing. The engine lands what it yields: raw row,
event and cursor in one transaction. So a connector may be killed at any yield, asked for the same again, and must give
the same again.

What the engine does with what is yielded:

* A page is what stands before a checkpoint. It is landed whole, with its cursor, or not at all; what is yielded behind
  the last checkpoint of a read that fails is dropped, and comes again with the next read. Once a checkpoint stands
  behind `limit` records the engine stops listening, so a connector may yield on to the end of its stream.
* Versions: a higher `version` wins, whatever the order of arrival; without one the later `version_at` wins; without
  either the record that is read later. Equal versions with different contents are a conflict, which is noted: the later
  `version_at` wins, and if there is none, what stood first stays. The same record again changes nothing.
* A pass goes from a cursor until a checkpoint says `more=False`. At the beginning of a pass the engine hands out:
  for NONE: None, always. For SEQUENCE: the last cursor. For TIMESTAMP and WINDOW: the time in the last cursor, less
  `Stream.overlap` and never later than the beginning of the last pass by the registry's clock. Such a cursor is a time
  or a day in ISO form, alone or before a `|`; what stands behind the `|` (place in a window, upper bound) is the
  connector's own and is handed back only within a pass. A pass that was broken off goes on from its last checkpoint.
* A pass that begins with None is a whole one. If the stream has no tombstones, or the source asked to start over, its
  end shows which records are missing: they are proposed to a person as withdrawn. So is what a delivery does not hold
  that a checkpoint closes as whole.
* A field that `Stream.fields` does not know is noted as drift, and so is a value of another kind; the record is kept. A
  record without a required field waits in quarantine. A connector need not look for either.
* `read` and `map` have a deadline a page. Whatever they raise, however they hang, the cursor stays where it was.

    spec()      what it must be told, as a pydantic model
    check()     whether it can work as it is configured
    discover()  its streams
    read()      records, then a checkpoint, and again
    map()       one record to what it says of a child; pure
    push()      optional: hands corrections back
    count()     optional: how many records there are, for a comparison
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from connectors.records import Operation, Rejected, SourceRecord


class CursorKind(StrEnum):
    """What the cursor of a stream counts, and so what can be lost."""

    SEQUENCE = "sequence"  # grows with every commit of the source: nothing is skipped
    TIMESTAMP = "timestamp"  # times of change: rows committed late hide behind it, so it is read with an overlap
    WINDOW = "window"  # from a day to a day, page by page
    NONE = "none"  # the whole stream, every time


class Deletes(StrEnum):
    """How a stream says that a record is gone."""

    TOMBSTONE = "tombstone"
    NONE = "none"  # by silence: only a full comparison shows it, and a person agrees to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record of a source."""

    name: str
    key: tuple[str, ...]  # fields of the payload that together name a record
    # field → what the mapping knows it as: 'text', 'date' (a text too), 'number', 'boolean', 'object', 'list', 'any'
    fields: Mapping[str, str]
    required: frozenset[str] = frozenset()  # fields without which a record cannot be understood
    cursor: CursorKind = CursorKind.NONE
    deletes: Deletes = Deletes.NONE
    overlap: timedelta = timedelta(0)  # of a timestamp cursor: how late a row may be committed
    mapping_version: int = 1  # a higher one reads quarantined and kept rows again
    deliveries: bool = False  # its records come in deliveries, such as files, that checkpoints close


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as the source gave it."""

    key: str = field(repr=False)  # the record's own id in the source
    operation: Operation = Operation.UPSERT
    version: int | None = None  # the source's own number: a higher one is newer
    version_at: datetime | None = None  # the source's own time of the change
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)  # JSON types only; empty in a tombstone
    row: int = 0  # place in the file or page, as a person counts it from 1; 0: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The end of a delivery: the records since the end of the one before it, or since the first, belong to it."""

    delivery: str  # such as a file's name; nobody's values in it
    whole: bool = False  # a record that it does not hold is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything before this is yielded; reading on from `cursor` gives what comes behind it."""

    cursor: str  # at most 4,000 characters, nobody's values in it; see above for those of times
    more: bool = False  # more is there to be read now
    closes: Closed | None = None  # only of a stream of deliveries; a page never spans two of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A field is not as the mapping knows it; the record that shows it comes all the same."""

    field: str
    seen: str  # kind of value, such as 'text', or 'absent'; never the value
    expected: str | None  # None: the mapping does not know the field at all


Message = Record | Rejected | Checkpoint | Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Whether a connector can work as it is configured; `faults` are sentences without anybody's values or secrets."""

    ok: bool
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A correction handed back to the source; the source decides."""

    key: str = field(repr=False)
    field_name: str
    proposed: str = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What the source answered to a proposal."""

    key: str = field(repr=False)
    taken: bool
    rule: str | None = None  # why not


class SectorConnector(Protocol):
    """One sector's system. Made with its settings: `MyConnector(MySettings(...))`.

    One object serves the pages of a run one after the other, and a new one goes on from any checkpoint as well. If it
    has a method `close`, that is called at the end.
    """

    api: ClassVar[int]

    @property
    def system(self) -> str:
        """The sector whose records these are; an attribute of the class does as well."""
        ...

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings that the connector is made with; secrets are `SecretStr`."""
        ...

    def check(self) -> CheckReport:
        """Say whether the source answers and is as described; nothing is read of anybody."""
        ...

    def discover(self) -> Sequence[Stream]:
        """Return the streams; the same ones every time."""
        ...

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield what comes behind a cursor, None: from the beginning; at most about `limit` records.

        The last message is a checkpoint. Before every checkpoint stand the records that it covers. The upper bound of
        a window is fixed before its first row is read.

        Raises:
            ConnectorError: the source failed; what was yielded before is good as far as its last checkpoint.
        """
        ...

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child. Pure: the same record, the same answer, at any time.

        What it says of key, operation, version, time, row and raw bytes is overwritten by the record's own.
        """
        ...


@runtime_checkable
class TakesProposals(Protocol):
    """The optional capability to take corrections back."""

    def push(self, stream: str, proposals: Sequence[Proposal]) -> Sequence[Pushed]:
        """Hand proposals over; one answer each, in their order. Repeating it does no harm."""
        ...


@runtime_checkable
class Counts(Protocol):
    """The optional capability to say how many living records a stream has."""

    def count(self, stream: str) -> int:
        """Return the number."""
        ...


@runtime_checkable
class Rereads(Protocol):
    """The optional capability to read again what `read` itself had to refuse."""

    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        """Read one refused row again, by the bytes that it was refused with, perhaps by an older mapping."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefusal:
    """A row of a delivery that waits in quarantine, and why."""

    row: int
    rule: str
    field: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery: its records by outcome, and those that wait in quarantine."""

    delivery: str
    at: datetime
    counts: Mapping[str, int]  # accepted, unchanged, superseded, quarantined
    refused: Sequence[RowRefusal] = ()


@runtime_checkable
class TakesReceipts(Protocol):
    """The optional capability to tell the sender what became of a delivery."""

    def receipt(self, stream: str, receipt: Receipt) -> None:
        """Hand a receipt over, after its delivery is stored. Repeating it does no harm; its failure stops nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """What a sector's delivered file looks like, for refusing a wrong one before the first row."""

    system: str
    stream: str
    file_name: str  # as it stands in a drop folder
    required_columns: tuple[str, ...]
    mapping_version: int  # a higher one retries what was quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An opened file: its rows in order, and what was decided about reading it."""

    format: FileFormat
    encodings: Mapping[str, str]  # column → encoding decided for it; '*' for all
    rows: Iterator[SourceRecord | Rejected]  # one element for each row of the file, in its order


class NameJudge(Protocol):
    """Tells whether a word looks like a Vietnamese name; passed in, so that connectors need not know names."""

    def __call__(self, words: Iterable[str]) -> float:
        """Return the share of `words` that are known surnames, from 0 to 1."""
        ...


class FileReader(Protocol):
    """One form of delivered file, known by its name in a drop folder."""

    format: FileFormat

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open a delivered file; its rows are read on demand.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        ...

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read one row again, as `open` would in its file; a mapping that has changed may understand it now.

        Args:
            raw: what the row carried when it was read, perhaps by an older mapping.
            row: its place in the file.
            encodings: those decided for its file.
        """
        ...
