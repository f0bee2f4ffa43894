"""The kit as authors of connectors run it: by pytest's command line, in a folder of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connectors.conformance.choosing import checking_of
from connectors.conformance.subject import NoSuchConnector
from tests.connectors.conformance.running import BROKEN, ROLL, run


def test_a_sound_connector_passes_and_is_reported_clause_by_clause(tmp_path: Path) -> None:
    told = run(tmp_path, "--connector", f"{ROLL}:Roll", "--connector-report", "report.json", "--junit-xml", "junit.xml")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{ROLL}:Roll: 33 held, 0 broken, 1 not shown" in told.stdout
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["counts"] == {"held": 33, "not shown": 1}
    assert [clause["clause"] for clause in report["clauses"]][:3] == ["api", "settings", "secrets"]
    cases = ElementTree.parse(tmp_path / "junit.xml").findall(".//testcase")  # noqa: S314  we have just written it
    assert {"resume", "late-rows"} <= {case.get("name") for case in cases}


def test_a_broken_one_fails_with_the_counter_example_and_no_traceback(tmp_path: Path) -> None:
    told = run(tmp_path, "--connector", f"{BROKEN}.changing:SkipsEqualTimes", "--connector-report", "report.txt")
    assert told.returncode == 1
    assert "1 broken" in told.stdout
    assert "in pages of 1, 6 of 7 rows of one time stamp are lost" in told.stdout
    assert "Traceback" not in told.stdout
    assert "changing.py" not in told.stdout
    report = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "equal-times    BROKEN" in report


def test_tests_that_are_named_run_beside_the_clauses_and_others_do_not(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None:\n    pass\n", encoding="utf-8")
    alone = run(tmp_path, "-q", "--connector", f"{ROLL}:Roll", "-k", "api or test_own")
    beside = run(tmp_path, "-q", "--connector", f"{ROLL}:Roll", "-k", "api or test_own", "test_own.py")
    assert "1 passed" in alone.stdout
    assert "2 passed" in beside.stdout


def test_a_run_without_the_kit_is_as_ever(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None:\n    pass\n", encoding="utf-8")
    told = run(tmp_path, "-q")
    assert told.returncode == 0
    assert "conformance" not in told.stdout


@pytest.mark.parametrize(
    "named",
    [
        {"sector": "no_such_package:Connector"},
        {"sector": f"{ROLL}:NoSuchClass"},
        {"sector": ROLL},
        {"sector": "connectors.contract:Stream"},
        {"population": "connectors.contract:Stream"},
        {"sector": f"{ROLL}:Roll", "settings": Path("absent.toml")},
        {"sector": f"{ROLL}:Roll", "scenario": f"{ROLL}:absent"},
    ],
)
def test_what_cannot_be_checked_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(NoSuchConnector):
        checking_of(**named)


def test_a_refusal_is_one_line(tmp_path: Path) -> None:
    both = run(tmp_path, "--connector", f"{ROLL}:Roll", "--population-connector", f"{ROLL}:Roll")
    nothing = run(tmp_path, "--connector", "no_such_package:Connector")
    for told in (both, nothing):
        assert told.returncode == 4
        assert "Traceback" not in told.stdout + told.stderr
        assert told.stderr.startswith("ERROR: ")


def test_a_real_source_is_read_and_not_changed(tmp_path: Path) -> None:
    roll = tmp_path / "roll.json"
    row = {"id": "pupil-1", "name": "Trần Thị Mẫu", "born": "2014"}
    entry = {"number": 1, "seq": 1, "stamp": "2026-11-01T08:00:00.000000+00:00", "gone": False, "row": row}
    roll.write_text(json.dumps({"first": 0, "entries": [entry]}), encoding="utf-8")
    before = roll.read_bytes()
    settings = tmp_path / "settings.toml"
    settings.write_text(f'path = "{roll}"\npassword = {{ env = "SECRET" }}\n', encoding="utf-8")
    (tmp_path / "bare.py").write_text(
        f"from {ROLL} import Roll\n\n\nclass Bare(Roll):\n    conformance = None\n", encoding="utf-8"
    )
    found = run(tmp_path, "-q", "--connector", "bare:Bare", "--connector-settings", "settings.toml")
    assert found.returncode == 0, found.stdout
    assert "0 broken" in found.stdout
    assert "no scenario is offered" in found.stdout
    assert "resume         held" in found.stdout
    assert roll.read_bytes() == before
