"""A run of ingest: all or nothing batch by batch, killed anywhere it goes on there, and two at once do no harm."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from registry.actions.intake.ingest import ingest_batch
from registry.jobs import intake
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Conflict, Refused
from tests.people import PUPILS, broken, numbered, record
from tests.registry.actions.installed import (
    STORED,
    InMemory,
    Row,
    child_of,
    count,
    deliver,
    leaves,
    outcomes,
    query,
    somebody,
    take_in,
    written_now,
)


def test_a_failure_in_the_middle_of_a_batch_leaves_nothing(installed: Installation) -> None:
    poisoned = replace(record("EDU0002"), services={"doses": {1, 2}})  # a set: no document can hold it
    with pytest.raises(TypeError):
        deliver(installed, numbered([record("EDU0001"), poisoned, broken()]))
    assert {table for table in (*STORED, "ingest_row") if count(installed, table)} == set()
    assert leaves(installed, "ingest") == []


def _cut_off(rows: Sequence[Row], *, after: int) -> Iterator[Row]:
    yield from rows[:after]
    raise KeyboardInterrupt


def test_a_run_that_was_killed_goes_on_and_ends_as_in_one_go(installed: Installation) -> None:
    size = intake.ROWS_AT_ONCE + 20
    rows = numbered([record(f"EDU{n:05d}", name=f"Trần Văn {chr(65 + n % 26)}a") for n in range(size - 1)])
    rows += numbered([record("EDU00003", day=4, address="Thôn Mới")] * size)[-1:]
    with pytest.raises(KeyboardInterrupt):
        deliver(installed, _cut_off(rows, after=intake.ROWS_AT_ONCE + 10), name="week 1")
    assert query(installed, "select state, rows_done from ingest_run") == [
        {"state": "running", "rows_done": intake.ROWS_AT_ONCE}
    ]
    account = deliver(installed, rows, name="week 1")
    assert account.resumed
    assert account.outcomes.rows == size
    assert (account.outcomes.accepted, account.outcomes.superseded) == (size - 1, 1)
    assert outcomes(installed, account)[3] == "superseded"
    assert count(installed, "child") == size - 1
    assert written_now(installed, child_of(installed, "EDU00003"))["address"] == "Thôn Mới"


def test_a_dry_run_tells_the_outcomes_and_stores_nothing(installed: Installation) -> None:
    path = installed.settings.data / "pupils"
    path.write_text("pupils", encoding="utf-8")
    account = intake.try_file(installed, InMemory(PUPILS, numbered([record(), broken()])), path)
    assert (account.outcomes.accepted, account.outcomes.quarantined) == (1, 1)
    assert query(installed, "select 1 from child union all select 1 from ingest_run") == []
    assert leaves(installed, "ingest") == []


def test_two_ingests_at_once_open_each_record_once(installed: Installation) -> None:
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def one(place: int) -> None:
        rows = numbered([record(f"EDU{n:04d}", day=place, address=f"Thôn {place}") for n in range(30)])
        start.wait()
        try:
            take_in(installed, [rows[:15], rows[15:]])
        except Conflict:  # the other's run was opened in the same moment: this file is delivered again
            take_in(installed, [rows[:15], rows[15:]])
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=one, args=(place,)) for place in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(installed, "child") == 30
    assert query(installed, "select distinct extract(day from version_at) as day from source_record") == [{"day": 3}]


def test_a_batch_leaves_one_leaf_with_counts_and_no_child(installed: Installation) -> None:
    deliver(installed, numbered([record(), broken()]))
    (leaf,) = leaves(installed, "ingest")
    assert dict(leaf.counts) == {"accepted": 1, "quarantined": 1}
    assert leaf.children == ()


def test_a_social_worker_takes_in_nothing(installed: Installation) -> None:
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.INGEST)
    with pytest.raises(Refused), installed.store.begin(access, system="education") as transaction:
        ingest_batch(
            transaction,
            installed.vault,
            [(0, record())],
            file_format=PUPILS,
            run_id=uuid4(),
            today=intake.today(installed),
        )
