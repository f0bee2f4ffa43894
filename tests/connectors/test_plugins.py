"""Finding connectors, built-in and offered."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.plugins import (
    FILE_GROUP,
    POPULATION_GROUP,
    PluginRefused,
    connector_for_file,
    file_readers,
    population_connectors,
)
from connectors.records import Rejected


class Offered:
    """A connector of another package."""

    api = API
    format = FileFormat(
        system="libraries", stream="readers", file_name="libraries.csv", required_columns=(), mapping_version=1
    )

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Return a reading without rows."""
        del path, looks_like_a_name
        return Reading(format=self.format, encodings={}, rows=iter(()))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> Rejected:
        """Read nothing."""
        del encodings
        return Rejected(row=row, rule="unreadable", field=None, raw=raw)


class Outdated(Offered):
    api = API + 1


class Intruder(Offered):
    format = FileFormat(system="other", stream="x", file_name="education.csv", required_columns=(), mapping_version=1)


def offered(name: str, group: str = FILE_GROUP, module: str = __name__) -> EntryPoint:
    """Return an entry point to a class of this module."""
    return EntryPoint(name=name.lower(), value=f"{module}:{name}", group=group)


def test_the_five_sectors_are_built_in_under_the_names_of_their_systems() -> None:
    found = file_readers()
    assert {"education", "health", "civil_status", "social_aid", "protection"} <= set(found)
    assert len({connector.format.file_name for connector in found.values()}) == len(found)


def test_an_offered_connector_is_found_beside_them() -> None:
    found = file_readers([offered("Offered")])
    assert isinstance(found["libraries"], Offered)
    assert connector_for_file("libraries.csv", found.values()) is found["libraries"]


def test_a_file_that_nobody_reads_is_unknown() -> None:
    assert connector_for_file("notes.txt", file_readers([]).values()) is None


@pytest.mark.parametrize(
    "entry_point",
    [
        offered("Outdated"),
        offered("Intruder"),
        offered("Absent"),
        offered("Offered", module="no_such_package_here"),
    ],
)
def test_a_connector_that_cannot_be_used_is_refused_by_name(entry_point: EntryPoint) -> None:
    with pytest.raises(PluginRefused, match=entry_point.name):
        file_readers([entry_point])


def test_a_system_cannot_be_taken_over() -> None:
    with pytest.raises(PluginRefused):
        file_readers([offered("Offered"), offered("Offered")])


def test_population_connectors_are_found_by_name() -> None:
    found = population_connectors([offered("Offered", POPULATION_GROUP)])
    assert set(found) == {"dci", "extract", "fhir", "npdb", "offered"}
    with pytest.raises(PluginRefused):
        population_connectors([EntryPoint(name="npdb", value="x:y", group=POPULATION_GROUP)])
