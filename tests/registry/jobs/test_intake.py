"""Broken off between any two batches, an intake goes on from there and comes to the same end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from connectors.contract import FileReader, FileRefused
from connectors.plugins import file_readers
from registry.jobs import drop, intake, linking
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store import sources
from tests.registry.store.servers import connect


class BrokenOff(Exception):
    """Stands for the end of the process between two transactions."""


def broken_off_after(steps: int) -> Callable[[int], None]:
    """Return a progress that ends the work after so many steps."""
    left = [steps]

    def progress(_rows: int) -> None:
        if left[0] == 0:
            raise BrokenOff
        left[0] -= 1

    return progress


@pytest.fixture
def education() -> FileReader:
    """The connector of education."""
    return file_readers()["education"]


def contents(installed: Installation) -> dict[str, int]:
    """Return how many rows the tables hold."""
    tables = ("source_record", "source_version", "child_search", "quarantine", "outbox_event", "extract_person", "link")
    with connect(installed.url) as connection:
        connection.execute("set role child_registry_engine; set app.purpose = 'maintenance'")
        count = sql.SQL("select count(*) from {}")
        found = {table: connection.execute(count.format(sql.Identifier(table))).fetchone() for table in tables}
    return {table: int(str(row[0])) for table, row in found.items() if row is not None}


def test_an_intake_that_was_broken_off_goes_on_and_its_account_is_whole(
    installed: Installation, education: FileReader, province: Path
) -> None:
    file = province / "education.csv"
    tried = intake.try_file(installed, education, file)
    assert contents(installed)["source_record"] == 0, "a trial stores nothing"
    with pytest.raises(BrokenOff):
        intake.ingest_file(installed, education, file, progress=broken_off_after(1))
    half = contents(installed)["source_version"]
    assert 0 < half <= intake.ROWS_AT_ONCE
    done = intake.ingest_file(installed, education, file)
    assert done.resumed
    assert done.outcomes == tried.outcomes
    assert done.outcomes.rows == len(file.read_bytes().splitlines()) - 1 > intake.ROWS_AT_ONCE
    before = contents(installed)
    again = intake.ingest_file(installed, education, file)
    assert not again.resumed
    assert again.outcomes.accepted == 0
    assert again.outcomes.rows == done.outcomes.rows
    assert contents(installed) == before


def test_another_file_of_the_stream_closes_what_was_broken_off(
    installed: Installation, education: FileReader, province: Path, tmp_path: Path
) -> None:
    file = province / "education.csv"
    undisturbed = intake.try_file(installed, education, file)
    with pytest.raises(BrokenOff):
        intake.ingest_file(installed, education, file, progress=broken_off_after(1))
    other = tmp_path / "education.csv"
    other.write_bytes(b"\r\n".join(file.read_bytes().split(b"\r\n")[:20]) + b"\r\n")
    account = intake.ingest_file(installed, education, other)
    assert not account.resumed
    assert account.outcomes.rows == 19
    whole = intake.ingest_file(installed, education, file)
    assert not whole.resumed, "its run was closed; what it had stored is met again as unchanged"
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        stored = sources.counts(transaction)["education"]
    assert stored == undisturbed.outcomes.accepted


@pytest.mark.slow
def test_the_extract_goes_on_where_it_was_broken_off(installed: Installation, province: Path) -> None:
    file = province / "population.csv"
    with pytest.raises(BrokenOff):
        intake.load_population(installed, file, progress=broken_off_after(1))
    with pytest.raises(linking.NoExtract):
        linking.link_all(installed)
    loaded = intake.load_population(installed, file)
    assert loaded["people"] == len(file.read_bytes().splitlines()) - 1 > intake.PEOPLE_AT_ONCE
    before = contents(installed)
    assert intake.load_population(installed, file) == loaded
    assert contents(installed) == before


@pytest.mark.slow
def test_linking_that_was_broken_off_comes_to_the_same_links(installed: Installation, village: Path) -> None:
    connectors = drop.all_connectors()
    folder = drop.look_into(village, connectors)
    digest = drop.drop_digest(installed.vault, folder)
    account = drop.run_drop(installed, folder, connectors, digest=digest, step=lambda _name: intake.no_progress)
    before = contents(installed)
    with pytest.raises(BrokenOff):
        linking.link_all(installed, progress=broken_off_after(0))
    again = linking.link_all(installed)
    assert again.standing == account.links.standing
    assert contents(installed) == before
    assert not linking.link_all(installed, changed_only=True).matched


def test_a_file_that_is_changed_while_it_waits_is_another_file(
    installed: Installation, education: FileReader, tmp_path: Path, province: Path
) -> None:
    file = tmp_path / "education.csv"
    file.write_bytes((province / "education.csv").read_bytes())
    with pytest.raises(BrokenOff):
        intake.ingest_file(installed, education, file, progress=broken_off_after(1))
    file.write_bytes(b"")
    with pytest.raises(FileRefused):
        intake.ingest_file(installed, education, file)
