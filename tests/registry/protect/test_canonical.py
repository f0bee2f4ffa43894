"""Different lists never look alike."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.canonical import compact_json, length_prefixed

PARTS = st.lists(st.binary(max_size=6), max_size=4)


@given(PARTS, PARTS)
def test_two_lists_are_equal_exactly_if_their_bytes_are(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


@given(PARTS, PARTS)
def test_no_list_begins_with_another(one: list[bytes], other: list[bytes]) -> None:
    assert one == other or not length_prefixed(*one).startswith(length_prefixed(*other))


def test_json_is_compact_sorted_and_readable() -> None:
    assert compact_json({"b": "Mẫu", "a": [1, None]}).decode() == '{"a":[1,null],"b":"Mẫu"}'


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert compact_json({"a": "\ud800"}) == b'{"a":"\\ud800"}'
    assert json.loads(compact_json({"a": "\ud800"})) == {"a": "\ud800"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", {1, 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        compact_json({"a": value})
