"""From an empty database to the newest schema, online and as a printed script, and what stands in its way."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from registry.model.access import Access, Purpose
from registry.model.errors import DatabaseUnavailable
from registry.store.server import installation
from registry.store.server.migrate import MigrationRefused, current, newest, script, upgrade
from registry.store.server.programs import wheel_bin_dir
from registry.store.session import Store
from registry.store.tables.schema import METADATA
from tests.database import DatabaseServer
from tests.migrations.catalogue import connect, shape, touched

NOT_OURS = ("procrastinate_", "alembic_version")


def ours(_thing: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out the tables of the job queue, whose schema is its own."""
    return not (kind == "table" and str(name).startswith(NOT_OURS))


def test_an_empty_database_comes_to_the_newest_schema(empty_database_url: str) -> None:
    assert current(empty_database_url) is None
    upgrade(empty_database_url)
    assert current(empty_database_url) == newest() != ""


def test_a_second_migration_changes_nothing(database_url: str) -> None:
    before = touched(database_url)
    upgrade(database_url)
    assert touched(database_url) == before


def test_the_models_equal_the_migrations(template_url: str) -> None:
    engine = create_engine(template_url, poolclass=NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
    assert differences == []


def test_the_printed_script_makes_the_same_database_when_an_administrator_runs_it(
    database_server: DatabaseServer, empty_database_url: str, template_url: str, tmp_path: Path, clock: datetime
) -> None:
    printed = tmp_path / "migrate.sql"
    printed.write_text(script(), encoding="utf-8")
    database = make_url(empty_database_url).database or ""
    run_by_psql(database_server.admin_url(database), printed)
    assert current(empty_database_url) == newest()
    assert shape(empty_database_url) == shape(template_url), "owners and rights included"
    upgrade(empty_database_url)  # nothing left to do, and the application may look
    store = Store(empty_database_url)
    with store.begin(Access.of_engine(Purpose.MAINTENANCE, at=clock, request_id=uuid4())) as transaction:
        assert installation.read(transaction) is None
    store.close()


def run_by_psql(url: str, file: Path) -> None:
    """Run a script as administrators do."""
    address = make_url(url)
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    command = [
        str(wheel_bin_dir() / "psql"),
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        "--quiet",
        f"--file={file}",
        plain,
    ]
    done = subprocess.run(
        command,
        env={"PGPASSWORD": address.password or "", "PGOPTIONS": "--client-min-messages=warning"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_the_printed_script_is_one_transaction_that_waits_for_nothing_long() -> None:
    printed = script()
    assert printed.count("BEGIN;") == printed.count("COMMIT;") == 1
    assert printed.index("BEGIN;") < printed.index("lock_timeout") < printed.index("CREATE TABLE alembic_version")
    assert printed.index("statement_timeout") < printed.index("CREATE TABLE alembic_version")


def test_a_migration_gives_way_to_whoever_holds_a_table(database_url: str) -> None:
    with connect(database_url) as other, other.transaction():
        other.execute("lock table alembic_version in access exclusive mode")
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            upgrade(database_url)


def test_two_migrations_do_not_wait_for_each_other_for_ever(empty_database_url: str) -> None:
    with connect(empty_database_url) as other:
        other.execute("select pg_advisory_lock(x'6368696c6472656e'::bigint)")
        with pytest.raises(DatabaseUnavailable, match="another migration"):
            upgrade(empty_database_url, patience=1)
    assert current(empty_database_url) is None


@pytest.fixture
def plain_account(database_server: DatabaseServer, empty_database_url: str) -> Iterator[str]:
    """The address of the empty database for an account that may make tables and nothing else."""
    name = sql.Identifier(f"plain_{secrets.token_hex(4)}")
    password = secrets.token_hex(16)
    address = make_url(empty_database_url)
    with connect(database_server.admin_url(address.database or "")) as admin:
        admin.execute(sql.SQL("create role {} login password {}").format(name, sql.Literal(password)))
        admin.execute(sql.SQL("grant create on database {} to {}").format(sql.Identifier(address.database or ""), name))
        admin.execute(sql.SQL("grant create on schema public to {}").format(name))
        plain = address.set(username=name.as_string(None).strip('"'), password=password)
        yield plain.render_as_string(hide_password=False)
        admin.execute(sql.SQL("drop owned by {}").format(name))
        admin.execute(sql.SQL("drop role {}").format(name))


def test_an_account_without_the_right_is_told_what_an_administrator_does_and_leaves_nothing(plain_account: str) -> None:
    with pytest.raises(MigrationRefused, match="migrate --sql"):
        upgrade(plain_account)
    assert shape(plain_account) == []


def test_a_server_that_does_not_answer_is_named_so() -> None:
    nowhere = "postgresql+psycopg://somebody@127.0.0.1:1/registry?connect_timeout=2"
    with pytest.raises(DatabaseUnavailable):
        upgrade(nowhere)
    with pytest.raises(DatabaseUnavailable):
        current(nowhere)


def test_a_broken_off_migration_leaves_an_empty_database(empty_database_url: str) -> None:
    with connect(empty_database_url) as other:
        other.execute("create table frame (is_in_the_way integer)")
    with pytest.raises(MigrationRefused):
        upgrade(empty_database_url)
    with connect(empty_database_url) as other:
        assert other.execute("select to_regclass('access_leaf')").fetchone() == (None,)
        assert other.execute("select to_regclass('alembic_version')").fetchone() == (None,)


def test_the_messages_of_a_refusal_hold_no_statement(empty_database_url: str) -> None:
    with connect(empty_database_url) as other:
        other.execute("create table child (is_in_the_way integer)")
    with pytest.raises(MigrationRefused) as refused:
        upgrade(empty_database_url)
    assert "\n" not in str(refused.value)
    assert isinstance(refused.value.__cause__, Exception)
    assert psycopg.__name__ not in str(refused.value)
