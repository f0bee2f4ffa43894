"""Background work: what a delivery asks for is done once, and a worker that died is noticed."""

from __future__ import annotations

import io
import json
import logging
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from connectors.plugins import file_readers
from registry.jobs import intake, queue
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.log_lines import LineHandler
from registry.store import links
from tests.registry.store.servers import connect, eventually


@pytest.fixture
def delivered(installed: Installation, village: Path) -> Installation:
    """An installation with an extract and a delivery that nobody has linked yet."""
    intake.load_population(installed, village / "population.csv")
    intake.ingest_file(installed, file_readers()["education"], village / "education.csv")
    return installed


def linked(installed: Installation) -> int:
    """Return how many identities were decided."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return sum(links.counts(transaction).values())


def test_a_delivery_asks_for_one_linkage_and_the_worker_does_it(delivered: Installation) -> None:
    assert queue.state(delivered.url).waiting == 1
    assert linked(delivered) == 0
    with queue.worker(delivered):
        assert eventually(lambda: linked(delivered) > 0)
        assert eventually(lambda: queue.state(delivered.url).waiting == 0)
    state = queue.state(delivered.url)
    assert (state.failed, state.stalled) == (0, 0)


def test_the_worker_ends_with_its_block(installed: Installation) -> None:
    with queue.worker(installed):
        assert any(thread.name == "jobs" for thread in threading.enumerate())
    assert not any(thread.name == "jobs" for thread in threading.enumerate())


def test_a_job_whose_worker_died_is_noticed(delivered: Installation) -> None:
    with connect(delivered.url) as connection:
        connection.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour');"
            " update procrastinate_jobs set status = 'doing', worker_id = (select max(id) from procrastinate_workers)"
        )
    assert queue.state(delivered.url).stalled == 1


def test_an_address_is_written_as_libpq_reads_it() -> None:
    socket = "postgresql+psycopg://us%20er:p%40ss@/registry?host=%2Frun%2Fdb"
    assert "host=/run/db" in queue.conninfo(socket)
    assert "user='us er'" in queue.conninfo(socket)
    network = queue.conninfo("postgresql+psycopg://user:word@db.example:5433/registry")
    assert "host=db.example" in network
    assert "port=5433" in network


def test_a_job_that_fails_is_told_by_its_name_the_kind_of_the_error_and_the_place(delivered: Installation) -> None:
    secret = "Lò Thị Bí Mật"

    def no_time() -> datetime:
        raise ValueError(secret)

    stream = io.StringIO()
    handler, root = LineHandler(stream), logging.getLogger()
    root.addHandler(handler)
    try:
        with queue.worker(replace(delivered, clock=no_time)):
            assert eventually(lambda: '"job_failed"' in stream.getvalue())
    finally:
        root.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    failed = next(line for line in lines if line.get("event") == "job_failed")
    assert failed["job"] in {"link_new", "seal_log", "carry_on_keys"}
    assert failed["error"]["kind"] == "builtins.ValueError"
    assert any(frame.startswith("registry/jobs/") for frame in failed["error"]["frames"])
    assert secret.encode("unicode_escape").decode() not in stream.getvalue()
