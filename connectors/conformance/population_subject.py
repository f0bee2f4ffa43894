"""The population connector under test, and the bench on which it is asked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from connectors.conformance.clauses import NotShown
from connectors.conformance.population_scenario import PopulationScenario, PopulationScenarioMaker
from connectors.conformance.scenario import NotOffered
from connectors.conformance.subject import close_connector
from connectors.contract import CallContext, Claim, PopulationConnector

BEGAN: Final = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class Time:
    """A time that passes when somebody sleeps."""

    at: datetime = BEGAN

    def now(self) -> datetime:
        """Return the time."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True, kw_only=True)
class Desk:
    """One system and a connector that asks it."""

    scenario: PopulationScenario
    connector: PopulationConnector
    time: Time
    calls: int = field(default=0)

    def context(self, *, seconds: float | None = None) -> CallContext:
        """Return the context of a new call.

        Args:
            seconds: until no further try may begin; None: there is no such time.
        """
        self.calls += 1
        return CallContext(
            request_id=f"kit-{self.calls:06}",
            agency_code="KIT",
            officer_ref="kit",
            procedure_code="verification",
            legal_basis="Luật Căn cước 2023",
            purpose="conformance",
            deadline=None if seconds is None else self.time.now() + timedelta(seconds=seconds),
        )


class PopulationSubject:
    """A population connector under test; each clause asks for a desk of its own."""

    def __init__(self, connector: Callable[..., PopulationConnector], scenario: PopulationScenarioMaker | None) -> None:
        self.connector = connector
        self.made_by = cast("Any", connector)
        self._scenario = scenario

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Make a system, and a connector that asks it.

        Raises:
            NotShown: no scenario is offered, or it cannot do what the clause needs.
        """
        if self._scenario is None:
            raise NotShown("no scenario is offered: the connector has no `conformance`")
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            scenario = self._scenario(Path(folder))
            try:
                desk = self._desk(scenario)
                try:
                    yield desk
                finally:
                    close_connector(desk.connector)
            except NotOffered as reason:
                raise NotShown(str(reason)) from reason
            finally:
                scenario.close()

    def _desk(self, scenario: PopulationScenario) -> Desk:
        time = Time()
        settings = self.settings_of(scenario)
        made = scenario.make(self.connector, settings, clock=time.now, sleep=time.sleep)
        return Desk(scenario=scenario, connector=made, time=time)

    def settings_of(self, scenario: PopulationScenario) -> BaseModel:
        """Return the settings that the connector is made with on a scenario."""
        model: BaseModel = self.made_by.spec().model_validate(dict(scenario.settings))
        return model


def values_of(*claims: Claim) -> frozenset[str]:
    """Return what claims say of people."""
    found = (getattr(claim, each.name) for claim in claims for each in fields(claim) if each.name != "sex")
    return frozenset(value for value in found if value)
