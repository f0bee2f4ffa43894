"""The data dictionary names every table and column of the database, and calls none sealed that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, Table

from registry.store.tables.schema import METADATA

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| (clear|keyed|hashed|signed|(?:sealed|wrapped): [a-z ]+) \| \S.*\|$", re.MULTILINE)
DESCRIBED = {name: dict(ROW.findall(text)) for name, text in SECTION.findall(PAGE.read_text(encoding="utf-8"))}
TABLES = sorted(METADATA.tables.values(), key=lambda table: table.name)
CANONICAL_CONTENT = ("access_leaf", "content")  # bytes, yet readable: the log is meant to be read


def test_it_describes_exactly_the_tables_there_are() -> None:
    assert sorted(DESCRIBED) == [table.name for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_it_describes_exactly_the_columns_in_their_order(table: Table) -> None:
    assert list(DESCRIBED[table.name]) == [column.name for column in table.columns]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_what_it_calls_sealed_or_wrapped_is_named_so(table: Table) -> None:
    forms = DESCRIBED[table.name]
    assert {name for name in forms if name.startswith("sealed_")} == {
        name for name, form in forms.items() if form.startswith("sealed: ")
    }
    assert {name for name in forms if name.startswith("wrapped_")} == {
        name for name, form in forms.items() if form.startswith("wrapped: ")
    }


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_bytes_are_called_clear(table: Table) -> None:
    unread = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
    clear = {name for name, form in DESCRIBED[table.name].items() if form == "clear"}
    assert {(table.name, name) for name in unread & clear} <= {CANONICAL_CONTENT}
