"""Taking in delivered rows: one outcome each, the newest version wins, and the same file twice changes nothing."""

from __future__ import annotations

from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.actions.keys.sealing import open_group, open_raw
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.keys.keyring_file import Domain
from registry.store import runs, sources
from tests import people
from tests.people import CASES, broken, case, numbered, record, tombstone
from tests.registry.actions.installed import (
    STORED,
    child_of,
    count,
    deliver,
    digest_of,
    outcomes,
    pass_time,
    query,
    take_in,
    written_now,
)

# Outcomes


def test_every_row_has_exactly_one_outcome_and_they_add_up(installed: Installation) -> None:
    newer, older = record("EDU0001", day=5, name="Nguyễn Thị Hòa An"), record("EDU0001", day=2)
    rows = numbered([newer, older, newer, broken(), record("EDU0002"), record("EDU0003", birth_date="31/02/2014")])
    account = deliver(installed, rows)
    assert outcomes(installed, account) == [
        "accepted", "superseded", "unchanged", "quarantined", "accepted", "quarantined",
    ]  # fmt: skip
    assert account.outcomes.rows == len(rows)
    assert dict(account.outcomes.rules) == {"impossible_date": 1, "row_too_short": 1}


def test_a_second_ingest_changes_nothing(installed: Installation) -> None:
    rows = numbered([record("EDU0001", day=1), record("EDU0001", day=3), record("EDU0002"), tombstone("EDU0002")])
    deliver(installed, [*rows, broken(5)])
    deliver(installed, [case()], form=CASES)
    before = digest_of(installed, STORED)
    pass_time(installed, days=1)
    account = deliver(installed, [*rows, broken(5)])
    deliver(installed, [case()], form=CASES)
    assert digest_of(installed, STORED) == before
    assert outcomes(installed, account) == ["superseded", "unchanged", "superseded", "unchanged", "quarantined"]


def test_the_digest_that_compares_two_ingests_sees_a_change(installed: Installation) -> None:
    deliver(installed, [record(day=1)])
    before = digest_of(installed, STORED)
    deliver(installed, [record(day=2)])
    after = digest_of(installed, STORED)
    assert {table for table in STORED if before[table] != after[table]} >= {"identity", "source_record"}


def test_exact_duplicates_are_one_record(installed: Installation) -> None:
    account = deliver(installed, numbered([record(), record(), record()]))
    assert outcomes(installed, account) == ["accepted", "unchanged", "unchanged"]
    assert count(installed, "child") == 1


# Which version wins


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_newest_stamp_wins_whatever_the_order_and_the_batches(installed: Installation, data: st.DataObject) -> None:
    key = f"EDU{uuid4().int % 10**9}"
    versions = [record(key, day=day, address=f"Thôn {day}") for day in range(4)]
    withdrawal = data.draw(st.sampled_from([None, 1, 3]))  # no tombstone, one in between, or the newest of all
    if withdrawal is not None:
        versions[withdrawal] = tombstone(key, day=withdrawal)
    days = data.draw(st.permutations(range(4)))
    rows = numbered([versions[day] for day in days])
    cuts = sorted(data.draw(st.sets(st.integers(1, 3))))
    run_id = take_in(installed, [rows[start:end] for start, end in pairwise([0, *cuts, 4])])
    child_id = child_of(installed, key)
    assert written_now(installed, child_id) == versions[3].written
    gone = query(installed, "select withdrawn_at is not null as gone from child where child_id = %s", child_id)
    assert gone == [{"gone": withdrawal == 3}]
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        said = {verdict.row_number: verdict.outcome for verdict in runs.verdicts(transaction, run_id)}
    assert said == {place + 1: "accepted" if day == 3 else "superseded" for place, day in enumerate(days)}


def test_without_a_stamp_the_later_row_is_newer(installed: Installation) -> None:
    first, second = record(day=None, address="Thôn Cũ"), record(day=None, address="Thôn Mới")
    account = deliver(installed, numbered([first, second]))
    assert outcomes(installed, account) == ["superseded", "accepted"]
    assert written_now(installed, child_of(installed, "EDU0001"))["address"] == "Thôn Mới"


