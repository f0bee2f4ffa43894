"""The distinct values of a column, under small numbers."""

from __future__ import annotations

import pyarrow as pa

from matching.columns.declared import Column, Reading
from matching.columns.values import ColumnValues


def values_of(*written: str | None) -> ColumnValues:
    values = ColumnValues(Column("made_up", Reading.TEXT, ("made_up",)), ("",))
    values.encode(pa.chunked_array([pa.array(written, pa.string())]))
    return values


def test_values_that_read_the_same_have_one_code() -> None:
    values = ColumnValues(Column("made_up", Reading.TEXT, ("made_up",)), ("",))
    first = values.encode(pa.chunked_array([["An", "bo", None, "AN", "!"]]))
    second = values.encode(pa.chunked_array([["Bò", "cy"], ["án"]]))
    assert first.codes.tolist() == [first.codes[0], first.codes[1], -1, first.codes[0], -1]
    assert first.unread.tolist() == [4]
    assert second.codes.tolist() == [first.codes[1], 2, first.codes[0]]
    assert len(values) == 3
    assert values.texts().take(pa.array(second.codes)).to_pylist() == ["bo", "cy", "an"]


def test_facts_are_worked_out_for_values_that_come_later() -> None:
    values = values_of("an")
    assert values.lengths().tolist() == [2]
    values.encode(pa.chunked_array([["bella"]]))
    assert values.lengths().tolist() == [2, 5]


def test_no_values_have_no_facts() -> None:
    values = values_of()
    assert len(values.letters()) == len(values.hashes()) == len(values.words()) == len(values) == 0
