"""Simulated services over HTTP that the pulling connectors read: windows of days, a feed of changes, the hotline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from connectors.conformance.scenario import NotOffered, Row, Scenario, Trouble
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, SimulatedSource, serve_source
from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.paged import ChangesSource, PagedSource

_FAULTS: Final = {Trouble.DOWN: SectorFault.SERVER_ERROR, Trouble.RUBBISH: SectorFault.RUBBISH}
_THINGS: Final = ("Một", "Hai", "Ba", "Bốn", "Năm")
_HARMS: Final = ("low", "medium", "high")


class _Served(Scenario):
    """A simulated source behind a server of this process."""

    source: SimulatedSource

    def __init__(self, source: SimulatedSource, **settings: object) -> None:
        self.source = source
        self._running = ExitStack()
        url = self._running.enter_context(serve_source(source))
        told = {"endpoint": url, "token": TOKEN, "attempts": 1, "first_wait": 0.001}
        self.settings = told | settings

    def key(self, number: int) -> str:
        """Return the key of a row."""
        return f"KIT-{number:06}"

    def said(self, row: Row) -> dict[str, Any]:
        """Return what a row says."""
        told = {
            "record_id": self.key(row.number),
            "updated_at": row.at.isoformat(),
            "status": "active",
            "full_name": f"Trần Thị Mẫu {_THINGS[row.number % len(_THINGS)]}",
            "birth_date": f"2014-05-{1 + row.number % 28:02}",
            "sex": "female",
            "mother_name": f"Lê Thị Mẫu {row.version}",
        }
        return _flawed(told, row)

    def trouble(self, kind: Trouble) -> None:
        """Let every request fail from now on."""
        self.source.always(_FAULTS[kind])

    def close(self) -> None:
        """Stop the server."""
        self._running.close()


def _flawed(told: Mapping[str, Any], row: Row) -> dict[str, Any]:
    if row.without is not None and row.without not in told:
        raise NotOffered(f"no row has {row.without}")
    kept = {name: value for name, value in told.items() if name != row.without}
    return kept | ({row.beside: "gì đó"} if row.beside else {})


class WindowScenario(_Served):
    """A service that is asked from a day to a day."""

    stream = "doses"
    source: PagedSource

    def __init__(self, folder: Path) -> None:
        del folder
        since = (self.now() - timedelta(days=9)).date()
        super().__init__(
            PagedSource(),
            system="health",
            stream=self.stream,
            path="/dong-bo",
            since=since,
            rows="data.danhSach",
            total="data.tongSo",
            error_path="code",
        )

    def write(self, rows: Sequence[Row]) -> None:
        """Put rows in."""
        for row in rows:
            if row.without == "record_id":
                raise NotOffered("the simulated service knows rows by their key")
            self.source.put(self.said(row), at=row.at)

    def repeat(self, rows: Sequence[Row]) -> None:
        """Give rows twice from now on."""
        for row in rows:
            self.source.double(self.key(row.number))

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Delete rows without a trace."""
        del at
        for number in numbers:
            self.source.remove(self.key(number))


class ChangesScenario(_Served):
    """A service that tells its changes by number."""

    stream = "children"
    source: ChangesSource

    def __init__(self, folder: Path) -> None:
        del folder
        super().__init__(
            ChangesSource(),
            system="social_aid",
            stream=self.stream,
            path="/changes",
            rows="items",
            next="next",
            more="more",
        )
        self._numbers: dict[int, int] = {}  # of a row → of its last change

    def write(self, rows: Sequence[Row]) -> None:
        """Put rows in."""
        for row in rows:
            if row.without in ("record_id", "call_id"):
                raise NotOffered("the simulated service knows rows by their key")
            self._numbers[row.number] = self.source.put(self.said(row))

    def repeat(self, rows: Sequence[Row]) -> None:
        """Tell changes again, as if they were new."""
        for row in rows:
            self.source.repeat(self._numbers[row.number])

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Delete rows; the feed tells it."""
        for number in numbers:
            self.source.remove(self.key(number), at=at)

    def forget(self) -> None:
        """Forget the feed so far."""
        self.source.forget()


class HotlineScenario(ChangesScenario):
    """The hotline, which hands calls over."""

    stream = "hotline"

    def __init__(self, folder: Path) -> None:
        del folder
        _Served.__init__(self, HotlineSource())
        self._numbers = {}

    def said(self, row: Row) -> dict[str, Any]:
        """Return a call."""
        told = {
            "call_id": self.key(row.number),
            "version": row.version,
            "updated_at": row.at.isoformat(),
            "received_at": row.at.isoformat(),
            "channel": "phone",
            "child": {"name": f"Trần Thị Mẫu {row.number}", "estimated_age": 6, "sex": "female"},
            "place": {"address": "Thôn Ví Dụ", "commune_code": "00004", "commune_scheme": "2025"},
            "state": f"Tình trạng mẫu {row.version}.",
            "harm_level": _HARMS[row.number % len(_HARMS)],
            "groups": [2],
            "mother": {"name": "Lý Thị Mẫu", "age": 31},
            "informant": {"willing": True, "name": "Người Báo Mẫu", "phone": "0199000001"},
        }
        return _flawed(told, row)
