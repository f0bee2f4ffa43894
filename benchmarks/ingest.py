"""How fast delivered files come in: sealed, indexed, with name tokens, logged; beside it a raw COPY of the same rows.

    python benchmarks/ingest.py [--sizes 25000,50000,100000,250000] [--processes 1] [--json]

Each size is a new database and one file of the schools' form a process; with two processes each file is of a sector of
its own, as drop folders have them. The figure is rows a second from the opened file to the closed run. Memory is the
highest of the reading processes; CPU is what they and the database's processes have used, for a machine on which
others work too.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from pydantic import SecretStr
from sync_log_source import GIVENS, MIDDLES, SURNAMES

from connectors.contract import FileFormat, NameJudge, Reading
from connectors.records import Rejected, SourceRecord
from connectors.sectors.education import LAYOUT, Education
from registry.jobs.intake import ingest_file
from registry.jobs.opening import installation
from registry.settings import Settings
from registry.store.server.embedded import EmbeddedServer

SECTORS = ("education", "school_health")


@dataclass(frozen=True, slots=True)
class Sector:
    """The schools' form under the name of a sector."""

    format: FileFormat

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open a file as the schools' reader does."""
        reading = Education().open(path, looks_like_a_name)
        return replace(reading, format=self.format, rows=(self._named(row) for row in reading.rows))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read a row again as the schools' reader does."""
        return self._named(Education().reread(raw, row=row, encodings=encodings))

    def _named(self, row: SourceRecord | Rejected) -> SourceRecord | Rejected:
        return row if isinstance(row, Rejected) else replace(row, system=self.format.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one size came to."""

    rows: int
    processes: int
    seconds: float
    copy_seconds: float
    reader_cpu: float  # seconds
    database_cpu: float
    peak_mb: float

    @property
    def a_second(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def pupils(number: int, seed: int) -> Iterator[tuple[str, ...]]:
    """Yield invented pupils."""
    chance = random.Random(seed)
    for place in range(number):
        year = chance.randrange(2011, 2020)
        yield (
            f"HS{seed}{place:08}",
            f"{chance.choice(SURNAMES)} {chance.choice(MIDDLES)} {chance.choice(MIDDLES)} {chance.choice(GIVENS)}",
            f"{chance.randrange(1, 29):02}/{chance.randrange(1, 13):02}/{year}",
            chance.choice(("Nam", "Nữ")),
            "Kinh",
            f"019{3 if year < 2100 else 5}{year % 100:02}{chance.randrange(10**6):06}",
            "05443",
            "2025",
            "Thôn Thử",
            f"{chance.choice(SURNAMES)} Văn {chance.choice(GIVENS)}",
            str(year - 30),
            f"{chance.choice(SURNAMES)} Thị {chance.choice(GIVENS)}",
            str(year - 28),
            "Trường Thử",
            "6A",
            "Đang học",
            "2026-2027",
            "2026-09-01T08:00:00+07:00",
        )


def write_file(path: Path, number: int, seed: int) -> None:
    """Write a file of pupils."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(LAYOUT.columns)
        writer.writerows(pupils(number, seed))


def take_in(url: str, folder: str, sector: str, answer: multiprocessing.SimpleQueue[tuple[float, float]]) -> None:
    """Take a file in, as a process of its own; answer with its CPU seconds and its highest memory."""
    data = Path(folder)
    form = replace(Education.format, system=sector, file_name=f"{sector}.csv")
    settings = Settings(data=data, database_url=SecretStr(url))
    with installation(settings, clock=lambda: datetime.now(UTC)) as installed:
        account = ingest_file(installed, Sector(form), data / form.file_name)
    if account.outcomes.accepted != account.outcomes.rows:
        raise SystemExit(f"rows were not taken in: {account.outcomes.rules}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer.put((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def measure(rows: int, processes: int) -> Figures:
    """Take files of so many rows together into a new database."""
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        data = Path(folder)
        with EmbeddedServer(data / "server") as server:
            with installation(
                Settings(data=data, database_url=SecretStr(server.url)),
                clock=lambda: datetime.now(UTC),
                may_create=True,
            ):
                pass  # the schema and the keys are made
            for seed, sector in enumerate(SECTORS[:processes]):
                write_file(data / f"{sector}.csv", rows // processes, seed)
            before = _database_cpu(data)
            seconds, answers = _all_in(server.url, data, processes)
            return Figures(
                rows=rows // processes * processes,
                processes=processes,
                seconds=round(seconds, 2),
                copy_seconds=round(_copied(server, data, processes), 3),
                reader_cpu=round(sum(cpu for cpu, _ in answers), 2),
                database_cpu=round(_database_cpu(data) - before, 2),
                peak_mb=round(max(peak for _, peak in answers), 1),
            )


def _all_in(url: str, data: Path, processes: int) -> tuple[float, list[tuple[float, float]]]:
    spawning = multiprocessing.get_context("spawn")
    answers = spawning.SimpleQueue()
    workers = [
        spawning.Process(target=take_in, args=(url, str(data), sector, answers)) for sector in SECTORS[:processes]
    ]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    found = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    return time.monotonic() - begun, found


def _copied(server: EmbeddedServer, data: Path, processes: int) -> float:
    """Copy the same rows as they are into a plain table, and return the seconds."""
    address = server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)
    columns = ", ".join(f"c{number} text" for number in range(len(LAYOUT.columns)))
    with psycopg.connect(address) as connection:
        connection.execute(f"create table raw_rows ({columns})".encode())
        begun = time.monotonic()
        with connection.cursor().copy("copy raw_rows from stdin (format csv, header)") as copy:
            for sector in SECTORS[:processes]:
                text = (data / f"{sector}.csv").read_bytes()
                copy.write(text if sector == SECTORS[0] else text.split(b"\n", 1)[1])
        connection.commit()
        return time.monotonic() - begun


def _database_cpu(data: Path) -> float:
    """Return the CPU seconds of the processes that work in the folder of the database, those that ended included."""
    total = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = stat.read_text()
            folder = (stat.parent / "cwd").resolve()
        except OSError:
            continue
        if "(postgres)" in said and folder.is_relative_to(data.resolve()):
            fields = said.rsplit(")", 1)[1].split()
            is_parent = (folder / "postmaster.pid").read_text().split("\n", 1)[0] == stat.parent.name
            total += sum(map(int, fields[11:15] if is_parent else fields[11:13])) / tick
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="25000,50000,100000,250000")
    parser.add_argument("--processes", type=int, default=1, choices=(1, 2))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    found = [measure(int(size), chosen.processes) for size in chosen.sizes.split(",")]
    if chosen.json:
        print(json.dumps([asdict(one) | {"a_second": round(one.a_second)} for one in found], indent=2))
        return 0
    print("| rows | processes | seconds | rows/s | CPU µs a row: readers, database | peak MB | COPY s |")
    print("|---|---|---|---|---|---|---|")
    for one in found:
        reader, database = (cpu / one.rows * 1e6 for cpu in (one.reader_cpu, one.database_cpu))
        print(
            f"| {one.rows} | {one.processes} | {one.seconds} | {one.a_second:.0f} | {reader:.0f}, {database:.0f}"
            f" | {one.peak_mb} | {one.copy_seconds} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
