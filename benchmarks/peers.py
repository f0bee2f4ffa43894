"""Environments of other engines, each of its own, and what a run in them cost.

    python benchmarks/peers.py [--environments DIR]

Makes every environment that is not there yet. The other benchmarks import `environment` and `run`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = {
    "splink": ("splink==5.0.0", "pyarrow>=20"),
    "recordlinkage": ("recordlinkage==0.16", "pandas<3", "setuptools<81"),
}
_HERE: Final = Path(__file__).parent


class RunFailed(RuntimeError):
    """A program that was run ended with an error; the message holds the end of what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a program said, and what it cost."""

    report: dict[str, Any]  # the JSON object on the last line that is one
    text: str
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def default_folder() -> Path:
    """Return where environments are kept if nothing else is asked for."""
    return Path(tempfile.gettempdir()) / "child-registry-peers"


def environment(name: str, folder: Path) -> Path:
    """Return the interpreter of a peer's environment, made with plain pip if it is not there."""
    place = folder / name
    python = place / "bin" / "python"
    done = place / "installed.txt"
    wanted = "\n".join(PACKAGES[name])
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(place, clear=True, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    done.write_text(wanted, encoding="utf-8")
    return python


def _report_in(text: str) -> dict[str, Any]:
    """Return the JSON object that a program printed: all it printed, or its last line."""
    for part in (text, *reversed(text.splitlines())):
        try:
            found = json.loads(part)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def run(arguments: Sequence[str | Path], *, folder: Path | None = None) -> Run:
    """Run a program to its end and measure it, its own children included.

    Raises: RunFailed: it ended with an error.
    """
    with tempfile.TemporaryDirectory() as place:
        figures = Path(place) / "figures.json"
        measured = [sys.executable, "-S", _HERE / "peers_measure.py", figures, *arguments]
        done = subprocess.run(
            [str(each) for each in measured], capture_output=True, encoding="utf-8", errors="replace", cwd=folder
        )
        if done.returncode != 0:
            raise RunFailed(f"{Path(arguments[0]).name} ended with {done.returncode}\n{done.stderr[-2000:]}")
        return Run(_report_in(done.stdout), done.stdout, **json.loads(figures.read_text(encoding="utf-8")))


def run_peer(name: str, folder: Path, script: str, *arguments: str | Path) -> Run:
    """Run a script of this folder in a peer's environment."""
    return run([environment(name, folder), _HERE / script, *arguments])


def main() -> None:
    """Make every environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, default=default_folder())
    folder = parser.parse_args().environments
    for name in PACKAGES:
        print(f"{name}: {environment(name, folder)}")


if __name__ == "__main__":
    main()
