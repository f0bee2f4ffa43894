"""Sources on the queue: asked for by the schedule or by a person, read page by page, each page a job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from registry.actions.sources import decide
from registry.actions.sources.decide import Because, Wish
from registry.jobs import queue, sync_queue
from registry.jobs.opening import Installation, installation
from registry.jobs.sync_queue import Reader, is_due
from registry.model.access import Purpose
from registry.settings import Settings
from registry.store import sync_runs
from registry.store.sync_runs import SyncRun
from tests.registry.actions.installed import query
from tests.registry.sources import shop
from tests.registry.store.servers import eventually


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an offered connector and its lines."""
    shop.offer(tmp_path / "packages")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    shop.write_lines(tmp_path / "lines.json", *(["Nguyễn Thị Hoà"] * 7))
    shop.connect(tmp_path, schedule="*/15 * * * *", page=3)
    return tmp_path


@pytest.fixture
def connected(database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation with a source."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = Settings(
        data=folder / "data", database_url=SecretStr(database_url), connections_file=folder / "connections.toml"
    )
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as opened:
        yield opened


def jobs(installed: Installation) -> list[tuple[str, str | None]]:
    """Return the jobs that wait: name and lock."""
    statement = "select task_name, lock from procrastinate_jobs where status = 'todo' order by id"
    return [(row["task_name"], row["lock"]) for row in query(installed, statement)]


def runs(installed: Installation) -> list[SyncRun]:
    """Return the runs, without a lock that would hold up the worker."""
    with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
        return sync_runs.newest(transaction)


def records(installed: Installation) -> int:
    """Return how many records stand."""
    return len(query(installed, "select from source_record"))


def test_the_schedule_asks_for_a_source_once_and_the_worker_reads_it_page_by_page(connected: Installation) -> None:
    sync_queue.tick(connected)
    sync_queue.tick(connected)
    assert jobs(connected) == [("sync_source", "shop")]
    with queue.worker(connected):
        assert eventually(lambda: [run.state for run in runs(connected)] == ["done"])
    (run,) = query(connected, "select state, pages, records, accepted from sync_run")
    assert run == {"state": "done", "pages": 3, "records": 7, "accepted": 7}
    assert query(connected, "select from procrastinate_jobs where status in ('failed', 'doing')") == []


def test_a_page_asks_for_the_next_one_and_a_job_that_comes_twice_does_nothing(connected: Installation) -> None:
    reader = Reader(connected)
    reader.start("shop", full=False)
    (run,) = query(connected, "select run_id from sync_run")
    reader.page("shop", "roster", run["run_id"], pages=0)
    reader.page("shop", "roster", run["run_id"], pages=0)
    assert records(connected) == 3
    assert jobs(connected) == [("sync_page", "shop:roster"), ("sync_page", "shop:roster")]
    for pages in (1, 2, 3):
        reader.page("shop", "roster", run["run_id"], pages=pages)
    assert (records(connected), jobs(connected)[-1]) == (7, ("link_new", None))


def test_what_fails_for_now_is_asked_for_later(connected: Installation, folder: Path) -> None:
    (folder / "lines.json").write_text('"away"\n', encoding="utf-8")
    reader = Reader(connected)
    reader.start("shop", full=False)
    (run,) = query(connected, "select run_id from sync_run")
    reader.page("shop", "roster", run["run_id"], pages=0)
    (later,) = query(connected, "select scheduled_at from procrastinate_jobs where scheduled_at is not null")
    assert later["scheduled_at"] > datetime.now(UTC)
    assert query(connected, "select state, failure, tries from sync_run") == [
        {"state": "running", "failure": "transient", "tries": 1}
    ]


def test_a_person_asks_within_the_hour_and_a_paused_source_is_left_alone(connected: Installation) -> None:
    def do(act: str) -> None:
        with connected.store.begin(connected.engine(Purpose.INGEST)) as transaction:
            if act == "pause":
                decide.pause(transaction, connected.vault, "shop", because=Because.OTHER)
            else:
                decide.wish(transaction, connected.vault, "shop", Wish(act))

    do("pause")
    sync_queue.tick(connected)
    assert jobs(connected) == []
    do("full")
    do("retry")
    sync_queue.tick(connected)
    assert jobs(connected) == [("sync_source", "shop"), ("retry_source", "shop")]
    Reader(connected).start("shop", full=True)
    Reader(connected).retry("shop")
    assert query(connected, "select from sync_run") == []


def test_a_job_of_a_source_that_is_connected_no_longer_ends(connected: Installation, folder: Path) -> None:
    (folder / "connections.toml").write_text("", encoding="utf-8")
    reader = Reader(connected)
    reader.start("shop", full=False)
    reader.retry("shop")
    reader.page("shop", "roster", uuid4(), pages=0)
    assert query(connected, "select from sync_run") == []


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (timedelta(minutes=16), True),
        (timedelta(minutes=3), False),
        (timedelta(minutes=-30), True),  # the clock was set back
    ],
)
def test_a_time_is_due_once(asked: timedelta, due: bool) -> None:
    at = datetime(2026, 11, 1, 8, 10, tzinfo=UTC)
    assert is_due("*/15 * * * *", asked=at - asked, at=at) is due
