"""Kill the reading of a source with -9 at random points, go on, and compare with a reading that nobody disturbed.

    python benchmarks/sync_kill_loop.py [--kills 200] [--children 200] [--page 20] [--seed 1] [--json]

The source is an invented log of changes that arrive out of order and partly twice. Every life is a database of its own,
read by one process after the other until its end. The exit code is 1 if a record was lost or doubled, or if anything
else differs in the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import psycopg
from pydantic import SecretStr
from sync_log_source import LogSettings, LogSource

from connectors.listening import Listener
from registry.jobs.connections import SourceConnection
from registry.jobs.opening import installation
from registry.jobs.syncing import Source, streams_of, sync_stream
from registry.settings import Settings
from registry.store.server.embedded import EmbeddedServer

KILLS_A_LIFE = 25  # at most
LONGEST = 0.7  # seconds that a process reads before it is killed
PATIENCE = 300.0  # seconds that a reading may take
NAME = "log"

STATE: Mapping[str, str] = {
    "records": """
        select l.key_index, r.said_version, r.version_at, r.content_digest, r.withdrawn, r.source, r.version_no,
            (select array_agg(v.content_digest order by v.content_digest) from source_version v
             where v.child_id = r.child_id)
        from source_key_lookup l join source_record r on r.child_id = l.leads_to
    """,
    "children": "select system, sex, birth_year, commune_code, withdrawn_at is null from child",
    "identities": """
        select l.key_index, i.row_version from identity i join source_key_lookup l on l.leads_to = i.child_id
    """,
    "blocks": """
        select l.key_index, b.kind, b.token from child_block b join source_key_lookup l on l.leads_to = b.child_id
    """,
    "searches": "select l.key_index, s.tokens from child_search s join source_key_lookup l on l.leads_to = s.child_id",
    "quarantined": "select system, stream, row_digest, row_number, rule, attempts from quarantine",
    "events": "select l.key_index, e.kind from outbox_event e join source_key_lookup l on l.leads_to = e.child_id",
    "runs": """
        select source, stream, state, pages, records, accepted, unchanged, superseded, quarantined, conflicts, drifts
        from sync_run
    """,
    "refusals": "select source, stream, row_number, rule, field from sync_refusal",
    "drift": "select source, stream, field, seen, expected, times from source_drift",
    "place": "select source, stream, cursor, more, pages from source_stream",
}


@dataclass(slots=True)
class Life:
    """One database from its first reading to its end."""

    number: int
    killed: int = 0
    processes: int = 0
    differences: dict[str, tuple[int, int]] = field(default_factory=dict)  # part → lost, doubled


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process needs to read the source."""

    url: str
    data: str
    keys: str
    settings: LogSettings
    page: int


def read_to_the_end(job: Job, began: Event) -> None:
    """Read the source, as a process of its own; args: began: is set when the reading begins."""
    settings = Settings(data=Path(job.data), keys=Path(job.keys), database_url=SecretStr(job.url))
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as installed:
        connection = SourceConnection(connector=NAME, page=job.page)
        source = Source(name=NAME, connection=connection, listener=Listener(LogSource(job.settings)))
        began.set()
        for stream in streams_of(source):
            run = sync_stream(installed, source, stream, sleep=time.sleep)
            if run.state != "done":
                raise SystemExit(f"the run is {run.state}: {run.failure}")


def state_of(server: EmbeddedServer) -> dict[str, Counter[str]]:
    """Read what stands in a database."""
    address = server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address) as connection:
        return {part: Counter(map(repr, connection.execute(query.encode()))) for part, query in STATE.items()}


