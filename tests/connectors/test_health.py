"""The health sector's file of bundles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.records import ChildFacts, PersonFacts
from connectors.sectors.health import KEY, Health
from tests.connectors.deliveries import bundle, json_lines, only_record, only_rejection, read

CODE = {"system": "urn:vn:tcmr:code", "value": "700000000000000001"}


def test_a_bundle_describes_one_child(tmp_path: Path) -> None:
    record = only_record(read(Health(), tmp_path, json_lines(bundle())))
    assert (record.key, record.row) == ("700000000000000001", 1)
    assert record.version_at == datetime(2025, 11, 28, 17, 53, 6, tzinfo=UTC)
    assert record.facts == ChildFacts(
        name="Đỗ Mẫu",
        sex="female",
        birth_date="2024-08-11",
        personal_number="001324000001",
        commune_scheme="2025",
        address="Thôn 1, Xã Ví Dụ",
        mother=PersonFacts(name="Lê Thị Mẫu", number="001194000001", birth_year="1994", relation="MTH"),
    )
    assert record.services == {
        "card_number": "TE1010000000001",
        "doses": [{"vaccine": "BCG", "cvx": "19", "date": "2024-08-17", "dose": 1, "status": "completed"}],
    }
    assert record.written == bundle()


def test_a_district_tells_that_the_address_is_an_old_one(tmp_path: Path) -> None:
    old = bundle(address=[{"text": "Xã Ví Dụ, Huyện Mẫu", "district": "Huyện Mẫu"}])
    assert only_record(read(Health(), tmp_path, json_lines(old))).facts.commune_scheme == "2024"


def test_what_is_not_known_there_is_left_alone(tmp_path: Path) -> None:
    value = bundle(address=None, gender=None, extension=[{"url": "x"}], identifier=[CODE])
    value["entry"][1]["resource"]["resourceType"] = "Observation"
    record = only_record(read(Health(), tmp_path, json_lines(value)))
    assert record.facts == ChildFacts(name="Đỗ Mẫu", birth_date="2024-08-11")
    assert record.services["doses"]


def test_a_relative_who_is_no_parent_is_the_carer(tmp_path: Path) -> None:
    value = bundle()
    value["entry"][1]["resource"]["relationship"][0]["coding"][0]["code"] = "GRMTH"
    facts = only_record(read(Health(), tmp_path, json_lines(value))).facts
    assert facts.mother is None
    assert facts.carer is not None
    assert facts.carer.relation == "GRMTH"


def broken(path: str) -> dict[str, Any]:
    """Return a bundle with one thing wrong."""
    value = bundle()
    first, second = value["entry"][0], value["entry"][1]["resource"]
    if path == "two patients":
        value["entry"].append(first)
    elif path == "no patient":
        value["entry"] = value["entry"][1:]
    elif path == "other child":
        second["patient"]["reference"] = "urn:uuid:9"
    elif path == "no entries":
        del value["entry"]
    else:
        value["resourceType"] = "List"
    return value


@pytest.mark.parametrize(
    ("value", "rule", "field"),
    [
        (bundle(identifier=[]), "key_missing", KEY),
        (bundle(identifier=[CODE | {"value": "=1"}]), "key_broken", KEY),
        (bundle(identifier=[{"system": "urn:vn:tcmr:code"}]), "field_missing", "Patient.identifier.0.value"),
        (bundle(name=None, ten="Đỗ Mẫu"), "field_missing", "Patient.name"),
        (bundle(name="Đỗ Mẫu"), "field_broken", "Patient.name"),
        (bundle(birthDate=2024), "field_broken", "Patient.birthDate"),
        (bundle(meta=None), "stamp_missing", "Patient.meta.lastUpdated"),
        (bundle(meta={"lastUpdated": "today"}), "stamp_broken", "Patient.meta.lastUpdated"),
        (broken("two patients"), "patient_not_single", "Bundle.entry"),
        (broken("no patient"), "patient_not_single", "Bundle.entry"),
        (broken("other child"), "reference_broken", "RelatedPerson.patient.reference"),
        (broken("no entries"), "field_missing", "Bundle.entry"),
        (broken("another resource"), "field_broken", "Bundle.resourceType"),
    ],
)
def test_a_bundle_that_cannot_be_relied_on_is_rejected_with_rule_and_path(
    tmp_path: Path, value: dict[str, Any], rule: str, field: str
) -> None:
    assert only_rejection(read(Health(), tmp_path, json_lines(value))) == (1, rule, field)


def test_a_line_cut_short_costs_no_other_line(tmp_path: Path) -> None:
    line = json_lines(bundle())
    rows = read(Health(), tmp_path, line[: len(line) // 2] + b"\n" + line)
    assert only_rejection(rows[:1]) == (1, "json_broken", None)
    assert only_record(rows[1:]).row == 2
