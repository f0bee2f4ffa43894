"""Truth files and the evaluate command: what was said, measured against what is so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from matching.commands import evaluate
from matching.evaluation import NOBODY
from matching.files import BadFile
from matching.pairs_evaluation import evaluate_pairs
from matching.truth_files import read_judged

OUT = """left_id,right_id,probability,decision
a,1,0.999,link
a,,0.001,none
b,9,0.999,link
c,,0.97,none
d,4,0.6,review
d,2,0.3,none
z,1,0.9,link
"""
TRUTH = """left_id,right_id,household,group
a,1,h1,minority
b,2,h2,minority;twin
c,,h3,
d,4,h4,twin
e,5,h5,
"""
PEOPLE = """right_id,household
1,h1
2,h2
9,h2
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {"out.csv": OUT, "truth.csv": TRUTH, "people.csv": PEOPLE}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in texts}


def run(*arguments: str | Path) -> str:
    app = typer.Typer()
    app.command()(evaluate.command)
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_records_persons_and_groups_are_read_into_one_set_of_codes(files: dict[str, Path]) -> None:
    judged = read_judged(files["out.csv"], files["truth.csv"], files["people.csv"])
    assert judged.unknown_records == 1
    assert judged.truth.person[2] == NOBODY
    assert judged.truth.groups["twin"].tolist() == [False, True, False, True, False]
    assert set(judged.truth.groups) == {"minority", "twin"}


def test_the_figures_are_those_of_the_files(files: dict[str, Path]) -> None:
    said = json.loads(run(files["out.csv"], files["truth.csv"], "--people", files["people.csv"], "--json"))
    whole = said["whole"]
    assert (whole["records"], whole["right"], whole["wrong"], whole["wrong_family"], whole["reviews"]) == (
        5,
        1,
        1,
        1,
        1,
    )
    assert said["groups"]["twin"]["records"] == 2
    assert said["unknown_records"] == 1


def test_the_tables_tell_of_rows_that_the_truth_does_not_name(files: dict[str, Path]) -> None:
    text = run(files["out.csv"], files["truth.csv"])
    assert "1 rows of out.csv are of records that truth.csv does not name" in text
    assert "R@.999" in text


def test_pairs_of_a_deduplication_have_no_order(tmp_path: Path) -> None:
    out, truth = tmp_path / "pairs.csv", tmp_path / "truth.csv"
    out.write_text("left_id,right_id,probability,decision\na,b,0.99,link\nc,d,0.2,none\na,c,0.98,link\n", "utf-8")
    truth.write_text("left_id,right_id\nb,a\nd,c\nb,a\n", "utf-8")
    result = evaluate_pairs(out, truth)
    assert (result.true_pairs, result.linked, result.precision.value, result.recall.value) == (2, 2, 0.5, 0.5)
    assert "pairs" in run(out, truth, "--pairs")


@pytest.mark.parametrize(
    ("out", "truth", "message"),
    [
        ("left_id,right_id,probability\na,1,0.9\n", TRUTH, "decision"),
        (OUT.replace("0.6", "often"), TRUTH, "probability"),
        (OUT.replace("review", "perhaps"), TRUTH, "decision"),
        (OUT, TRUTH + "a,2,,\n", "left_id"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_by_name_and_column(
    tmp_path: Path, out: str, truth: str, message: str
) -> None:
    (tmp_path / "out.csv").write_text(out, encoding="utf-8")
    (tmp_path / "truth.csv").write_text(truth, encoding="utf-8")
    with pytest.raises(BadFile, match=message):
        read_judged(tmp_path / "out.csv", tmp_path / "truth.csv")


def test_a_truth_without_any_pair_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(OUT, encoding="utf-8")
    (tmp_path / "truth.csv").write_text("left_id,right_id\na,\n", encoding="utf-8")
    with pytest.raises(BadFile, match="no pair"):
        evaluate_pairs(tmp_path / "out.csv", tmp_path / "truth.csv")
