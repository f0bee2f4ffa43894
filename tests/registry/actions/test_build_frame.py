"""A frame holds each child once, as codes and an age, under a name of this frame alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.actions import build_frame as building
from registry.actions.build_frame import build_frame
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import Refused
from registry.protect.pseudonym import record_key
from tests.people import PATIENTS, PROVINCE, PUPILS, numbered, population, record, tombstone
from tests.registry.actions.installed import child_of, count, deliver, leaves, load, pass_time, query, worker

DAY = date(2026, 11, 1)


def frame(installed: Installation, *, as_of: date = DAY) -> list[dict[str, Any]]:
    """Build a frame and return its facts."""
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=as_of)
    return query(installed, "select * from frame_fact order by age, record_key")


def test_a_fact_is_province_age_and_sex_and_no_date(installed: Installation) -> None:
    deliver(installed, [record()])
    (fact,) = frame(installed)
    assert set(fact) == {"frame_id", "pseudonym", "record_key", "province", "age", "sex"}
    assert (fact["province"], fact["age"], fact["sex"]) == (PROVINCE, 12, "female")
    assert fact["record_key"] == record_key(installed.vault.keyring, child_of(installed, "EDU0001"))


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("02/11/2014", 11),
        ("01/11/2014", 12),
        ("02/11/2010", 15),
        ("01/11/2010", None),  # sixteen on the day
        ("2014", 12),  # 1 July is taken
        ("12/2014", 11),
        ("01/11/2026", 0),
        (None, None),
    ],
)
def test_a_child_is_counted_at_her_age_on_the_day(installed: Installation, born: str | None, age: int | None) -> None:
    deliver(installed, [record(birth_date=born)])
    assert [fact["age"] for fact in frame(installed)] == ([] if age is None else [age])


def test_a_child_of_several_records_counts_once_with_what_each_knows_best(installed: Installation) -> None:
    load(installed, population())
    deliver(installed, [record("EDU0001", birth_date="2014", sex=None, commune_code=None, address=None)])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS, birth_date="03/05/2014")], form=PATIENTS)
    assert len(frame(installed)) == 2
    link_all(installed)
    (fact,) = frame(installed)
    assert (fact["province"], fact["age"], fact["sex"]) == (PROVINCE, 12, "female")


def test_a_child_whose_first_record_was_withdrawn_still_counts_once(installed: Installation) -> None:
    load(installed, population())
    for key, form in (("EDU0001", PUPILS), ("PAT01", PATIENTS), ("PAT02", PATIENTS)):
        deliver(installed, [record(key, form=form)], form=form)
        pass_time(installed, hours=1)
    link_all(installed)
    deliver(installed, [tombstone("EDU0001")])
    assert len(frame(installed)) == 1


def test_withdrawn_children_are_not_counted(installed: Installation) -> None:
    deliver(installed, numbered([record(), tombstone()]))
    assert frame(installed) == []


def test_a_frame_takes_the_place_of_older_ones_under_other_pseudonyms(installed: Installation) -> None:
    deliver(installed, [record()])
    (before,) = frame(installed)
    pass_time(installed, days=1)
    (after,) = frame(installed, as_of=date(2027, 11, 1))
    assert count(installed, "frame") == 1
    assert before["frame_id"] != after["frame_id"]
    assert before["pseudonym"] != after["pseudonym"]
    assert (before["record_key"], before["age"] + 1) == (after["record_key"], after["age"])


def test_children_are_counted_once_however_many_are_opened_at_a_time(installed: Installation) -> None:
    size = 45
    deliver(installed, numbered([record(f"EDU{n:03d}", name=f"Trần Thị {chr(65 + n % 26)}a") for n in range(size)]))
    assert len(frame(installed)) == size <= building.AT_ONCE
    keys = query(installed, "select count(distinct record_key) as keys from frame_fact")
    assert keys == [{"keys": size}]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(years=st.lists(st.integers(2008, 2026), min_size=1, max_size=4))
def test_no_fact_is_of_somebody_of_sixteen_or_more(installed: Installation, years: list[int]) -> None:
    deliver(installed, numbered([record(f"Y{year}", birth_date=f"03/05/{year}", day=None) for year in years]))
    assert all(0 <= fact["age"] <= 15 for fact in frame(installed))


def test_building_leaves_a_leaf_with_the_number_and_no_child(installed: Installation) -> None:
    deliver(installed, [record()])
    frame(installed)
    (leaf,) = leaves(installed, "frame")
    assert (dict(leaf.counts), leaf.children) == ({"children": 1}, ())


def test_a_social_worker_builds_no_frame(installed: Installation) -> None:
    access = worker(installed, Purpose.STATISTICS)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        build_frame(transaction, installed.vault, as_of=DAY)
