"""An installation for a test: a database of its own, a clock that stands still, and deliveries made in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import make_url

from connectors.contract import CitizenSnapshot, FileFormat, NameJudge, Reading
from connectors.records import Rejected, SourceRecord
from registry.actions.intake import load_extract
from registry.actions.intake.ingest import ingest_batch
from registry.actions.keys import install
from registry.actions.keys.sealing import Vault, open_group
from registry.jobs.intake import FileAccount, ingest_file
from registry.jobs.intake import today as today_of
from registry.jobs.opening import Installation
from registry.model.access import NATION, Access, Area, Purpose, Role
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Leaf, read_leaf
from registry.protect.policy import SEPARATE_RIGHTS
from registry.settings import Settings
from registry.store import runs
from registry.store.runs import IngestRun
from registry.store.session import Store
from tests.people import HERE, PROVINCE, PUPILS

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)  # when the tests take place
STAFF = UUID("5b0d8f4e-0000-4000-8000-000000000001")
COLLEAGUE = UUID("5b0d8f4e-0000-4000-8000-000000000002")

Row = SourceRecord | Rejected

STORED = (
    "child",
    "child_key",
    "identity",
    "source_record",
    "source_version",
    "source_key_lookup",
    "identifier_lookup",
    "child_block",
    "child_search",
    "protection_case",
    "outbox_event",
    "quarantine",
)


@dataclass
class Clock:
    """A time that stands still until a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@dataclass
class InMemory:
    """A sector's system whose file is a list of rows, or anything that yields rows."""

    format: FileFormat
    rows: Iterable[Row]

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Return the rows, whatever stands in the file."""
        del path, looks_like_a_name
        return Reading(format=self.format, encodings={"*": "utf-8"}, rows=iter(self.rows))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> Row:
        """Return the row that was delivered as `raw`, as it is understood now."""
        del encodings
        return replace(next(known for known in self.rows if known.raw == raw), row=row)


@contextmanager
def installed_on(url: str, keyring: Keyring, at: datetime, folder: Path) -> Iterator[Installation]:
    """Open an installation on a migrated database."""
    store = Store(url, connections=4)
    installed = Installation(
        settings=Settings(data=folder), store=store, vault=Vault(keyring), clock=Clock(at), url=url, server=None
    )
    with store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        install.claim(transaction, installed.vault)
    yield installed
    store.close()


def pass_time(installed: Installation, **by: float) -> None:
    """Let time pass in an installation; args: as of a timedelta."""
    assert isinstance(installed.clock, Clock)
    installed.clock.forward(timedelta(**by))


def deliver(
    installed: Installation, rows: Iterable[Row], *, form: FileFormat = PUPILS, name: str | None = None
) -> FileAccount:
    """Take in a file that holds these rows.

    Args:
        name: of the file; equal names are the same file delivered again. None: named by its rows.
    """
    listed = list(rows) if name is None else rows
    told = name or hashlib.sha256(repr([_content(row) for row in listed]).encode()).hexdigest()
    path = installed.settings.data / f"{form.system}-{told[:16]}"
    path.write_text(told, encoding="utf-8")
    return ingest_file(installed, InMemory(form, listed), path)


def _content(row: Row) -> object:
    return row.raw if isinstance(row, Rejected) else (row.row, row.written)


def load(installed: Installation, people: Sequence[CitizenSnapshot], *, name: str = "extract") -> None:
    """Load a population extract; args: name: equal names are the same file."""
    digest = hashlib.sha256(name.encode()).digest()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        batch = load_extract.open_load(transaction, installed.vault, digest)
        rows = list(enumerate(people))
        load_extract.load_people(transaction, installed.vault, rows, batch=batch, today=today_of(installed))
        load_extract.finish_load(transaction, installed.vault, batch)


def somebody(
    installed: Installation,
    role: Role,
    purpose: Purpose,
    *,
    area: Area = NATION,
    reason: str | None = None,
    staff_id: UUID = STAFF,
) -> Access:
    """Return the access of a person."""
    return Access(
        staff_id=staff_id,
        login="hoa.tran",
        role=role,
        area=area,
        office="UBND phường Thử",
        purpose=purpose,
        reason=reason,
        at=installed.clock(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
        rights=frozenset(SEPARATE_RIGHTS),
        proven_at=installed.clock(),
    )


def worker(
    installed: Installation, purpose: Purpose = Purpose.CASE_WORK, *, commune: str = HERE, reason: str | None = None
) -> Access:
    """Return the access of a commune's social worker."""
    area = Area(communes=frozenset({commune}))
    return somebody(installed, Role.COMMUNE_WORKER, purpose, area=area, reason=reason)


