"""The truth names every key once, and tells the right number."""

from __future__ import annotations

import json
from collections import Counter

from openpyxl import load_workbook

from tests.registry.demo.conftest import Province


def keys(province: Province, system: str) -> set[str]:
    return {row["source_key"] for row in province.rows("truth.csv") if row["system"] == system}


def test_no_key_is_told_twice(province: Province) -> None:
    counts = Counter((row["system"], row["source_key"]) for row in province.rows("truth.csv"))
    assert max(counts.values()) == 1


def test_the_keys_are_those_of_the_files(province: Province) -> None:
    assert keys(province, "education") == {row["Mã học sinh"] for row in province.rows("education.csv")}
    aid = {line.split(b";")[0].decode() for line in province.lines("social-aid.csv")[1:]}
    assert keys(province, "social_aid") == aid
    cases = {json.loads(line)["case_id"] for line in province.lines("protection-cases.jsonl")}
    assert keys(province, "protection") == cases
    sheet = load_workbook(province.directory / "civil-status.xlsx", read_only=True).active
    assert sheet is not None
    entries = {f"{row[14]}:{row[1]}:{row[0]}" for row in sheet.iter_rows(min_row=5, values_only=True)}
    assert keys(province, "civil_status") == entries


def test_a_truncated_line_is_the_only_one_without_a_key(province: Province) -> None:
    codes = set()
    for line in province.lines("health-fhir.ndjson"):
        if line.endswith(b"}]}"):
            patient = json.loads(line)["entry"][0]["resource"]
            codes |= {each["value"] for each in patient["identifier"] if each["system"] == "urn:vn:tcmr:code"}
    truncated = [row for row in province.rows("truth.csv") if "broken:truncated" in row["corruption"]]
    assert keys(province, "health") - codes == {row["source_key"] for row in truncated}


def test_a_number_is_told_exactly_for_those_in_the_population(province: Province) -> None:
    numbers = {row["person_uid"]: row["personal_number"] for row in province.rows("population_truth.csv")}
    assert set(numbers.values()) == {row["personal_number"] for row in province.rows("population.csv")}
    for row in province.rows("truth.csv"):
        assert row["personal_number"] == numbers.get(row["person_uid"], "")
        assert row["in_population"] == ("1" if row["personal_number"] else "0")


def test_a_record_without_a_fault_agrees_with_the_population(province: Province) -> None:
    people = {row["personal_number"]: row for row in province.rows("population.csv")}
    truth = {row["source_key"]: row for row in province.rows("truth.csv") if row["system"] == "education"}
    compared = 0
    for pupil in province.rows("education.csv"):
        told = truth[pupil["Mã học sinh"]]
        if told["corruption"] or not told["personal_number"]:
            continue
        person = people[told["personal_number"]]
        year, month, day = person["birth_date"].split("-")
        assert pupil["Họ và tên"].upper() == person["full_name"].upper()
        assert pupil["Ngày sinh"] == f"{day}/{month}/{year}"
        assert pupil["Số định danh cá nhân"] == person["personal_number"]
        assert pupil["Mã xã"] in (person["residence_commune"], person["residence_old_ward"])
        compared += 1
    assert compared > 150
