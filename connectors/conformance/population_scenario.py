"""What the author of a population connector offers to the kit: a system that knows somebody, and that can be broken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from connectors.conformance.scenario import NotOffered
from connectors.contract import Claim, PopulationConnector

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]  # seconds


class Fault(StrEnum):
    """How the system fails one who asks."""

    DOWN = "down"  # nobody answers
    FAILED = "failed"  # it says that it cannot now
    BUSY = "busy"  # it says that we ask too much
    DENIED = "denied"
    HALF = "half"  # half an answer
    RUBBISH = "rubbish"  # something that is no answer
    ERROR_INSIDE = "error inside"  # a success that holds an error
    OTHER_PERSON = "another person"  # the entry of somebody whom nobody asked for


class PopulationScenario(ABC):
    """A population system; made anew for each clause, as a `Scenario` of a sector is, and found in the same way."""

    settings: Mapping[str, Any]  # what the connector is made with, as `spec` asks

    @abstractmethod
    def known(self) -> Claim:
        """Return a claim that the system confirms."""

    @abstractmethod
    def nobody(self) -> Claim:
        """Return a claim with a number that nobody has."""

    def make(
        self, connector: Callable[..., PopulationConnector], settings: BaseModel, *, clock: Clock, sleep: Sleep
    ) -> PopulationConnector:
        """Make the connector, to ask this system."""
        return connector(settings, clock=clock, sleep=sleep)

    def inactive(self) -> Claim:
        """Return a claim with a number that is no longer in use."""
        raise NotOffered("the system knows no number that is out of use")

    def ambiguous(self) -> Claim:
        """Return a claim that fits several entries."""
        raise NotOffered("the system knows nobody twice")

    def fail(self, fault: Fault, *, times: int) -> None:
        """Let the next questions fail."""
        del fault, times
        raise NotOffered("the system cannot be broken")

    def asked(self) -> Sequence[str]:
        """Return the questions that have reached the system, each with its headers, as text."""
        raise NotOffered("it is not told what reaches the system")

    def close(self) -> None:
        """End what the scenario has started, such as a server."""
        return


PopulationScenarioMaker = Callable[[Path], PopulationScenario]
