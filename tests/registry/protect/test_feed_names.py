"""Names of records and events: the same every time, of one system alone, and of nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.protect.feed_names import FeedNames
from registry.protect.keys.keyring import Keyring

CHILD = UUID("6b0d8f4e-0000-4000-8000-000000000001")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_is_its_position_again_and_opaque(keyring: Keyring, position: int) -> None:
    names = FeedNames(keyring, "education")
    name = names.event(position)
    assert names.position_of(name) == position
    assert FeedNames(keyring, "education").event(position) == name
    assert FeedNames(keyring, "health").position_of(name) is None
    assert names.child_of(name) is None


def test_a_record_has_another_name_in_every_system(keyring: Keyring) -> None:
    one, other = FeedNames(keyring, "education"), FeedNames(keyring, "health")
    assert one.record(CHILD) != other.record(CHILD)
    assert one.child_of(one.record(CHILD)) == CHILD
    assert other.child_of(one.record(CHILD)) is None
    assert one.position_of(one.record(CHILD)) is None


@pytest.mark.parametrize("name", ["", "x", "====", "é", "a" * 32, "A" * 500, "not base64!!"])
def test_a_made_up_name_means_nothing(keyring: Keyring, name: str) -> None:
    names = FeedNames(keyring, "education")
    assert names.position_of(name) is None
    assert names.child_of(name) is None


def test_a_name_has_one_spelling(keyring: Keyring) -> None:
    names = FeedNames(keyring, "education")
    name = names.event(5)
    assert names.position_of(name + "=") is None