class Loop:
    """Lives in data folders that share one keyring."""

    def __init__(self, workshop: Path, settings: LogSettings, *, page: int, seed: int) -> None:
        self._workshop = workshop
        self._settings = settings
        self._page = page
        self._chance = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["registry.jobs.syncing", "registry.jobs.opening"])
        self.expected: dict[str, Counter[str]] = {}
        self.seconds = 0.0

    def calm(self) -> None:
        """Read undisturbed, and remember what stands then."""
        base, data = self._workshop / "base", self._workshop / "calm"
        with EmbeddedServer(base, durable=False) as server:
            settings = Settings(data=self._workshop, database_url=SecretStr(server.url))
            with installation(settings, clock=lambda: datetime.now(UTC), may_create=True):
                pass  # the schema and the keys are made
        shutil.copytree(base, data)
        with EmbeddedServer(data, durable=False) as server:
            process = self._begin(server)
            begun = time.monotonic()
            process.join(PATIENCE)
            self.seconds = time.monotonic() - begun
            self.expected = state_of(server)

    def live(self, number: int, kills: int) -> Life:
        """Live one life with so many kills at most."""
        life = Life(number)
        data = self._workshop / f"life{number}"
        shutil.copytree(self._workshop / "base", data)
        with EmbeddedServer(data, durable=False) as server:
            while True:
                process = self._begin(server)
                life.processes += 1
                process.join(self._chance.uniform(0.0, LONGEST) if life.killed < kills else PATIENCE)
                if not process.is_alive():
                    break
                process.kill()
                process.join()
                life.killed += 1
            if process.exitcode != 0:
                raise SystemExit(f"a reading did not end well: {process.exitcode}")
            life.differences = self._differences(state_of(server))
        shutil.rmtree(data)
        return life

    def _begin(self, server: EmbeddedServer) -> multiprocessing.process.BaseProcess:
        job = Job(
            url=server.url,
            data=str(self._workshop),
            keys=str(self._workshop / "keys"),
            settings=self._settings,
            page=self._page,
        )
        began = self._processes.Event()
        process = self._processes.Process(target=read_to_the_end, args=(job, began))
        process.start()
        began.wait(PATIENCE)
        return process

    def _differences(self, found: Mapping[str, Counter[str]]) -> dict[str, tuple[int, int]]:
        differences = {}
        for part, rows in self.expected.items():
            lost, doubled = rows - found[part], found[part] - rows
            if lost or doubled:
                differences[part] = (lost.total(), doubled.total())
        return differences


def loop(workshop: Path, settings: LogSettings, *, kills: int, page: int, seed: int) -> tuple[Loop, list[Life]]:
    """Live until so many kills were made."""
    lives: list[Life] = []
    made = Loop(workshop, settings, page=page, seed=seed)
    made.calm()
    left = kills
    while left > 0:
        lives.append(made.live(len(lives) + 1, min(left, KILLS_A_LIFE)))
        left -= lives[-1].killed
    return made, lives


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--children", type=int, default=400)
    parser.add_argument("--page", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    settings = LogSettings(children=chosen.children, seed=chosen.seed)
    with tempfile.TemporaryDirectory(prefix="sync-kill-loop-") as folder:
        made, lives = loop(Path(folder), settings, kills=chosen.kills, page=chosen.page, seed=chosen.seed)
    sizes = {part: rows.total() for part, rows in made.expected.items()}
    if chosen.json:
        print(json.dumps({"rows": sizes, "lives": [asdict(life) for life in lives]}, indent=2))
    else:
        print(f"undisturbed: {made.seconds:.1f} s; " + ", ".join(f"{number} {part}" for part, number in sizes.items()))
        print("| life | processes | killed | lost | doubled |\n|---|---|---|---|---|")
        for life in lives:
            lost = sum(first for first, _ in life.differences.values())
            doubled = sum(second for _, second in life.differences.values())
            print(f"| {life.number} | {life.processes} | {life.killed} | {lost} | {doubled} | {life.differences or ''}")
        print(f"{sum(life.killed for life in lives)} kills")
    return int(any(life.differences for life in lives))


if __name__ == "__main__":
    sys.exit(main())
