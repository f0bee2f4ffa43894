"""Search rows are built anew from what is sealed, equal to those that ingest made."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import make_url

from registry.actions.finding.rebuild_search import rebuild_search
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import Refused
from registry.protect.search_tokens import TOKENS
from tests.people import numbered, record, tombstone
from tests.registry.actions.installed import child_of, deliver, query, worker


def rebuild(installed: Installation, *, limit: int) -> int:
    """Build the next missing rows."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return rebuild_search(transaction, installed.vault, limit=limit)


def libpq(url: str) -> str:
    """Return a SQLAlchemy address as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def rows_of(installed: Installation) -> list[dict[str, object]]:
    """Return all search rows, but for what is sealed anew each time."""
    return query(
        installed,
        "select child_id, key_version, province_code, communes, birth_year, tokens from child_search order by child_id",
    )


def test_rows_that_were_lost_come_back_as_they_were(installed: Installation) -> None:
    rows = [record(f"EDU{n}", name=name) for n, name in enumerate(("Lê Thị Mai", "Trần Gia Bảo", "Vũ An"))]
    deliver(installed, numbered([*rows, record("EDU9"), tombstone("EDU9")]))
    before = rows_of(installed)
    query(installed, "delete from child_search returning 1")
    assert [rebuild(installed, limit=2) for _ in range(3)] == [2, 1, 0]
    assert rows_of(installed) == before


def test_every_living_child_has_a_row_and_as_many_tokens(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU1", name=None), record("EDU2", commune_code=None, address=None)]))
    assert query(installed, "select cardinality(tokens) as tokens from child_search") == [{"tokens": TOKENS}] * 2
    query(installed, "delete from child_search returning 1")
    assert [rebuild(installed, limit=10) for _ in range(2)] == [2, 0]


def test_a_child_that_cannot_be_read_is_noted_and_passed_over(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU1"), record("EDU2", name="Trần Gia Bảo")]))
    query(installed, "delete from child_search returning 1")
    broken = child_of(installed, "EDU1")
    query(installed, "update identity set sealed_identity = '\\x00' where child_id = %s returning 1", broken)
    assert [rebuild(installed, limit=10) for _ in range(2)] == [2, 0]
    assert [row["child_id"] for row in rows_of(installed)] == [child_of(installed, "EDU2")]
    assert query(installed, "select table_name, group_name from damaged_value") == [
        {"table_name": "identity", "group_name": "identity"}
    ]


def test_rows_that_somebody_holds_are_met_the_next_time(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU1"), record("EDU2", name="Trần Gia Bảo")]))
    query(installed, "delete from child_search returning 1")
    with psycopg.connect(libpq(installed.url)) as holder:
        holder.execute("set role child_registry_engine; set app.purpose = 'linkage'")
        holder.execute("select from child where child_id = %s for update", [child_of(installed, "EDU1")])
        assert rebuild(installed, limit=10) == 1
    assert [rebuild(installed, limit=10) for _ in range(2)] == [1, 0]


def test_a_social_worker_rebuilds_nothing(installed: Installation) -> None:
    with pytest.raises(Refused), installed.store.begin(worker(installed)) as transaction:
        rebuild_search(transaction, installed.vault)
