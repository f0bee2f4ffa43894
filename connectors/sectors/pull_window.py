"""A source that is asked from a day to a day, page by page, and tells neither order nor deletions.

    [sources.doses]
    connector = "pull_window"
    [sources.doses.settings]
    endpoint = "https://lgsp.example.vn/tiem-chung"
    path = "/dong-bo"
    system = "health"
    since = 2025-01-01
    parameters = { Loai = "TRE_EM" }
    rows = "data.danhSach"
    total = "data.tongSo"
    token_url = "https://lgsp.example.vn/token"
    client_id = "..."
    client_secret = { file = "/etc/child-registry/lgsp.secret" }
    [sources.doses.settings.mapping]
    ...

The upper bound of a pass is fixed before its first page is read. Each new pass begins some days before the end of the
last one, so that what the source committed late comes too. What was deleted shows in a comparison of all only.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from enum import StrEnum
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
    Stream,
    Transient,
)
from connectors.formats.stamps import VIET_NAM
from connectors.http import Clock, Sleep, utc_now
from connectors.records import Rejected, SourceRecord
from connectors.sectors.mapping import canonical, described
from connectors.sectors.pull import PullSettings, Source, document_of, number_at, row_again, row_read, rows_of
from connectors.sectors.pull_window_cursor import (
    DIGEST_LETTERS,
    MOST_PAGES,
    Standing,
    local_day,
    opened,
    read_standing,
)

MOST_ROUNDS: Final = 6


class DayForm(StrEnum):
    """How a source writes the ends of a window."""

    COMPACT = "yyyymmdd"
    ISO_DAY = "iso_day"
    SLASHED = "dd/mm/yyyy"
    ISO_TIME = "iso_time"  # with its zone, to the second


class PullWindowSettings(PullSettings):
    """How the source is asked for a window."""

    since: date  # the first window begins here
    from_parameter: str = "TuNgay"
    to_parameter: str = "DenNgay"
    page_parameter: str = "Trang"
    size_parameter: str = "SoBanGhi"
    day_form: DayForm = DayForm.COMPACT
    first_page: int = Field(default=1, ge=0, le=1)
    page_size: int = Field(default=500, gt=0, le=5000)
    window_days: int = Field(default=31, gt=0, le=3660)
    overlap_days: int = Field(default=3, ge=1, le=365)
    tells_deletions: bool = False  # all of them, by the mapping's `deleted`; else a comparison of all shows them
    total: str | None = None  # of an answer: how many records the window has


class PullWindow:
    """Reads windows of days, page by page."""

    api: ClassVar[int] = API
    conformance: ClassVar[str] = "connectors.conformance.scenarios.pulled:WindowScenario"

    def __init__(self, settings: PullWindowSettings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep) -> None:
        self._settings, self._clock = settings, clock
        self._source = Source(settings, clock=clock, sleep=sleep)

    @property
    def system(self) -> str:
        """The sector whose records these are."""
        return self._settings.system

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return PullWindowSettings

    def check(self) -> CheckReport:
        """Say whether the source answers us."""
        return self._source.check()

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        mapping = self._settings.mapping
        tombstones = self._settings.tells_deletions and mapping.deleted is not None
        return [
            Stream(
                name=self._settings.stream,
                key=mapping.key,
                fields=mapping.kinds(),
                required=frozenset(path for path in mapping.key if "." not in path),
                cursor=CursorKind.WINDOW,
                deletes=Deletes.TOMBSTONE if tombstones else Deletes.NONE,
                overlap=timedelta(days=self._settings.overlap_days),
                mapping_version=self._settings.mapping_version,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield one page of a window.

        Raises:
            ConnectorError: the source failed.
        """
        if stream != self._settings.stream:
            raise ContractDrift("stream")
        at = self._standing(cursor, limit)
        document = document_of(self._source.answer(self._asked(at)))
        rows = rows_of(document, self._settings)
        if len(rows) > at.size:
            raise ContractDrift("rows: more than were asked for")
        digest = _digest(rows)
        if not at.has_seen(digest):
            yield from (row_read(row, self._settings, place=place) for place, row in enumerate(rows, start=1))
        yield self._behind(at, rows, digest, total=number_at(document, self._settings.total))

    def _standing(self, cursor: str | None, limit: int) -> Standing:
        settings = self._settings
        at = settings.since if cursor is None else read_standing(cursor)
        if isinstance(at, Standing):
            return at
        size = max(1, min(limit, settings.page_size))
        return opened(at, self._clock(), days=settings.window_days, size=size)

    def _asked(self, at: Standing) -> dict[str, str | int]:
        settings = self._settings
        return {
            settings.from_parameter: self._written(at.first, at, closes=False),
            settings.to_parameter: self._written(at.last, at, closes=True),
            settings.page_parameter: at.round.page - 1 + settings.first_page,
            settings.size_parameter: at.size,
        }

    def _written(self, day: date, at: Standing, *, closes: bool) -> str:
        match self._settings.day_form:
            case DayForm.COMPACT:
                return day.strftime("%Y%m%d")
            case DayForm.SLASHED:
                return day.strftime("%d/%m/%Y")
            case DayForm.ISO_DAY:
                return day.isoformat()
            case DayForm.ISO_TIME:
                end = time_of_day(23, 59, 59) if closes else time_of_day()
                instant = datetime.combine(day, end, tzinfo=VIET_NAM)
                return min(instant, at.until.astimezone(VIET_NAM)).isoformat(timespec="seconds")

    def _behind(self, at: Standing, rows: Sequence[object], digest: str, *, total: int | None) -> Checkpoint:
        """Return the checkpoint behind a page."""
        now = at.round
        counted = now.rows + len(rows)
        is_end = not rows or (now.page > 1 and len(rows) < now.largest) or (total is not None and counted >= total)
        behind = at.next_page(digest, len(rows)) if rows else at
        if not is_end:
            return Checkpoint(cursor=self._within_bounds(behind).text(), more=True)
        pages = behind.round.page - 1
        if self._must_read_again(behind, pages):
            return Checkpoint(cursor=behind.next_round(pages).text(), more=True)
        if behind.is_last_window:
            return Checkpoint(cursor=local_day(behind.until).isoformat())
        return Checkpoint(cursor=behind.next_window(self._settings.window_days).text(), more=True)

    def _within_bounds(self, at: Standing) -> Standing:
        """Return the place, or the beginning of half the window where it has more pages than a cursor can hold."""
        if at.round.page <= MOST_PAGES:
            return at
        half = at.halved()
        if half is None:
            raise ContractDrift("window: a day has more pages than can be read")
        return half

    def _must_read_again(self, at: Standing, pages: int) -> bool:
        """Tell whether records may have moved between the pages while they were read.

        That as many came as the source says there are proves nothing: one may have gone while another came.

        Raises:
            Transient: they move and move, in a window that no later pass reads again.
        """
        if pages < 2:
            return False
        settled = at.round.number > 1 and not at.round.moved and pages == len(at.round.digests)
        if settled:
            return False
        if at.round.number < MOST_ROUNDS:
            return True
        if at.last < local_day(at.until) - timedelta(days=self._settings.overlap_days - 1):
            raise Transient("records move between the pages while they are read")
        return False  # the next pass begins before this window's end

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


def _digest(rows: Sequence[object]) -> str:
    return hashlib.blake2s(canonical({"rows": rows}), digest_size=DIGEST_LETTERS // 2).hexdigest()
