"""What the queue does by the minute: it locks accounts that nobody judged, and links what communes wrote by hand."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from connectors.plugins import file_readers
from registry.actions.intake.add_child import NewChild, add_child
from registry.jobs import intake, queue
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store import sources
from tests.people import HERE
from tests.registry.actions.installed import worker
from tests.registry.store.servers import connect


@pytest.fixture
def loaded(installed: Installation, village: Path) -> Installation:
    """An installation with an extract, and a child whom a commune has written down."""
    intake.load_population(installed, village / "population.csv")
    new = NewChild(name="Nguyễn Thị Hoà", sex="female", commune=HERE)
    with installed.store.begin(worker(installed)) as transaction:
        add_child(transaction, installed.vault, new, token=uuid4())
    return installed


def waiting(installed: Installation) -> list[str]:
    """Return the names of the jobs that wait."""
    with connect(installed.url) as connection:
        rows = connection.execute("select task_name from procrastinate_jobs where status = 'todo'").fetchall()
    return [name for (name,) in rows]


def unlinked(installed: Installation) -> bool:
    """Say whether something written by hand waits for the linkage."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return sources.unlinked(transaction, "commune")


def test_what_is_written_by_hand_is_linked_soon(loaded: Installation) -> None:
    tasks = queue.tasks(loaded).tasks
    assert unlinked(loaded)
    for _ in range(2):
        tasks["link_handwritten"](timestamp=0)
    assert waiting(loaded) == ["link_new"], "one job, however often it is asked for"
    tasks["link_new"]()
    assert not unlinked(loaded)


def test_nothing_written_by_hand_asks_for_nothing(installed: Installation, village: Path) -> None:
    intake.load_population(installed, village / "population.csv")
    intake.ingest_file(installed, file_readers()["education"], village / "education.csv")
    with connect(installed.url) as connection:
        connection.execute("delete from procrastinate_jobs")
    queue.tasks(installed).tasks["link_handwritten"](timestamp=0)
    assert waiting(installed) == []


def test_the_lock_is_looked_after_by_the_queue(installed: Installation) -> None:
    queue.tasks(installed).tasks["lock_unreviewed"](timestamp=0)
