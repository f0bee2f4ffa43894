"""The form of a pushed record: what it takes, what it refuses by which rule, and that nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Operation, Rejected, SourceRecord
from matching.names import NameFault
from registry.actions.exchange.outcomes import Outcome, pointer_of
from registry.actions.exchange.push_records import (
    UNREADABLE,
    NotARecord,
    Stream,
    Understood,
    is_key,
    reread,
    understand,
)
from registry.actions.exchange.sentences import OUTCOMES, SENTENCES, sentence_of
from registry.actions.intake.ingest import CONFLICT
from registry.actions.intake.normalise import RULES

PUPILS = Stream("education", "pupils")
CASES = Stream("protection", "cases")
GOOD: dict[str, Any] = {"key": "HS1", "child": {"name": "Bế Thị Én"}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(["key", "operation", "version", "version_at", "child", "services", "case", "other"])


def nested(depth: int) -> object:
    """Return objects within objects."""
    found: object = 1
    for _ in range(depth):
        found = {"in": found}
    return found


def refused(element: object, stream: Stream = PUPILS) -> tuple[str, str]:
    """Return where and by which rule an element is refused."""
    found = understand(element, stream, row=1)
    assert isinstance(found, NotARecord)
    return found.pointer, found.rule


@pytest.mark.parametrize(
    ("element", "pointer", "rule"),
    [
        (None, "", "not_an_object"),
        ([], "", "not_an_object"),
        (UNREADABLE, "", "not_json"),
        ({}, "/key", "field_missing"),
        (GOOD | {"key": ""}, "/key", "field_missing"),
        (GOOD | {"key": 7}, "/key", "field_broken"),
        (GOOD | {"key": "=cmd"}, "/key", "key_broken"),
        (GOOD | {"key": "a\nb"}, "/key", "key_broken"),
        (GOOD | {"key": "x" * 201}, "/key", "too_long"),
        (GOOD | {"operation": "erase"}, "/operation", "field_broken"),
        (GOOD | {"version": True}, "/version", "field_broken"),
        (GOOD | {"version": -1}, "/version", "field_broken"),
        (GOOD | {"version": 2**63}, "", "number_broken"),
        (GOOD | {"version_at": "2026-10-01T08:00:00"}, "/version_at", "stamp_broken"),
        (GOOD | {"version_at": "soon"}, "/version_at", "stamp_broken"),
        (GOOD | {"child": None}, "/child", "field_missing"),
        (GOOD | {"child": {"name": 5}}, "/child/name", "field_broken"),
        (GOOD | {"child": {"mother": "Lê"}}, "/child/mother", "field_broken"),
        (GOOD | {"child": {"name": "x" * 501}}, "/child/name", "too_long"),
        (GOOD | {"services": []}, "/services", "field_broken"),
        (GOOD | {"services": {"group": "5"}}, "/services/group", "field_broken"),
        (GOOD | {"services": {"x": float("inf")}}, "", "number_broken"),
        (GOOD | {"services": {"x": "\ud800"}}, "", "text_broken"),
        (GOOD | {"services": {"x\0": 1}}, "", "text_broken"),
        (GOOD | {"services": nested(13)}, "", "too_deep"),
        (GOOD | {"case": {}}, "/case", "case_not_here"),
    ],
)
def test_what_is_no_record_is_refused_by_place_and_rule(element: object, pointer: str, rule: str) -> None:
    assert refused(element) == (pointer, rule)


def test_a_case_is_taken_from_protection_alone() -> None:
    element = GOOD | {"case": {"groups": [9, 9, 1], "reporter": {"name": "Ai Đó"}, "notes": "…"}}
    found = understand(element, CASES, row=1)
    assert isinstance(found, Understood)
    assert found.record.case is not None
    assert found.record.case.groups == (1, 9)


def test_a_tombstone_needs_no_child_and_says_nothing_of_one() -> None:
    found = understand({"key": "HS1", "operation": "delete", "child": {"name": "Én"}}, PUPILS, row=1)
    assert isinstance(found, Understood)
    assert (found.record.operation, found.record.facts.name, found.record.services) == (Operation.DELETE, None, {})


def test_unknown_fields_are_kept_and_their_places_told() -> None:
    element = GOOD | {"colour": "red", "child": {"name": "Én", "shoe": 31, "mother": {"name": "Mai", "hat": 1}}}
    found = understand(element, PUPILS, row=1)
    assert isinstance(found, Understood)
    assert found.unknown == ("", "/child", "/child/mother")
    assert found.record.written == element


@given(st.dictionaries(NAMES, JSON, max_size=8))
def test_anything_is_understood_or_refused_and_nothing_is_repeated(element: dict[str, Any]) -> None:
    found = understand(element, PUPILS, row=1)
    if isinstance(found, NotARecord):
        assert found.rule in SENTENCES
    else:
        assert is_key(found.record.key)
        assert found.record.key not in repr(found)


@given(st.dictionaries(NAMES, JSON, max_size=8))
def test_what_was_understood_is_understood_again_from_its_bytes(element: dict[str, Any]) -> None:
    found = understand(GOOD | element | {"key": "HS1"}, PUPILS, row=4)
    if isinstance(found, Understood):
        again = reread(found.record.raw, PUPILS, row=4)
        assert isinstance(again, SourceRecord)
        assert (again.facts, again.services, again.version) == (
            found.record.facts,
            found.record.services,
            found.record.version,
        )


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b'{"key": 1, "key": 2}'])
def test_bytes_that_are_no_record_any_more_stay_refused(raw: bytes) -> None:
    assert isinstance(reread(raw, PUPILS, row=1), Rejected)


@pytest.mark.parametrize("rule", sorted({*RULES, *NameFault, CONFLICT}))
def test_every_rule_of_the_intake_has_a_sentence_in_both_languages(rule: str) -> None:
    sentence = sentence_of("quarantined", rule)
    assert rule in SENTENCES
    assert sentence.vi
    assert sentence.en
    assert sentence.vi != sentence.en


def test_every_outcome_has_a_sentence() -> None:
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome}
    assert sentence_of("accepted", None).vi == "Đã nhận."
    assert sentence_of("rejected", "a_rule_of_tomorrow").en


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("name", "/child/name"),
        ("mother.name", "/child/mother/name"),
        ("key", "/key"),
        ("record", ""),
        ("what the client called it", "/services"),
        ("/child/sex", "/child/sex"),
    ],
)
def test_a_field_of_the_intake_has_its_place_in_the_record(name: str, pointer: str) -> None:
    assert pointer_of(name) == pointer
