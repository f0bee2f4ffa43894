"""The sealer works beside everything else: what is committed is signed within seconds, and trouble is told once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.oversight import seal_log as sealing
from registry.actions.oversight.seal_log import LogDamaged, seal_log
from registry.actions.oversight.verify_log import check_log
from registry.jobs.opening import Installation
from registry.jobs.sealing_log import seal_all, sealer
from registry.model.access import Purpose
from tests.registry.actions.installed import query, unguarded, worker
from tests.registry.commands.written_log import count, look


def eventually(holds: Callable[[], bool]) -> bool:
    """Say whether something comes true within some seconds."""
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def unsealed(installed: Installation) -> int:
    """Return how many leaves wait, asked as the engine does: nothing is locked that the sealer needs."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return check_log(transaction, installed.vault).unsealed


def fault(installed: Installation) -> str | None:
    """Return what is wrong with the log."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return check_log(transaction, installed.vault).fault


def test_what_is_committed_is_sealed_beside_the_work_and_at_its_end(installed: Installation) -> None:
    with sealer(installed):
        look(installed, 3)
        assert eventually(lambda: unsealed(installed) == 0)
        look(installed, 1)
    assert unsealed(installed) == 0
    assert fault(installed) is None


def test_more_leaves_than_are_sealed_at_once_are_all_sealed(installed: Installation) -> None:
    with unguarded(installed.url) as connection:
        connection.execute(
            b"insert into access_leaf (content, leaf_hash) select convert_to('{\"n\":' || n || '}', 'UTF8'),"
            b" sha256('\\x00'::bytea || convert_to('{\"n\":' || n || '}', 'UTF8')) from generate_series(1, 6000) n"
        )
    total = count(installed)
    assert seal_all(installed) == total > sealing.AT_ONCE
    sizes = [row["tree_size"] for row in query(installed, "select tree_size from checkpoint order by 1")]
    assert sizes == [sealing.AT_ONCE, total]


def test_a_leaf_of_a_longer_transaction_comes_under_a_later_head(installed: Installation) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        find_child(transaction, installed.vault, FindQuery(text="khong co ai"))
        look(installed, 2)
        assert seal_all(installed) >= 2
    assert seal_all(installed) == 1
    assert fault(installed) is None


def test_times_of_heads_never_go_back(installed: Installation) -> None:
    look(installed, 1)
    seal_all(installed)
    earlier = installed.clock() - timedelta(days=3)
    look(installed, 1)
    seal_all(replace(installed, clock=lambda: earlier))
    first, second = [
        row["signed_at"] for row in query(installed, "select signed_at from checkpoint order by tree_size")
    ]
    assert second >= first


@pytest.mark.parametrize(
    "statement",
    [
        "delete from access_leaf where tree_index = 1",
        "delete from checkpoint",
        "update checkpoint set compact_range = ''",
        "update checkpoint set note = 'no note'",
        "update checkpoint set compact_range = sha256('other')",
    ],
)
def test_a_sealer_does_not_go_on_from_a_head_that_does_not_fit(installed: Installation, statement: str) -> None:
    look(installed, 2 - count(installed))
    seal_all(installed)
    with unguarded(installed.url) as connection:
        connection.execute(statement.encode())
    look(installed, 1)
    with pytest.raises(LogDamaged), installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        seal_log(transaction, installed.vault)
    assert unsealed(installed) == 1


def test_a_damaged_log_raises_one_alarm(installed: Installation) -> None:
    look(installed, 2)
    seal_all(installed)
    with unguarded(installed.url) as connection:
        connection.execute(b"delete from checkpoint")
    look(installed, 1)
    with sealer(installed):
        assert eventually(lambda: bool(query(installed, "select 1 as one from alarm")))
    assert [row["kind"] for row in query(installed, "select kind from alarm")] == ["log_damaged"]
