"""The files that build and run the gate say what they do and nothing about where."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["install", "demo", "test", "test-slow", "lint", "clean"])
def test_a_target_is_there_and_phony(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    assert re.search(rf"^\.PHONY:.*\b{target}\b", MAKEFILE, re.MULTILINE)


def test_the_gate_is_a_runnable_script_that_calls_both_suites() -> None:
    script = PROJECT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    assert re.search(r"^make test$", text, re.MULTILINE)
    assert re.search(r"^make test-slow$", text, re.MULTILINE)
    assert "://" not in text


def test_a_dry_run_of_every_target_finds_its_parts() -> None:
    for target in ("install", "demo", "test", "test-slow", "clean"):
        told = subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
