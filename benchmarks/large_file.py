"""Take in files of growing size and show how much memory that takes at most, and how long.

    python benchmarks/large_file.py [--megabytes 20 200] [--json]

The files are education files of invented pupils, each delivered many times over. The exit code is 1 if the largest
file takes MOST_MORE megabytes more than the smallest: memory must not grow with the file.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from registry.demo.invention import invent

INVENTED_ON: Final = date(2026, 10, 31)
PUPILS: Final = 3000  # children of the province whose pupils fill the files
MOST_MORE: Final = 64  # megabytes
MEGABYTE: Final = 1_000_000


def write_large(file: Path, pupils: Path, megabytes: int) -> int:
    """Write a file of about that size and return its rows; each round is a newer version of a twentieth of the rows."""
    header, *rows = pupils.read_text(encoding="utf-8-sig").splitlines()
    width = len(next(csv.reader(io.StringIO(header))))
    whole = [row for row in rows if len(next(csv.reader(io.StringIO(row)))) == width]
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        out.write(f"{header}\r\n")
        while out.tell() < megabytes * MEGABYTE:
            turn = count // len(whole)
            for place, row in enumerate(whole):
                newer = f"2026-10-{turn % 28 + 1:02d}T{turn // 28 % 24:02d}:00:00+07:00"
                out.write(f"{row.rpartition(',')[0]},{newer}\r\n" if place % 20 == turn % 20 else f"{row}\r\n")
                count += 1
    return count


def take_in(file: Path, data: Path) -> tuple[Mapping[str, Any], float, float]:
    """Take a file in by the command; return its account, its largest memory in megabytes, and its seconds."""
    command = [sys.executable, "-m", "registry", "ingest", "education", str(file), "--json", "--data", str(data)]
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(command, stdout=said)
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        said.seek(0)
        if running.returncode != 0:
            raise SystemExit(f"the file was not taken in: exit code {running.returncode}")
        unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in kilobytes here
        return json.loads(said.read()), usage.ru_maxrss * unit / MEGABYTE, seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the files in and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    measured = []
    with tempfile.TemporaryDirectory(prefix="large-file-") as folder:
        invent(Path(folder) / "drop", seed=1, children=PUPILS, on=INVENTED_ON)
        for megabytes in chosen.megabytes:
            file = Path(folder) / "education.csv"
            rows = write_large(file, Path(folder) / "drop" / "education.csv", megabytes)
            account, peak, seconds = take_in(file, Path(folder) / f"data-{megabytes}")
            measured.append(
                {
                    "megabytes": megabytes,
                    "rows": rows,
                    "accounted": account["rows"],
                    "peak_megabytes": round(peak, 1),
                    "seconds": round(seconds, 1),
                }
            )
            if not chosen.json:
                print(", ".join(f"{name} {value}" for name, value in measured[-1].items()), flush=True)
    if chosen.json:
        print(json.dumps(measured, indent=2))
    peaks = [one["peak_megabytes"] for one in measured]
    return int(max(peaks) - min(peaks) > MOST_MORE or any(one["rows"] != one["accounted"] for one in measured))


if __name__ == "__main__":
    sys.exit(main())
