"""Calls of functions of the database: asked alone, together, ahead, or with the commit; each under row security."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest
from psycopg import errors
from psycopg.errors import InsufficientPrivilege, UndefinedFunction
from sqlalchemy import text

from registry.model.access import Access, Area, Purpose, Role
from registry.model.errors import DatabaseUnavailable
from registry.protect.authorize import Action, authorize
from registry.store import children
from registry.store.calls import answer, ask_ahead, call_last, call_of, called
from registry.store.session import Store, Transaction, driver_of
from registry.store.wire import ask_together, run
from tests.registry.store.one_row_each import COMMUNES, HERS, OTHER, fill
from tests.registry.store.servers import connect


@pytest.fixture(scope="module")
def filled_url(module_database_url: str) -> str:
    """A database with one row of everything."""
    fill(module_database_url)
    return module_database_url


@pytest.fixture
def store(filled_url: str) -> Iterator[Store]:
    """A store with a single connection, which every transaction uses again."""
    opened = Store(filled_url, connections=1)
    yield opened
    opened.close()


@pytest.fixture
def worker(clock: datetime) -> Access:
    """A worker of the commune of one of the two children."""
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


def openings(store: Store, worker: Access) -> int:
    """Return how many openings are stored that the worker sees."""
    with store.begin(worker) as transaction:
        transaction.hold(authorize(worker, Action.OPEN))
        return int(transaction.connection.scalar(text("SELECT count(*) FROM opening")) or 0)


def note(transaction: Transaction, child: uuid.UUID) -> None:
    """Note that a child was opened."""
    at = transaction.access.at
    call_last(transaction, "note_opening", child, uuid.uuid4(), transaction.access.staff_id, "case_work", at)


def note_both(store: Store, worker: Access) -> None:
    """Note an opening of a child whom the worker sees, and of one whom the transaction does not see."""
    with store.begin(worker) as transaction:
        transaction.hold(authorize(worker, Action.OPEN))
        note(transaction, HERS)
        note(transaction, OTHER)


@pytest.mark.parametrize("function", ["places_of", "groups_of", "cases_of", "links_of", "pairs_of", "joins_of"])
def test_a_function_shows_no_more_than_its_caller_sees(store: Store, worker: Access, function: str) -> None:
    with store.begin(worker) as transaction:
        assert function == "joins_of" or called(transaction, function, [HERS, OTHER]) == []  # ids alone are for all
        transaction.hold(authorize(worker, Action.OPEN))
        seen = {child for row in called(transaction, function, [HERS, OTHER]) for child in row[:1]}
    assert function == "joins_of" or seen <= {HERS}


def test_a_child_is_reached_in_the_area_of_the_grant_alone(store: Store, worker: Access) -> None:
    with store.begin(worker) as transaction:
        grant = authorize(worker, Action.OPEN)
        assert children.reach(transaction, grant, OTHER) is None
        assert children.groups(transaction, grant, [OTHER]) == []
        found = children.reach(transaction, grant, HERS)
    assert found is not None
    assert HERS in found.members


def test_what_reaching_lets_the_transaction_see_ends_with_it(store: Store, worker: Access) -> None:
    with store.begin(worker) as transaction:
        assert children.reach(transaction, authorize(worker, Action.OPEN), HERS) is not None
    with store.begin(worker) as transaction:
        assert called(transaction, "places_of", [HERS]) == []


@pytest.mark.parametrize("role", [Role.STEWARD, Role.STATISTICIAN, Role.AUDITOR, Role.CUSTODIAN, Role.ADMINISTRATOR])
def test_roles_that_see_no_child_may_not_even_ask(store: Store, worker: Access, role: Role) -> None:
    access = replace(worker, role=role, purpose=Purpose.ADMINISTRATION)
    with pytest.raises(InsufficientPrivilege), store.begin(access) as transaction:
        called(transaction, "groups_of", [HERS])


def test_an_answer_that_came_ahead_is_used_once(store: Store, worker: Access) -> None:
    with store.begin(worker) as transaction:
        transaction.hold(authorize(worker, Action.OPEN))
        call = call_of("places_of", [HERS])
        ask_ahead(transaction, [call, call_of("cases_of", [HERS])])
        assert call in transaction.ahead
        ahead = answer(transaction, call)
        assert call not in transaction.ahead
        assert answer(transaction, call) == ahead != []


def test_an_answer_that_came_ahead_is_forgotten_when_the_transaction_sees_something_else(
    store: Store, worker: Access
) -> None:
    nowhere = replace(worker, role=Role.PROVINCE_WORKER)
    for change in ("hold", "open_to", "as_engine", "hold_by_call"):
        with store.begin(nowhere) as transaction:
            transaction.hold(authorize(nowhere, Action.OPEN))
            ask_ahead(transaction, [call_of("places_of", [HERS])])
            match change:
                case "hold":
                    transaction.hold(authorize(nowhere, Action.FIND))
                case "hold_by_call":
                    transaction.hold_by_call(authorize(nowhere, Action.FIND))
                case "open_to":
                    transaction.open_to([HERS])
                case _:
                    with transaction.as_engine():
                        assert not transaction.ahead
            assert not transaction.ahead


def test_what_is_said_last_stands_with_the_commit(store: Store, worker: Access) -> None:
    before = openings(store, worker)
    with store.begin(worker) as transaction:
        transaction.hold(authorize(worker, Action.OPEN))
        note(transaction, HERS)
    assert openings(store, worker) == before + 1


def test_nothing_stands_when_one_of_the_last_calls_fails(store: Store, worker: Access) -> None:
    before = openings(store, worker)
    with pytest.raises(InsufficientPrivilege):
        note_both(store, worker)
    assert openings(store, worker) == before
    with store.begin(worker) as transaction:  # the connection is whole, and used again
        assert called(transaction, "places_of", [HERS]) == []


def test_what_was_to_be_said_last_is_not_said_after_a_refusal(store: Store, worker: Access) -> None:
    before = openings(store, worker)
    with suppress(ZeroDivisionError), store.begin(worker) as transaction:
        transaction.hold(authorize(worker, Action.OPEN))
        note(transaction, HERS)
        raise ZeroDivisionError
    assert openings(store, worker) == before


def test_of_several_calls_the_first_that_fails_is_told(store: Store, worker: Access) -> None:
    calls = [call_of("places_of", [HERS]), call_of("no_such_function"), call_of("cases_of", [HERS])]
    with pytest.raises(UndefinedFunction), store.begin(worker) as transaction:
        ask_together(driver_of(transaction), calls)


def test_a_statement_that_fails_says_so(store: Store, worker: Access) -> None:
    with pytest.raises(errors.SyntaxError), store.begin(worker) as transaction:
        run(driver_of(transaction), "NO SQL")


def test_arguments_arrive_as_they_were(store: Store, worker: Access) -> None:
    said = 'it\'s \\ "quoted", {braced} and Việt'
    with store.begin(worker) as transaction:
        assert called(transaction, "upper", said) == [(said.upper(),)]
        assert called(transaction, "sha256", b"\x00\xff'")[0][0] != called(transaction, "sha256", b"\x00\xff")[0][0]
        assert called(transaction, "upper", None) == [(None,)]


def test_a_connection_that_the_server_has_ended_is_replaced(store: Store, worker: Access, filled_url: str) -> None:
    with store.begin(worker) as transaction:
        pid = driver_of(transaction).info.backend_pid
    with connect(filled_url) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with store.begin(worker) as transaction:
        assert driver_of(transaction).info.backend_pid != pid
        assert transaction.connection.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("system", ["a\\b", "a\x00b", "a\nb"])
def test_a_context_that_cannot_be_quoted_is_refused(store: Store, worker: Access, system: str) -> None:
    with pytest.raises(ValueError, match=r"^app\.system cannot be set to this$"), store.begin(worker, system=system):
        pass


def test_a_quote_in_the_context_ends_nothing(store: Store, worker: Access) -> None:
    with store.begin(worker, system="o'; RESET ROLE; --") as transaction:
        found = transaction.connection.execute(text("SELECT current_setting('app.system'), current_user")).one()
    assert tuple(found) == ("o'; RESET ROLE; --", "child_registry_commune_worker")


def test_a_connection_that_is_lost_within_a_transaction_is_told(store: Store, worker: Access, filled_url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        ask_after_the_end(store, worker, filled_url)


def ask_after_the_end(store: Store, worker: Access, url: str) -> None:
    """Ask something on a connection that the server has ended."""
    with store.begin(worker) as transaction:
        with connect(url) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [driver_of(transaction).info.backend_pid])
        ask_together(driver_of(transaction), [call_of("places_of", [HERS])])
