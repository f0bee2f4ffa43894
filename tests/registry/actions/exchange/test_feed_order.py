"""Whoever follows the feed sees every committed event once, whatever the order in which transactions end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from registry.actions.exchange.events import forget_old
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store.clients import Client
from tests.registry.actions.exchange.exchanging import client_of, pushed, record, told
from tests.registry.actions.installed import query

EVENT = text("insert into outbox_event (child_id, kind, at) values (:child, :kind, :at)")


class Undone(Exception):
    """Ends a transaction that is to leave nothing."""


@pytest.fixture
def client(installed: Installation) -> Client:
    """A client of the education system."""
    return client_of(installed)


def write(installed: Installation, child: UUID, kind: str, *, hold: float = 0.0, undo: bool = False) -> None:
    """Write an event and end its transaction a while later."""
    try:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            at = transaction.access.at
            transaction.connection.execute(EVENT, {"child": child, "kind": kind, "at": at})
            time.sleep(hold)
            if undo:
                raise Undone
    except Undone:
        return


def child(installed: Installation, client: Client) -> UUID:
    """Return a child of the client's system."""
    pushed(installed, client, record("HS1"))
    found: UUID = query(installed, "select child_id from child")[0]["child_id"]
    return found


def kinds(events: object) -> list[str]:
    """Return the kinds of events."""
    return [event["type"].split(".", 2)[2].removesuffix(".v1") for event in events]  # type: ignore[attr-defined]  # a page's


def test_an_event_whose_transaction_ends_late_comes_later_and_is_not_lost(
    installed: Installation, client: Client
) -> None:
    one = child(installed, client)
    start = told(installed, client).cursor
    late = threading.Thread(target=write, args=(installed, one, "link.late"), kwargs={"hold": 0.5})
    late.start()
    time.sleep(0.15)  # it has its number of the table by now, and is not committed
    write(installed, one, "link.early")
    first = told(installed, client, start)
    late.join()
    second = told(installed, client, first.cursor)
    assert (kinds(first.events), kinds(second.events)) == (["link.early"], ["link.late"])


def test_what_was_undone_is_not_told_and_leaves_no_gap(installed: Installation, client: Client) -> None:
    one = child(installed, client)
    start = told(installed, client).cursor
    write(installed, one, "link.undone", undo=True)
    write(installed, one, "link.made")
    assert kinds(told(installed, client, start).events) == ["link.made"]
    positions = [row["position"] for row in query(installed, "select position from outbox_event order by position")]
    assert positions == list(range(1, len(positions) + 1))


def test_readers_of_one_feed_see_the_same_while_others_write(installed: Installation, client: Client) -> None:
    one = child(installed, client)
    start = told(installed, client).cursor
    planned = [(f"link.e{place}", place * 7 % 20 / 1000, place % 5 == 0) for place in range(60)]
    done = threading.Event()

    def follow(limit: int) -> list[str]:
        after, seen = start, list[str]()
        while True:
            ended = done.is_set()
            page = told(installed, client, after, limit=limit)
            seen += kinds(page.events)
            after = page.cursor
            if ended and not page.events:
                return seen

    with ThreadPoolExecutor(max_workers=4) as threads:
        readers = [threads.submit(follow, limit) for limit in (3, 7)]
        writers = [threads.submit(write, installed, one, kind, hold=hold, undo=undo) for kind, hold, undo in planned]
        for writer in writers:
            writer.result()
        done.set()
        seen = [reader.result() for reader in readers]
    assert seen[0] == seen[1]
    assert sorted(seen[0]) == sorted(kind for kind, _, undo in planned if not undo)


def test_an_erased_child_leaves_no_event(installed: Installation, client: Client) -> None:
    one = child(installed, client)
    start = told(installed, client).cursor
    write(installed, one, "link.made")
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        transaction.connection.execute(text("delete from outbox_event where child_id = :child"), {"child": one})
    page = told(installed, client, start)
    assert (page.events, page.more) == ((), False)


def test_a_system_without_events_has_a_cursor_all_the_same(installed: Installation, client: Client) -> None:
    page = told(installed, client)
    assert (page.events, page.more) == ((), False)
    pushed(installed, client, record("HS1"))
    assert len(told(installed, client, page.cursor).events) == 1


def test_nothing_is_forgotten_before_its_time(installed: Installation, client: Client) -> None:
    pushed(installed, client, record("HS1"))
    told(installed, client)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert forget_old(transaction) == 0
    assert len(told(installed, client).events) == 1
