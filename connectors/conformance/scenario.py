"""What a connector's author offers to the kit: a source with invented rows that can be filled, changed and broken.

The kit knows nothing of a source's fields. It speaks of rows by number: 'write row 3, its second version, stamped with
this time'. The scenario makes up the row of each number and puts it where the connector reads. `write` and `key` are
enough; each further method that is offered lets the kit show more of the contract.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from connectors.contract import SectorConnector

_NOT_OURS: Final = "no scenario is offered, and the source is not the kit's to change"


class NotOffered(Exception):
    """The scenario cannot do this with its source."""


class Trouble(StrEnum):
    """How a source is broken."""

    DOWN = "down"  # nobody answers, or the folder is not there
    RUBBISH = "rubbish"  # something answers that is not what was agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row to be written: the scenario makes up what it says."""

    number: int  # which one, from 1; the same number is the same key
    version: int = 1  # a higher one says something else than the one before
    at: datetime  # the time stamp that the source gives it, where it gives any
    without: str | None = None  # a required field that the row lacks
    beside: str | None = None  # a field that nobody knows, which the row has too


class Scenario(ABC):
    """A source for one stream of a connector; made anew, empty, for each clause.

    A `conformance` function of the connector's module, or attribute of its class, makes it: it takes an empty folder
    of its own and returns the scenario. A text 'module:function' instead of the function is looked up when it is used.
    """

    settings: Mapping[str, Any]  # what the connector is made with to read this source, as `spec` asks
    stream: str  # the stream that the rows are of

    @abstractmethod
    def key(self, number: int) -> str:
        """Return the key that records of this row carry."""

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, new or changed, as committed together in this order."""

    def now(self) -> datetime:
        """Return the source's time; rows are never stamped later."""
        return datetime.now(UTC)

    def settle(self) -> None:
        """Let the time pass after which the source gives out what was just written, if it takes any."""
        return

    def make(self, connector: Callable[[Any], SectorConnector], settings: BaseModel) -> SectorConnector:
        """Make the connector; a scenario with a time of its own passes it on here."""
        return connector(settings)

    def repeat(self, rows: Sequence[Row]) -> None:
        """Let the source give rows once more that it has given before, unchanged."""
        del rows
        raise NotOffered("the source cannot repeat rows")

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Take rows out of the source, in its own way of saying that they are gone."""
        del numbers, at
        raise NotOffered("the source cannot remove rows")

    def forget(self) -> None:
        """Let the source forget every place that a cursor names."""
        raise NotOffered("the source never forgets")

    def trouble(self, kind: Trouble) -> None:
        """Break the source, so that it gives nothing that could be read."""
        del kind
        raise NotOffered("the source cannot be broken")

    def close(self) -> None:
        """End what the scenario has started, such as a server."""
        return


class StandingSource(Scenario):
    """A source that is there and is not the kit's to change: what needs no changes is tried on it."""

    def __init__(self, settings: Mapping[str, Any], stream: str) -> None:
        self.settings, self.stream = settings, stream

    def key(self, number: int) -> str:
        """Tell that the rows are not known."""
        del number
        raise NotOffered(_NOT_OURS)

    def write(self, rows: Sequence[Row]) -> None:
        """Tell that nothing is written here."""
        del rows
        raise NotOffered(_NOT_OURS)


ScenarioMaker = Callable[[Path], Scenario]
