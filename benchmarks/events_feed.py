"""Let many subscribers follow the feed while others write, and look for gaps, doubles and another order.

    python benchmarks/events_feed.py [--subscribers 1000] [--events 3000] [--writers 4] [--readers 4] [--data DIR]

Writers end their transactions in another order than they began, and undo every tenth. Every subscriber keeps a cursor
of its own and reads pages of random sizes; now and then one forgets its last cursor and asks again from the one before,
as a program does that died. What each has seen is compared with all that was committed. The exit code is 1 if anything
is missing, in another order, or came twice without having been asked for twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text

from registry.actions.exchange.events import read_feed
from registry.actions.exchange.push import Push, push, read_elements
from registry.actions.exchange.push_records import Stream
from registry.jobs.opening import Installation, installation
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.settings import Settings
from registry.store import clients
from registry.store.clients import Client

PUPILS: Final = Stream("education", "pupils")
CHILDREN: Final = 50
_EVENT: Final = text("insert into outbox_event (child_id, kind, at) values (:child, :kind, :at)")


class _Undone(Exception):
    """Ends a transaction that is to leave nothing."""


@dataclass(slots=True)
class Subscriber:
    """Whoever follows the feed: the cursor, and what was seen in which order."""

    rng: Random
    cursor: str | None = None
    before: str | None = None
    seen: list[str] = field(default_factory=list)
    repeated: int = 0  # events that it asked for twice


def main() -> int:
    """Print what was found."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=options.data or Path(folder), mark="demo")
        with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as installed:
            return _judged(*_followed(installed, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="an empty folder; none: a new one")
    options: argparse.Namespace = parser.parse_args()
    return options


def _followed(installed: Installation, options: argparse.Namespace) -> tuple[list[str], list[Subscriber], float]:
    client = _client(installed)
    children = _children(installed, client)
    subscribers = [Subscriber(rng=Random(seed)) for seed in range(options.subscribers)]
    for one in subscribers:
        one.cursor = _page(installed, client, None, 1000)[1]
    done = threading.Event()
    begun = time.perf_counter()
    with ThreadPoolExecutor(max_workers=options.writers + options.readers) as threads:
        reading = [
            threads.submit(_follow_all, installed, client, subscribers[one :: options.readers], done)
            for one in range(options.readers)
        ]
        share = options.events // options.writers
        writing = [
            threads.submit(_write_all, installed, children, seed=seed, number=share) for seed in range(options.writers)
        ]
        committed = sum(one.result() for one in writing)
        done.set()
        for reader in reading:
            reader.result()
    seconds = time.perf_counter() - begun
    order = _order(installed, committed)
    return order, subscribers, seconds


def _write_all(installed: Installation, children: list[UUID], *, seed: int, number: int) -> int:
    rng, committed = Random(1000 + seed), 0
    for place in range(number):
        undo = rng.random() < 0.1
        try:
            with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
                values = {"child": rng.choice(children), "kind": f"link.w{seed}_{place}", "at": transaction.access.at}
                transaction.connection.execute(_EVENT, values)
                time.sleep(rng.random() / 50)
                if undo:
                    raise _Undone
            committed += 1
        except _Undone:
            continue
    return committed


def _follow_all(installed: Installation, client: Client, subscribers: list[Subscriber], done: threading.Event) -> None:
    while True:
        ended = done.is_set()
        found = sum([_follow(installed, client, one) for one in subscribers])
        if ended and not found:
            return


def _follow(installed: Installation, client: Client, one: Subscriber) -> int:
    events, cursor = _page(installed, client, one.cursor, one.rng.choice((10, 100, 1000)))
    one.seen += events
    if events and one.rng.random() < 0.05:  # it dies before it keeps the cursor
        one.repeated += len(events)
    else:
        one.cursor = cursor
    return len(events)


def _page(installed: Installation, client: Client, after: str | None, limit: int) -> tuple[list[str], str]:
    with installed.store.begin(_access(installed, client), system=client.system) as transaction:
        page = read_feed(
            transaction, installed.vault, system=client.system, streams=client.streams, after=after, limit=limit
        )
    return [str(event["type"]) for event in page.events], page.cursor


def _order(installed: Installation, committed: int) -> list[str]:
    """Return what was committed, by position: without a gap in the positions."""
    query = text("select position, kind from outbox_event where kind like 'link.w%' order by position")
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        rows = transaction.connection.execute(query).all()
    positions = [position for position, _ in rows]
    if len(rows) != committed or positions != list(range(positions[0], positions[0] + committed)):
        raise RuntimeError("the positions are not those of the committed events, one after the other")
    return [f"vn.child-registry.{kind}.v1" for _, kind in rows]


def _judged(order: list[str], subscribers: list[Subscriber], seconds: float) -> int:
    missing = sum(len(set(order) - set(one.seen)) for one in subscribers)
    doubled = sum(len(one.seen) - len(set(one.seen)) - one.repeated for one in subscribers)
    disordered = sum(list(dict.fromkeys(one.seen)) != order for one in subscribers)
    asked_twice = sum(one.repeated for one in subscribers)
    delivered = sum(len(one.seen) for one in subscribers)
    sys.stdout.write(
        f"{len(subscribers):,} subscribers, {len(order):,} events committed by concurrent writers,"
        f" {delivered:,} told in {seconds:.0f} s\n"
        f"missing {missing}, doubled beyond {asked_twice:,} asked for twice {doubled}, in another order {disordered}\n"
    )
    return 1 if missing or doubled or disordered else 0


def _client(installed: Installation) -> Client:
    at = installed.clock()
    made = Client(
        client_id=uuid4(),
        system=PUPILS.system,
        name="benchmark",
        streams=(PUPILS.stream,),
        keys={},
        certificates=frozenset(),
        created_at=at,
        keys_changed_at=at,
        disabled_at=None,
    )
    access = Access(
        staff_id=None,
        login="benchmark",
        role=Role.ADMINISTRATOR,
        area=NOWHERE,
        office="benchmark",
        purpose=Purpose.ADMINISTRATION,
        reason=None,
        at=at,
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )
    with installed.store.begin(access) as transaction:
        clients.add(transaction, made)
    return made


def _access(installed: Installation, client: Client) -> Access:
    return Access(
        staff_id=client.client_id,
        login=client.name,
        role=Role.SECTOR_SYSTEM,
        area=NOWHERE,
        office=client.system,
        purpose=Purpose.INGEST,
        reason=None,
        at=installed.clock(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )


def _children(installed: Installation, client: Client) -> list[UUID]:
    records = [{"key": f"HS{place}", "version": 1, "child": {"name": "Bế Thị Én"}} for place in range(CHILDREN)]
    sent = Push(
        client_id=client.client_id, stream=PUPILS, key="first", body=b"first", read=read_elements(records, PUPILS)
    )
    with installed.store.begin(_access(installed, client), system=client.system) as transaction:
        push(transaction, installed.vault, sent)
        return list(transaction.connection.scalars(text("select child_id from child")))


if __name__ == "__main__":
    raise SystemExit(main())
