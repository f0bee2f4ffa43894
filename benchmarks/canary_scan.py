"""Run the main job on a drop and look for its people, byte by byte, in everything that the job leaves behind.

    python benchmarks/canary_scan.py [--drop DIR | --children 300] [--json]

Looked for: every 12-digit number of the files, and every full name of 12 characters or more that no place list
contains, as written, composed and decomposed, in capitals, without marks, in UTF-8 and TCVN3, plain and as hexadecimal
digits. Looked through: the database files, all of the write-ahead log, the server's log, what the commands said, what
they left in the folder for temporary files, and a backup. A control row is written in clear, dropped and must be
found. The exit code is 1 if anything else is found.

Needs GNU grep, which looks for all words at once.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import psycopg
from openpyxl import load_workbook

from matching import reference
from matching.names import fold
from registry.demo.invention import invent
from registry.demo.tcvn3 import to_tcvn3
from registry.store.server.embedded import EmbeddedServer
from registry.store.server.programs import wheel_bin_dir

INVENTED_ON: Final = date(2026, 10, 31)
SHORTEST: Final = 12  # characters of a name that no chance brings about
CANARY: Final = "Lục Thị Chim Yến"  # typed into every door of the service
OURS: Final = ("DATABASE_URL", "CHILD_REGISTRY_")  # settings of this machine
CONTROL: Final = "Kiểm Chứng Thị Rõ Ràng"
NAME_COLUMNS: Final = {
    *("full_name", "mother_name", "father_name"),
    *("Họ và tên", "Họ tên cha", "Họ tên mẹ", "Họ chữ đệm tên"),
    *("HO_TEN", "HO_TEN_ME", "HO_TEN_BO"),
}
NUMBER: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")


# -- what is looked for --------------------------------------------------------------------------------------------


def people_of(drop: Path) -> tuple[set[str], set[str], set[bytes]]:
    """Return the numbers and names in the files of a drop, and names as the bytes of an old encoding."""
    numbers: set[str] = set()
    names: set[str] = set()
    raw: set[bytes] = set()
    for file in sorted(drop.iterdir()):
        if file.name.endswith("truth.csv") or file.suffix not in {".csv", ".ndjson", ".jsonl", ".xlsx"}:
            continue
        rows = list(_cells(file))
        numbers.update(number for _, value in rows for number in NUMBER.findall(value))
        found = {value.strip() for column, value in rows if column in NAME_COLUMNS or column == "name"}
        if file.name == "social-aid.csv":
            raw |= {name.encode("latin-1") for name in found}
        else:
            names |= found
    return numbers, {name for name in names if _is_telling(name)}, {name for name in raw if len(name) >= SHORTEST}


def _cells(file: Path) -> Iterator[tuple[str, str]]:
    """Yield column and value of every cell, or key and value of every member."""
    if file.suffix == ".xlsx":
        yield from _sheet(file)
    elif file.suffix == ".csv":
        old = file.name == "social-aid.csv"
        with file.open(encoding="latin-1" if old else "utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";" if old else ","):
                yield from ((column, value) for column, value in row.items() if column and isinstance(value, str))
    else:
        for line in file.read_bytes().splitlines():
            try:
                yield from _members(json.loads(line))
            except ValueError:
                continue  # a line that breaks off; its number stands in other files too


def _sheet(file: Path) -> Iterator[tuple[str, str]]:
    header: tuple[str, ...] = ()
    for row in load_workbook(file, read_only=True).worksheets[0].iter_rows(values_only=True):
        cells = tuple("" if cell is None else str(cell) for cell in row)
        if header:
            yield from zip(header, cells, strict=False)
        elif NAME_COLUMNS & set(cells):
            header = cells


def _members(document: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _members(value, "name" if (key, name) == ("name", "text") else name)
    elif isinstance(document, list):
        for value in document:
            yield from _members(value, key)
    elif isinstance(document, str):
        yield key, document


def _is_telling(name: str) -> bool:
    return len(name) >= SHORTEST and len(name.split()) > 1 and fold(name) not in _places()


def _places() -> str:
    """Return every name of the lists of places, folded, in one text."""
    if not _PLACES:
        lists = ("admin_communes_2025", "admin_provinces_2025", "admin_old_to_new_2025")
        values = {value for name in lists for row in reference.rows(name) for value in row.values()}
        _PLACES.append("\n".join(fold(value) for value in values if value and not value.isdigit() and value.strip()))
    return _PLACES[0]


_PLACES: list[str] = []


def spellings(name: str) -> set[bytes]:
    """Return the bytes by which a name could stand somewhere."""
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")} | {name}
    cases = {spelt for form in forms for spelt in (form, form.upper(), form.lower(), form.title())}
    found = {spelt.encode() for spelt in cases} | {fold(name).encode(), fold(name).title().encode()}
    return found | {to_tcvn3(spelt)[0] for spelt in cases}


def words_for(names: Iterable[str], numbers: Iterable[str], raw: Iterable[bytes]) -> set[bytes]:
    """Return all words to look for."""
    plain = {word for name in names for word in spellings(name)} | {number.encode() for number in numbers} | set(raw)
    return {word for word in plain | {word.hex().encode() for word in plain} if len(word) >= SHORTEST}


# -- where it is looked for ----------------------------------------------------------------------------------------


class Job:
    """The main job and the commands after it; all that they say is kept."""

    def __init__(self, workshop: Path) -> None:
        self.data = workshop / "data"
        self.said = workshop / "said"
        self.said.mkdir()
        self.temporary = workshop / "temporary"
        self.temporary.mkdir()
        self.backup = workshop / "backup"
        self.crashed = workshop / "crashed"  # where a core would be written
        self.crashed.mkdir()

    def run(self, *arguments: object) -> None:
        """Run a command that is to end well."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment["TMPDIR"] = str(self.temporary)
        with (self.said / str(arguments[0])).open("ab") as said:
            subprocess.run(
                [sys.executable, "-m", "registry", *map(str, arguments), "--data", str(self.data)],
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                check=True,
            )

    def work(self, drop: Path) -> None:
        """Do everything: the job twice, tables, checks, a backup; and keep all of the write-ahead log."""
        self.run("migrate")
        with EmbeddedServer(self.data) as server, _connected(server) as connection:
            connection.execute("alter system set wal_keep_size = '64GB'")
        self.run("demo", "--drop", drop, "--no-serve")
        self.run("demo", "--drop", drop, "--no-serve")
        self.run("match")
        self.run("table", "children-by-province-age-sex")
        self.run("check")
        self.run("staff", "list", "--as", "administrator")
        self.run("keys", "rotate", "wrapping")
        self.run("keys", "rotate", "index")
        self.run("decoys", "plant")
        self.run("backup", self.backup)
        self.serve()

    def serve(self) -> None:
        """Serve, ask for what names somebody in path, query and body, keep the metrics, and end it as a crash would."""
        command = [sys.executable, "-m", "registry", "serve", "--port", "0", "--data", str(self.data)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment |= {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        with (self.said / "serve-errors").open("wb") as errors:
            serving = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=environment, cwd=self.crashed, text=True
            )
            said = serving.stdout.readline() if serving.stdout else ""
            (self.said / "serve").write_text(said)
            name = quote(CANARY)
            with httpx.Client(base_url=said.split(" serves ")[1].split(";")[0], timeout=30) as client:
                client.get(f"/children/{name}", params={"text": CANARY})
                client.get(f"/v1/children/{name}")
                client.post("/v1/searches", json={"text": CANARY, "born": [CANARY]})
                client.post("/v1/searches", content=f'{{"text": "{CANARY}'.encode())
                client.post("/sign-in", data={"login": CANARY, "password": CANARY})
                (self.said / "metrics").write_text(client.get("/metrics").raise_for_status().text)
            serving.send_signal(signal.SIGABRT)
            serving.wait(timeout=60)

    def plant(self) -> None:
        """Write a name in clear as a careless program would, and drop it again."""
        with EmbeddedServer(self.data) as server, _connected(server) as connection:
            connection.execute("create table careless (name text)")
            connection.execute("insert into careless values (%s)", [CONTROL])
            connection.execute("drop table careless")

    def places(self) -> dict[str, list[Path]]:
        """Return the files to look through, by kind."""
        script = self.backup / "script.sql"
        with script.open("wb") as out:
            for dump in (self.backup / "database.dump", self.backup / "data-keys" / "data-keys.dump"):
                subprocess.run([wheel_bin_dir() / "pg_restore", "--file=-", str(dump)], stdout=out, check=True)
        everything = [path for path in self.data.rglob("*") if path.is_file()]
        log = [path for path in everything if path.is_relative_to(self.data / "log")]
        wal = [path for path in everything if "pg_wal" in path.parts]
        return {
            "database files": [path for path in everything if path not in {*log, *wal}],
            "write-ahead log": wal,
            "server log": log,
            "what was said": list(self.said.iterdir()),
            "temporary files": [path for path in self.temporary.rglob("*") if path.is_file()],
            "backup": [path for path in self.backup.rglob("*") if path.is_file()],
            "core": [path for path in self.crashed.rglob("*") if path.is_file()],
        }


def _connected(server: EmbeddedServer) -> psycopg.Connection[Any]:
    address = server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(address, autocommit=True)


def look(words: Iterable[bytes], files: Sequence[Path], workshop: Path) -> Counter[bytes]:
    """Count how often each word stands in the files."""
    if not files:
        return Counter()
    patterns = workshop / "patterns"
    patterns.write_bytes(b"\n".join(sorted(words)) + b"\n")
    command = ["grep", "--text", "--only-matching", "--no-filename", "--fixed-strings", f"--file={patterns}", "--"]
    found = subprocess.run([*command, *map(str, files)], env={"LC_ALL": "C"}, capture_output=True, check=False)
    if found.returncode > 1:
        raise SystemExit(found.stderr.decode(errors="replace"))
    return Counter(found.stdout.splitlines())


def scan(drop: Path, workshop: Path) -> Mapping[str, Any]:
    """Run the job and return what was looked for and what was found."""
    numbers, names, raw = people_of(drop)
    job = Job(workshop)
    job.work(drop)
    job.plant()
    words = words_for([*names, CANARY], numbers, raw)
    places = job.places()
    hits = {place: look(words, files, workshop) for place, files in places.items()}
    control = {place: look(words_for([CONTROL], [], []), files, workshop).total() for place, files in places.items()}
    return {
        "numbers": len(numbers),
        "names": len(names) + len(raw),
        "spellings": len(words),
        "bytes": {place: sum(file.stat().st_size for file in files) for place, files in places.items()},
        "hits": {place: found.total() for place, found in hits.items()},
        "kinds": dict(Counter(_kind(word) for found in hits.values() for word in found)),
        "control": control,
    }


def _kind(word: bytes) -> str:
    return "number" if word.isdigit() else "name"


def _print(report: Mapping[str, Any]) -> None:
    print(f"{report['numbers']} numbers and {report['names']} names, {report['spellings']} spellings")
    print("| place | bytes | hits | control |\n|---|---|---|---|")
    for place, size in report["bytes"].items():
        print(f"| {place} | {size} | {report['hits'][place]} | {report['control'][place]} |")


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drop", type=Path, help="a drop folder; without it a province is invented")
    parser.add_argument("--children", type=int, default=300, help="of the invented province")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        workshop = Path(folder)
        drop = chosen.drop or workshop / "drop"
        if chosen.drop is None:
            invent(drop, seed=7, children=chosen.children, on=INVENTED_ON)
        report = scan(drop, workshop)
    if chosen.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _print(report)
    if not report["control"]["write-ahead log"]:
        print("the control was not found: this scan proves nothing", file=sys.stderr)
        return 1
    return int(any(report["hits"].values()))


if __name__ == "__main__":
    sys.exit(main())
