"""Simulators know nothing of the connectors that they test: what both got wrong alike would not show."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import connectors.simulators

FOLDER = Path(connectors.simulators.__file__).parent


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, those for the type checker included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_simulator_imports_nothing_of_ours_but_simulators(path: Path) -> None:
    ours = {name for name in imported(path) if name.partition(".")[0] in ("connectors", "registry", "matching")}
    assert {name for name in ours if not name.startswith("connectors.simulators")} == set()
