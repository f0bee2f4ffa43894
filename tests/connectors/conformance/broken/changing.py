"""Connectors that lose something when their source changes or fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Checkpoint, ContractDrift, Drift, Message, Receipt, Record, StartOver, Transient
from connectors.records import Operation, Rejected
from tests.connectors.conformance.roll import Entry, Roll, RollByNumber, WholeRoll


class NewRowsOnly(RollByNumber):
    """Does not give a row again that has changed: it looks at keys alone."""

    def entries(self) -> list[Entry]:
        return [entry for entry in super().entries() if not entry["row"].get("name", "").endswith(" 2")]


class SkipsEqualTimes(Roll):
    """Goes on behind the time of a page's last row, not behind the row."""

    def behind(self, cursor: str | None) -> list[Entry]:
        if cursor is None or "|" not in cursor:
            return super().behind(cursor)
        return [entry for entry in self.entries() if entry["stamp"] > cursor.partition("|")[0]]


class BlindToLateRows(Roll):
    """Remembers the latest time that it has seen, and believes that nothing is committed before it."""

    def behind(self, cursor: str | None) -> list[Entry]:
        kept = self.settings.path.with_name("latest")
        latest = kept.read_text(encoding="utf-8") if cursor and "|" not in cursor and kept.exists() else ""
        found = [entry for entry in super().behind(cursor) if entry["stamp"] >= latest]
        if found:
            kept.write_text(max(entry["stamp"] for entry in found), encoding="utf-8")
        return found


class StopsWhenTheClockFallsBack(RollByNumber):
    """Takes a time before the last one for the end of what is there."""

    def entries(self) -> list[Entry]:
        entries = super().entries()
        latest, sound = "", []
        for entry in entries:
            if latest and datetime.fromisoformat(entry["stamp"]) < datetime.fromisoformat(latest) - timedelta(
                hours=1.5
            ):
                break
            latest = max(latest, entry["stamp"])
            sound.append(entry)
        return sound


class KeysByPlace(RollByNumber):
    """Gives a row that comes twice a key of its own, as if it were another."""

    def behind(self, cursor: str | None) -> list[Entry]:
        seen: set[int] = set()
        found = []
        for entry in super().behind(cursor):
            again = entry["seq"] in seen
            seen.add(entry["seq"])
            found.append({**entry, "row": {**entry["row"], "id": entry["row"]["id"] + "-2"}} if again else entry)
        return found


class RefusesUnknownFields(Roll):
    def said(self, entry: Entry) -> Iterator[Message]:
        if entry["row"].keys() - {"id", "name", "mother", "born"}:
            yield Rejected(row=entry["seq"], rule="field_unknown", field=None, raw=b"")
        else:
            yield from super().said(entry)


class HidesUnknownFields(Roll):
    def record(self, entry: Entry) -> Record:
        record = super().record(entry)
        known = {"id", "name", "mother", "born"}
        return replace(record, payload={name: value for name, value in record.payload.items() if name in known})


class NotesUnknownFields(HidesUnknownFields):
    """Not broken: what it leaves out of the payload, it names as drift."""

    def said(self, entry: Entry) -> Iterator[Message]:
        yield from super().said(entry)
        for name in sorted(entry["row"].keys() - {"id", "name", "mother", "born"}):
            yield Drift(field=name, seen="text", expected=None)


class TripsOverMissingFields(Roll):
    def record(self, entry: Entry) -> Record:
        return replace(
            super().record(entry), row=len(entry["row"]["id"]) if entry["gone"] else len(entry["row"]["name"])
        )


class RefusesWithoutAField(Roll):
    def said(self, entry: Entry) -> Iterator[Message]:
        for message in super().said(entry):
            yield replace(message, field=None) if isinstance(message, Rejected) else message


class NoTombstones(RollByNumber):
    """Promises tombstones and gives what is gone as if it were there."""

    def record(self, entry: Entry) -> Record:
        record = super().record(entry)
        if record.operation is Operation.UPSERT:
            return record
        return replace(record, operation=Operation.UPSERT, payload=entry["row"])


class StillThere(WholeRoll):
    """Has no tombstones, and keeps giving what is gone."""

    def entries(self) -> list[Entry]:
        return [{**entry, "gone": False} for entry in Roll.entries(self)]


class GoesOnSilently(RollByNumber):
    """Does not notice that the source has forgotten the place of its cursor."""

    def behind(self, cursor: str | None) -> list[Entry]:
        try:
            return super().behind(cursor)
        except StartOver:
            return []


class CallsItAnotherFailure(RollByNumber):
    def behind(self, cursor: str | None) -> list[Entry]:
        try:
            return super().behind(cursor)
        except StartOver:
            raise Transient("not now") from None


class EmptyWhenDown(Roll):
    """Takes a source that is not there for an empty one."""

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        try:
            yield from super().read(stream, cursor, limit=limit)
        except (Transient, ContractDrift):
            yield Checkpoint(cursor=cursor or "1970-01-01T00:00:00+00:00")


class RaisesWhateverComes(Roll):
    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        self.settings.path.read_bytes()
        return super().read(stream, cursor, limit=limit)


class CountsTombstones(Roll):
    """Counts the rows that it had when it was first asked."""

    def count(self, stream: str) -> int:
        kept = Path(self.settings.path.with_name("counted"))
        if not kept.exists():
            kept.write_text(str(super().count(stream)), encoding="utf-8")
        return int(kept.read_text(encoding="utf-8"))


class AnswersOutOfOrder(Roll):
    def push(self, stream: str, proposals: Any) -> Any:
        return sorted(super().push(stream, proposals), key=lambda answer: answer.key)


class ReadsItsOwnReceipts(RollByNumber):
    def receipt(self, stream: str, receipt: Receipt) -> None:
        del stream
        roll = dict(self.roll())
        told = {"id": receipt.delivery, "name": "Biên nhận Mẫu"}
        entry = {
            "number": 0,
            "seq": len(roll["entries"]) + 1,
            "stamp": receipt.at.isoformat(),
            "gone": False,
            "row": told,
        }
        roll["entries"] = [*roll["entries"], entry]
        self.settings.path.write_text(json.dumps(roll), encoding="utf-8")


class CannotReread(Roll):
    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        del stream, row
        return self.record(json.loads(raw))
