"""Connectors that read wrongly what does not even change."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from connectors.contract import Checkpoint, Message, Record
from tests.connectors.conformance.roll import Entry, Roll, RollByNumber, RollSettings


class TimesInThePayload(Roll):
    def record(self, entry: Entry) -> Record:
        record = super().record(entry)
        return replace(record, payload={**record.payload, "born": record.version_at})


class NoLastCheckpoint(Roll):
    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        *_, last = said = list(super().read(stream, cursor, limit=limit))
        yield from said[:-1] if len(said) > 1 else [last]


class EndsTooEarly(RollByNumber):
    """Says after each record that there is no more."""

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        said = list(super().read(stream, cursor, limit=limit))
        for message in said:
            yield message
            if isinstance(message, Record) and message is not said[-2]:
                yield Checkpoint(cursor=str(message.version))


class LosesOne(Roll):
    """Never gives the third row: a page of its own counting begins with 0 in one place and 1 in another."""

    def behind(self, cursor: str | None) -> list[Entry]:
        return [entry for entry in super().behind(cursor) if entry["number"] != 3]


class NameInTheCursor(RollByNumber):
    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        number = None if cursor is None else base64.b64decode(cursor).decode().partition(" ")[0]
        name = ""
        for message in super().read(stream, number, limit=limit):
            if isinstance(message, Record):
                name = str(message.payload.get("name"))
            if isinstance(message, Checkpoint):
                message = replace(message, cursor=base64.b64encode(f"{message.cursor} {name}".encode()).decode())
            yield message


class EverythingInOnePage(RollByNumber):
    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        return super().read(stream, cursor, limit=max(limit, 1_000))


class LosesAtTheBorder(RollByNumber):
    """Goes on two behind the last record of a page instead of one."""

    def cursor_behind(self, entry: Entry | None, before: str | None, *, more: bool) -> str:
        cursor = super().cursor_behind(entry, before, more=more)
        return str(int(cursor) + 1) if more else cursor


class TurnsAround(RollByNumber):
    """Gives what it has in another order when it is asked again."""

    asked: ClassVar[list[int]] = []

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        self.asked.append(1)
        *records, last = super().read(stream, cursor, limit=limit)
        yield from reversed(records) if len(self.asked) % 2 else records
        yield last


class ForgetsWhenKilled(RollByNumber):
    """Keeps in a file what it has given, and does not give it again to whoever was killed in between."""

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        kept = self.settings.path.with_name("begun")
        *records, last = super().read(stream, cursor, limit=limit)
        broken_off = kept.exists() and kept.read_text(encoding="utf-8") == str(cursor)
        for place, record in enumerate(records):
            kept.write_text(str(cursor), encoding="utf-8")
            if place or not broken_off:
                yield record
        kept.unlink(missing_ok=True)
        yield last


class AlwaysSomethingNew(RollByNumber):
    """Gives the last row again, as if it had changed, whenever nothing has."""

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        if cursor is not None and not self.behind(cursor):
            last = self.record(self.entries()[-1])
            yield replace(last, payload={**last.payload, "born": "2014-12-31"})
        yield from super().read(stream, cursor, limit=limit)


class OnePlaceForAll(RollByNumber):
    """Keeps the place of the reading in the class: whoever reads at the same time moves it."""

    place: ClassVar[dict[str, str | None]] = {}

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        del stream
        self.place["at"] = cursor
        for _ in range(limit):
            behind = self.behind(self.place["at"])
            if not behind:
                break
            self.place["at"] = str(behind[0]["seq"])
            yield from self.said(behind[0])
        yield Checkpoint(cursor=self.place["at"] or "0", more=bool(self.behind(self.place["at"])))


class LeavesAThread(Roll):
    def __init__(self, settings: RollSettings) -> None:
        super().__init__(settings)
        self.ended = threading.Event()
        threading.Thread(target=self.ended.wait, daemon=True).start()

    def __del__(self) -> None:
        self.ended.set()

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        kept.append(self)
        return super().read(stream, cursor, limit=limit)


kept: list[LeavesAThread] = []


class HangsInTheMiddle(RollByNumber):
    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        for message in super().read(stream, cursor, limit=limit):
            if limit == 8 and isinstance(message, Checkpoint):
                threading.Event().wait()
            yield message
