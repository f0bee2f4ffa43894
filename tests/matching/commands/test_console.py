"""The door of the command line: every end has its code and one line, and no line repeats a value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matching.__main__ import _stop
from matching.bad_file import BadFile
from matching.columns.workspace import ColumnWorkspace
from matching.commands import console

_SECRET = "Đinh Khánh Vân"


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (BadFile("a.csv: column sex is missing"), 2, "matching: a.csv: column sex is missing"),
        (console.Refusal("no"), 2, "matching: no"),
        (KeyboardInterrupt(), 130, "matching: interrupted; nothing was written"),
        (MemoryError(), 70, "matching: there is not enough memory"),
        (KeyError(_SECRET), 70, "matching: unexpected KeyError in test_console.py, line"),
        (SystemExit(3), 3, ""),
        (SystemExit("words"), 2, ""),
    ],
)
def test_every_end_has_its_code(capsys: pytest.CaptureFixture[str], fault: BaseException, code: int, line: str) -> None:
    def run() -> None:
        raise fault

    assert console.guarded(run) == code
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == (1 if line else 0)
    assert _SECRET not in said


def test_a_good_end_is_nought() -> None:
    assert console.guarded(lambda: None) == 0


def test_a_fault_deep_inside_is_told_by_our_own_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.guarded(lambda: console.workspace_for(3, year=1)) == 70  # type: ignore[arg-type]  # wrong on purpose
    assert "weights.py" in capsys.readouterr().err


def test_a_model_of_columns_has_the_workspace_of_columns() -> None:
    assert isinstance(console.workspace_for("person", year=None), ColumnWorkspace)


def test_without_a_year_it_is_this_one() -> None:
    assert console.this_year() >= 2026
    assert console.workspace_for("child_vn", year=None).model.name == "child_vn"


def test_a_signal_to_stop_is_an_orderly_end() -> None:
    with pytest.raises(SystemExit) as end:
        _stop(15, None)
    assert end.value.code == 143


_WITHOUT_SPARK = """
import sys
sys.modules["pyspark"] = None
from matching.__main__ import main
main()
"""


def test_the_spark_engine_says_what_it_needs(tmp_path: Path) -> None:
    words = ["link", "a.csv", "b.csv", "--out", str(tmp_path / "out.csv"), "--engine", "spark"]
    done = subprocess.run([sys.executable, "-c", _WITHOUT_SPARK, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "its extra 'spark'" in done.stderr
