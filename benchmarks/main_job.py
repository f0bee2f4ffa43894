"""Run the main job on a drop in a process of its own and print what it cost and what came of it.

    python benchmarks/main_job.py --drop DIR [--truth truth.csv] [--people population_truth.csv] [--again] [--json]
    python benchmarks/main_job.py --invent 1500 [--seed 42] [--again] [--json]

An invented drop brings its own truth. The data folder is a new one in the temporary folder and is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from linkage_sample import measured

from matching.commands.evaluate import document, table
from matching.evaluation import Evaluation
from registry.demo.invention import ABSENT_TRUTH_FILE, POPULATION_TRUTH_FILE, TRUTH_FILE, invent
from registry.store.server.embedded import EmbeddedServer

DELIVERED_ON = date(2026, 10, 31)
OUTCOMES = ("rows", "accepted", "unchanged", "superseded", "quarantined")
PHASES = """
    SELECT name, extract(epoch FROM started_at)::float8, extract(epoch FROM finished_at)::float8 FROM (
        SELECT 'population extract' AS name, started_at, finished_at FROM extract_batch
        UNION ALL SELECT system, started_at, finished_at FROM ingest_run WHERE state = 'done'
        UNION ALL SELECT 'linking', started_at, finished_at FROM match_run WHERE finished_at IS NOT NULL
        UNION ALL SELECT 'counting', built_at, built_at FROM frame
    ) AS done ORDER BY started_at, finished_at
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of the command took, its database server included."""

    wall_seconds: float
    cpu_seconds: float
    largest_process_mb: float  # resident memory of the largest single process


def run(command: Sequence[str], answer: Path) -> Cost:
    """Run the command with its answer in a file; stop here if it fails."""
    start = time.monotonic()
    with answer.open("wb") as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the main job ended with exit code {process.returncode}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024  # Linux tells kilobytes, macOS bytes
    return Cost(
        wall_seconds=round(time.monotonic() - start, 2),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 2),
        largest_process_mb=round(used.ru_maxrss / unit, 1),
    )


def main_job(data: Path, drop: Path, links: Path, answer: Path) -> Cost:
    """Run the main job on `drop` as anybody would at the command line."""
    command = [sys.executable, "-m", "registry", "demo", "--no-serve", "--json"]
    return run([*command, "--data", str(data), "--drop", str(drop), "--links", str(links)], answer)


def seconds_by_phase(data: Path, began: float, ended: float) -> dict[str, float]:
    """Return the seconds of each phase, from the times at which the transactions of its two ends began.

    The extract is loaded beside the files, so the phases add up to more than the whole.

    Args: `began`, `ended`: of the whole command, in seconds since 1970.
    """
    with (
        EmbeddedServer(data) as server,
        psycopg.connect(server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)) as connection,
    ):
        noted = {name: (started, finished) for name, started, finished in connection.execute(PHASES)}
    counted, _ = noted.pop("counting")
    seconds = {"start and first tables": min(started for started, _ in noted.values()) - began}
    seconds |= {name: finished - started for name, (started, finished) in noted.items()}
    seconds["verifying"] = counted - noted["linking"][1]
    seconds["counting, accounts, list"] = ended - counted
    return {name: round(taken, 2) for name, taken in seconds.items()}


def invented(drop: Path, aside: Path, *, seed: int, children: int) -> tuple[Path, Path]:
    """Invent a drop and return the two files of its truth, which lie aside: no job may see them."""
    invent(drop, seed=seed, children=children, on=DELIVERED_ON, truth=True)
    aside.mkdir()
    for name in (TRUTH_FILE, POPULATION_TRUTH_FILE, ABSENT_TRUTH_FILE):
        (drop / name).rename(aside / name)
    return aside / TRUTH_FILE, aside / POPULATION_TRUTH_FILE


def shown(report: Mapping[str, Any], evaluation: Evaluation | None) -> str:
    """Return the report as tables for people."""
    lines = [f"{'':20} {'wall s':>8} {'CPU s':>8} {'largest process MB':>19}"]
    for name in ("first", "again"):
        if cost := report.get(name):
            figures = (cost["wall_seconds"], cost["cpu_seconds"], cost["largest_process_mb"])
            lines.append(f"{name + ' run':20} {figures[0]:8.2f} {figures[1]:8.2f} {figures[2]:19.1f}")
    if "links_unchanged" in report:
        lines.append(f"the second run wrote {'the same' if report['links_unchanged'] else 'ANOTHER'} list of links")
    lines += ["", f"{'phase':24} {'seconds':>8}"]
    lines += [f"{name:24} {seconds:8.2f}" for name, seconds in report["phases"].items()]
    lines += ["", f"{'file':20} " + " ".join(f"{name:>11}" for name in OUTCOMES)]
    for file in report["files"]:
        lines.append(f"{file['system']:20} " + " ".join(f"{file[name]:11}" for name in OUTCOMES))
    for title, counts in (("population", "population"), ("decisions", "links"), ("verified", "verified")):
        lines += ["", f"{title}: " + ", ".join(f"{name} {number}" for name, number in report[counts].items())]
    if evaluation is not None:
        lines += ["", table(evaluation)]
    return "\n".join(lines)


def report_of(data: Path, drop: Path, work: Path, *, again: bool) -> dict[str, Any]:
    """Run the main job, once more if asked, and return every figure."""
    links, answer = work / "links.csv", work / "answer.json"
    began = time.time()
    first = main_job(data, drop, links, answer)
    ended = time.time()
    said = json.loads(answer.read_text(encoding="utf-8"))
    report: dict[str, Any] = {"first": asdict(first), "phases": seconds_by_phase(data, began, ended)}
    report |= {name: said[name] for name in ("population", "files", "links", "verified")}
    if again:
        report["again"] = asdict(main_job(data, drop, work / "again.csv", work / "again.json"))
        report["links_unchanged"] = links.read_bytes() == (work / "again.csv").read_bytes()
    return report


def options_given() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--drop", type=Path, help="a folder of delivered files")
    source.add_argument("--invent", type=int, metavar="CHILDREN", help="invent a drop of so many children instead")
    parser.add_argument("--seed", type=int, default=42, help="of an invented drop")
    parser.add_argument("--truth", type=Path, help="whose record each one is, to measure the links")
    parser.add_argument("--people", type=Path, help="person_uid and personal_number, to tell relatives from strangers")
    parser.add_argument("--again", action="store_true", help="run a second time and see that nothing changes")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Run the main job and print its figures."""
    options = options_given()
    with tempfile.TemporaryDirectory(prefix="child-registry-") as folder:
        work = Path(folder)
        drop, truth, people = options.drop, options.truth, options.people
        if drop is None:
            drop = work / "drop"
            truth, people = invented(drop, work / "truth", seed=options.seed, children=options.invent)
        report = report_of(work / "data", drop, work, again=options.again)
        evaluation = measured(work / "links.csv", truth, people)[0] if truth else None
    if not options.json:
        print(shown(report, evaluation))
        return
    if evaluation is not None:
        report["evaluation"] = document(evaluation)
    print(json.dumps(report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
