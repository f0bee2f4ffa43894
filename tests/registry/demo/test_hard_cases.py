"""The demo holds what real files hold: every kind of mistake, and families that are hard to tell apart."""

from __future__ import annotations

from collections import defaultdict

import pytest

from registry.demo.corruption import BROKEN_ANYWHERE, FAULTS
from tests.registry.demo.conftest import Province

STRUCTURAL = {
    *("moved", "second_key", "exact_duplicate", "registered_elsewhere", "newborn_placeholder", "number_late"),
    *("dob_year_only", "dob_estimated_age", "name_unknown", "given_only", "charset_loss", "deleted"),
    *("twin", "twin_absent", "child_with_replaced_number", "child_with_misfitting_number"),
    *("resent:class", "resent:address", "resent:name", "resent:birth_place", "updated:status", "updated:number"),
}
BROKEN = {
    "education": {*BROKEN_ANYWHERE},
    "health": {*BROKEN_ANYWHERE, "truncated"},
    "civil_status": {*BROKEN_ANYWHERE},
    "social_aid": {"bad_date", "columns", "number_11_digits", "bad_byte", "sex_x", "future_date"},
    "protection": {"bad_date", "formula", "sex_x"},
}


def test_every_kind_of_fault_is_met(province: Province) -> None:
    met = set(province.invented.hard_cases)
    assert {fault.kind for fault in FAULTS} <= met
    assert met >= STRUCTURAL


@pytest.mark.parametrize("system", BROKEN)
def test_every_system_has_a_row_of_each_kind_that_cannot_be_read(province: Province, system: str) -> None:
    truth = [row for row in province.rows("truth.csv") if row["system"] == system]
    faults = {fault for row in truth for fault in row["corruption"].split(";")}
    assert {fault.removeprefix("broken:") for fault in faults if fault.startswith("broken:")} == BROKEN[system]


def test_a_row_is_too_short_and_another_too_long(province: Province) -> None:
    rows = province.rows("education.csv")
    assert sum(None in row.values() for row in rows) == 1  # a cell is missing
    assert sum(None in row for row in rows) == 1  # a cell is left over


def test_some_old_communes_were_split(province: Province) -> None:
    targets = defaultdict(set)
    for row in province.rows("population.csv"):
        targets[row["residence_old_ward"]].add(row["residence_commune"])
    assert any(len(communes) > 1 for communes in targets.values())


def test_several_peoples_live_in_the_province(province: Province) -> None:
    groups = {row["ethnicity"] for row in province.rows("population.csv")}
    assert len(groups) >= 8
    assert {"01", "11"} <= groups


def test_absent_children_have_no_number_in_the_population(province: Province) -> None:
    absent = {row["person_uid"] for row in province.rows("absent_truth.csv")}
    known = {row["person_uid"] for row in province.rows("population_truth.csv")}
    assert 0.02 < len(absent) / 1500 < 0.08
    assert not absent & known
    twins = {uid for uid in absent if uid[-1] == "b"}
    assert any(uid[:-1] + "a" in known for uid in twins)
