"""A source whose records change while others read it: what real systems do behind the back of whoever reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final

from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.invented import invented_call, invented_child
from connectors.simulators.sectors.paged import ChangesSource, PagedSource

_LATE: Final = timedelta(hours=3)  # how far behind the newest row a late one is committed


def filled_pages(rows: int, *, seed: int, at: datetime, source: PagedSource) -> PagedSource:
    """Put invented children into a paged source, the last of them changed at a time; some at the same moment."""
    chance = Random(seed)  # noqa: S311  invents children, keeps no secret
    for number in range(rows):
        changed = at - timedelta(minutes=(rows - number) // 3 * 7)
        source.put(invented_child(number, chance, at=changed), at=changed)
    return source


def filled_feed(rows: int, *, seed: int, at: datetime, source: ChangesSource) -> ChangesSource:
    """Put invented children, or calls, into a feed."""
    chance = Random(seed)  # noqa: S311  invents children, keeps no secret
    invent = invented_call if isinstance(source, HotlineSource) else invented_child
    for number in range(rows):
        source.put(invent(number, chance, at=at - timedelta(minutes=rows - number)))
    return source


class Unrest:
    """Changes a source behind a share of its answers: rows move, come late or twice, go, and feeds forget."""

    def __init__(self, source: PagedSource | ChangesSource, share: float, *, clock: Callable[[], datetime]) -> None:
        self._source, self._share, self._clock = source, share, clock
        self._number = 1_000_000  # of the next row that is invented

    def __call__(self) -> None:
        """Change something, or nothing."""
        chance = self._source.chance
        if chance.random() >= self._share:
            return
        if isinstance(self._source, PagedSource):
            self._stir_pages(self._source, chance)
        else:
            self._stir_feed(self._source, chance)

    def _stir_pages(self, source: PagedSource, chance: Random) -> None:
        at = self._clock()
        keys = sorted(source.keys())
        match chance.choice(("move", "late", "new", "double", "remove")):
            case "move" if keys:
                key = chance.choice(keys)
                source.put(source.row(key) | {"updated_at": at.isoformat()}, at=at)
            case "double" if keys:
                source.double(chance.choice(keys))
            case "remove" if keys:
                source.remove(chance.choice(keys))
            case "late":
                source.put(self._invented(chance, at=at - _LATE), at=at - _LATE)
            case _:
                source.put(self._invented(chance, at=at), at=at)

    def _stir_feed(self, source: ChangesSource, chance: Random) -> None:
        at = self._clock()
        keys = sorted(source.keys())
        match chance.choice(("new", "new", "change", "repeat", "remove", "forget")):
            case "change" if keys:
                source.put(source.living()[chance.choice(keys)] | {"updated_at": at.isoformat()})
            case "remove" if keys:
                source.remove(chance.choice(keys), at=at)
            case "repeat" if source.numbers():
                source.repeat(chance.choice(source.numbers()))
            case "forget" if chance.random() < 0.1:
                source.forget()
            case _:
                self._number += 1
                invent = invented_call if isinstance(source, HotlineSource) else invented_child
                source.put(invent(self._number, chance, at=at))

    def _invented(self, chance: Random, *, at: datetime) -> dict[str, object]:
        self._number += 1
        return invented_child(self._number, chance, at=at)
