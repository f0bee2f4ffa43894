"""A day of a flaky population service: a third of its answers fails and twice it is gone, and no link may be stuck.

    python benchmarks/population_day.py [--children 1500] [--links 3000] [--seed 7] [--json]

An invented province is linked; then the links are asked about through 24 simulated hours, minute by minute, by the
real connector and a simulated service in this process, at a quota and a rate. Some citizens were changed there since:
what is found in the end is compared with the truth. The exit code is 1 if a link is stuck or a verdict wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from connectors.population.npdb import NpdbConnector, NpdbSettings
from connectors.simulators.population import Account, Conduct, Fault, Person, SimulatedPopulation, read_people
from registry.actions.intake.load_extract import People
from registry.actions.population.budget import Terms
from registry.demo.invention import invent
from registry.jobs import drop as drops
from registry.jobs import verifying
from registry.jobs.intake import no_progress
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.settings import Settings

BEGINS: Final = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)  # midnight in Viet Nam
INVENTED_ON: Final = date(2026, 10, 31)
MINUTES: Final = 24 * 60
OUTAGES: Final = ((3 * 60, 90), (7 * 60, 180))  # minute of the day, minutes
FAULTS: Final = (  # together 30 % of the answers; lies that look like any answer are not among them
    *(Fault.DROP, Fault.CUT_SHORT, Fault.RATE_LIMITED, Fault.DENIED, Fault.SERVER_ERROR, Fault.BUS_ERROR, Fault.HALF),
    *(Fault.ERROR_INSIDE, Fault.DENIED_INSIDE, Fault.WRONG_NAMESPACE, Fault.ENTITIES, Fault.DEEP, Fault.WRONG_TYPE),
    Fault.OTHER_REQUEST,
)
SHARE: Final = 0.3
GONE, RENAMED = 0.03, 0.03  # of the citizens: not known there any more; under another name
ACCOUNT: Final = Account()


@dataclass(slots=True)
class Clock:
    """The time of the simulation."""

    now: datetime = BEGINS

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


def main() -> int:
    """Run a day and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=1500)
    parser.add_argument("--links", type=int, default=3000, help="the most that are asked about")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="population-day-") as folder:
        told = run(Path(folder), children=chosen.children, links=chosen.links, seed=chosen.seed)
    if chosen.json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        for what, value in told.items():
            sys.stdout.write(f"{what:34} {value}\n")
    return int(bool(told["stuck links"] or told["wrong verdicts"] or told["still due"] or told["over the quota"]))


def run(folder: Path, *, children: int, links: int, seed: int) -> dict[str, Any]:
    """Return the figures of one day."""
    clock = Clock()
    invent(folder / "drop", seed=42, children=children, on=INVENTED_ON)
    settings = Settings(data=folder / "data")
    with installation(settings, clock=clock, may_create=True) as installed:
        connectors = drops.all_connectors()
        drop = drops.look_into(folder / "drop", connectors)
        drops.run_drop(installed, drop, connectors, digest=drops.drop_digest(installed.vault, drop), step=_no_step)
        _keep(installed, links)
        people, truth = _people(drop.population, seed)
        conduct = Conduct(seed=seed, faults=dict.fromkeys(FAULTS, SHARE / len(FAULTS)))
        simulated = SimulatedPopulation(people, account=ACCOUNT, clock=clock, conduct=conduct)
        begun = time.perf_counter()
        day = _a_day(installed, simulated, clock, quota=2 * links)
        seconds = time.perf_counter() - begun
        return {**_figures(installed, simulated, truth, clock, quota=2 * links), **day, "seconds": round(seconds, 1)}


def _no_step(what: str, *, total: int | None = None) -> Callable[[int], None]:
    del what, total
    return no_progress


def _keep(installed: Installation, links: int) -> None:
    """Leave only so many links in the queue: the others are put off for a year."""
    later = BEGINS + timedelta(days=150)
    statement = (
        "update link_state set due_at = %s where link_id in (select link_id from link_state order by link_id offset %s)"
    )
    _owner(installed, statement, later, links)


def _owner(installed: Installation, statement: str, *values: object) -> list[dict[str, Any]]:
    """Do something past the row security, as whoever owns the tables can."""
    address = installed.url.replace("postgresql+psycopg://", "postgresql://")
    tables = ("link_state", "link", "population_day", "verification")
    with psycopg.connect(address, row_factory=dict_row) as connection:
        for table in tables:
            connection.execute(f"alter table {table} no force row level security".encode())
        cursor = connection.execute(statement.encode(), values)
        found = cursor.fetchall() if cursor.description else []
        for table in tables:
            connection.execute(f"alter table {table} force row level security".encode())
    return found


