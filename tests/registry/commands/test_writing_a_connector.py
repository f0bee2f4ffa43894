"""The connector of `docs/writing-a-connector.md`, offered by its package and read by `sync`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from connectors.conformance.scenario import Row, Scenario
from tests.connectors.conformance.tutorial import files, install, lay_down
from tests.registry.commands.command_line import Home

AT = datetime(2026, 10, 30, tzinfo=UTC)
STANDS_IN = "/var/lib/school-meals/meals.sqlite"  # on the page


@pytest.fixture
def meals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """The tutorial's package on the path, and a programme of three children."""
    install(lay_down(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    made: Scenario = import_module("school_meals.scenario").MealsScenario(tmp_path)
    made.write([Row(number=number, at=AT) for number in (1, 2, 3)])
    return made


@pytest.fixture
def connected(home: Home, meals: Scenario, tmp_path: Path) -> Home:
    """A data folder with the page's connection."""
    path = tmp_path / "connections.toml"
    path.write_text(files()[path.name].replace(STANDS_IN, meals.settings["file"]), encoding="utf-8")
    return home.with_settings(CHILD_REGISTRY_CONNECTIONS_FILE=str(path))


def test_it_is_read_by_sync_and_then_only_what_is_new(connected: Home, meals: Scenario) -> None:
    (run,) = connected.answer("sync", "school-meals")["runs"]
    assert (run["state"], run["records"], run["accepted"], run["quarantined"]) == ("done", 3, 3, 0)
    unsound = Row(number=4, at=AT, without="full_name")
    meals.write([Row(number=2, version=2, at=AT), unsound, replace(unsound, number=5, without=None, beside="kit")])
    meals.remove([1], AT)
    (run,) = connected.answer("sync", "school-meals")["runs"]
    assert (run["records"], run["accepted"], run["quarantined"]) == (4, 3, 1)
    (stream,) = connected.answer("sources", "list")["sources"][0]["streams"]
    assert [(one["rule"], one["field"]) for one in stream["refused"]] == [("field_missing", "full_name")]
    (run,) = connected.answer("sync", "school-meals")["runs"]
    assert run["records"] == 0