def test_an_equal_stamp_counts_as_later(installed: Installation) -> None:
    deliver(installed, [record(day=3, address="Thôn Cũ")])
    deliver(installed, [record(day=3, address="Thôn Mới")])
    assert written_now(installed, child_of(installed, "EDU0001"))["address"] == "Thôn Mới"


def test_an_older_version_is_kept_and_overwrites_nothing(installed: Installation) -> None:
    deliver(installed, [record(day=5)])
    before = digest_of(installed, ("child", "identity", "source_record", "child_block", "child_search"))
    pass_time(installed, hours=1)
    account = deliver(installed, [record(day=2, name="Nguyễn Thị Khác")])
    assert outcomes(installed, account) == ["superseded"]
    assert digest_of(installed, before) == before
    assert count(installed, "source_version") == 2


def test_a_new_version_replaces_what_is_found_by_and_keeps_the_identity(installed: Installation) -> None:
    deliver(installed, [record(day=1)])
    child_id = child_of(installed, "EDU0001")
    tokens = query(installed, "select tokens from child_search")
    deliver(installed, [record(day=2, name="Nguyễn Thị Thuỳ", personal_number="019314052999")])
    assert child_of(installed, "EDU0001") == child_id
    assert query(installed, "select row_version from identity") == [{"row_version": 2}]
    assert query(installed, "select tokens from child_search") != tokens
    claimed = [bytes(row["number_index"]) for row in query(installed, "select number_index from identifier_lookup")]
    assert claimed == [installed.vault.number_index("019314052999")]


def test_a_content_that_was_superseded_does_not_come_back(installed: Installation) -> None:
    old = record(day=None, address="Thôn Cũ")
    deliver(installed, [old], name="monday")
    deliver(installed, [record(day=None, address="Thôn Mới")], name="tuesday")
    account = deliver(installed, [old], name="wednesday")
    assert outcomes(installed, account) == ["superseded"]


# Withdrawal


def test_a_tombstone_withdraws_softly(installed: Installation) -> None:
    deliver(installed, [record()])
    sealed = query(installed, "select sealed_identity from identity")
    account = deliver(installed, [tombstone()])
    assert outcomes(installed, account) == ["accepted"]
    assert [row["withdrawn_at"] is not None for row in query(installed, "select withdrawn_at from child")] == [True]
    assert query(installed, "select sealed_identity from identity") == sealed
    for derived in ("child_block", "child_search", "identifier_lookup"):
        assert count(installed, derived) == 0


def test_an_older_version_after_the_tombstone_does_not_bring_the_record_back(installed: Installation) -> None:
    deliver(installed, [tombstone(day=5)])
    account = deliver(installed, [record(day=4)])
    assert outcomes(installed, account) == ["superseded"]
    assert query(installed, "select withdrawn from source_record") == [{"withdrawn": True}]
    assert query(installed, "select 1 from child where withdrawn_at is null") == []


def test_a_newer_version_after_the_tombstone_brings_the_record_back(installed: Installation) -> None:
    deliver(installed, [record(day=1)])
    deliver(installed, [tombstone(day=2)])
    deliver(installed, [record(day=3)])
    assert query(installed, "select withdrawn_at, communes from child") == [
        {"withdrawn_at": None, "communes": [people.HERE]}
    ]
    assert count(installed, "child_search") == 1


def test_a_tombstone_for_an_unknown_record_is_kept_as_one(installed: Installation) -> None:
    account = deliver(installed, [tombstone("EDU0404")])
    assert outcomes(installed, account) == ["accepted"]
    assert query(installed, "select withdrawn from source_record") == [{"withdrawn": True}]


