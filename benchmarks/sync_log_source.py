"""An invented source for the kill loop: a log of changes that arrive out of order, and some of them twice.

Settings: how many children, how far out of order, and a seed. The same settings give the same log, and a cursor (the
number of messages read) gives the same messages each time, so that two runs can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from connectors.contract import API, Checkpoint, CheckReport, CursorKind, Deletes, Message, Record, Stream
from connectors.records import ChildFacts, Operation, PersonFacts, Rejected, SourceRecord

BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ")
MIDDLES = ("Thị", "Văn", "Gia", "Đức", "Minh")
GIVENS = ("An", "Bình", "Chi", "Dũng", "Hoà", "Lan", "Mai", "Nam", "Sơn", "Tùng")
ROSTER = Stream(
    name="roster",
    key=("id",),
    fields={"id": "text", "name": "text", "born": "date", "sex": "text", "mother": "text", "commune": "text"},
    required=frozenset({"name"}),
    cursor=CursorKind.SEQUENCE,
    deletes=Deletes.TOMBSTONE,
)


class LogSettings(BaseModel):
    """What the log is like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    children: int = 200
    seed: int = 1
    disorder: int = 40  # so many places a change may arrive from where it was made


class LogSource:
    """The invented source."""

    api = API
    system = "education"

    def __init__(self, settings: LogSettings) -> None:
        self._log = arrivals(settings)

    @classmethod
    def spec(cls) -> type[LogSettings]:
        """Return the settings."""
        return LogSettings

    def check(self) -> CheckReport:
        """Say that all is well."""
        return CheckReport(ok=True)

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [ROSTER]

    def count(self, stream: str) -> int:
        """Return how many messages there are; args: stream: the one there is."""
        del stream
        return len(self._log)

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield the arrivals behind a place."""
        del stream
        start = int(cursor or 0)
        end = min(start + limit, len(self._log))
        yield from self._log[start:end]
        yield Checkpoint(cursor=str(end), more=end < len(self._log))

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Understand a pupil."""
        said = record.payload
        if said["name"] == "?":
            return Rejected(row=record.row, rule="name_missing", field="name", raw=b"")
        facts = ChildFacts(
            name=said["name"],
            birth_date=said["born"],
            sex=said["sex"],
            personal_number=said.get("number"),
            commune_code=said["commune"],
            commune_scheme="2025",
            mother=PersonFacts(name=said["mother"]),
        )
        return SourceRecord(system="", stream="", key="", row=0, facts=facts, raw=b"")


def arrivals(settings: LogSettings) -> list[Record]:
    """Return the changes in the order in which they arrive."""
    chance = random.Random(settings.seed)
    made = [change for number in range(settings.children) for change in _changes(number, chance)]
    chance.shuffle(made)
    made.sort(key=lambda change: (change.version or 0) * settings.children + chance.random() * settings.disorder)
    again = [chance.choice(made) for _ in range(len(made) // 5)]
    return list(_woven(made, again, chance))


def _woven(made: Sequence[Record], again: Sequence[Record], chance: random.Random) -> Iterator[Record]:
    """Yield the changes with those that come twice at random places among them, before or after the first time."""
    places = sorted(chance.randrange(len(made)) for _ in again)
    repeated = iter(again)
    next_place = iter(places)
    place = next(next_place, None)
    for number, change in enumerate(made):
        while place is not None and place <= number:
            yield next(repeated)
            place = next(next_place, None)
        yield change


def _changes(number: int, chance: random.Random) -> Iterator[Record]:
    key = f"HS{number:07}"
    payload = {
        "id": key,
        "name": f"{chance.choice(SURNAMES)} {chance.choice(MIDDLES)} {chance.choice(GIVENS)}",
        "born": f"{chance.randrange(2011, 2020)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "sex": chance.choice(("Nam", "Nữ")),
        "mother": f"{chance.choice(SURNAMES)} Thị {chance.choice(GIVENS)}",
        "commune": "05443",
    }
    for version in range(1, chance.randrange(1, 6)):
        at = BEGAN + timedelta(minutes=number, days=version)
        what = chance.random()
        if what < 0.15:
            yield Record(key=key, operation=Operation.DELETE, version=version, version_at=at, row=number)
            continue
        said = {**payload, "name": "?" if what < 0.2 else payload["name"], "mother": f"{payload['mother']} {version}"}
        if what > 0.9:
            said["lop"] = f"{version}A"  # a field that the mapping does not know
        yield Record(key=key, version=version, version_at=at, payload=said, row=number)
