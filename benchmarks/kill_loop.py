"""Kill the main job at random moments, run it again to the end, and compare with a run that nobody disturbed.

    python benchmarks/kill_loop.py [--kills 50] [--children 1500] [--seed 1] [--drop DIR] [--json]

Every third life loses its database server to kill -9 instead of the command. The exit code is 1 if a row was lost or
doubled, or if a link, an outcome or a quarantined row differs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from registry.demo.invention import invent
from registry.store.server.embedded import EmbeddedServer
from registry.store.server.postmaster import live_server

INVENTED_ON = date(2026, 10, 31)
KILLS_A_LIFE = 3  # at most, before a life runs to its end
PATIENCE = 600  # seconds that a run may take

STATE: Mapping[str, str] = {
    "records": """
        select l.key_index, r.system, r.content_digest, r.withdrawn,
            (select array_agg(v.content_digest order by v.content_digest) from source_version v
             where v.child_id = r.child_id)
        from source_key_lookup l join source_record r on r.child_id = l.leads_to
    """,
    "identities without a record": """
        select c.child_id from child c where not exists
            (select from source_record r join source_key_lookup l on l.leads_to = r.child_id
             where r.child_id = c.child_id)
    """,
    "sealed identities": "select count(*) from identity",
    "cases": "select count(*) from protection_case",
    "blocks": """
        select l.key_index, b.kind, b.token from child_block b join source_key_lookup l on l.leads_to = b.child_id
    """,
    "identifiers": """
        select l.key_index, i.number_index, i.kind from identifier_lookup i join source_key_lookup l using (leads_to)
    """,
    "searches": "select l.key_index, s.tokens from child_search s join source_key_lookup l on l.leads_to = s.child_id",
    "quarantined": "select system, row_digest, rule, attempts, resolved_at is null from quarantine",
    "outcomes": """
        select r.system, o.outcome, o.rule, count(*) from ingest_row o join ingest_run r using (run_id)
        where r.run_id in (select distinct on (system) run_id from ingest_run where retry_of is null
                           order by system, started_at)
        group by 1, 2, 3
    """,
    "unfinished runs": "select run_id from ingest_run where state <> 'done'",
    "events of records": "select kind, count(*) from outbox_event where kind like 'record%' group by 1",
    "people": "select content_digest from extract_person",
    "people's numbers": "select number_index, former from extract_number_lookup",
    "people's blocks": "select kind, token, count(*) from extract_block group by 1, 2",
    "links": "select l.key_index, round(k.probability::numeric, 9), k.undone_at is null from link k "
    "join source_key_lookup l on l.leads_to = k.child_id",
    "decisions": "select l.key_index, m.decision from match_result m "
    "join source_key_lookup l on l.leads_to = m.child_id",
    "candidates": "select l.key_index, c.rank from candidate c join source_key_lookup l on l.leads_to = c.child_id",
    "pairs of records": """
        select least(a.key_index, b.key_index), greatest(a.key_index, b.key_index), round(p.probability::numeric, 9)
        from record_pair p join source_key_lookup a on a.leads_to = p.child_id
        join source_key_lookup b on b.leads_to = p.other_id where p.probability > 0
    """,
    "records of one child": """
        select array_agg(l.key_index order by l.key_index) from pointer p
        join source_key_lookup l on l.leads_to = p.child_id group by p.head_id
    """,
    "records not worked out": "select child_id from record_comparison where not settled",
}


@dataclass(frozen=True, slots=True)
class State:
    """What stands in a database in the end, by keyed hashes, and the list of links."""

    rows: Mapping[str, Counter[str]]
    links: bytes

    def differences(self, other: State) -> dict[str, tuple[int, int]]:
        """Return for each part how many rows `other` lacks and how many it has too many."""
        found = {}
        for part, rows in self.rows.items():
            lost, doubled = rows - other.rows[part], other.rows[part] - rows
            if lost or doubled:
                found[part] = (lost.total(), doubled.total())
        if self.links != other.links:
            found["links.csv"] = (1, 1)
        return found


@dataclass(slots=True)
class Life:
    """One data folder from its first run to its end."""

    number: int
    killed: list[str] = field(default_factory=list)  # what was killed, and after how many seconds
    refusals: list[str] = field(default_factory=list)  # what the command said when its server was killed under it
    differences: dict[str, tuple[int, int]] = field(default_factory=dict)
    unsound: str = ""  # what `check` found


class Job:
    """The main job as a command of its own, on data folders that share one keyring."""

    def __init__(self, drop: Path, workshop: Path) -> None:
        self._drop = drop
        self._base = workshop / "base"
        self._run(["migrate", "--data", str(self._base)])

    def start(self, data: Path) -> subprocess.Popen[str]:
        """Start the job on a data folder."""
        arguments = ["demo", "--drop", str(self._drop), "--no-serve", "--json", "--data", str(data)]
        arguments += ["--links", str(data / "links.csv")]
        return subprocess.Popen(
            [sys.executable, "-m", "registry", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
        )

    def finish(self, data: Path) -> float:
        """Run the job to its end and return how long it took."""
        begun = time.monotonic()
        running = self.start(data)
        _, complaints = running.communicate(timeout=PATIENCE)
        if running.returncode != 0:
            raise SystemExit(f"the job did not end well: {complaints.strip().splitlines()[-1:]}")
        return time.monotonic() - begun

    def new_folder(self, data: Path, keys: Path | None) -> None:
        """Make a data folder with a migrated database in which nothing has happened."""
        shutil.copytree(self._base, data)
        if keys is not None:
            shutil.copytree(keys, data / "keys")

    def check(self, data: Path) -> str:
        """Return what `check` finds wrong; nothing if all is well."""
        checked = subprocess.run(
            [sys.executable, "-m", "registry", "check", "--json", "--data", str(data)],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )
        if checked.returncode == 0:
            return ""
        return checked.stderr.strip() or ", ".join(k for k, v in json.loads(checked.stdout).items() if not v["ok"])

    def _run(self, arguments: Sequence[str]) -> None:
        subprocess.run([sys.executable, "-m", "registry", *arguments], check=True, stdout=2, env=_environment())


def _environment() -> dict[str, str]:
    ours = ("DATABASE_URL", "CHILD_REGISTRY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def state_of(data: Path) -> State:
    """Read what stands in the database of a data folder."""
    with EmbeddedServer(data, durable=False) as server:
        address = server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(address) as connection:
            rows = {part: Counter(map(repr, connection.execute(query.encode()))) for part, query in STATE.items()}
    return State(rows, (data / "links.csv").read_bytes())


def live(job: Job, life: Life, data: Path, chance: random.Random, *, kills: int, seconds: float) -> None:
    """Run the job in a folder, kill it so many times, then run it to its end."""
    for _ in range(kills):
        after = chance.uniform(0.1, seconds)
        running = job.start(data)
        try:
            running.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            _kill(life, running, data, after=after)
    job.finish(data)
    life.unsound = job.check(data)


def _kill(life: Life, running: subprocess.Popen[str], data: Path, *, after: float) -> None:
    server = next((live_server(folder) for folder in data.glob("pg*") if folder.is_dir()), None)
    if life.number % 3 == 0 and server is not None:
        life.killed.append(f"server {after:.2f}")
        with contextlib.suppress(ProcessLookupError):  # it has ended in this moment
            os.kill(server.pid, signal.SIGKILL)
        _, complaints = running.communicate(timeout=PATIENCE)
        ours = [line for line in complaints.splitlines() if "left alone" not in line]
        life.refusals.append(f"{running.returncode}: {' | '.join(ours)}")
        return
    life.killed.append(f"command {after:.2f}")
    running.kill()
    running.communicate()


def loop(drop: Path, workshop: Path, *, kills: int, seed: int) -> tuple[list[Life], Mapping[str, int], float]:
    """Run lives until so many kills were made; return them, the size of the undisturbed state, and its seconds."""
    job = Job(drop, workshop)
    calm = workshop / "calm"
    job.new_folder(calm, None)
    seconds = job.finish(calm)
    expected = state_of(calm)
    chance = random.Random(seed)
    lives: list[Life] = []
    left = kills
    while left > 0:
        life = Life(len(lives) + 1)
        data = workshop / f"life{life.number}"
        job.new_folder(data, calm / "keys")
        live(job, life, data, chance, kills=min(left, chance.randint(1, KILLS_A_LIFE)), seconds=seconds)
        left -= len(life.killed)
        life.differences = expected.differences(state_of(data))
        lives.append(life)
        shutil.rmtree(data)
    return lives, {part: rows.total() for part, rows in expected.rows.items()}, seconds


def _print(lives: Sequence[Life], sizes: Mapping[str, int], seconds: float) -> None:
    print(f"undisturbed: {seconds:.1f} s; " + ", ".join(f"{number} {part}" for part, number in sizes.items()))
    print("| life | killed (after seconds) | lost | doubled | check |\n|---|---|---|---|---|")
    for life in lives:
        lost = sum(first for first, _ in life.differences.values())
        doubled = sum(second for _, second in life.differences.values())
        print(f"| {life.number} | {', '.join(life.killed)} | {lost} | {doubled} | {life.unsound or 'ok'} |")
        for part, (few, many) in life.differences.items():
            print(f"|  | {part} | {few} | {many} |  |")
    for life in lives:
        for refusal in life.refusals:
            print(f"life {life.number}, its server killed, ended with {refusal}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--children", type=int, default=1500, help="of the invented province")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--drop", type=Path, help="a drop folder instead of an invented province")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kill-loop-") as folder:
        workshop = Path(folder)
        drop = chosen.drop or workshop / "drop"
        if chosen.drop is None:
            invent(drop, seed=chosen.seed, children=chosen.children, on=INVENTED_ON)
        lives, sizes, seconds = loop(drop, workshop, kills=chosen.kills, seed=chosen.seed)
    document: dict[str, Any] = {"seconds": round(seconds, 2), "rows": sizes, "lives": [asdict(life) for life in lives]}
    if chosen.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print(lives, sizes, seconds)
    return int(any(life.differences or life.unsound for life in lives))


if __name__ == "__main__":
    sys.exit(main())
