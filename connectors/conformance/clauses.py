"""What a clause of the contract is, and the three ways in which showing it can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

SubjectT = TypeVar("SubjectT")


class Broken(Exception):
    """The clause does not hold. The message describes the first counter-example, without anybody's values."""


class NotShown(Exception):
    """Nothing can be said of the clause; the message says why."""


class Ending(StrEnum):
    """How a clause ended."""

    HELD = "held"
    BROKEN = "broken"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause(Generic[SubjectT]):
    """One sentence of the contract and how it is shown."""

    name: str
    promise: str  # the sentence
    show: Callable[[SubjectT], None]  # raises Broken or NotShown
    needs: tuple[str, ...] = ()  # clauses without which this one says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one clause."""

    clause: str
    promise: str
    ending: Ending
    said: str = ""  # the counter-example, or why nothing was shown


def require(holds: object, counter_example: str) -> None:
    """Raise Broken with the counter-example unless it holds."""
    if not holds:
        raise Broken(counter_example)
