"""What `docs/writing-a-connector.md` tells its readers to write keeps the contract, and is short."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.connectors.conformance.tutorial import PAGE, files, lay_down

LONGEST = 100  # lines of the connector
WORDS = ("-q", "-p", "no:cacheprovider", "-W", "error", "--connector", "school_meals.connector:SchoolMeals")


def test_the_page_holds_all_files_and_the_connector_has_under_a_hundred_lines() -> None:
    found = files()
    assert set(found) == {
        "pyproject.toml",
        "school_meals/connector.py",
        "school_meals/scenario.py",
        "connections.toml",
    }
    assert found["school_meals/connector.py"].count("\n") < LONGEST


def test_its_connector_keeps_the_contract(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *WORDS],
        cwd=lay_down(tmp_path),
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "28 held, 0 broken, 6 not shown" in run.stdout


def test_its_entry_point_and_its_connection_go_together() -> None:
    offered = tomllib.loads(files()["pyproject.toml"])["project"]["entry-points"]["child_registry.sector"]
    source = tomllib.loads(files()["connections.toml"])["sources"]["school-meals"]
    assert [source["connector"]] == list(offered)
    assert set(source["settings"]) == {"file"}


def test_the_page_speaks_of_the_options_that_there_are(pytestconfig: pytest.Config) -> None:
    for option in ("--connector-report", "--connector-scenario", "--connector-settings", "--connector-seconds"):
        assert option in PAGE
        pytestconfig.getoption(option)
