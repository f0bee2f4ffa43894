"""The child-protection file of cases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.records import ChildFacts, Operation, PersonFacts
from connectors.sectors.protection import Protection
from tests.connectors.deliveries import CASE, json_lines, only_record, only_rejection, read


def test_a_case_tells_who_the_child_is_apart_from_what_happened(tmp_path: Path) -> None:
    record = only_record(read(Protection(), tmp_path, json_lines(CASE)))
    assert (record.key, record.operation) == ("BVTE-2025-000001", Operation.UPSERT)
    assert record.version_at == datetime(2025, 2, 20, 1, 49, 7, tzinfo=UTC)
    assert record.facts == ChildFacts(
        name="bé Tí",
        sex="female",
        estimated_age=6,
        estimated_on="2025-02-19",  # the day it was in Viet Nam
        commune_code="00004",
        address="Thôn 1, Xã Ví Dụ",
        mother=PersonFacts(name="Lý Thị Mẫu", number="001190000002"),
        carer=PersonFacts(name="Đặng Mẫu", relation="bà ngoại"),
    )
    assert record.case is not None
    assert record.case.groups == (2, 9)
    assert record.case.harm_level == "high"
    assert record.case.details["settings"] == ["home"]
    assert record.services == {}


def test_reporter_and_notes_stand_in_the_case_only(tmp_path: Path) -> None:
    record = only_record(read(Protection(), tmp_path, json_lines(CASE)))
    assert record.case is not None
    assert record.case.reporter == CASE["reporter"]
    assert record.case.notes == CASE["notes"]
    identifying = str((record.facts.mother, record.facts.father, record.facts.carer)) + str(record.case.details)
    assert "Báo" not in identifying + repr(record)
    assert "Ghi chú" not in identifying + repr(record)


def test_a_withdrawn_case_is_a_tombstone_without_facts(tmp_path: Path) -> None:
    gone = {"case_id": "BVTE-1", "deleted": True, "updated_at": CASE["updated_at"]}
    record = only_record(read(Protection(), tmp_path, json_lines(gone)))
    assert (record.operation, record.facts, record.case) == (Operation.DELETE, ChildFacts(), None)
    assert record.written == gone


def test_an_unknown_child_is_a_child_all_the_same(tmp_path: Path) -> None:
    record = only_record(read(Protection(), tmp_path, json_lines(CASE | {"child": {"name": None}, "mother": {}})))
    assert record.facts == ChildFacts(carer=PersonFacts(name="Đặng Mẫu", relation="bà ngoại"))


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"case_id": None}, "key_missing", "case_id"),
        ({"case_id": "=cmd"}, "key_broken", "case_id"),
        ({"updated_at": None}, "stamp_missing", "updated_at"),
        ({"updated_at": "20/02/2025"}, "stamp_broken", "updated_at"),
        ({"child": None}, "field_missing", "child"),
        ({"child": ["x"]}, "field_broken", "child"),
        ({"child": {"estimated_age": "6"}}, "field_broken", "child.estimated_age"),
        ({"groups": [15]}, "field_broken", "groups.0"),
        ({"deleted": "yes"}, "field_broken", "deleted"),
        ({"reporter": "x"}, "field_broken", "reporter"),
    ],
)
def test_a_case_that_cannot_be_relied_on_is_rejected(
    tmp_path: Path, change: dict[str, Any], rule: str, field: str
) -> None:
    assert only_rejection(read(Protection(), tmp_path, json_lines(CASE | change))) == (1, rule, field)


def test_the_same_case_twice_is_two_rows_in_their_order(tmp_path: Path) -> None:
    rows = read(Protection(), tmp_path, json_lines(CASE, CASE))
    assert [row.row for row in rows] == [1, 2]
