"""Every table with sealed values is watched: the database tells the log of each write, or a reason is written down."""

from __future__ import annotations

import re

from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.log.access_log import read_leaf
from registry.store.row_states import entries, watched
from tests.people import record
from tests.registry.actions.installed import deliver, query
from tests.registry.store.servers import connect

TRIGGERS = """
    select tgrelid::regclass::text, tgname::text, encode(tgargs, 'escape')
    from pg_trigger where tgname like 'log\\_rows%' order by 1, 2
"""


def test_the_triggers_are_those_of_the_tables_that_are_watched(template_url: str) -> None:
    with connect(template_url) as connection:
        found = connection.execute(TRIGGERS.encode()).fetchall()
    by_table: dict[str, dict[str, str]] = {}
    for table, name, arguments in found:
        by_table.setdefault(str(table), {})[str(name)] = str(arguments)
    expected = {
        table: "\\000".join((", ".join(keys), ", ".join(columns), "")) for table, (keys, columns) in watched().items()
    }
    assert set(by_table) == set(expected)
    for table, triggers in by_table.items():
        assert set(triggers) == {"log_rows_in", "log_rows_changed", "log_rows_out"}, table
        assert set(triggers.values()) == {expected[table]}, table


def test_the_values_of_children_and_cases_are_watched() -> None:
    assert {"identity", "source_version", "protection_case", "link", "verdict", "child_key"} <= set(watched())


def test_a_leaf_of_written_rows_reads_as_a_leaf_and_names_the_request(installed: Installation) -> None:
    deliver(installed, [record("HS1")])
    leaves = [
        read_leaf(bytes(row["content"])) for row in query(installed, "select content from access_leaf order by leaf_id")
    ]
    written = [leaf for leaf in leaves if leaf.action == "rows"]
    assert {"identity", "child_key", "source_version"} <= {table for leaf in written for table in leaf.counts}
    assert {leaf.role for leaf in written} <= {"sector_system", "engine"}
    assert {leaf.staff_id for leaf in written} == {None}
    assert {leaf.at for leaf in written} == {installed.clock()}
    assert {leaf.request_id for leaf in written} <= {leaf.request_id for leaf in leaves if leaf.action != "rows"}
    logged = {entry for leaf in written for entry in leaf.row_digests}
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        standing = {entry for _, entry in entries(transaction)}
    assert standing <= logged


def test_an_entry_tells_nothing_of_the_row(installed: Installation) -> None:
    deliver(installed, [record("HS1")])
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        found = list(entries(transaction))
    children = {str(row["child_id"]).replace("-", "") for row in query(installed, "select child_id from child")}
    assert found
    assert not any(child in entry.hex() for child in children for _, entry in found)
    assert all(re.fullmatch("[a-z_]+", table) and len(entry) == 32 for table, entry in found)
