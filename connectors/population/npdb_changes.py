"""The changes of the population database, read by windows of days: it has neither a cursor nor tombstones.

A window is fixed before its first page is read, and the next one begins before the end of the last, for what is
written late. So a change may come twice, and is never left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.contract import BadClaim, Change, ChangeEvent, ChangePage, ContractDrift
from connectors.population.npdb_citizens import (
    HERE,
    NUMBER,
    citizens_of,
    counted,
    former_numbers,
    moment,
    number_instead,
    state_of,
)
from connectors.population.npdb_questions import Window
from connectors.population.npdb_settings import NpdbSettings, State
from connectors.population.npdb_tree import Node

_MOST_PAGES: Final = 100_000


class Place(BaseModel):
    """Where the reading of a window stands; written out, it is the cursor."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    since: date
    until: date
    page: int = Field(default=1, ge=1, le=_MOST_PAGES)
    size: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> Place:
        if self.since > self.until:
            raise ValueError("the window ends before it begins")
        return self

    def window(self) -> Window:
        """Return what is asked for."""
        return Window(since=self.since, until=self.until, page=self.page, size=self.size)


def place_of(cursor: str | None, now: datetime, settings: NpdbSettings, *, limit: int) -> Place | None:
    """Return where to read on; None: so long ago that nobody keeps what happened since.

    Raises:
        BadClaim: the cursor is none of ours.
    """
    today = now.astimezone(HERE).date()
    if cursor is None:
        return Place(since=today, until=today, size=min(limit, settings.change_page))
    try:
        place = Place.model_validate_json(cursor)
    except ValidationError:
        raise BadClaim("cursor") from None
    kept = settings.change_keep_days
    if kept is not None and (today - place.since).days > kept:
        return None
    if place.page == 1:  # a window that is begun keeps its end, or its pages would move
        newer = {"until": max(today, place.since), "size": min(limit, settings.change_page)}
        return place.model_copy(update=newer)
    return place


def forgotten(now: datetime, settings: NpdbSettings) -> ChangePage:
    """Return what says that the feed cannot be read on from where we stood."""
    today = now.astimezone(HERE).date()
    anew = Place(since=today, until=today, size=settings.change_page)
    return ChangePage(events=(), next=anew.model_dump_json(), more=False, reset_required=True)


def read_changes(answer: Node, place: Place, settings: NpdbSettings) -> ChangePage:
    """Return the changes of a page, and where the next one begins.

    Raises:
        ContractDrift: it holds more than was asked for, or a change of nobody.
    """
    citizens = citizens_of(answer, whole=False)  # the number told is that of all pages
    if len(citizens) > place.size:
        raise ContractDrift(f"{answer.place}/CongDan[{place.size + 1}]")
    so_far = (place.page - 1) * place.size + len(citizens)
    if len(citizens) < place.size and (counted(answer) or 0) > so_far:
        raise ContractDrift(f"{answer.place}/@SoCongDan")
    events = tuple(_events(citizens, place, settings))
    more = len(citizens) == place.size
    if more and place.page == _MOST_PAGES:
        raise ContractDrift(f"{answer.place}: pages without end")
    if more:
        behind = place.model_copy(update={"page": place.page + 1})
    else:
        again = max(place.since, place.until - timedelta(days=settings.change_overlap_days))
        behind = Place(since=again, until=place.until, size=place.size)
    return ChangePage(events=events, next=behind.model_dump_json(), more=more)


def _events(citizens: tuple[Node, ...], place: Place, settings: NpdbSettings) -> Iterator[ChangeEvent]:
    for row, citizen in enumerate(citizens, start=1):
        number = citizen.at("SoDinhDanh")
        if number is None or not NUMBER.fullmatch(number):
            raise ContractDrift(f"{citizen.place}/SoDinhDanh")
        newer = number_instead(citizen, number)
        before = number if newer is not None else next(iter(reversed(former_numbers(citizen))), None)
        yield ChangeEvent(
            sequence=f"{place.since:%Y%m%d}-{place.until:%Y%m%d}-{place.page:06d}-{row:04d}",
            kind=_kind(citizen, settings, renumbered=before is not None),
            personal_number=newer or number,
            previous_number=before,
            recorded=_recorded(citizen.at("NgayThayDoi") or ""),
        )


def _recorded(written: str) -> datetime | None:
    """Return until when a change was written down: a day alone says no more than that it was over by its end."""
    said = moment(written)
    return said + timedelta(days=1) if said is not None and ":" not in written else said


def _kind(citizen: Node, settings: NpdbSettings, *, renumbered: bool) -> Change:
    """Return what a row says happened; most say no more than that something is otherwise."""
    if renumbered:
        return Change.REIDENTIFIED
    state = state_of(citizen, settings)
    return {State.DECEASED: Change.DIED, State.CANCELLED: Change.REVOKED}.get(state, Change.CORRECTED)
