"""Programs of the project in processes of their own, with nothing of ours in their environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
OURS = ("DATABASE_URL", "CHILD_REGISTRY_")


def environment() -> dict[str, str]:
    """Return this environment without our own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def benchmark(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program of the benchmarks to its end."""
    command = [sys.executable, str(PROJECT / "benchmarks" / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd=PROJECT)
