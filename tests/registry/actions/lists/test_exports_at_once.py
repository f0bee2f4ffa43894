"""Lists of children when several want something in the same moment, or something ends in the middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from registry.actions.lists.exports import State, decide_export, waiting_export
from registry.actions.lists.fetch_export import Form, fetch_export
from registry.jobs.opening import Installation
from registry.model.errors import Conflict
from tests.registry.actions.installed import leaves, query
from tests.registry.actions.listing import ask, asker, auditor, decide, fetch, large, second


@pytest.fixture
def installed(own: Installation) -> Installation:
    """A database of the test's own, with so many children that two lists are too many for one."""
    large(own, 60)
    return own


def test_two_lists_asked_for_at_once_are_counted_together(installed: Installation) -> None:
    with ThreadPoolExecutor(3) as threads:
        asked = list(threads.map(lambda _: ask(installed), range(3)))
    assert sorted(one.state for one in asked) == [State.READY, State.WAITING, State.WAITING]


def test_of_two_who_decide_at_once_one_has_decided(installed: Installation) -> None:
    ask(installed)
    asked = ask(installed)

    def say(approved: bool) -> bool:
        by = second(installed) if approved else auditor(installed)
        try:
            decide(installed, asked, approved=approved, by=by)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(say, (True, False))) == [False, True]
    assert len(leaves(installed, "approve_export")) == 1


def test_a_list_that_is_fetched_at_once_is_logged_as_often_as_it_left(installed: Installation) -> None:
    asked = ask(installed)
    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(lambda _: fetch(installed, asked.export_id), range(4)))
    assert {file.content for file in files} == {files[0].content}
    assert len(leaves(installed, "fetch_export")) == 4
    assert query(installed, "select fetches from export")[0]["fetches"] == 4


class PowerCut(Exception):
    """The process ended here."""


def test_a_process_that_ends_between_agreeing_and_fetching_leaves_a_right_state(installed: Installation) -> None:
    ask(installed)
    asked = ask(installed)
    with suppress(PowerCut), installed.store.begin(second(installed)) as transaction:
        digest = waiting_export(transaction, installed.vault, asked.export_id).digest
        decide_export(transaction, installed.vault, asked.export_id, approved=True, digest=digest)
        raise PowerCut
    with pytest.raises(Conflict):
        fetch(installed, asked.export_id)
    decide(installed, asked)
    with suppress(PowerCut), installed.store.begin(asker(installed)) as transaction:
        fetch_export(transaction, installed.vault, asked.export_id, form=Form.CSV, language="vi")
        raise PowerCut
    assert query(installed, "select sum(fetches) as number from export")[0]["number"] == 0
    assert leaves(installed, "fetch_export") == []
    assert fetch(installed, asked.export_id).children == 60


def test_the_database_itself_lets_no_list_out_that_nobody_agreed_to(installed: Installation) -> None:
    ask(installed)
    asked = ask(installed)
    with pytest.raises(Conflict), installed.store.begin(asker(installed)) as transaction:
        transaction.connection.exec_driver_sql("update export set fetches = 1 where export_id = %s", (asked.export_id,))
    own = asker(installed).staff_id
    with pytest.raises(Conflict), installed.store.begin(second(installed)) as transaction:
        transaction.connection.exec_driver_sql(
            "update export set decided_by = %s, decided_at = now(), approved = true where export_id = %s",
            (own, asked.export_id),
        )
