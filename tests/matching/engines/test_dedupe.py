"""Deduplication of one file: each pair once, and clusters that agree in all their pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.bad_file import BadFile
from matching.candidates import Limits
from matching.engines.dedupe import dedupe
from matching.engines.report import Report
from tests.matching.engines.word_workspace import WordWorkspace, read, still, write

ROWS = ("record_id,name,town", "a,an,hue", "b,binh,hue", "c,an,hue", "d,an,", "e,dung,held", "f,dung,held")


def run(folder: Path, *rows: str) -> tuple[WordWorkspace, Report]:
    workspace = WordWorkspace()
    file = write(folder / "file.csv", *(rows or ROWS))
    report = dedupe(workspace, file, out=folder / "out.csv", clusters=folder / "clusters.csv", seconds=still())
    return workspace, report


def test_every_pair_is_told_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    run(tmp_path)
    told = {(row["left_id"], row["right_id"]): row["decision"] for row in read(tmp_path / "out.csv")}
    assert told[("a", "c")] == "link"
    assert told[("e", "f")] == "review"
    assert list(told) == sorted(told)
    assert all(left < right for left, right in told)


def test_the_fuller_row_takes_the_place_of_the_citizen(tmp_path: Path) -> None:
    workspace, _ = run(tmp_path)
    assert (3, 0) in workspace.asked
    assert (0, 3) not in workspace.asked


def test_rows_of_one_person_share_a_cluster_named_by_the_first(tmp_path: Path) -> None:
    _, report = run(tmp_path, "record_id,name,town", "a,an,hue", "b,binh,hue", "c,an,hue")
    clusters = {row["record_id"]: row["cluster"] for row in read(tmp_path / "clusters.csv")}
    assert clusters == {"a": "a", "b": "b", "c": "a"}
    assert report.clusters["of several records"] == 1
    assert report.clusters["largest"] == 2


def test_what_is_held_for_a_person_joins_nobody(tmp_path: Path) -> None:
    run(tmp_path)
    clusters = {row["record_id"]: row["cluster"] for row in read(tmp_path / "clusters.csv")}
    assert clusters["e"] != clusters["f"]


def test_every_pair_compared_has_a_decision(tmp_path: Path) -> None:
    workspace, report = run(tmp_path)
    assert report.pairs == len(workspace.asked) == sum(report.decisions.values())
    assert report.records == report.population == 6


def test_how_a_run_is_cut_changes_nothing(tmp_path: Path) -> None:
    _, whole = run(tmp_path)
    cut = tmp_path / "cut.csv"
    report = dedupe(
        WordWorkspace(), tmp_path / "file.csv", out=cut, seconds=still(), limits=Limits(records=2, rows=2, pairs=1)
    )
    assert cut.read_bytes() == (tmp_path / "out.csv").read_bytes()
    assert report == whole


def test_a_file_without_any_pair_gives_no_rows(tmp_path: Path) -> None:
    _, report = run(tmp_path, "record_id,name,town", "a,an,hue", "b,binh,vinh")
    assert read(tmp_path / "out.csv") == []
    assert report.clusters["clusters"] == 2


def test_clusters_are_written_only_when_asked_for(tmp_path: Path) -> None:
    file = write(tmp_path / "file.csv", *ROWS)
    dedupe(WordWorkspace(), file, out=tmp_path / "out.csv", seconds=still())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.csv", "out.csv"]


def test_a_file_that_cannot_be_used_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="column name is missing"):
        run(tmp_path, "record_id,town", "a,hue")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.csv"]
