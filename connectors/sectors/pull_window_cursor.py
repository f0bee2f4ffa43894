"""Where a pass over a source of windows and pages stands.

A page number is a poor place to go on from: while pages are read, records move from one to another. So the pages of a
window are read again until a whole round brings what the round before brought; of each page the cursor keeps a short
digest, to tell what has not changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import StartOver
from connectors.formats.stamps import VIET_NAM

DIGEST_LETTERS: Final = 8
MOST_PAGES: Final = 400  # of one window, so that the cursor stays below its 4,000 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One reading of all pages of a window."""

    number: int = 1
    page: int = 1  # that comes next
    rows: int = 0  # before it
    largest: int = 0  # rows of the fullest page so far
    moved: bool = False  # a page was not as in the round before
    digests: tuple[str, ...] = ()  # of the pages, as last read


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A place within a pass."""

    first: date  # of the window
    last: date  # of the window
    until: datetime  # upper bound of the pass, fixed when it began
    size: int  # rows asked for at once: page numbers mean nothing without it
    round: Round = Round()

    @property
    def is_last_window(self) -> bool:
        """Tell whether nothing comes behind the window."""
        return self.last >= local_day(self.until)

    def text(self) -> str:
        """Return the cursor as the engine keeps it: a day, and behind a bar what is ours."""
        now = self.round
        written = _Written(
            t=self.last,
            u=self.until,
            n=self.size,
            r=now.number,
            p=now.page,
            c=now.rows,
            g=now.largest,
            m=now.moved,
            h="".join(now.digests),
        )
        return f"{self.first.isoformat()}|{written.model_dump_json()}"

    def next_page(self, digest: str, rows: int) -> Standing:
        """Return the place behind a page."""
        now, place = self.round, self.round.page - 1
        same = place < len(now.digests) and now.digests[place] == digest
        behind = replace(
            now,
            page=now.page + 1,
            rows=now.rows + rows,
            largest=max(now.largest, rows),
            moved=now.moved or (now.number > 1 and not same),
            digests=(*now.digests[:place], digest, *now.digests[place + 1 :]),
        )
        return replace(self, round=behind)

    def has_seen(self, digest: str) -> bool:
        """Tell whether the page that comes next was the same in the round before."""
        place = self.round.page - 1
        return self.round.number > 1 and self.round.digests[place : place + 1] == (digest,)

    def next_round(self, pages: int) -> Standing:
        """Return the beginning of another round over the window, whose last round found so many pages."""
        now = self.round
        return replace(self, round=Round(number=now.number + 1, digests=now.digests[:pages]))

    def next_window(self, days: int) -> Standing:
        """Return the beginning of the window behind this one."""
        first = self.last + timedelta(days=1)
        return opened(first, self.until, days=days, size=self.size)

    def halved(self) -> Standing | None:
        """Return the first half of the window; None: it is one day."""
        days = (self.last - self.first).days
        return None if days < 1 else replace(self, last=self.first + timedelta(days=(days - 1) // 2), round=Round())


def opened(first: date, until: datetime, *, days: int, size: int) -> Standing:
    """Return the beginning of a window of so many days, or as many as are left."""
    end = local_day(until)
    first = min(first, end)
    return Standing(first=first, last=min(first + timedelta(days=days - 1), end), until=until, size=size)


def local_day(instant: datetime) -> date:
    """Return the day of an instant in Viet Nam."""
    return instant.astimezone(VIET_NAM).date()


class _Written(BaseModel):
    """What stands behind the bar."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    t: date
    u: datetime
    n: int = Field(gt=0, le=5000)
    r: int = Field(gt=0)
    p: int = Field(gt=0)
    c: int = Field(ge=0)
    g: int = Field(ge=0)
    m: bool
    h: str = Field(pattern=rf"^(?:[0-9a-f]{{{DIGEST_LETTERS}}})*$")


def read_standing(text: str) -> Standing | date:
    """Return the place within a pass, or the day on which a new one begins.

    Raises:
        StartOver: the text is no cursor of ours.
    """
    before, bar, behind = text.partition("|")
    try:
        first = _day(before)
        if not bar:
            return first
        said = _Written.model_validate(json.loads(behind))
    except (ValueError, ValidationError):
        raise StartOver("the cursor is none of this connector's") from None
    if said.u.tzinfo is None or said.t < first:
        raise StartOver("the cursor is none of this connector's")
    digests = tuple(said.h[at : at + DIGEST_LETTERS] for at in range(0, len(said.h), DIGEST_LETTERS))
    now = Round(number=said.r, page=said.p, rows=said.c, largest=said.g, moved=said.m, digests=digests)
    return Standing(first=first, last=said.t, until=said.u, size=said.n, round=now)


def _day(text: str) -> date:
    instant = datetime.fromisoformat(text)
    return local_day(instant) if instant.tzinfo is not None else instant.date()
