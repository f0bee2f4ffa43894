"""Fuzzes every parser, guided by coverage: nothing but the refusals it declares may come out, and no echo of its input.

    pip install atheris          (a tool of this benchmark alone; Linux, CPython)
    python benchmarks/fuzz.py --seconds 600 [--only NAME] [--jobs 2]

Each parser runs in a process of its own, for so long, from a few seeds. A crash is any other exception; an echo is a
refusal whose text repeats eight characters of what was read. Prints one line a parser; exits 1 if anything was found.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one parser."""

    name: str
    seconds: int
    executions: int
    corpus: int
    found: str  # "": neither a crash nor an echo


def fuzz(name: str, seconds: int) -> Result:
    """Fuzz one parser in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        done = subprocess.run(
            [
                *(sys.executable, "-W", "ignore", str(HERE / "fuzz_one.py"), name, str(corpus)),
                *(f"-max_total_time={seconds}", "-print_final_stats=1", "-max_len=65536", "-timeout=20"),
                *("-rss_limit_mb=2048", f"-artifact_prefix={folder}/"),
            ],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = done.stderr + done.stdout
        count = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
        found = "" if done.returncode == 0 else _first_fault(said)
        size = sum(1 for _ in corpus.iterdir())
    return Result(name, seconds, int(count[1]) if count else 0, size, found)


def _first_fault(said: str) -> str:
    """Return the kind of the fault and where it was, without the input."""
    kind = re.search(r"^(\w+(?:\.\w+)*(?:Error|Exception|Echo|Refused|\b[A-Z]\w+))\b", said, re.MULTILINE)
    places = re.findall(r'File "[^"]*/((?:registry|connectors|matching)/[^"]+)", line (\d+)', said)
    where = f" at {places[-1][0]}:{places[-1][1]}" if places else ""
    return f"{kind[1] if kind else 'crash'}{where}"


def main() -> int:
    """Fuzz all parsers, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    listed = subprocess.run(
        [sys.executable, str(HERE / "fuzz_one.py")], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    names = asked.only or listed.stdout.split()
    print(f"{'parser':<24} {'seconds':>8} {'executions':>12} {'corpus':>7}  found")
    failed = 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        for result in pool.map(lambda name: fuzz(name, asked.seconds), names):
            failed += bool(result.found)
            print(
                f"{result.name:<24} {result.seconds:>8} {result.executions:>12,} {result.corpus:>7}"
                f"  {result.found or 'nothing'}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
