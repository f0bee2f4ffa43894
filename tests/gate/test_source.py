"""The source keeps to its own measures: length, names, no loose ends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("registry", "connectors", "matching", "migrations")
FILE_LINES = 400
FUNCTION_LINES = 40
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "data", "info"}
LOOSE_ENDS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise Not" + r"Implemented")


def sources(*folders: str) -> list[Path]:
    """Return the Python files of the project's folders."""
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def named(path: Path) -> str:
    """Return the path as a test shows it."""
    return path.relative_to(PROJECT).as_posix()


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    first = function.body[0]
    doc = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function, clean=False) is not None else 0
    return (function.end_lineno or 0) - function.lineno + 1 - doc


@pytest.mark.parametrize("path", sources(*PACKAGES, "tests", "benchmarks"), ids=named)
def test_a_file_is_short_its_functions_are_and_nothing_is_left_undone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES
    assert {f.name: length(f) for f in functions(ast.parse(text)) if length(f) > FUNCTION_LINES} == {}
    assert LOOSE_ENDS.findall(text) == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert [named(path) for path in sources(*PACKAGES) if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_no_test_is_switched_off() -> None:
    switched_off = re.compile(r"@pytest\.mark\.(skip|xfail)|pytest\.(skip|xfail|importorskip)\(")
    found = [named(path) for path in sources("tests") if switched_off.search(path.read_text(encoding="utf-8"))]
    assert [path for path in found if not path.startswith("tests/gate/")] == []