def province_worker(
    installed: Installation, purpose: Purpose = Purpose.CASE_WORK, *, province: str = PROVINCE
) -> Access:
    """Return the access of a province's social worker."""
    area = Area(provinces=frozenset({province}))
    return somebody(installed, Role.PROVINCE_WORKER, purpose, area=area)


def reviewer(
    installed: Installation, *, area: Area = NATION, reason: str | None = None, staff_id: UUID = STAFF
) -> Access:
    """Return the access of a reviewer."""
    return somebody(installed, Role.REVIEWER, Purpose.REVIEW, area=area, reason=reason, staff_id=staff_id)


@contextmanager
def unguarded(url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Give a connection that no row security narrows, as whoever owns the tables can have it.

    What is done is committed at the end, with the row security and the rights back in their place.
    """
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, row_factory=dict_row) as connection:
        connection.execute("set lock_timeout = '10s'")  # a transaction that the test itself holds open is its fault
        connection.execute(_ROW_SECURITY.format(state="disable").encode())
        connection.execute("grant update, delete on access_leaf, checkpoint, leaf_child, cosignature to current_user")
        connection.execute("grant delete on alarm to current_user")
        yield connection
        connection.execute(
            "revoke update, delete on access_leaf, checkpoint, leaf_child, cosignature from current_user"
        )
        connection.execute("revoke delete on alarm from current_user")
        connection.execute(_ROW_SECURITY.format(state="enable").encode())


_ROW_SECURITY = """
do $$
declare
    name text;
begin
    for name in
        select tablename from pg_tables where schemaname = current_schema() and tablename <> 'alembic_version'
        and not starts_with(tablename, 'procrastinate')
    loop
        execute format('alter table %I {state} row level security', name);
    end loop;
end
$$
"""


def empty(url: str, *, but: tuple[str, ...] = ()) -> None:
    """Delete every row; args: but: the beginnings of the names of the tables whose rows stay."""
    with unguarded(url) as connection:
        for table in _emptied_in_order(connection):
            if not table.startswith(but):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))


def _emptied_in_order(connection: psycopg.Connection[dict[str, Any]]) -> list[str]:
    """Return the tables, each before what it refers to, and the log last: to delete a sealed row leaves a leaf."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for row in connection.execute(_TABLES):
        order.add("access_leaf", *({row["name"]} - {"access_leaf"}))
    for row in connection.execute(_REFERENCES):
        order.add(row["held"], row["holds"])
    return list(order.static_order())


_TABLES = """
select tablename as name from pg_tables
where schemaname = current_schema() and tablename <> 'alembic_version' and not starts_with(tablename, 'procrastinate')
"""
_REFERENCES = """
select conrelid::regclass::text as holds, confrelid::regclass::text as held from pg_constraint
where contype = 'f' and conrelid <> confrelid and not starts_with(conrelid::regclass::text, 'procrastinate')
"""


def query(installed: Installation, statement: str, *values: object) -> list[dict[str, Any]]:
    """Return the rows of a query that sees everything."""
    with unguarded(installed.url) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def count(installed: Installation, table: str) -> int:
    """Return the number of rows of a table."""
    with unguarded(installed.url) as connection:
        return connection.execute(sql.SQL("select from {}").format(sql.Identifier(table))).rowcount


def child_of(installed: Installation, key: str, *, form: FileFormat = PUPILS) -> UUID:
    """Return the identity that a record opened."""
    index = installed.vault.index.source_key(form.system, form.stream, key)
    return UUID(
        str(query(installed, "select leads_to from source_key_lookup where key_index = %s", index)[0]["leads_to"])
    )


def leaves(installed: Installation, action: str | None = None) -> list[Leaf]:
    """Return the leaves of the access log, oldest first, without those of written rows.

    Args:
        action: those of one action only.
    """
    rows = query(installed, "select content from access_leaf order by leaf_id")
    found = [read_leaf(bytes(row["content"])) for row in rows]
    return [leaf for leaf in found if leaf.action == action or (action is None and leaf.action != "rows")]


def digest_of(installed: Installation, tables: Iterable[str]) -> dict[str, str]:
    """Return a digest of all rows of each table."""
    found = {}
    with unguarded(installed.url) as connection:
        for table in tables:
            every = sql.SQL("select t::text as line from {} t order by t::text").format(sql.Identifier(table))
            lines = [row["line"] for row in connection.execute(every)]
            found[table] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def person_of(installed: Installation, number: str) -> UUID:
    """Return the citizen of the extract who bears a number."""
    index = installed.vault.number_index(number)
    statement = "select person_id from extract_number_lookup where number_index = %s and not former"
    return UUID(str(query(installed, statement, index)[0]["person_id"]))


def links_of(installed: Installation) -> dict[UUID, UUID]:
    """Return the links that stand: identity → citizen."""
    rows = query(installed, "select child_id, person_id from link where undone_at is null")
    return {row["child_id"]: row["person_id"] for row in rows}


def heads_of(installed: Installation) -> dict[UUID, UUID]:
    """Return which identity stands for which: identity → the first of its child."""
    rows = query(installed, "select child_id, head_id from pointer")
    return {row["child_id"]: row["head_id"] for row in rows}


def decisions(installed: Installation) -> dict[UUID, str]:
    """Return what was decided about each identity."""
    return {row["child_id"]: row["decision"] for row in query(installed, "select child_id, decision from match_result")}


def outcomes(installed: Installation, account: FileAccount) -> list[str]:
    """Return the outcome of each row of a run, in the order of the file."""
    with installed.store.begin(installed.engine(Purpose.INGEST), system=account.system) as transaction:
        return [verdict.outcome for verdict in runs.verdicts(transaction, account.run_id)]


def written_now(installed: Installation, child_id: UUID) -> dict[str, object]:
    """Return what is written in the current version of a record."""
    (row,) = query(
        installed,
        "select k.wrapped_key, k.epoch, v.version_no, v.sealed_written from child c"
        " join child_key k on k.owner_id = c.child_id join source_record r on r.child_id = c.child_id"
        " join source_version v on v.child_id = c.child_id and v.version_no = r.version_no"
        " where c.child_id = %s",
        child_id,
    )
    wrapped, epoch = bytes(row["wrapped_key"]), row["epoch"]
    key = installed.vault.key(Domain.IDENTITY_WRAP, child_id, wrapped=wrapped, epoch=epoch)
    group, token = f"written:{row['version_no']}", bytes(row["sealed_written"])
    return open_group(key, "source_version", group=group, row=child_id, token=token)


def take_in(installed: Installation, batches: Iterable[Sequence[Row]]) -> UUID:
    """Take in batches as one run and return it."""
    wanted = IngestRun(
        run_id=uuid4(),
        system="education",
        stream=PUPILS.stream,
        file_digest=uuid4().bytes,
        mapping_version=1,
        rows_done=0,
    )
    ordinal = 0
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        run = runs.open_ingest(transaction, wanted, encodings={}, started_at=transaction.access.at)
    for batch in batches:
        with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
            ingest_batch(
                transaction,
                installed.vault,
                list(enumerate(batch, start=ordinal)),
                file_format=PUPILS,
                run_id=run.run_id,
                today=today_of(installed),
            )
        ordinal += len(batch)
    return run.run_id
