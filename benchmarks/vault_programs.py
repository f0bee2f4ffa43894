"""The long benchmarks that make stores of their own: each is run as a program, and its account put into the table."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vault_figures import Figure, load

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A benchmark that makes a store of its own; its exit code says whether the goal was met."""

    file: str
    name: str
    goal: str
    n: int
    how: str
    said: Callable[[Any], str]  # what its account in JSON comes to


def run(program: Program) -> Figure:
    """Run a benchmark as a program of its own; one that gives no account has missed its goal."""
    began = time.perf_counter()
    command = [sys.executable, str(_HERE / program.file), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - began
    try:
        said = program.said(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        said = "no account"
    met = done.returncode == 0 and said != "no account"
    return _figure(program, said, f"{program.how}; benchmarks/{program.file}, {seconds:.0f} s", met=met)


def elsewhere(program: Program) -> Figure:
    """Return the row of a program that was not run."""
    return _figure(program, f"see benchmarks/{program.file}", "not run; --all runs it", met=None)


def _figure(program: Program, said: str, how: str, *, met: bool | None) -> Figure:
    return Figure(
        name=program.name,
        goal=program.goal,
        measured=said,
        n=0 if met is None else program.n,
        how=how,
        met=met,
        load=load(),
    )


def _leakage(told: list[dict[str, Any]]) -> str:
    parts = [f"{one['name']} {one['value']:.4f}" + (f" (bound {one['bound']})" if one["bound"] else "") for one in told]
    return "; ".join(parts)


def _canary(told: dict[str, Any]) -> str:
    hits: dict[str, int] = told["hits"]
    places = ", ".join(hits)
    return f"{sum(hits.values())} hits in: {places}; control met {sum(told['control'].values())} times"


def _kills(told: dict[str, Any]) -> str:
    names = ("kills", "unreadable", "lost", "erased", "erased_left", "children", "opened_at_the_end", "guest")
    return "; ".join(f"{name} {told[name]}" for name in names)


def _erased(told: dict[str, Any]) -> str:
    return f"{len(told['faults'])} faults; " + "; ".join(f"{name}: {value}" for name, value in told["facts"].items())


PROGRAMS: Final = {
    "leakage": Program(
        file="leakage.py",
        name="leakage simulation: rank matching, co-occurrence, known rows",
        goal="rank matching recovers <= 5 %; each within its bound",
        n=300_000,
        how="children; deletion tokens and block tokens of the linkage included",
        said=_leakage,
    ),
    "canary": Program(
        file="canary_scan.py",
        name="canary scan after driving every door",
        goal="0 hits, the control found",
        n=300,
        how="children of an invented province; the places are named with the hits",
        said=_canary,
    ),
    "kills": Program(
        file="key_kill_loop.py",
        name="kills during rotation, token rebuild and erasing",
        goal="0 unreadable rows",
        n=200,
        how="kills; every sealed value opened after each, readers beside",
        said=_kills,
    ),
    "erase": Program(
        file="erase_and_restore.py",
        name="erase, end the epoch, restore the oldest backup",
        goal="nothing decrypts, nothing is found",
        n=1,
        how="child; the commands erase, keys rotate, keys retire, backup, restore",
        said=_erased,
    ),
}