@pytest.mark.parametrize("batches", [[[0, 1]], [[0], [1]]], ids=["in one batch", "in two"])
def test_a_record_that_comes_with_its_tombstone_is_withdrawn_and_found_by_nothing(
    installed: Installation, batches: list[list[int]]
) -> None:
    rows = numbered([record(day=1), tombstone(day=2)])
    take_in(installed, [[rows[place] for place in batch] for batch in batches])
    assert query(installed, "select withdrawn_at is not null as gone from child") == [{"gone": True}]
    assert count(installed, "source_version") == 2
    for derived in ("child_block", "child_search", "identifier_lookup"):
        assert count(installed, derived) == 0


# Cases


def test_a_case_is_sealed_under_a_key_of_its_own(installed: Installation) -> None:
    deliver(installed, [case()], form=CASES)
    joined = "select * from protection_case join child_key using (child_id) where owner_id = case_id"
    row = query(installed, joined)[0]
    wrapped, epoch = bytes(row["wrapped_key"]), row["epoch"]
    key = installed.vault.key(Domain.CASE_WRAP, row["case_id"], wrapped=wrapped, epoch=epoch)
    opened = open_group(
        key, "protection_case", group="reporter", row=row["case_id"], token=bytes(row["sealed_reporter"])
    )
    assert opened["reporter"]["name"] == "Bùi Văn Tín"
    version = query(installed, "select key_kind, version_no, sealed_written from source_version")[0]
    assert version["key_kind"] == "case"
    written = open_group(
        key, "source_version", group="written:1", row=row["case_id"], token=bytes(version["sealed_written"])
    )
    assert written["case"]["reporter"]["name"] == "Bùi Văn Tín"


def test_a_new_version_of_a_case_keeps_its_key(installed: Installation) -> None:
    deliver(installed, [case(day=1)], form=CASES)
    before = query(installed, "select owner_id, wrapped_key from child_key order by 1")
    deliver(installed, [case(day=2, case_facts={"harm_level": "high"})], form=CASES)
    assert query(installed, "select owner_id, wrapped_key from child_key order by 1") == before
    assert query(installed, "select row_version from protection_case") == [{"row_version": 2}]


def test_a_case_that_comes_after_its_tombstone_is_sealed_under_the_cases_key(installed: Installation) -> None:
    deliver(installed, [tombstone("BVTE-2026-0001", day=5, form=CASES)], form=CASES)
    deliver(installed, [case(day=2)], form=CASES)
    kinds = query(installed, "select version_no, key_kind from source_version order by version_no")
    assert kinds == [{"version_no": 1, "key_kind": "child"}, {"version_no": 2, "key_kind": "case"}]
    assert count(installed, "protection_case") == 1


# Quarantine


def test_a_broken_row_waits_sealed_with_its_rule_and_place(installed: Installation) -> None:
    deliver(installed, numbered([record(), broken(rule="stamp_broken")]))
    row = query(installed, "select * from quarantine")[0]
    assert (row["rule"], row["row_number"], row["system"]) == ("stamp_broken", 2, "education")
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        stored = sources.source_key(transaction, "education")
    assert stored is not None
    owner = stored.owner_id
    key = installed.vault.key(Domain.QUARANTINE_WRAP, owner, wrapped=stored.wrapped_key, epoch=stored.key_epoch)
    group = str(row["quarantine_id"])
    assert open_raw(key, "quarantine", group=group, row=owner, token=bytes(row["sealed_raw"])) == broken().raw


def test_a_value_that_breaks_a_rule_is_quarantined_with_its_field(installed: Installation) -> None:
    deliver(installed, [record(name="=HYPERLINK(1)")])
    found = query(installed, "select rule, field from quarantine")
    assert found == [{"rule": "formula_text", "field": "name"}]
    assert count(installed, "child") == 0


def test_the_same_broken_bytes_are_kept_once_and_counted_each_time(installed: Installation) -> None:
    account = deliver(installed, numbered([broken(), broken(), record()]))
    again = deliver(installed, numbered([broken(), record("EDU0002")]))
    assert (account.outcomes.quarantined, again.outcomes.quarantined) == (2, 1)
    assert count(installed, "quarantine") == 1
