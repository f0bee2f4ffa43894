"""A system that is asked from a day to a day, page by page, and one that tells changes by a number.

Both hold rows as they were put in. The paged one sorts by the time of the change, as such services do: a row that is
changed while others read moves to the end, and all behind its old place move up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.sectors.faulty import SectorFault, SimulatedSource, parameters

LARGEST_PAGE: Final = 5000
GONE: Final = 410

Row = dict[str, Any]


@dataclass(slots=True)
class _Kept:
    """A row, when it was changed, and where it stands among those of the same time."""

    row: Row = field(repr=False)
    at: datetime
    turn: int


class PagedSource(SimulatedSource):
    """Asked by TuNgay, DenNgay (yyyymmdd), Loai, Trang (from 1), SoBanGhi; deletions leave no trace."""

    def __init__(
        self,
        *,
        key: str = "record_id",
        largest_page: int = LARGEST_PAGE,
        tells_total: bool = True,
        seed: int = 0,
        shares: Mapping[SectorFault, float] | None = None,
        slow_seconds: float = 0.2,
    ) -> None:
        super().__init__(seed=seed, shares=shares, slow_seconds=slow_seconds)
        self._key, self._largest, self._tells_total = key, largest_page, tells_total
        self._rows: dict[str, _Kept] = {}
        self._doubled: set[str] = set()
        self._turn = 0
        self._between: list[Callable[[PagedSource], None]] = []

    def put(self, row: Mapping[str, Any], *, at: datetime) -> None:
        """Put a row in, or in place of that of its key; `at` may lie behind what was read: it is committed late."""
        with self.lock:
            self._turn += 1
            self._rows[str(row[self._key])] = _Kept(row=deepcopy(dict(row)), at=at, turn=self._turn)

    def remove(self, key: str) -> None:
        """Delete a row without a trace."""
        with self.lock:
            self._rows.pop(key, None)

    def double(self, key: str) -> None:
        """Give a row twice from now on."""
        with self.lock:
            self._doubled.add(key)

    def keys(self) -> set[str]:
        """Return the keys of the living rows."""
        with self.lock:
            return set(self._rows)

    def row(self, key: str) -> Row:
        """Return a row as it stands."""
        with self.lock:
            return deepcopy(self._rows[key].row)

    def between_pages(self, *changes: Callable[[PagedSource], None]) -> None:
        """Make changes, one behind each page that is given from now on."""
        with self.lock:
            self._between.extend(changes)

    def answered(self, asked: Asked) -> Answered:
        """Return one page of a window."""
        try:
            said = parameters(asked)
            first, last = _day(said.get("TuNgay", "")), _day(said.get("DenNgay", ""))
            number, size = int(said.get("Trang", "1")), int(said.get("SoBanGhi", "100"))
        except ValueError:
            return json_answer({"code": "01", "message": "bad request"}, status=400)
        found = self._window(first, last)
        size = min(size, self._largest)
        page = found[(number - 1) * size : number * size]
        data: dict[str, Any] = {"danhSach": page}
        if self._tells_total:
            data["tongSo"] = len(found)
        answer = json_answer({"code": "00", "correlationId": "sim", "data": data})
        if self._between:
            self._between.pop(0)(self)
        return answer

    def _window(self, first: date, last: date) -> list[Row]:
        found = sorted(
            (kept for kept in self._rows.values() if first <= kept.at.date() <= last),
            key=lambda kept: (kept.at, kept.turn),
        )
        rows: list[Row] = []
        for kept in found:
            rows += [deepcopy(kept.row)] * (2 if str(kept.row[self._key]) in self._doubled else 1)
        return rows


def _day(text: str) -> date:
    """Return a day in any of the forms that services take."""
    for form in ("%Y%m%d", "%d/%m/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
    return datetime.fromisoformat(text).date()


@dataclass(slots=True)
class _Change:
    number: int
    row: Row = field(repr=False)


class ChangesSource(SimulatedSource):
    """Asked by `after` and `limit`; every change stands in the feed, a deletion as a tombstone."""

    def __init__(
        self,
        *,
        key: str = "record_id",
        tombstone: Mapping[str, Any] | None = None,
        seed: int = 0,
        shares: Mapping[SectorFault, float] | None = None,
        slow_seconds: float = 0.2,
        shuffles: bool = False,
    ) -> None:
        """Make it ready.

        Args:
            tombstone: members that say of a row that it is deleted.
            shuffles: the rows of a page come in any order.
        """
        super().__init__(seed=seed, shares=shares, slow_seconds=slow_seconds)
        self._key, self._tombstone = key, dict(tombstone or {"status": "tobedeleted"})
        self._shuffles = shuffles
        self._feed: list[_Change] = []
        self._living: dict[str, Row] = {}
        self._forgotten = 0

    def put(self, row: Mapping[str, Any]) -> int:
        """Put a row in, or in place of that of its key; return its number."""
        with self.lock:
            self._living[str(row[self._key])] = deepcopy(dict(row))
            return self._told(row)

    def _told(self, row: Mapping[str, Any]) -> int:
        number = (self._feed[-1].number if self._feed else self._forgotten) + 1
        self._feed.append(_Change(number=number, row=deepcopy(dict(row))))
        return number

    def remove(self, key: str, *, at: datetime) -> None:
        """Delete a row; the feed tells it."""
        with self.lock:
            self._living.pop(key, None)
            self._told({self._key: key, "updated_at": at.isoformat(), **self._tombstone})

    def repeat(self, number: int) -> None:
        """Tell a change again, as if it were a new one."""
        with self.lock:
            self._told(next(change.row for change in self._feed if change.number == number))

    def numbers(self) -> list[int]:
        """Return the numbers of the changes that are not forgotten."""
        with self.lock:
            return [change.number for change in self._feed]

    def forget(self) -> None:
        """Forget the feed so far: whoever has not read it must begin anew, and gets what is living."""
        with self.lock:
            self._forgotten = self._feed[-1].number if self._feed else self._forgotten
            self._feed = []

    def keys(self) -> set[str]:
        """Return the keys of the living rows."""
        with self.lock:
            return set(self._living)

    def living(self) -> dict[str, Row]:
        """Return the living rows by their keys."""
        with self.lock:
            return deepcopy(self._living)

    def answered(self, asked: Asked) -> Answered:
        """Return the changes behind a number."""
        try:
            said = parameters(asked)
            after, limit = int(said.get("after", "0")), int(said.get("limit", "100"))
        except ValueError:
            return json_answer({"code": "01"}, status=400)
        if after == 0 and self._forgotten:
            self._begin_anew()
        if 0 < after < self._forgotten:
            return json_answer({"code": "410"}, status=GONE)
        ahead = [change for change in self._feed if change.number > after]
        page = ahead[: max(1, min(limit, LARGEST_PAGE))]
        items = [{**change.row, "sequence": change.number} for change in page]
        if self._shuffles:
            self.chance.shuffle(items)
        following = page[-1].number if page else after
        return json_answer({"code": "00", "items": items, "next": following, "more": len(page) < len(ahead)})

    def _begin_anew(self) -> None:
        """Tell all that is living again, behind what was forgotten."""
        told = {str(change.row[self._key]) for change in self._feed}
        for key in [key for key in self._living if key not in told]:
            self._told(self._living[key])


def put_all(source: PagedSource, rows: Iterable[Mapping[str, Any]], *, first: datetime, step: timedelta) -> None:
    """Put rows in, each a step later than the one before."""
    for number, row in enumerate(rows):
        source.put(row, at=first + number * step)
