"""Leaves of the log: whole, canonical, without a name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.access import Access, Area, Purpose, Role
from registry.model.errors import Tampered
from registry.protect.keys.keyring import Keyring
from registry.protect.log.access_log import BadLeaf, Event, Outcome, leaf_of, query_fingerprint, read_leaf, reason_of
from registry.protect.log.merkle import leaf_hash
from registry.protect.pseudonym import child_pseudonym

AT = datetime(2026, 11, 1, 15, 0, 0, 5, tzinfo=timezone(timedelta(hours=7)))
CHILDREN = (UUID(int=11), UUID(int=12))


def access(**changes: Any) -> Access:
    made = Access(
        staff_id=UUID(int=3),
        login="worker.mau",
        role=Role.COMMUNE_WORKER,
        area=Area(communes=frozenset({"05443"})),
        office="05443",
        purpose=Purpose.OTHER,
        reason="Trường báo cháu Mẫu nghỉ học",
        at=AT,
        session_ref="s-1",
        os_account=None,
        request_id=UUID(int=4),
    )
    return replace(made, **changes)


SEARCH = Event(
    action="find", children=CHILDREN, groups={"identity", "family"}, counts={"shown": 2}, query="tran thi mau 2014"
)


def test_a_leaf_reads_back_from_its_content(keyring: Keyring) -> None:
    leaf = leaf_of(access(), SEARCH, keyring=keyring)
    again = read_leaf(leaf.content())
    assert again == leaf
    assert again.leaf_hash() == leaf.leaf_hash() == leaf_hash(leaf.content())


def test_a_leaf_of_the_engine_has_gaps_and_reads_back(keyring: Keyring) -> None:
    engine = Access.of_engine(Purpose.LINKAGE, at=AT, request_id=uuid4(), os_account="registry")
    leaf = leaf_of(engine, Event(action="link", outcome=Outcome.FAILED, row_digests=(b"\x01",)), keyring=keyring)
    assert read_leaf(leaf.content()) == leaf
    assert reason_of(leaf, keyring) is None
    assert (leaf.staff_id, leaf.query, leaf.os_account) == (None, None, "registry")


def test_a_leaf_holds_no_name_no_reason_and_no_child(keyring: Keyring) -> None:
    content = leaf_of(access(), SEARCH, keyring=keyring).content().decode()
    for hidden in ("worker.mau", "Mẫu", "nghỉ học", "tran", str(CHILDREN[0]), CHILDREN[0].hex):
        assert hidden not in content
    assert child_pseudonym(keyring, CHILDREN[0]).hex() in content


def test_the_order_and_number_of_mentions_of_a_child_do_not_show(keyring: Keyring) -> None:
    one = leaf_of(access(), Event(action="find", children=CHILDREN), keyring=keyring)
    other = leaf_of(access(), Event(action="find", children=[*CHILDREN[::-1], CHILDREN[0]]), keyring=keyring)
    assert one.children == other.children


def test_the_reason_is_sealed_for_its_leaf(keyring: Keyring) -> None:
    leaf, other = (leaf_of(access(), SEARCH, keyring=keyring) for _ in range(2))
    assert reason_of(leaf, keyring) == "Trường báo cháu Mẫu nghỉ học"
    with pytest.raises(Tampered):
        reason_of(replace(leaf, sealed_reason=other.sealed_reason), keyring)


def test_equal_searches_are_recognised_and_others_are_not(keyring: Keyring) -> None:
    assert query_fingerprint(keyring, "tran thi mau") == query_fingerprint(keyring, "tran thi mau")
    assert query_fingerprint(keyring, "tran thi mau") != query_fingerprint(keyring, "tran thi mai")


def test_a_leaf_tells_time_in_one_zone(keyring: Keyring) -> None:
    content = json.loads(leaf_of(access(), SEARCH, keyring=keyring).content())
    assert content["at"] == "2026-11-01T08:00:00.000005+00:00"


@pytest.mark.parametrize(
    ("old", "new"),
    [('"find"', '"open"'), ('"shown":2', '"shown":1'), ('"commune_worker"', '"engine"'), ('"done"', '"refused"')],
)
def test_every_changed_word_changes_the_hash(keyring: Keyring, old: str, new: str) -> None:
    leaf = leaf_of(access(), SEARCH, keyring=keyring)
    changed = leaf.content().decode().replace(old, new)
    assert read_leaf(changed.encode()).leaf_hash() != leaf.leaf_hash()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format":1}'])
def test_what_is_no_leaf_is_refused(content: bytes) -> None:
    with pytest.raises(BadLeaf):
        read_leaf(content)


def test_another_spelling_of_a_leaf_is_refused(keyring: Keyring) -> None:
    content = leaf_of(access(), SEARCH, keyring=keyring).content()
    with pytest.raises(BadLeaf):
        read_leaf(content.replace(b",", b", ", 1))
    with pytest.raises(BadLeaf):
        read_leaf(content.replace(b'"format":1', b'"format":2'))


@given(st.binary(max_size=80))
def test_rubbish_is_refused_without_another_error(content: bytes) -> None:
    with pytest.raises(BadLeaf):
        read_leaf(content)


def test_neither_leaf_nor_event_shows_what_was_searched_or_why(keyring: Keyring) -> None:
    assert "tran" not in repr(SEARCH)
    leaf = leaf_of(access(), SEARCH, keyring=keyring)
    assert leaf.sealed_reason is not None
    assert leaf.sealed_reason.hex() not in repr(leaf)
    assert "sealed_reason" not in repr(leaf)
