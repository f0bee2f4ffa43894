"""Connectors that understand wrongly, or tell what nobody may see."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.contract import ContractDrift, Message, Record
from connectors.records import Rejected, SourceRecord
from tests.connectors.conformance.roll import Entry, Roll


class TripsOverRubbish(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        record.payload.get("name", "").strip()
        return super().map(record)


class LooksAtTheClock(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        answer = super().map(record)
        if isinstance(answer, SourceRecord):
            return replace(answer, services={"in": datetime.now(UTC).year})
        return answer


class LooksAtTheEnvironment(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        return replace(super().map(record), row=len(os.environ.get("HOME", "")))


class TakesAChance(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        return replace(super().map(record), row=random.randrange(2))  # noqa: S311  what is wrong with it


class ChangesTheRecord(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        payload: Any = record.payload
        payload["name"] = payload.get("name")
        payload["seen"] = True
        return super().map(record)


class RemembersTheLast(Roll):
    mapped = 0

    def map(self, record: Record) -> SourceRecord | Rejected:
        self.mapped += 1
        return replace(super().map(record), row=self.mapped)


class WritesInCapitals(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        answer = super().map(record)
        if isinstance(answer, SourceRecord) and answer.facts.name:
            return replace(answer, facts=replace(answer.facts, name=answer.facts.name.upper()))
        return answer


@dataclass(frozen=True, kw_only=True)
class TalkingRecord(Record):
    def __repr__(self) -> str:
        return f"Record({dict(self.payload)})"


class PrintsItsRecords(Roll):
    def record(self, entry: Entry) -> Record:
        plain = super().record(entry)
        return TalkingRecord(
            key=plain.key,
            operation=plain.operation,
            version=plain.version,
            version_at=plain.version_at,
            payload=plain.payload,
        )


class NamesTheValueInItsRule(Roll):
    def map(self, record: Record) -> SourceRecord | Rejected:
        answer = super().map(record)
        if isinstance(answer, Rejected):
            return replace(answer, rule=f"the mother is {record.payload.get('mother')} and the child has no name")
        return answer


class QuotesWhatItCannotRead(Roll):
    """Repeats the last row that it has read in its error."""

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        last = self.settings.path.with_name("last")
        try:
            for message in super().read(stream, cursor, limit=limit):
                if isinstance(message, Record):
                    last.write_text(str(message.payload.get("name")), encoding="utf-8")
                yield message
        except ContractDrift:
            raise ContractDrift(f"roll, behind {last.read_text(encoding='utf-8')}") from None
