"""The main job: run once, run again, on its own drop and on another."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from registry.model.access import Role
from registry.protect.keys.keyring import Keyring, Mark
from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.conftest import Demo, RealHome
from tests.registry.store.servers import connect

UNREADABLE = {"bad_byte", "bad_date", "columns", "formula", "future_date", "sex_x", "truncated"}


def faults(row: dict[str, str]) -> set[str]:
    """Return what is wrong with a record of the truth."""
    return set(row["corruption"].split(";"))


def test_the_list_of_links_is_a_private_file_of_the_agreed_columns(demo: Demo) -> None:
    first = demo.links.read_text(encoding="utf-8").splitlines()[0]
    assert first == "system,source_key,personal_number,decision,score"
    assert stat.S_IMODE(demo.links.stat().st_mode) == 0o600
    assert list(demo.links.parent.glob(".*")) == [], "no half-written file stays"


def test_every_record_that_can_be_read_is_in_the_list_and_no_withdrawn_one(demo: Demo, drop: Path) -> None:
    truth = lines_of(drop / "truth.csv")
    keys = {(row["system"], row["source_key"]) for row in lines_of(demo.links)}
    withdrawn = {(row["system"], row["source_key"]) for row in truth if "deleted" in faults(row)}
    unreadable = {
        (row["system"], row["source_key"])
        for row in truth
        if {fault.removeprefix("broken:") for fault in faults(row) if fault.startswith("broken:")} & UNREADABLE
    }
    told = {(row["system"], row["source_key"]) for row in truth}
    assert withdrawn, "the drop holds a withdrawn case"
    assert told - keys <= unreadable | withdrawn
    assert keys <= told - withdrawn


def test_a_record_has_one_line_or_one_for_each_candidate(demo: Demo) -> None:
    rows = lines_of(demo.links)
    decided = {(row["system"], row["source_key"], row["decision"]) for row in rows}
    assert len(decided) == len({(system, key) for system, key, _ in decided}), "one decision a record"
    assert {row["decision"] for row in rows} <= {"link", "review", "none"}
    for row in rows:
        assert (row["personal_number"] == "") == (row["decision"] == "none")
        assert 0 <= float(row["score"]) <= 1
    single = Counter((row["system"], row["source_key"]) for row in rows if row["decision"] != "review")
    assert set(single.values()) == {1}


def test_the_outcomes_of_each_file_add_up_to_its_rows(demo: Demo, drop: Path) -> None:
    report = demo.said.document
    assert not report["already_done"]
    assert {file["system"] for file in report["files"]} == {row["system"] for row in lines_of(drop / "truth.csv")}
    for file in report["files"]:
        outcomes = [file[name] for name in ("accepted", "unchanged", "superseded", "quarantined")]
        assert sum(outcomes) == file["rows"] > 0
        assert sum(file["rules"].values()) == file["quarantined"]
    education = next(file for file in report["files"] if file["system"] == "education")
    assert education["rows"] == len((drop / "education.csv").read_bytes().splitlines()) - 1
    assert next(file for file in report["files"] if file["system"] == "social_aid")["encodings"]["HO_TEN"] == "tcvn3"


def test_the_demo_has_an_account_of_every_role_and_one_password_that_each_owner_replaces(demo: Demo) -> None:
    accounts = demo.said.document["accounts"]
    assert {one["role"] for one in accounts} == {role.value for role in Role} - {"engine", "sector_system"}
    assert len({one["one_time_password"] for one in accounts}) == 1


def test_nothing_is_said_beside_the_answer_for_a_program(demo: Demo) -> None:
    unknown = {"truth.csv", "population_truth.csv", "absent_truth.csv"}
    complaints = demo.said.err.splitlines()
    assert {line.split()[1] for line in complaints} == unknown
    assert all("left alone" in line for line in complaints)


def written(home: Home) -> dict[str, int]:
    """Return how many rows each table of records and links holds."""
    tables = ("child", "source_version", "candidate", "link", "match_result", "extract_person", "quarantine")
    assert home.database_url is not None
    with connect(home.database_url) as connection:
        connection.execute("set role child_registry_engine; set app.purpose = 'maintenance'")
        count = sql.SQL("select count(*) from {}")
        found = {table: connection.execute(count.format(sql.Identifier(table))).fetchone() for table in tables}
        return {table: int(str(row[0])) for table, row in found.items() if row is not None}


def test_a_second_run_changes_nothing(demo: Demo, home: Home, drop: Path, tmp_path: Path) -> None:
    before = written(home)
    report = home.answer("demo", "--drop", drop, "--links", tmp_path / "again.csv", "--no-serve")
    assert (tmp_path / "again.csv").read_bytes() == demo.links.read_bytes()
    assert written(home) == before
    assert report["links"] == demo.said.document["links"]


def test_another_drop_is_refused_and_changes_nothing(demo: Demo, changed_drop: Callable[..., Path]) -> None:
    before = written(demo.home)
    other = changed_drop("social-aid.csv", None)
    said = demo.home.run("demo", "--drop", other, "--no-serve").refusal()
    assert "holds another drop" in said
    assert "--data" in said
    assert written(demo.home) == before


def test_the_invented_demo_does_not_mix_with_a_drop(demo: Demo) -> None:
    assert "holds another drop" in demo.home.run("demo", "--no-serve").refusal()


def test_the_demo_refuses_a_database_marked_real(real: RealHome, drop: Path) -> None:
    before = written(real.home)
    assert "demo" in real.home.run("demo", "--drop", drop, "--no-serve").refusal()
    assert "demo" in real.home.run("demo", "--no-serve").refusal()
    assert written(real.home) == before


def test_demo_keys_refuse_a_database_marked_real(real: RealHome, drop: Path, tmp_path: Path) -> None:
    Keyring.create(tmp_path / "demo-keys", mark=Mark.DEMO)
    mixed = real.home.with_settings(CHILD_REGISTRY_KEYS=str(tmp_path / "demo-keys"))
    for command in (("check",), ("demo", "--no-serve"), ("ingest", "education", drop / "education.csv")):
        assert "marked real" in mixed.run(*command).refusal()


def test_real_keys_refuse_a_demo_database(demo: Demo, tmp_path: Path) -> None:
    Keyring.create(tmp_path / "real-keys", mark=Mark.REAL)
    mixed = demo.home.with_settings(CHILD_REGISTRY_KEYS=str(tmp_path / "real-keys"))
    assert "marked demo" in mixed.run("check").refusal()


@pytest.mark.parametrize("missing", ["population.csv", None])
def test_a_folder_without_the_needed_files_is_refused(new_home: Home, drop: Path, tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    if missing is None:
        (folder / "population.csv").write_bytes((drop / "population.csv").read_bytes())
    refusal = new_home.run("demo", "--drop", folder, "--no-serve").refusal()
    assert str(folder) in refusal
    assert (missing or "education.csv") in refusal
    assert "folder_missing" in new_home.run("demo", "--drop", tmp_path / "nowhere", "--no-serve").refusal()
