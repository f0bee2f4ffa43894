"""Runs pytest as authors of connectors do, in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
ROLL = "tests.connectors.conformance.roll"
BROKEN = "tests.connectors.conformance.broken"

ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(PROJECT),
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "SECRET": "hush",
} | {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder in which there is nothing of the project, with this plugin alone, which is quick."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "connectors.conformance.plugin", *words],
        cwd=folder,
        env=ENVIRONMENT | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
