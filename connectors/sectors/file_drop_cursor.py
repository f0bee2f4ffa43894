"""How far a stream of a drop folder is read: which delivery, which row of it, and which deliveries before it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import StartOver

REMEMBERED: Final = 80  # deliveries; so the cursor stays below the 4,000 characters that it may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a delivery: before its next row."""

    done: int = 0  # rows before it
    line: int = 0  # lines before it, in a file of lines
    offset: int = 0  # bytes before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Everything up to here is read."""

    sequence: int | None = None  # of the last delivery that was read to its end
    current: str | None = None  # digest of the delivery that is being read
    place: Place = Place()  # in it
    done: tuple[
        tuple[int, str], ...
    ] = ()  # sequence (0: it has none) and digest of the last deliveries, in their order
    forgotten: int = 0  # highest sequence that is not among them any more

    def within(self, digest: str, place: Place) -> Cursor:
        """Return the cursor at a place in a delivery."""
        return replace(self, current=digest, place=place)

    def behind(self, digest: str, sequence: int | None) -> Cursor:
        """Return the cursor behind a delivery that was read to its end."""
        ended = self.passing_over([(sequence or 0, digest)])
        return replace(ended, sequence=self.sequence if sequence is None else sequence, current=None, place=Place())

    def passing_over(self, deliveries: list[tuple[int, str]]) -> Cursor:
        """Return the cursor with deliveries that need not be read."""
        done = (*self.done, *deliveries)
        dropped = [sequence for sequence, _ in done[:-REMEMBERED]]
        return replace(self, done=done[-REMEMBERED:], forgotten=max([self.forgotten, *dropped]))

    def knows(self, digest: str, sequence: int | None) -> bool:
        """Tell whether a delivery was read, or was passed over."""
        return any(digest == known for _, known in self.done) or 0 < (sequence or 0) <= self.forgotten

    def text(self) -> str:
        """Return the cursor as the engine keeps it."""
        written = _Written(
            s=self.sequence,
            d=self.current,
            p=(self.place.done, self.place.line, self.place.offset),
            k=list(self.done),
            f=self.forgotten,
        )
        return json.dumps(written.model_dump(), separators=(",", ":"))


class _Written(BaseModel):
    """The cursor as it is kept."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    s: int | None
    d: str | None
    p: tuple[int, int, int]
    k: list[tuple[int, str]] = Field(max_length=REMEMBERED)
    f: int


def read_cursor(text: str | None) -> Cursor:
    """Return the cursor that a text holds; None: nothing is read.

    Raises:
        StartOver: the text is no cursor of ours.
    """
    if text is None:
        return Cursor()
    try:
        said = _Written.model_validate_json(text)
    except ValidationError:
        raise StartOver("the cursor is none of this connector's") from None
    done, line, offset = said.p
    if min(done, line, offset) < 0:
        raise StartOver("the cursor is none of this connector's")
    place = Place(done=done, line=line, offset=offset)
    return Cursor(sequence=said.s, current=said.d, place=place, done=tuple(said.k), forgotten=said.f)