def _people(population: Path, seed: int) -> tuple[list[Person], Mapping[str, bool]]:
    """Return whom the service knows, and of each number of the extract whether its claim is true there."""
    chance = Random(seed)
    kept: list[Person] = []
    truth: dict[str, bool] = {}
    for person in read_people(population):
        what = chance.random()
        truth[person.number] = what >= GONE + RENAMED
        if what >= GONE:
            name = person.full_name if truth[person.number] else f"{person.full_name} Khác"
            kept.append(replace(person, full_name=name))
    return kept, truth


def _a_day(installed: Installation, simulated: SimulatedPopulation, clock: Clock, *, quota: int) -> dict[str, Any]:
    terms = Terms(
        agency_code="G01.99",
        officer_ref="benchmark",
        procedure_code="verification",
        quota_a_day=quota,
        calls_a_second=2.0,
    )
    settings = NpdbSettings(
        endpoint="http://127.0.0.1/npdb",
        user=ACCOUNT.user,
        secret=ACCOUNT.secret,
        api_key=ACCOUNT.api_key,
        x_road_client="VN/GOV/TEST/CHILD-REGISTRY",
        attempts=1,
    )
    said: Counter[str] = Counter()
    drained_at: datetime | None = None
    transport = simulated.transport(sleep=lambda _: None)
    with NpdbConnector(settings, clock=clock, sleep=lambda _: None, transport=transport) as connector:
        for minute in range(MINUTES):
            for at, lasting in OUTAGES:
                if minute == at:
                    simulated.outage(lasting * 60)
            if minute % 60 == 0:
                verifying.look_after(installed, terms)
            said.update(verifying.drain(installed, connector, terms, limit=1000, patience=30.0).outcomes)
            waits = verifying.what_waits(installed, "npdb", terms)
            if not waits.due and not waits.failing and drained_at is None:
                drained_at = clock()
            clock.now += timedelta(minutes=1)
    drained = f"{(drained_at - BEGINS).total_seconds() / 3600:.1f} h" if drained_at else "never"
    return {"answers": dict(said), "drained after": drained}


_STATES: Final = """
    select s.state, s.due_at, s.attempts, s.failure, l.person_id, s.confirmed_at
    from link_state s join link l using (child_id, link_id) where l.undone_at is null
"""


def _figures(
    installed: Installation, simulated: SimulatedPopulation, truth: Mapping[str, bool], clock: Clock, *, quota: int
) -> dict[str, Any]:
    at, lasts = clock(), timedelta(days=180)
    put_off = BEGINS + timedelta(days=150)
    asked = [row for row in _owner(installed, _STATES) if row["due_at"] != put_off]
    stuck = [row for row in asked if row["due_at"] is None or row["due_at"] > at + lasts]
    unanswered = [row for row in asked if row["state"] in ("candidate", "unreachable")]
    numbers = _numbers(installed)
    wrong = [row for row in asked if row not in unanswered and _is_wrong(row, truth, numbers)]
    counts = simulated.counts()
    spent = _owner(installed, "select sum(asked) as asked, max(asked) as most from population_day")[0]
    return {
        "links asked about": len(asked),
        "stuck links": len(stuck),
        "wrong verdicts": len(wrong),
        "still due": sum(row["due_at"] <= at for row in asked),
        "without an answer yet": len(unanswered),
        "states": dict(Counter(row["state"] for row in asked)),
        "quota a day": quota,
        "calls counted by us": int(spent["asked"] or 0),
        "calls that reached the service": counts.get("soap", 0) + counts.get("outage", 0),
        "over the quota": max(0, int(spent["most"] or 0) - quota),
        "faults met": sum(number for what, number in counts.items() if what.startswith("fault:")),
        "calls in an outage": counts.get("outage", 0),
    }


def _numbers(installed: Installation) -> dict[Any, str]:
    """Return the number of the citizen of each link, as the extract has it."""
    people = People(installed.vault)
    ids = [row["person_id"] for row in _owner(installed, "select distinct person_id from link")]
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return {person: known.number or "" for person, known in people.get(transaction, ids).items()}


def _is_wrong(row: Mapping[str, Any], truth: Mapping[str, bool], numbers: Mapping[Any, str]) -> bool:
    """Say whether what is known of a link is not what the service holds."""
    return (row["state"] == "verified") is not truth.get(numbers.get(row["person_id"], ""), True)


if __name__ == "__main__":
    raise SystemExit(main())
