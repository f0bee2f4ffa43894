"""Finding connectors: those of this package, and those that other installed packages offer by entry point.

    child_registry.population   a class made by whoever configures it: the population database
    child_registry.sector       a class made with its settings (`spec`): a sector's system
    child_registry.file         a class made without arguments: one form of file in a drop folder

The class says in `api` for which version of the protocols it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from connectors.contract import API, FileReader, PopulationConnector, SectorConnector
from connectors.population.dci import DciConnector
from connectors.population.extract import ExtractConnector
from connectors.population.fhir import FhirConnector
from connectors.population.npdb import NpdbConnector
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.fhir_bundles import FhirBundles
from connectors.sectors.fhir_search import FhirSearch
from connectors.sectors.file_drop import FileDrop
from connectors.sectors.health import Health
from connectors.sectors.hotline import Hotline
from connectors.sectors.oneroster import OneRoster
from connectors.sectors.oneroster_csv import OneRosterCsv
from connectors.sectors.protection import Protection
from connectors.sectors.pull_changes import PullChanges
from connectors.sectors.pull_window import PullWindow
from connectors.sectors.social_aid import SocialAid

FILE_GROUP = "child_registry.file"
POPULATION_GROUP = "child_registry.population"
SECTOR_GROUP = "child_registry.sector"

BUILT_IN_FILES: tuple[Callable[[], FileReader], ...] = (Education, Health, CivilStatus, SocialAid, Protection)
BUILT_IN_POPULATIONS: Mapping[str, Callable[..., PopulationConnector]] = {
    "dci": DciConnector,
    "extract": ExtractConnector,
    "fhir": FhirConnector,
    "npdb": NpdbConnector,
}
BUILT_IN_SECTORS: Mapping[str, type[SectorConnector]] = {
    "fhir_bundles": FhirBundles,
    "fhir_search": FhirSearch,
    "file_drop": FileDrop,
    "hotline": Hotline,
    "oneroster": OneRoster,
    "oneroster_csv": OneRosterCsv,
    "pull_changes": PullChanges,
    "pull_window": PullWindow,
}


class PluginRefused(Exception):
    """An offered connector cannot be used; `name` is that of its entry point."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"connector {name}: {reason}")
        self.name = name


def file_readers(offered: Iterable[EntryPoint] | None = None) -> dict[str, FileReader]:
    """Return every reader of files by the name of its system, the built-in ones first.

    Args:
        offered: the entry points to look at; None for those of the installed packages.

    Raises:
        PluginRefused: an offered one does not load, is of another version, or takes a name or file that is taken.
    """
    found = {reader.format.system: reader for reader in (make() for make in BUILT_IN_FILES)}
    for entry_point in entry_points(group=FILE_GROUP) if offered is None else offered:
        reader: FileReader = _loaded(entry_point)()
        file_names = {known.format.file_name for known in found.values()}
        if reader.format.system in found or reader.format.file_name in file_names:
            raise PluginRefused(entry_point.name, "its system or file name is another connector's")
        found[reader.format.system] = reader
    return found


def sector_connectors(offered: Iterable[EntryPoint] | None = None) -> dict[str, type[SectorConnector]]:
    """Return every sector connector's class by name, the built-in ones first; see `file_readers`."""
    return _with_offered(BUILT_IN_SECTORS, entry_points(group=SECTOR_GROUP) if offered is None else offered)


def population_connectors(
    offered: Iterable[EntryPoint] | None = None,
) -> dict[str, Callable[..., PopulationConnector]]:
    """Return every population connector's class by name, the built-in ones first; see `file_readers`."""
    return _with_offered(BUILT_IN_POPULATIONS, entry_points(group=POPULATION_GROUP) if offered is None else offered)


def connector_for_file(file_name: str, readers: Iterable[FileReader]) -> FileReader | None:
    """Return the reader of a file of this name in a drop folder; None if the file is unknown."""
    return next((reader for reader in readers if reader.format.file_name == file_name), None)


def _with_offered(built_in: Mapping[str, Any], offered: Iterable[EntryPoint]) -> dict[str, Any]:
    found = dict(built_in)
    for entry_point in offered:
        if entry_point.name in found:
            raise PluginRefused(entry_point.name, "its name is another connector's")
        found[entry_point.name] = _loaded(entry_point)
    return found


def _loaded(entry_point: EntryPoint) -> Callable[..., Any]:
    try:
        offered: Callable[..., Any] = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise PluginRefused(entry_point.name, "it does not load") from error
    if getattr(offered, "api", None) != API:
        raise PluginRefused(entry_point.name, f"it is not written for version {API} of the protocols")
    return offered
