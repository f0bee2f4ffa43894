"""Files in, links out: ingest, match and links as commands of their own."""

from __future__ import annotations

import stat
import uuid
from collections import Counter
from pathlib import Path

import pytest

from registry.demo.invention import FILES
from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.conftest import Demo, RealHome
from tests.registry.commands.test_demo import written

SYSTEMS = {system.value: name for system, name in FILES.items()}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_dry_run_says_what_would_happen_and_stores_nothing(
    new_home: Home, drop: Path, tmp_path: Path, system: str
) -> None:
    file = tmp_path / "verdicts.csv"
    tried = new_home.answer("ingest", system, drop / SYSTEMS[system], "--dry-run", "--verdicts", file)
    assert tried["dry_run"]
    assert len(lines_of(file)) == tried["rows"]
    assert set(written(new_home).values()) == {0}
    done = new_home.answer("ingest", system, drop / SYSTEMS[system])
    same = ("rows", "accepted", "unchanged", "superseded", "quarantined", "rules", "encodings")
    assert {name: done[name] for name in same} == {name: tried[name] for name in same}
    assert done["rows"] > 0


@pytest.mark.parametrize("option", [("--dry-run",), ("--verdicts", "verdicts.csv")])
def test_what_the_extract_cannot_be_asked_is_refused_and_nothing_is_loaded(
    new_home: Home, drop: Path, option: tuple[str, ...]
) -> None:
    assert "population" in new_home.run("ingest", "population", drop / "population.csv", *option).refusal()
    assert set(written(new_home).values()) == {0}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_verdicts_have_a_line_for_each_row_and_add_up(home: Home, drop: Path, tmp_path: Path, system: str) -> None:
    file = tmp_path / "verdicts.csv"
    account = home.answer("ingest", system, drop / SYSTEMS[system], "--verdicts", file)
    rows = lines_of(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(rows) == account["rows"]
    assert len({row["row"] for row in rows}) == len(rows)
    counts = Counter(row["outcome"] for row in rows)
    assert counts == {name: account[name] for name in counts}
    assert account["accepted"] == 0, "all of it was delivered before"
    for row in rows:
        assert bool(row["rule"]) == (row["outcome"] == "quarantined")


def test_verdicts_show_no_value(home: Home, drop: Path, tmp_path: Path) -> None:
    home.answer("ingest", "education", drop / "education.csv", "--verdicts", tmp_path / "verdicts.csv")
    told = (tmp_path / "verdicts.csv").read_text(encoding="utf-8")
    for pupil in lines_of(drop / "education.csv"):
        for column in ("Mã học sinh", "Họ và tên", "Số định danh cá nhân"):
            assert not pupil[column] or pupil[column] not in told


def test_the_parts_come_to_what_the_main_job_comes_to(demo: Demo, new_home: Home, drop: Path, tmp_path: Path) -> None:
    loaded = new_home.answer("ingest", "population", drop / "population.csv")
    assert loaded["people"] == demo.said.document["population"]["people"]
    for system, name in SYSTEMS.items():
        new_home.answer("ingest", system, drop / name)
    matched = new_home.answer("match")
    assert matched["standing"] == demo.said.document["links"]
    wrote = new_home.answer("links", "--out", tmp_path / "links.csv")
    assert wrote["lines"] == len(lines_of(demo.links))
    assert (tmp_path / "links.csv").read_bytes() == demo.links.read_bytes()


def test_matching_again_since_a_run_looks_at_what_came_since(home: Home, drop: Path, demo: Demo) -> None:
    first = demo.said.document["run"]
    nothing = home.answer("match", "--since", first)
    assert nothing["matched"] == {}
    assert nothing["standing"] == demo.said.document["links"]
    everything = home.answer("match")
    assert sum(everything["matched"].values()) == sum(nothing["standing"].values())
    assert everything["standing"] == nothing["standing"]


def test_a_newer_version_is_matched_by_the_next_run(home: Home, drop: Path, demo: Demo, tmp_path: Path) -> None:
    lines = (drop / "education.csv").read_bytes().split(b"\r\n")
    row = next(line for line in lines[1:] if line.decode().endswith("+07:00") and b"Nguy" in line)
    stamp = row.rsplit(b",", 1)[1]
    newer = b"2026-11-01" + stamp[10:]
    (tmp_path / "education.csv").write_bytes(b"\r\n".join([lines[0], row.replace(stamp, newer), b""]))
    account = home.answer("ingest", "education", tmp_path / "education.csv")
    assert (account["rows"], account["accepted"]) == (1, 1)
    assert sum(home.answer("match", "--since", demo.said.document["run"])["matched"].values()) == 1


def test_a_run_that_never_was_is_refused(home: Home) -> None:
    assert "NoSuchRun" in home.run("match", "--since", uuid.UUID(int=0)).refusal()


def test_matching_without_an_extract_is_refused(new_home: Home, drop: Path) -> None:
    new_home.answer("ingest", "education", drop / "education.csv")
    assert "population extract" in new_home.run("match").refusal()


def test_an_unknown_system_is_refused_with_the_known_ones_named(new_home: Home, drop: Path) -> None:
    said = new_home.run("ingest", "police", drop / "education.csv").refusal()
    assert "one of: population, education, health, civil_status, social_aid, protection" in said
    assert not new_home.data.exists()


def test_a_links_file_that_cannot_be_written_is_refused(home: Home, tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in home.run("links", "--out", tmp_path / "nowhere" / "links.csv").refusal()


def test_a_list_of_links_that_was_there_is_replaced_and_made_private(home: Home, tmp_path: Path, demo: Demo) -> None:
    old = tmp_path / "links.csv"
    old.write_text("open to all", encoding="utf-8")
    old.chmod(0o644)
    home.answer("links", "--out", old)
    assert old.read_bytes() == demo.links.read_bytes()
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


# -- a place that is no demo ---------------------------------------------------------------------------------------


@pytest.fixture
def work(drop: Path, tmp_path: Path) -> list[tuple[object, ...]]:
    """The commands that touch records."""
    return [
        ("ingest", "education", drop / "education.csv"),
        ("ingest", "population", drop / "population.csv"),
        ("match",),
        ("links", "--out", tmp_path / "links.csv"),
    ]


def test_nobody_works_on_real_records_without_signing_in(real: RealHome, work: list[tuple[object, ...]]) -> None:
    for command in work:
        assert "--login" in real.home.run(*command).refusal()
        assert "SignInRefused" in real.home.run(*command, "--login", "steward", password="wrong").refusal()
        assert "SignInRefused" in real.home.run(*command, "--login", "nobody", password=real.password).refusal()
    assert set(written(real.home).values()) == {0}


def test_an_administrator_may_not_touch_records(real: RealHome, work: list[tuple[object, ...]]) -> None:
    for command in work:
        assert "Refused" in real.home.run(*command, "--login", "chief", password=real.password).refusal()
    assert set(written(real.home).values()) == {0}


def test_a_steward_takes_in_and_links(real: RealHome, work: list[tuple[object, ...]]) -> None:
    for command in work[:3]:
        said = real.home.run(*command, "--login", "steward", password=real.password)
        assert said.code == 0, said
        assert real.password not in said.out + said.err
    assert written(real.home)["link"] > 0
