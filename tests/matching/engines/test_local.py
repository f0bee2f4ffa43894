"""The local engine: stages, constraints and the result file."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matching.bad_file import BadFile
from matching.candidates import Limits
from matching.engines import local
from matching.engines.report import Report
from matching.weights import Stage
from tests.matching.engines.word_workspace import STAGES, WordWorkspace, read, still, word_model, write

POPULATION = ("record_id,name,town", "p1,an,hue", "p2,binh,hue", "p3,chi,vinh", "p4,dung,held", "p5,chi,hue")


class Run:
    """One linkage in a folder, with all that came of it."""

    def __init__(self, folder: Path, *records: str, constraints: tuple[str, ...] = (), **model: object) -> None:
        self.workspace = WordWorkspace(word_model(**model))  # type: ignore[arg-type]  # keywords of the model
        left = write(folder / "left.csv", "record_id,name,town", *records)
        right = write(folder / "right.csv", *POPULATION)
        said = write(folder / "said.csv", "left_id,right_id,said", *constraints) if constraints else None
        self.out = folder / "out.csv"
        self.report: Report = local.link(self.workspace, left, right, out=self.out, constraints=said, seconds=still())
        self.rows = read(self.out)

    def decided(self) -> dict[str, tuple[str, str]]:
        """Return for each record its decision and of whom; a record says link or review in one row at most."""
        found = {row["left_id"]: ("none", "") for row in self.rows}
        for row in self.rows:
            if row["decision"] != "none":
                assert found[row["left_id"]] == ("none", "")
                found[row["left_id"]] = (row["decision"], row["right_id"])
        return found

    def shown(self, record: str) -> list[str]:
        """Return whom the rows of a record name; '' is nobody."""
        return [row["right_id"] for row in self.rows if row["left_id"] == record]


def test_a_record_is_linked_to_the_one_it_describes(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,an,hue", "r2,binh,hue", "r3,nam,thanh hoa")
    assert run.decided() == {"r1": ("link", "p1"), "r2": ("link", "p2"), "r3": ("none", "")}
    assert run.shown("r3") == [""]
    assert run.report.decisions == {"link": 2, "review": 0, "none": 1}
    assert run.workspace.finished == 1


def test_candidates_stand_best_first_and_nobody_closes_the_record(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,chi,vinh")
    assert run.shown("r1") == ["p3", ""]
    half = Run(tmp_path, "r1,chi,")
    assert half.shown("r1") == ["p3", "p5", ""]
    assert half.decided() == {"r1": ("review", "p3")}
    assert sum(float(row["probability"]) for row in half.rows) == pytest.approx(1, abs=0.01)


def test_levels_are_named_and_nobody_has_none(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,chi,")
    assert [(row["level_name"], row["level_town"]) for row in run.rows] == [
        ("same", "missing"),
        ("same", "missing"),
        ("", ""),
    ]


def test_only_what_has_no_link_yet_goes_through_the_weak_stage(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,an,hue", "r2,bing,hue")
    assert (0, 1) not in run.workspace.asked
    assert {(1, 0), (1, 1), (1, 4)} <= set(run.workspace.asked)
    assert run.report.pairs_by_stage == {"strong": 1, "weak": 3}
    assert run.report.pairs == 4


def test_candidates_of_both_stages_are_weighed_together(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,dung,held")
    assert run.decided() == {"r1": ("review", "p4")}
    again = Run(tmp_path, "r1,chi,hanoi", "r2,an,hue")
    assert again.shown("r1") == ["p3", "p5", ""]
    assert list(again.decided()) == ["r1", "r2"]


def test_stages_for_everybody_are_looked_up_in_one_pass(tmp_path: Path) -> None:
    both = tuple(Stage(name=each.name, kinds=each.kinds, cap=3, unresolved_only=False) for each in STAGES)
    run = Run(tmp_path, "r1,an,hue", stages=both)
    assert run.report.pairs_by_stage == {"strong+weak": 3}


def test_blocks_that_are_left_out_are_told(tmp_path: Path) -> None:
    narrow = tuple(
        Stage(name=each.name, kinds=each.kinds, cap=1, unresolved_only=each.unresolved_only) for each in STAGES
    )
    run = Run(tmp_path, "r1,chi,hue", stages=narrow)
    assert run.decided() == {"r1": ("none", "")}
    assert [(each.stage, each.blocks.kind, each.blocks.pairs) for each in run.report.left_out] == [
        ("strong", "name", 2),
        ("weak", "town", 3),
    ]
    assert run.report.too_common == 1
    assert "1 record was compared with nobody: all their blocks are above the caps" in run.report.lines()
    assert "block name (strong): 1 key above the cap of 1 was left out, 2 pairs avoided" in run.report.lines()


def test_not_the_same_keeps_apart_in_every_stage(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,an,hue", constraints=("r1,p1,different",))
    assert run.shown("r1") == ["p2", "p5", ""]
    assert (0, 0) not in run.workspace.asked


def test_the_same_binds_even_where_nothing_agrees(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,an,hue", "r2,an,hue", constraints=("r1,p3,same", "r9,p1,same", "r2,p9,different"))
    assert run.decided() == {"r1": ("link", "p3"), "r2": ("link", "p1")}
    assert [row["probability"] for row in run.rows if row["left_id"] == "r1"] == ["1", "0"]
    assert run.report.constraints == {"same": 1, "different": 0, "not in the files": 2}
    assert "constraints: same 1, different 0, not in the files 2" in run.report.lines()


def test_a_source_with_one_record_a_child_links_no_citizen_twice(tmp_path: Path) -> None:
    records = ("r1,an,hue", "r2,an,hue", "r3,binh,hue")
    assert [decision for decision, _ in Run(tmp_path, *records).decided().values()] == ["link", "link", "link"]
    run = Run(tmp_path, *records, one_record_per_child=True)
    assert run.decided() == {"r1": ("review", "p1"), "r2": ("review", "p1"), "r3": ("link", "p2")}
    assert run.report.held_back == 2
    assert "2 links to one person by two records are held for review" in run.report.lines()
    bound = Run(tmp_path, *records, constraints=("r1,p1,same",), one_record_per_child=True)
    assert bound.decided() == {"r1": ("link", "p1"), "r2": ("review", "p1"), "r3": ("link", "p2")}


TIGHT = Limits(records=2, rows=2, pairs=1)


def test_how_a_run_is_cut_changes_nothing(tmp_path: Path) -> None:
    records = ("r1,chi,", "r2,an,hue", "r3,nam,hue", "r4,bing,hue", "r5,binh,vinh", "r6,dung,held", "r7,an,hue")
    said = ("r7,p1,different", "r5,p2,same")
    whole = Run(tmp_path, *records, constraints=said, one_record_per_child=True)
    cut = tmp_path / "cut.csv"
    report = local.link(
        WordWorkspace(word_model(one_record_per_child=True)),
        tmp_path / "left.csv",
        tmp_path / "right.csv",
        out=cut,
        constraints=tmp_path / "said.csv",
        seconds=still(),
        limits=TIGHT,
    )
    assert cut.read_bytes() == whole.out.read_bytes()
    assert report == whole.report


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,chi,", "r2,an,hue")
    out = tmp_path / "out.parquet"
    local.link(WordWorkspace(), tmp_path / "left.csv", tmp_path / "right.csv", out=out, seconds=still())
    rows = pq.read_table(out).to_pylist()
    assert [(row["right_id"] or "", row["decision"], row["level_name"] or "") for row in rows] == [
        (row["right_id"], row["decision"], row["level_name"]) for row in run.rows
    ]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (("r1,p1,maybe",), "column said must say same or different in row 1"),
        (("r2,p1,different", "r1,p9,same"), "not in the population in row 2"),
        (("r1,p1,same", "r1,p2,same"), "the same as two people in row 2"),
        (("r1,p1,different", "r1,p1,same"), "both the same and different in row 2"),
    ],
)
def test_constraints_that_cannot_hold_are_refused(tmp_path: Path, constraints: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadFile, match=message):
        Run(tmp_path, "r1,an,hue", "r2,an,hue", constraints=constraints)
    assert not list(tmp_path.glob("*out*"))


def test_saying_the_same_twice_is_no_contradiction(tmp_path: Path) -> None:
    run = Run(tmp_path, "r1,an,hue", constraints=("r1,p3,same", "r1,p3,same"))
    assert run.decided() == {"r1": ("link", "p3")}


@pytest.mark.parametrize("header", ["left_id,right_id", "left_id,right_id,said,why"])
def test_one_column_says_what_a_constraint_is(tmp_path: Path, header: str) -> None:
    Run(tmp_path, "r1,an,hue")
    said = write(tmp_path / "said.csv", header)
    with pytest.raises(BadFile, match="one column is needed"):
        _link_again(tmp_path, said)


def test_a_constraints_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    Run(tmp_path, "r1,an,hue")
    with pytest.raises(BadFile, match=r"nowhere\.csv"):
        _link_again(tmp_path, tmp_path / "nowhere.csv")


def test_an_empty_file_of_constraints_binds_nobody(tmp_path: Path) -> None:
    Run(tmp_path, "r1,an,hue")
    report = _link_again(tmp_path, write(tmp_path / "said.csv", "left_id,right_id,said"))
    assert report.constraints == {"same": 0, "different": 0, "not in the files": 0}


def _link_again(folder: Path, constraints: Path) -> Report:
    return local.link(
        WordWorkspace(),
        folder / "left.csv",
        folder / "right.csv",
        out=folder / "out.csv",
        constraints=constraints,
        seconds=still(),
    )


def test_an_id_that_stands_twice_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="record_id has the same value in rows 1 and 2"):
        Run(tmp_path, "r1,an,hue", "r1,binh,hue")
    assert not list(tmp_path.glob("*out*"))
