"""The command line: files in, files out, one clear line when something is wrong. All people are invented."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.matching.engines.word_workspace import read, write

HEADER = "record_id,personal_number,full_name,sex,birth_date,commune_code,commune_scheme,mother_name,father_name"
PEOPLE = (
    "P1,001316004217,Đinh Khánh Vân,2,2016-07-19,00004,2025,Tạ Thị Hường,Đinh Công Lực",
    "P2,001317004218,Đinh Khánh Chi,2,2017-11-02,00004,2025,Tạ Thị Hường,Đinh Công Lực",
    "P3,001215004219,Lê Gia Bảo,1,2015-03-05,00008,2025,Vũ Mai Liên,Lê Văn Tú",
)
RECORDS = (
    "R1,,Đinh Khánh Vân,Nữ,2016-07-19,00004,2025,Tạ Thị Hường,Đinh Công Lực",
    "R2,001215004219,LE GIA BAO,Nam,2015-03-05,,,,",
    "R3,,Trần Thị Ngân,Nữ,2014-01-20,00011,2025,Hồ Thị Duyên,",
)


def matching(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "matching", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return write(tmp_path / "records.csv", HEADER, *RECORDS)


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", HEADER, *PEOPLE)


def test_link_writes_who_is_who_and_reports_as_json(tmp_path: Path, left: Path, right: Path) -> None:
    done = matching("link", left, right, "--out", tmp_path / "out.csv", "--year", "2026", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["records"], report["population"]) == (3, 3)
    assert report["pairs"] == sum(report["pairs_by_stage"].values())
    assert sum(report["decisions"].values()) == 3
    assert report["peak_memory_bytes"] > 0
    best = {row["left_id"]: row["right_id"] for row in reversed(read(tmp_path / "out.csv"))}
    assert best == {"R1": "P1", "R2": "P3", "R3": ""}


def test_link_tells_people_in_words_and_writes_parquet(tmp_path: Path, left: Path, right: Path) -> None:
    write(left, HEADER, *RECORDS, "R4,,Bùi Lan,2,2016-31-31,,,,")
    done = matching("link", left, right, "--out", tmp_path / "out.parquet", "--year", "2026")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "4 records, 3 in the population" in done.stderr
    assert "birth_date" in done.stderr
    assert "31-31" not in done.stderr
    table = pq.read_table(tmp_path / "out.parquet")
    assert {"left_id", "right_id", "probability", "decision", "level_number", "level_father_year"} <= set(
        table.column_names
    )


def test_dedupe_finds_the_child_that_stands_twice(tmp_path: Path) -> None:
    twice = "Q1,001316004217,ĐINH KHÁNH VÂN,2,2016-07-19,00004,2025,Tạ Thị Hường,"
    file = write(tmp_path / "file.csv", HEADER, *PEOPLE, twice)
    done = matching("dedupe", file, "--out", tmp_path / "out.csv", "--clusters", tmp_path / "of.csv", "--year", "2026")
    assert done.returncode == 0, done.stderr
    assert {"left_id": "P1", "right_id": "Q1"}.items() <= read(tmp_path / "out.csv")[0].items()
    assert {row["record_id"]: row["cluster"] for row in read(tmp_path / "of.csv")}["Q1"] == "P1"


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_missing_column_is_named_with_its_file(tmp_path: Path, left: Path) -> None:
    right = write(tmp_path / "people.csv", "id,full_name", "P1,Đinh Khánh Vân")
    line = refused(matching("link", left, right, "--out", tmp_path / "out.csv"))
    assert "people.csv" in line
    assert "record_id" in line
    assert "Khánh" not in line
    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, left: Path) -> None:
    assert "nobody.csv" in refused(matching("link", left, tmp_path / "nobody.csv", "--out", tmp_path / "out.csv"))


def test_an_unknown_model_and_an_unknown_kind_of_key_are_named(tmp_path: Path, left: Path, right: Path) -> None:
    out = tmp_path / "out.csv"
    assert "martian" in refused(matching("link", left, right, "--out", out, "--model", "martian"))
    shipped = Path(__file__).parents[3] / "matching" / "models" / "child_vn.toml"
    changed = tmp_path / "odd.toml"
    changed.write_text(shipped.read_text(encoding="utf-8").replace('"name_year"', '"shoe_size"'), encoding="utf-8")
    assert "shoe_size" in refused(matching("link", left, right, "--out", out, "--model", changed))


def test_an_out_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path, left: Path) -> None:
    line = refused(matching("link", left, tmp_path / "nobody.csv", "--out", tmp_path / "out.xlsx"))
    assert "out.xlsx" in line


def test_pairs_and_clusters_may_not_share_a_file(tmp_path: Path, left: Path) -> None:
    assert "same file" in refused(
        matching("dedupe", left, "--out", tmp_path / "out.csv", "--clusters", tmp_path / "out.csv")
    )


def test_the_fault_of_an_engine_shows_its_place_and_no_value(tmp_path: Path, right: Path) -> None:
    assert refused(matching("link", write(tmp_path / "records.csv", HEADER), right, "--out", tmp_path / "out.csv"))
