"""Reads a source as the engine does: page by page, dropping what stands behind the last checkpoint of a broken read."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.contract import Checkpoint, Closed, Message, Record, SectorConnector
from connectors.records import Operation, Rejected


@dataclass(slots=True)
class Landed:
    """What was landed of a stream."""

    records: list[Record] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    cursor: str | None = None
    pages: int = 0

    def living(self) -> dict[str, Record]:
        """Return the last record of each key that is not withdrawn."""
        last = {record.key: record for record in self.records}
        return {key: record for key, record in last.items() if record.operation is not Operation.DELETE}

    def land(self, messages: list[Message]) -> bool:
        """Take a page in, and tell whether there is more."""
        last = messages[-1]
        assert isinstance(last, Checkpoint), "a page ends with a checkpoint"
        self.records += [one for one in messages if isinstance(one, Record)]
        self.rejected += [one for one in messages if isinstance(one, Rejected)]
        self.closed += [] if last.closes is None else [last.closes]
        self.cursor, self.pages = last.cursor, self.pages + 1
        return last.more


def page(connector: SectorConnector, stream: str, cursor: str | None, *, limit: int) -> list[Message]:
    """Return the messages up to the first checkpoint."""
    found: list[Message] = []
    for message in connector.read(stream, cursor, limit=limit):
        found.append(message)
        if isinstance(message, Checkpoint):
            break
    return found


def drained(connector: SectorConnector, stream: str, *, limit: int = 100, begun: Landed | None = None) -> Landed:
    """Read a stream to its end, from its beginning or from where it was left."""
    landed = begun or Landed()
    for _ in range(10_000):
        if not landed.land(page(connector, stream, landed.cursor, limit=limit)):
            return landed
    raise AssertionError("the stream does not end")


def refusals(landed: Landed) -> list[tuple[int, str, str | None]]:
    """Return row, rule and field of what was refused."""
    return [(one.row, one.rule, one.field) for one in landed.rejected]
