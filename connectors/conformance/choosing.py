"""From the words of a command line to what is to be checked: the connector, its scenario, its settings."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.conformance.checking import POPULATION_CLAUSES, SECTOR_CLAUSES, Checking
from connectors.conformance.population_subject import PopulationSubject
from connectors.conformance.subject import NoSuchConnector, Subject, named, offered_scenario


def checking_of(
    *,
    sector: str | None = None,
    population: str | None = None,
    scenario: str | None = None,
    settings: Path | None = None,
    stream: str | None = None,
    seconds: float | None = None,
) -> Checking[Any]:
    """Return the clauses to be shown of the connector that is named.

    Args:
        sector: module:Class of a sector connector; or else
        population: module:Class of a population connector.
        scenario: module:function of its scenario; None: what the class or its module offers.
        settings: a TOML file with the settings of a real source; it is tried instead of the scenario.
        stream: of the real source; None: its first one.
        seconds: longest time of one clause.

    Raises:
        NoSuchConnector: it cannot be found, or offers nothing that it could be tried on.
    """
    connector = named(str(sector or population))
    makes = named(scenario) if scenario else offered_scenario(connector)
    if not callable(getattr(connector, "spec", None)):
        raise NoSuchConnector("it is no connector: it has no `spec`")
    if population is not None:
        if makes is None:
            raise NoSuchConnector("it offers no `conformance`, and no scenario is named")
        return Checking(POPULATION_CLAUSES, PopulationSubject(connector, makes), seconds=seconds)
    told = read_settings(settings) if settings else None
    if makes is None and told is None and not _needs_no_settings(connector):
        raise NoSuchConnector("it offers no `conformance`, and neither a scenario nor settings are named")
    subject = Subject(connector, None if told is not None else makes, settings=told, stream=stream)
    return Checking(SECTOR_CLAUSES, subject, seconds=seconds)


def _needs_no_settings(connector: Any) -> bool:  # noqa: ANN401  somebody's class, of which nothing is known yet
    try:
        connector.spec().model_validate({})
    except (ValidationError, AttributeError, TypeError):
        return False
    return True


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings as the file of connections has them, with secrets in files of their own or the environment.

    Raises:
        NoSuchConnector: the file cannot be read, or a secret is not where it says.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _resolved(value) for name, value in told.items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise NoSuchConnector(f"the settings cannot be read: {type(error).__name__}") from error


def _resolved(value: object) -> object:
    if isinstance(value, Mapping) and set(value) == {"file"}:
        return Path(value["file"]).expanduser().read_text(encoding="utf-8").strip()
    if isinstance(value, Mapping) and set(value) == {"env"}:
        return os.environ[value["env"]]
    return value
