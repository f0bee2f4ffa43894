"""A connector that keeps its contract, and its source: a roll of pupils in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from connectors.conformance.scenario import Row, Scenario, Trouble
from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    ConnectorError,
    ContractDrift,
    CursorKind,
    Deletes,
    Message,
    Proposal,
    Pushed,
    Receipt,
    Record,
    StartOver,
    Stream,
    Transient,
)
from connectors.records import ChildFacts, Operation, PersonFacts, Rejected, SourceRecord

Entry = Mapping[str, Any]  # {"seq": 1, "stamp": "2026-…", "gone": False, "row": {…}}


class RollSettings(BaseModel):
    """Where the roll is."""

    model_config = ConfigDict(hide_input_in_errors=True)

    path: Path
    password: SecretStr = SecretStr("hush")


class Roll:
    """Reads a roll by time stamps."""

    api = API
    system = "education"
    kind = CursorKind.TIMESTAMP
    overlap = timedelta(minutes=10)
    deletes = Deletes.TOMBSTONE

    def __init__(self, settings: RollSettings) -> None:
        self.settings = settings

    @classmethod
    def spec(cls) -> type[BaseModel]:
        return RollSettings

    def check(self) -> CheckReport:
        try:
            self.roll()
        except ConnectorError as error:
            return CheckReport(ok=False, faults=(str(error),))
        return CheckReport(ok=True)

    def discover(self) -> Sequence[Stream]:
        return [
            Stream(
                name="pupils",
                key=("id",),
                fields={"id": "text", "name": "text", "mother": "text", "born": "date"},
                required=frozenset({"id", "name"}),
                cursor=self.kind,
                deletes=self.deletes,
                overlap=self.overlap,
            )
        ]

    def roll(self) -> Mapping[str, Any]:
        """Return the whole file."""
        try:
            roll: Mapping[str, Any] = json.loads(self.settings.path.read_text(encoding="utf-8"))
        except OSError:
            raise Transient("the roll is not there") from None
        except ValueError:
            raise ContractDrift("roll") from None
        return roll

    def entries(self) -> list[Entry]:
        """Return the entries in the order of reading."""
        entries = self.roll()["entries"]
        if self.kind is CursorKind.TIMESTAMP:
            return sorted(entries, key=lambda entry: (entry["stamp"], entry["seq"]))
        return sorted(entries, key=lambda entry: entry["seq"])

    def behind(self, cursor: str | None) -> list[Entry]:
        """Return the entries behind a cursor."""
        if cursor is None:
            return self.entries()
        if self.kind is not CursorKind.TIMESTAMP:
            if int(cursor) < self.roll()["first"]:
                raise StartOver("the roll begins later")
            return [entry for entry in self.entries() if entry["seq"] > int(cursor)]
        head, _, place = cursor.partition("|")
        if not place:
            return [entry for entry in self.entries() if entry["stamp"] >= head]
        return [entry for entry in self.entries() if (entry["stamp"], entry["seq"]) > (head, int(place))]

    def cursor_behind(self, entry: Entry | None, before: str | None, *, more: bool) -> str:
        """Return the cursor behind an entry; None: nothing was read."""
        if self.kind is not CursorKind.TIMESTAMP:
            return str(entry["seq"]) if entry else before or "0"
        if entry is None:
            return (before or "1970-01-01T00:00:00+00:00").partition("|")[0]
        return f"{entry['stamp']}|{entry['seq']}" if more else str(entry["stamp"])

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        del stream
        behind = self.behind(cursor)
        page = behind[:limit]
        for entry in page:
            yield from self.said(entry)
        more = len(behind) > len(page)
        yield Checkpoint(cursor=self.cursor_behind(page[-1] if page else None, cursor, more=more), more=more)

    def said(self, entry: Entry) -> Iterator[Message]:
        """Yield what an entry says."""
        if "id" not in entry["row"]:
            yield Rejected(row=entry["seq"], rule="key_missing", field="id", raw=json.dumps(entry).encode())
        else:
            yield self.record(entry)

    def record(self, entry: Entry) -> Record:
        """Return an entry as a record."""
        return Record(
            key=entry["row"]["id"],
            operation=Operation.DELETE if entry["gone"] else Operation.UPSERT,
            version=entry["seq"],
            version_at=datetime.fromisoformat(entry["stamp"]),
            payload={} if entry["gone"] else entry["row"],
        )

    def map(self, record: Record) -> SourceRecord | Rejected:
        name = record.payload.get("name")
        if not isinstance(name, str) or not name:
            return Rejected(row=0, rule="name_missing", field="name", raw=b"")
        born = record.payload.get("born")
        mother = record.payload.get("mother")
        return SourceRecord(
            system=self.system,
            stream="pupils",
            key=record.key,
            row=record.row,
            facts=ChildFacts(
                name=name,
                birth_date=born if isinstance(born, str) else None,
                mother=PersonFacts(name=mother) if isinstance(mother, str) and mother else None,
            ),
            raw=b"",
        )

    def receipt(self, stream: str, receipt: Receipt) -> None:
        """Keep what became of the roll beside it."""
        del stream
        told = {"delivery": receipt.delivery, "counts": dict(receipt.counts)}
        self.settings.path.with_suffix(".receipt").write_text(json.dumps(told), encoding="utf-8")

    def count(self, stream: str) -> int:
        del stream
        return sum(not entry["gone"] for entry in self.entries())

    def push(self, stream: str, proposals: Sequence[Proposal]) -> Sequence[Pushed]:
        del stream
        known = {entry["row"].get("id") for entry in self.entries()}
        return [
            Pushed(key=each.key, taken=each.key in known, rule=None if each.key in known else "key_unknown")
            for each in proposals
        ]


class RollByNumber(Roll):
    """Reads a roll by the numbers of its changes."""

    kind = CursorKind.SEQUENCE
    overlap = timedelta(0)


class WholeRoll(Roll):
    """Reads the whole roll every time."""

    kind = CursorKind.NONE
    overlap = timedelta(0)
    deletes = Deletes.NONE

    def entries(self) -> list[Entry]:
        return [entry for entry in super().entries() if not entry["gone"]]


class RollScenario(Scenario):
    """A roll in a file."""

    stream = "pupils"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "roll.json"
        self.settings = {"path": self._path, "password": "hush"}
        self._entries: list[dict[str, Any]] = []
        self._sequence = 0
        self._first = 0
        self._save()

    def key(self, number: int) -> str:
        return f"pupil-{number:06}"

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._drop(row.number)
            self._add(row.number, row.at, self._said(row))
        self._save()

    def repeat(self, rows: Sequence[Row]) -> None:
        del rows
        self._entries.reverse()
        self._entries += [dict(entry) for entry in self._entries]
        self._save()

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        for number in numbers:
            self._drop(number)
            self._add(number, at, {"id": self.key(number)}, gone=True)
        self._save()

    def forget(self) -> None:
        self._first = self._sequence + 1
        self._sequence += 1
        for entry in self._entries:
            self._sequence += 1
            entry["seq"] = self._sequence
        self._save()

    def trouble(self, kind: Trouble) -> None:
        if kind is Trouble.DOWN:
            self._path.unlink()
        else:
            self._path.write_text('{"entries": [', encoding="utf-8")

    def _said(self, row: Row) -> dict[str, Any]:
        said = {
            "id": self.key(row.number),
            "name": f"Trần Thị Mẫu {['Một', 'Hai', 'Ba', 'Bốn', 'Năm'][row.number % 5]} {row.version}",
            "mother": f"Lê Thị Mẫu {row.number}",
            "born": f"2014-05-{1 + row.number % 28:02}",
        }
        if row.without:
            del said[row.without]
        return said | ({row.beside: "gì đó"} if row.beside else {})

    def _add(self, number: int, at: datetime, said: dict[str, Any], *, gone: bool = False) -> None:
        self._sequence += 1
        stamp = at.isoformat(timespec="microseconds")
        self._entries.append({"number": number, "seq": self._sequence, "stamp": stamp, "gone": gone, "row": said})

    def _drop(self, number: int) -> None:
        self._entries = [entry for entry in self._entries if entry["number"] != number]

    def _save(self) -> None:
        roll = {"first": self._first, "entries": self._entries}
        self._path.write_text(json.dumps(roll, ensure_ascii=False), encoding="utf-8")


conformance = RollScenario
