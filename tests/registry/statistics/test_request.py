"""A table on request: from the newest frame, for those who may, logged; and no way round it to a child."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, table
from sqlalchemy.exc import ProgrammingError

from registry.actions.build_frame import build_frame
from registry.exports.published import PublishedTable, Status
from registry.exports.sheet import csv_of
from registry.jobs.opening import Installation
from registry.model.access import NATION, NOWHERE, Access, Purpose, Role
from registry.model.errors import Refused
from registry.protect.keys.keyring import Keyring
from registry.protect.pseudonym import cell_secret
from registry.statistics import catalogue
from registry.statistics.catalogue import UnknownTable
from registry.statistics.publish import publish
from registry.statistics.request import NoFrame, request_table
from registry.store import frames
from tests.people import PROVINCE, record
from tests.registry.actions.installed import AT, deliver, installed_on, leaves, somebody
from tests.registry.statistics.invented import DAY, TABLE, a_fact, places

CHILD_TABLES = (
    "child",
    "identity",
    "source_record",
    "source_version",
    "protection_case",
    "child_block",
    "child_search",
    "match_result",
    "candidate",
    "link",
    "verdict",
    "verification",
    "pointer",
    "member",
    "record_comparison",
    "record_join",
    "record_pair",
    "record_verdict",
    "source_key_lookup",
    "identifier_lookup",
    "extract_person",
    "extract_number_lookup",
    "extract_block",
    "opening",
    "outbox_event",
    "quarantine",
    "staff",
    "access_leaf",
)


@pytest.fixture
def installed(database_url: str, keyring: Keyring, clock: datetime, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a database of the test's own."""
    with installed_on(database_url, keyring, clock, tmp_path) as opened:
        yield opened


def fill(installed: Installation, *, children: int = 800) -> None:
    """Finish a frame of invented facts."""
    frame_id = uuid4()
    facts = [
        a_fact(number, province=PROVINCE, age=number % 16, sex=("male", "female")[number // 16 % 2])
        for number in range(children)
    ]
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        frames.open_frame(transaction, frame_id, as_of=DAY, at=transaction.access.at)
        frames.add_facts(transaction, frame_id, facts)
        frames.finish_frame(transaction, frame_id)


@pytest.fixture(scope="module")
def shared(
    module_database_url: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation with a frame, for all tests that only look."""
    with installed_on(module_database_url, keyring, AT, tmp_path_factory.mktemp("shared")) as opened:
        fill(opened)
        yield opened


def ask(installed: Installation, access: Access, name: str = TABLE) -> PublishedTable:
    """Ask for a table."""
    with installed.store.begin(access) as transaction:
        return request_table(transaction, installed.vault.keyring, name)


def statistician(installed: Installation) -> Access:
    """Return the access of a statistician, who is responsible for no place."""
    return somebody(installed, Role.STATISTICIAN, Purpose.STATISTICS, area=NOWHERE)


def test_a_table_is_counted_from_the_newest_frame_and_perturbed(shared: Installation) -> None:
    shown = ask(shared, statistician(shared))
    assert shown.frame_date == DAY
    with shared.store.begin(statistician(shared)) as transaction:
        frame = frames.newest_frame(transaction)
        assert frame is not None
        cells = frames.base_cells(transaction, frame[0])
    secret = cell_secret(shared.vault.keyring)
    assert shown == publish(catalogue.load(TABLE), cells, secret=secret, frame_date=DAY)
    total = shown.cell(PROVINCE, "_T", "_T")
    assert total.status is Status.SHOWN
    assert abs((total.shown or 0) - 800) <= 5


def test_the_same_question_gets_the_same_numbers(shared: Installation) -> None:
    assert ask(shared, statistician(shared)) == ask(shared, statistician(shared))


def test_a_few_children_are_not_shown(installed: Installation) -> None:
    fill(installed, children=20)
    shown = ask(installed, statistician(installed))
    assert {cell.shown for cell in shown.cells.values()} == {None}


def test_a_frame_of_real_records_gives_a_table_without_a_date(installed: Installation) -> None:
    deliver(installed, [record()])
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=date(2026, 11, 1))
    shown = ask(installed, statistician(installed))
    assert "2014" not in csv_of(shown, language="en", places=places()).decode()


def test_before_the_first_frame_there_is_nothing_to_count(installed: Installation) -> None:
    with pytest.raises(NoFrame):
        ask(installed, statistician(installed))
    assert leaves(installed, "table") == []


def test_a_table_that_is_not_in_the_catalogue_is_refused(shared: Installation) -> None:
    with pytest.raises(UnknownTable):
        ask(shared, statistician(shared), "children-by-name")


def test_each_table_leaves_a_leaf(installed: Installation) -> None:
    fill(installed)
    ask(installed, statistician(installed))
    (leaf,) = leaves(installed, "table")
    assert (leaf.role, leaf.children, dict(leaf.counts)) == ("statistician", (), {})


@pytest.mark.parametrize("role", [Role.ENGINE, Role.ADMINISTRATOR, Role.CUSTODIAN, Role.SECTOR_SYSTEM])
def test_other_roles_get_no_table(shared: Installation, role: Role) -> None:
    with pytest.raises(Refused):
        ask(shared, somebody(shared, role, Purpose.STATISTICS))


@pytest.mark.parametrize(
    "role",
    [Role.STATISTICIAN, Role.COMMUNE_WORKER, Role.PROVINCE_WORKER, Role.REVIEWER, Role.STEWARD, Role.AUDITOR],
)
def test_whoever_works_with_children_or_records_gets_published_tables(shared: Installation, role: Role) -> None:
    assert ask(shared, somebody(shared, role, Purpose.STATISTICS, area=NATION)).name == TABLE


@pytest.mark.parametrize("name", CHILD_TABLES)
def test_the_statisticians_role_reads_no_table_of_children(shared: Installation, name: str) -> None:
    count = select(func.count()).select_from(table(name))
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        shared.store.begin(statistician(shared)) as transaction,
    ):
        transaction.connection.execute(count)


def test_a_role_that_may_read_a_frame_counts_it(shared: Installation) -> None:
    with shared.store.begin(statistician(shared)) as transaction:
        assert transaction.connection.scalar(select(func.count()).select_from(table("frame_fact"))) == 800
