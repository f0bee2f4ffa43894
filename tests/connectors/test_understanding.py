"""A record is kept as bytes from which it is read again, and says no more than it may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Drift, Record, Stream
from connectors.records import Operation
from connectors.understanding import NotJson, drift_of, field_name, from_bytes, spaced, to_bytes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    Record,
    key=st.text(min_size=1),
    operation=st.sampled_from(Operation),
    version=st.none() | st.integers(),
    version_at=st.none() | st.datetimes(timezones=st.sampled_from([UTC, UTC])),
    payload=st.dictionaries(st.text(), json_values, max_size=4),
    row=st.integers(min_value=0, max_value=9),
)


@given(records)
def test_a_record_is_read_again_from_its_bytes(record: Record) -> None:
    again = from_bytes(to_bytes(record), row=record.row)
    assert again == record
    assert to_bytes(again) == to_bytes(record)


@given(st.binary())
def test_other_bytes_are_no_record(raw: bytes) -> None:
    assert from_bytes(raw, row=1) is None


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, float("nan"), b"x", object()])
def test_what_is_no_json_is_refused_without_its_value(value: object) -> None:
    with pytest.raises(NotJson) as refused:
        to_bytes(Record(key="k", payload={"field": value}))
    assert str(refused.value) == "payload"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Họ và tên", "Họ và tên"),
        ("users[3].name", "users[3].name"),
        ("019314052001", None),
        ("a" * 65, None),
        (7, None),
    ],
)
def test_a_name_of_a_field_is_shown_if_it_looks_like_one(said: object, shown: str | None) -> None:
    assert field_name(said) == shown


def test_drift_names_kinds_and_no_values() -> None:
    stream = Stream(
        name="s", key=("id",), fields={"id": "text", "n": "number", "d": "date", "x": "any", "b": "boolean"}
    )
    payload = {"id": "1", "n": "two", "d": "2026-01-01", "x": [1], "b": True, "new": {"a": 1}, "gone": None}
    assert list(drift_of(payload, stream)) == [
        Drift(field="n", seen="text", expected="number"),
        Drift(field="new", seen="object", expected=None),
        Drift(field="gone", seen="nothing", expected=None),
    ]


def test_a_key_space_stands_before_the_key() -> None:
    assert (spaced("7", None), spaced("7", "north")) == ("7", "north:7")
