"""Run a program and write down what it took.

    python benchmarks/peers_measure.py FIGURES.json PROGRAM [ARGUMENT ...]

A program of its own because the system counts the memory of whoever starts a program as that program's: this one is
small.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Run the program, write the figures, and end as it ended."""
    began = time.perf_counter()
    code = subprocess.run(sys.argv[2:], check=False).returncode
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    figures = {"wall_seconds": wall, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_bytes": peak}
    Path(sys.argv[1]).write_text(json.dumps(figures), encoding="utf-8")
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
