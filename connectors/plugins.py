"""Finding connectors: those of this package, and those that other installed packages offer by entry point.

A package offers a class in the group `child_registry.sector` (made without arguments) or `child_registry.population`
(made by whoever configures it). The class says in `api` for which version of the protocols it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from connectors.contract import API, PopulationConnector, SectorConnector
from connectors.population.extract import ExtractConnector
from connectors.population.npdb import NpdbConnector
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid

SECTOR_GROUP = "child_registry.sector"
POPULATION_GROUP = "child_registry.population"

BUILT_IN_SECTORS: tuple[Callable[[], SectorConnector], ...] = (Education, Health, CivilStatus, SocialAid, Protection)
BUILT_IN_POPULATIONS: Mapping[str, Callable[..., PopulationConnector]] = {
    "extract": ExtractConnector,
    "npdb": NpdbConnector,
}


class PluginRefused(Exception):
    """An offered connector cannot be used; `name` is that of its entry point."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"connector {name}: {reason}")
        self.name = name


def sector_connectors(offered: Iterable[EntryPoint] | None = None) -> dict[str, SectorConnector]:
    """Return every sector connector by the name of its system, the built-in ones first.

    Args:
        offered: the entry points to look at; None for those of the installed packages.

    Raises:
        PluginRefused: an offered one does not load, is of another version, or takes a name or file that is taken.
    """
    found = {connector.format.system: connector for connector in (make() for make in BUILT_IN_SECTORS)}
    for entry_point in entry_points(group=SECTOR_GROUP) if offered is None else offered:
        connector: SectorConnector = _loaded(entry_point)()
        file_names = {known.format.file_name for known in found.values()}
        if connector.format.system in found or connector.format.file_name in file_names:
            raise PluginRefused(entry_point.name, "its system or file name is another connector's")
        found[connector.format.system] = connector
    return found


def population_connectors(
    offered: Iterable[EntryPoint] | None = None,
) -> dict[str, Callable[..., PopulationConnector]]:
    """Return every population connector's class by name, the built-in ones first; see `sector_connectors`."""
    found = dict(BUILT_IN_POPULATIONS)
    for entry_point in entry_points(group=POPULATION_GROUP) if offered is None else offered:
        if entry_point.name in found:
            raise PluginRefused(entry_point.name, "its name is another connector's")
        found[entry_point.name] = _loaded(entry_point)
    return found


def connector_for_file(file_name: str, connectors: Iterable[SectorConnector]) -> SectorConnector | None:
    """Return the connector that reads a file of this name in a drop folder; None if the file is unknown."""
    return next((connector for connector in connectors if connector.format.file_name == file_name), None)


def _loaded(entry_point: EntryPoint) -> Callable[..., Any]:
    try:
        offered: Callable[..., Any] = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise PluginRefused(entry_point.name, "it does not load") from error
    if getattr(offered, "api", None) != API:
        raise PluginRefused(entry_point.name, f"it is not written for version {API} of the protocols")
    return offered
