"""A transaction is somebody's: its context ends with it, what fails leaves nothing, refusals hold no value."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from registry.model.access import NATION, NOWHERE, Access, Area, Purpose, Role
from registry.model.errors import Conflict, DatabaseUnavailable
from registry.protect.authorize import Action, authorize
from registry.store.bulk import insert_rows
from registry.store.session import ForeignGrant, Store, Transaction
from registry.store.tables.children import ChildRow, ChildSearchRow
from tests.registry.store.one_row_each import COMMUNES, HERS, OTHER, PROVINCES, fill
from tests.registry.store.servers import connect

NEIGHBOUR = "22015"  # another commune of her province


@pytest.fixture(scope="module")
def filled_url(module_database_url: str) -> str:
    """A database with one row of everything."""
    fill(module_database_url)
    return module_database_url


@pytest.fixture
def one_connection(filled_url: str) -> Iterator[Store]:
    """A store with a single connection, which every transaction uses again."""
    store = Store(filled_url, connections=1)
    yield store
    store.close()


@pytest.fixture
def worker(clock: datetime) -> Access:
    """A commune worker who works on a case."""
    return Access(
        staff_id=uuid.UUID(int=1),
        login="lan",
        role=Role.COMMUNE_WORKER,
        area=Area(communes=frozenset({COMMUNES[HERS]})),
        office="Xã A",
        purpose=Purpose.CASE_WORK,
        reason=None,
        at=clock,
        session_ref=None,
        os_account=None,
        request_id=uuid.UUID(int=2),
    )


def seen(transaction: Transaction) -> set[uuid.UUID]:
    """Return the children that a transaction sees with a grant to do what its role does with children."""
    action = Action.REVIEW if transaction.access.role is Role.REVIEWER else Action.OPEN
    transaction.hold(authorize(transaction.access, action))
    return bare(transaction)


def bare(transaction: Transaction) -> set[uuid.UUID]:
    """Return the children that a transaction sees as it is."""
    return set(transaction.connection.scalars(select(ChildRow.child_id)))


def test_each_transaction_sees_what_its_own_access_may(one_connection: Store, worker: Access) -> None:
    accesses = {
        frozenset({HERS}): worker,
        frozenset({OTHER}): replace(worker, area=Area(provinces=frozenset({PROVINCES[OTHER]}))),
        frozenset({HERS, OTHER}): replace(worker, role=Role.REVIEWER, purpose=Purpose.REVIEW, area=NATION),
        frozenset(): replace(worker, area=NOWHERE),
    }
    for _ in range(3):
        for expected, access in accesses.items():
            with one_connection.begin(access) as transaction:
                assert seen(transaction) == expected


@pytest.mark.parametrize("role", [Role.COMMUNE_WORKER, Role.PROVINCE_WORKER, Role.REVIEWER])
def test_without_a_grant_a_transaction_sees_no_child(one_connection: Store, worker: Access, role: Role) -> None:
    purpose = Purpose.REVIEW if role is Role.REVIEWER else Purpose.CASE_WORK
    with one_connection.begin(replace(worker, role=role, purpose=purpose, area=NATION)) as transaction:
        assert bare(transaction) == set()
        assert seen(transaction) == {HERS, OTHER}


def test_a_grant_shows_the_area_where_it_holds_and_the_last_one_counts(one_connection: Store, worker: Access) -> None:
    abroad = replace(worker, area=Area(communes=frozenset({NEIGHBOUR})))
    with one_connection.begin(abroad) as transaction:
        transaction.hold(authorize(abroad, Action.FIND))
        assert bare(transaction) == {HERS}, "in the own province"
        transaction.hold(authorize(abroad, Action.OPEN))
        assert bare(transaction) == set(), "not in the own commune"


def test_a_grant_of_somebody_else_shows_nothing(one_connection: Store, worker: Access) -> None:
    others = authorize(replace(worker, login="somebody else"), Action.OPEN)
    with one_connection.begin(worker) as transaction:
        with pytest.raises(ForeignGrant):
            transaction.hold(others)
        assert bare(transaction) == set()


def test_what_is_done_as_the_engine_ends_with_its_block(one_connection: Store, worker: Access) -> None:
    with one_connection.begin(worker) as transaction:
        with transaction.as_engine():
            assert bare(transaction) == {HERS, OTHER}
        assert bare(transaction) == set()
        with suppress(ValueError), transaction.as_engine():
            raise ValueError
        assert bare(transaction) == set()
    with suppress(DBAPIError), one_connection.begin(worker) as transaction, transaction.as_engine():
        transaction.connection.execute(text("select 1 / 0"))
    with one_connection.begin(worker) as transaction:
        assert bare(transaction) == set()


def test_what_was_opened_is_closed_for_the_next_user_of_the_connection(one_connection: Store, worker: Access) -> None:
    with one_connection.begin(worker) as transaction:
        transaction.open_to([OTHER])
        assert seen(transaction) == {HERS, OTHER}
    with one_connection.begin(worker) as transaction:
        assert seen(transaction) == {HERS}


def test_a_transaction_that_failed_leaves_no_context_behind(one_connection: Store, worker: Access) -> None:
    with pytest.raises(ZeroDivisionError), one_connection.begin(replace(worker, role=Role.REVIEWER, area=NATION)):
        raise ZeroDivisionError
    context = "select current_user = session_user, coalesce(current_setting('app.nation', true), '')"
    with one_connection._engine.connect() as bare:
        assert bare.execute(text(context)).one() == (True, "")
        assert bare.execute(select(ChildRow.child_id)).all() == []
    with one_connection.begin(worker) as transaction:
        assert seen(transaction) == {HERS}


def test_an_area_with_quotes_in_it_is_only_a_strange_area(one_connection: Store, worker: Access) -> None:
    sly = replace(worker, area=Area(communes=frozenset({"'; reset role; --", '"'})))
    with one_connection.begin(sly) as transaction:
        assert seen(transaction) == set()


def test_what_fails_leaves_nothing(one_connection: Store, clock: datetime) -> None:
    engine = Access.of_engine(Purpose.LINKAGE, at=clock, request_id=uuid.UUID(int=3))
    with suppress(ZeroDivisionError), one_connection.begin(engine) as transaction:
        transaction.connection.execute(text("update child_search set tokens = '{9}'"))
        raise ZeroDivisionError
    with one_connection.begin(engine) as transaction:
        assert set(map(tuple, transaction.connection.scalars(select(ChildSearchRow.tokens)))) == {()}


def test_two_who_write_the_same_are_told_of_a_conflict_without_a_value(one_connection: Store, clock: datetime) -> None:
    system = Access.of_engine(Purpose.INGEST, at=clock, request_id=uuid.UUID(int=3))
    sql = "insert into source_key_lookup values ('\\x01', gen_random_uuid()), ('\\x01', gen_random_uuid())"
    with pytest.raises(Conflict) as conflict, one_connection.begin(system, system="education") as transaction:
        transaction.connection.execute(text(sql))
    assert "source_key_lookup" not in str(conflict.value)
    assert conflict.value.__suppress_context__


def test_a_server_that_does_not_answer_is_one_clear_line(worker: Access) -> None:
    store = Store("postgresql+psycopg://somebody:secret@127.0.0.1:1/registry?connect_timeout=2")
    with pytest.raises(DatabaseUnavailable) as refused, store.begin(worker):
        pass
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)
    with pytest.raises(DatabaseUnavailable):
        store.answers()
    store.close()


def test_a_connection_that_the_server_dropped_is_replaced(filled_url: str, worker: Access) -> None:
    store = Store(filled_url, connections=1)
    with store.begin(worker) as transaction:
        process = transaction.connection.scalar(text("select pg_backend_pid()"))
    with connect(filled_url) as other:
        other.execute("select pg_terminate_backend(%s)", [process])
    with store.begin(worker) as transaction:
        assert seen(transaction) == {HERS}
    store.close()


@pytest.mark.parametrize("writes_in_bulk", [False, True], ids=["one statement", "in bulk"])
def test_a_connection_lost_in_the_middle_is_a_refusal_that_leaves_nothing(
    filled_url: str, clock: datetime, writes_in_bulk: bool
) -> None:
    engine = Access.of_engine(Purpose.LINKAGE, at=clock, request_id=uuid.UUID(int=3))
    store = Store(filled_url, connections=1)

    def lose_it(transaction: Transaction) -> None:
        row = {"child_id": HERS, "tokens": [1], "key_version": 1, "communes": [], "sealed_finding": b"\x01"}
        rows = [row]
        insert_rows(transaction, ChildSearchRow, rows, replacing=True)
        process = transaction.connection.scalar(text("select pg_backend_pid()"))
        with connect(filled_url) as other:
            other.execute("select pg_terminate_backend(%s)", [process])
        if writes_in_bulk:
            insert_rows(transaction, ChildSearchRow, rows, replacing=True)
        transaction.connection.execute(text("select 1"))

    with pytest.raises(DatabaseUnavailable), store.begin(engine) as transaction:
        lose_it(transaction)
    with store.begin(engine) as transaction:
        assert set(map(tuple, transaction.connection.scalars(select(ChildSearchRow.tokens)))) == {()}
    store.close()


def test_the_version_of_the_server_is_told(one_connection: Store) -> None:
    assert int(one_connection.answers().split(".")[0]) >= 15


def test_a_kept_note_is_written_after_a_refusal_and_after_nothing_else(one_connection: Store, worker: Access) -> None:
    told: list[tuple[str, set[uuid.UUID]]] = []

    def note(transaction: Transaction) -> None:
        purpose = transaction.connection.scalar(text("select current_setting('app.purpose')"))
        told.append((str(purpose), seen(transaction)))

    with one_connection.begin(worker) as transaction:
        transaction.keep(note)
    with suppress(ValueError), one_connection.begin(worker) as transaction:
        transaction.keep(note)
        raise ValueError
    assert told == []
    with suppress(Conflict), one_connection.begin(worker) as transaction:
        transaction.keep(note)
        raise Conflict
    assert told == [("case_work", {HERS})], "on behalf of the same access, on the one connection"
