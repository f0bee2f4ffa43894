"""Search rows are built anew from what is sealed, equal to those that ingest made."""

from __future__ import annotations

import pytest

from registry.actions.rebuild_search import rebuild_search
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import Refused
from tests.people import numbered, record, tombstone
from tests.registry.actions.installed import count, deliver, digest_of, query, worker


def rebuild(installed: Installation, *, limit: int) -> int:
    """Build the next missing rows."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return rebuild_search(transaction, installed.vault, limit=limit)


def test_rows_that_were_lost_come_back_as_they_were(installed: Installation) -> None:
    rows = [record(f"EDU{n}", name=name) for n, name in enumerate(("Lê Thị Mai", "Trần Gia Bảo", "Vũ An"))]
    deliver(installed, numbered([*rows, record("EDU9"), tombstone("EDU9")]))
    before = digest_of(installed, ["child_search"])
    query(installed, "delete from child_search returning 1")
    assert [rebuild(installed, limit=2) for _ in range(3)] == [2, 1, 0]
    assert digest_of(installed, ["child_search"]) == before


def test_a_child_without_a_name_or_a_province_is_looked_at_once(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU1", name=None), record("EDU2", commune_code=None, address=None)]))
    assert count(installed, "child_search") == 0
    assert [rebuild(installed, limit=10) for _ in range(2)] == [2, 0]
    assert query(installed, "select distinct cardinality(tokens) as tokens from child_search") == [{"tokens": 0}]


def test_a_social_worker_rebuilds_nothing(installed: Installation) -> None:
    with pytest.raises(Refused), installed.store.begin(worker(installed)) as transaction:
        rebuild_search(transaction, installed.vault)
