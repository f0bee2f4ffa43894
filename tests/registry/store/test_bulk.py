"""Bulk writes: what is inserted, left alone, replaced or updated is what one statement a row would have written."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from registry.model.access import Access, Purpose
from registry.model.errors import Conflict
from registry.store.bulk import insert_rows, update_rows
from registry.store.session import Store, Transaction
from registry.store.tables.children import ChildRow, ChildSearchRow
from registry.store.tables.supporting import ExtractBatchRow

AT = datetime.fromisoformat("2026-11-01T08:00:00+00:00")
INTEGERS = st.integers(-(2**31), 2**31 - 1)


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Store]:
    """A store on a database of the module's own."""
    opened = Store(module_database_url, connections=1)
    yield opened
    opened.close()


class _Undone(Exception):
    """Ends a transaction that shall leave nothing."""


@contextmanager
def taken_back(store: Store, purpose: Purpose = Purpose.INGEST) -> Iterator[Transaction]:
    """A transaction that leaves nothing."""
    access = Access.of_engine(purpose, at=AT, request_id=uuid.UUID(int=1))
    with suppress(_Undone), store.begin(access, system="education") as transaction:
        yield transaction
        raise _Undone


def child(number: int, **other: Any) -> dict[str, Any]:
    """Return the row of a made-up child."""
    row = {
        "child_id": uuid.UUID(int=number),
        "system": "education",
        "communes": ["24133"],
        "birth_year": 2015,
        "created_at": AT,
    }
    return row | other


def tokens(transaction: Transaction) -> dict[int, list[int]]:
    """Return the tokens of every child."""
    found = transaction.connection.execute(select(ChildSearchRow.child_id, ChildSearchRow.tokens))
    return {child_id.int: list(values) for child_id, values in found}


def search_rows(kept: dict[int, list[int]]) -> Sequence[dict[str, Any]]:
    """Return the rows of the search table."""
    fixed: dict[str, Any] = {"key_version": 1, "communes": [], "sealed_finding": b"\x00\xff"}
    return [{"child_id": uuid.UUID(int=number), "tokens": values, **fixed} for number, values in kept.items()]


@given(
    first=st.dictionaries(st.integers(1, 9), st.lists(INTEGERS, max_size=4)),
    second=st.dictionaries(st.integers(1, 9), st.lists(INTEGERS, max_size=4)),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_known_keys_are_left_alone_or_replaced(
    store: Store, first: dict[int, list[int]], second: dict[int, list[int]]
) -> None:
    for replacing in (False, True):
        with taken_back(store) as transaction:
            insert_rows(transaction, ChildRow, [child(number) for number in range(1, 10)])
            assert insert_rows(transaction, ChildSearchRow, search_rows(first)) == len(first)
            written = insert_rows(transaction, ChildSearchRow, search_rows(second), replacing=replacing)
            assert written == (len(second) if replacing else len(second.keys() - first.keys()))
            assert tokens(transaction) == (first | second if replacing else second | first)


@given(
    first=st.dictionaries(st.integers(1, 9), st.lists(INTEGERS, max_size=4)),
    second=st.dictionaries(st.integers(1, 9), st.lists(INTEGERS, max_size=4)),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_update_touches_the_rows_that_are_there_and_no_other(
    store: Store, first: dict[int, list[int]], second: dict[int, list[int]]
) -> None:
    with taken_back(store) as transaction:
        insert_rows(transaction, ChildRow, [child(number) for number in range(1, 10)])
        insert_rows(transaction, ChildSearchRow, search_rows(first))
        known = first.keys() & second.keys()
        assert update_rows(transaction, ChildSearchRow, search_rows(second)) == len(known)
        assert tokens(transaction) == first | {number: second[number] for number in known}


def test_every_kind_of_value_comes_back_as_it_went_in(store: Store) -> None:
    rows = [child(1), child(2, communes=[], birth_year=None), child(3, communes=["00001", "00004"])]
    with taken_back(store) as transaction:
        insert_rows(transaction, ChildRow, rows)
        table = ChildRow.__table__
        columns = [table.c[name] for name in rows[0]]
        found = transaction.connection.execute(select(*columns).order_by(table.c.child_id)).mappings()
        assert [dict(row) for row in found] == rows


@given(values=st.dictionaries(st.text(min_size=1), st.text() | st.integers(-9, 9) | st.none(), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_documents_come_back_as_they_went_in(store: Store, values: dict[str, Any]) -> None:
    written = {key: value for key, value in values.items() if "\x00" not in f"{key}{value}"}
    batch = {
        "batch_id": uuid.uuid5(uuid.NAMESPACE_OID, repr(written)),
        "file_digest": b"\x01",
        "rows_done": 0,
        "refused": written,
        "started_at": AT,
    }
    with taken_back(store, Purpose.LINKAGE) as transaction:
        insert_rows(transaction, ExtractBatchRow, [batch])
        assert transaction.connection.scalar(select(ExtractBatchRow.refused)) == written


def test_nothing_to_write_is_no_statement(store: Store) -> None:
    with taken_back(store) as transaction:
        assert insert_rows(transaction, ChildRow, []) == update_rows(transaction, ChildRow, []) == 0


def test_a_broken_rule_of_the_database_refuses_the_whole_batch_and_names_no_value(store: Store) -> None:
    access = Access.of_engine(Purpose.INGEST, at=AT, request_id=uuid.UUID(int=1))
    rows = [child(1, sex="male"), child(2, sex="Bịa Đặt")]
    with pytest.raises(Conflict) as refused, store.begin(access, system="education") as transaction:
        insert_rows(transaction, ChildRow, rows)
    assert "Bịa" not in "".join(traceback.format_exception(refused.value))
    with taken_back(store) as transaction:
        assert transaction.connection.execute(select(ChildRow.child_id)).all() == []
