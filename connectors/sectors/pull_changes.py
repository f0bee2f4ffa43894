"""A source that tells its changes by a number that grows: what comes after a number, so many at once.

[sources.allowances]
connector = "pull_changes"
[sources.allowances.settings]
endpoint = "https://lgsp.example.vn/bao-tro"
path = "/thay-doi"
system = "social_aid"
rows = "data.items"
next = "data.tiepTheo"
token = { file = "/etc/child-registry/bao-tro.token" }
[sources.allowances.settings.mapping]
...
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from pydantic import BaseModel, Field

from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    ContractDrift,
    CursorKind,
    Deletes,
    Message,
    Record,
    StartOver,
    Stream,
)
from connectors.http import Answer, Clock, Sleep, utc_now
from connectors.records import Rejected, SourceRecord
from connectors.sectors.mapping import described, found_at
from connectors.sectors.pull import (
    GONE,
    PullSettings,
    Source,
    document_of,
    number_at,
    row_again,
    row_read,
    rows_of,
)

_LONGEST: Final = 18  # digits of a number in a cursor


class PullChangesSettings(PullSettings):
    """How the source is asked for changes."""

    after_parameter: str = "after"
    limit_parameter: str = "limit"
    sequence: str = "sequence"  # of a record: its place in the feed
    next: str | None = None  # of an answer: the number to go on from; none: that of its last record
    more: str | None = None  # of an answer: whether there is more; none: there is while it is full
    largest_page: int = Field(default=1000, gt=0, le=5000)


class PullChanges:
    """Reads a feed of changes; a record that is gone comes as a tombstone."""

    api: ClassVar[int] = API
    conformance: ClassVar[str] = "connectors.conformance.scenarios.pulled:ChangesScenario"

    def __init__(self, settings: PullChangesSettings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep) -> None:
        self._settings = settings
        self._source = Source(settings, clock=clock, sleep=sleep)

    @property
    def system(self) -> str:
        """The sector whose records these are."""
        return self._settings.system

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return PullChangesSettings

    def check(self) -> CheckReport:
        """Say whether the source answers us."""
        return self._source.check()

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        mapping = self._settings.mapping
        return [
            Stream(
                name=self._settings.stream,
                key=mapping.key,
                fields=mapping.kinds(),
                required=frozenset(path for path in mapping.key if "." not in path),
                cursor=CursorKind.SEQUENCE,
                deletes=Deletes.TOMBSTONE if mapping.deleted is not None else Deletes.NONE,
                mapping_version=self._settings.mapping_version,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield one page of changes behind a number.

        Raises:
            ConnectorError: the source failed; StartOver where it has forgotten so early changes.
        """
        if stream != self._settings.stream:
            raise ContractDrift("stream")
        after, size = _number(cursor), min(limit, self._settings.largest_page)
        asked = {self._settings.after_parameter: after, self._settings.limit_parameter: size}
        answer = self._source.answer(asked, accepts=frozenset({GONE}))
        if answer.status == GONE:
            raise StartOver("the source has forgotten the changes behind the cursor")
        yield from self._page(answer, after=after, size=size)

    def _page(self, answer: Answer, *, after: int, size: int) -> Iterator[Message]:
        document = document_of(answer)
        rows = rows_of(document, self._settings)
        following = self._following(document, rows, after=after)
        for place, row in enumerate(rows, start=1):
            yield self._read(row, place)
        more = self._more(document, full=len(rows) >= size)
        if more and following == after:
            raise ContractDrift("next: the feed does not go on")
        yield Checkpoint(cursor=str(following), more=more)

    def _read(self, row: object, place: int) -> Record | Rejected:
        """Return a change as a record; where neither a number nor a time orders it, its place in the feed does."""
        found = row_read(self._without_place(row), self._settings, place=place)
        if isinstance(found, Record) and found.version is None and found.version_at is None:
            return replace(found, version=number_at(row, self._settings.sequence))
        return found

    def _without_place(self, row: object) -> object:
        """Return a change without its place in the feed: the same content told twice is the same content."""
        place = self._settings.sequence
        if not isinstance(row, Mapping) or place in self._settings.mapping.paths():
            return row
        return {name: value for name, value in row.items() if name != place}

    def _following(self, document: object, rows: Sequence[object], *, after: int) -> int:
        """Return the number to go on from.

        Raises:
            ContractDrift: it lies before the one that was asked with, or the records do not show it in their order.
        """
        if self._settings.next is not None:
            said = number_at(document, self._settings.next)
            if said is None or said < after:
                raise ContractDrift("next")
            return said
        last = after
        for place, row in enumerate(rows):
            number = number_at(row, self._settings.sequence)
            if number is None or number < last:
                raise ContractDrift(f"rows.{place}.{self._settings.sequence}")
            last = number
        return last

    def _more(self, document: object, *, full: bool) -> bool:
        if self._settings.more is None:
            return full
        said = found_at(document, self._settings.more) if isinstance(document, dict) else None
        if not isinstance(said, bool):
            raise ContractDrift("more")
        return said

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child."""
        settings = self._settings
        return described(record, settings.mapping, system=settings.system, stream=settings.stream)

    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        """Read one refused element again."""
        del stream
        return row_again(raw, self._settings, row=row)

    def close(self) -> None:
        """Give the connections back."""
        self._source.close()


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST):
        raise StartOver("the cursor is none of this connector's")
    return int(cursor)
