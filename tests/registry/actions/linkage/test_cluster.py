"""Records without a citizen: which are joined, which wait for a person, what ends a join, what a kill leaves."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from connectors.contract import FileFormat
from connectors.records import SourceRecord
from matching.weights import Model
from registry.actions.build_frame import build_frame
from registry.actions.intake import load_extract
from registry.actions.linkage.cluster import MOST_MET, Comparing, compare_batch, join_batch, release
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Refused
from registry.store.links import Scope
from tests.people import CASES, PATIENTS, PUPILS, case, citizen, numbered, population, record, tombstone
from tests.registry.actions.installed import (
    child_of,
    count,
    decisions,
    deliver,
    digest_of,
    heads_of,
    leaves,
    links_of,
    load,
    pass_time,
    query,
    somebody,
    unguarded,
)

ABSENT: dict[str, Any] = {
    "name": "Hồ Bảo Ngân",
    "personal_number": None,
    "birth_date": "11/11/2015",
    "mother": "Đinh Thị Thoa",
    "father": "Hồ Văn Quyết",
}
TWIN = {**ABSENT, "name": "Hồ Bảo Châu"}
JOINS = ("record_join", "pointer", "member")


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def absent(key: str, form: FileFormat = PUPILS, **changes: Any) -> SourceRecord:
    """Return a record of a child who is in nobody's database."""
    return record(key, form=form, **{**ABSENT, **changes})


def two_systems(installed: Installation) -> tuple[UUID, UUID]:
    """Take in the absent child from two systems, and return her identities, the oldest first."""
    deliver(installed, [absent("C1")])
    pass_time(installed, hours=1)
    deliver(installed, [absent("PAT1", PATIENTS, address="Thôn khác")], form=PATIENTS)
    return child_of(installed, "C1"), child_of(installed, "PAT1", form=PATIENTS)


def standing(installed: Installation) -> list[dict[str, Any]]:
    """Return the joins that stand."""
    return query(installed, "select * from record_join where ended_at is null order by made_at, join_id")


def ended(installed: Installation) -> list[str]:
    """Return why joins ended."""
    rows = query(installed, "select ended_because from record_join where ended_at is not null order by ended_at")
    return [row["ended_because"] for row in rows]


# What is joined


def test_a_child_in_nobodys_database_is_one_child_in_two_systems(installed: Installation) -> None:
    first, other = two_systems(installed)
    account = link_all(installed)
    assert set(decisions(installed).values()) == {"none"}
    assert heads_of(installed) == {first: first, other: first}
    (join,) = standing(installed)
    assert {join["child_id"], join["other_id"]} == {first, other}
    assert (join["reason"], join["made_by"], join["compared"], join["missing"]) == ("evidence", None, 1, 0)
    assert join["probability"] >= 0.99
    assert account.clusters["joined"] == account.clusters["standing"] == 1


def test_one_source_that_has_a_child_twice_has_one_child(installed: Installation) -> None:
    deliver(installed, numbered([absent("C1"), absent("C2", address="Thôn khác")]))
    link_all(installed)
    assert len(set(heads_of(installed).values())) == 1
    assert len(standing(installed)) == 1


def test_brothers_and_sisters_and_twins_are_not_one_child(installed: Installation) -> None:
    rows = [absent("C1"), record("C2", **TWIN), absent("C3", birth_date="02/03/2013", name="Hồ Bảo Nga")]
    deliver(installed, numbered(rows))
    link_all(installed)
    assert standing(installed) == []
    assert heads_of(installed) == {}


def test_three_records_are_joined_with_what_they_agree_on(installed: Installation) -> None:
    first, other = two_systems(installed)
    pass_time(installed, hours=1)
    deliver(installed, [case(**ABSENT)], form=CASES)
    link_all(installed)
    third = child_of(installed, "BVTE-2026-0001", form=CASES)
    assert heads_of(installed) == {first: first, other: first, third: first}
    assert len(standing(installed)) == 2


def test_a_nickname_alone_joins_nobody(installed: Installation) -> None:
    nothing: dict[str, Any] = {"name": "Bin", "mother": None, "father": None, "birth_date": "11/11/2015"}
    deliver(installed, numbered([absent("C1", **nothing), absent("C2", **nothing)]))
    link_all(installed)
    assert standing(installed) == []


def test_a_frame_counts_joined_records_as_one_child(installed: Installation) -> None:
    two_systems(installed)
    link_all(installed)
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=installed.clock().date())
    assert count(installed, "frame_fact") == 1


# Citizens


def test_who_has_a_citizen_is_joined_to_nobody_without_one(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, hours=1)
    likely: dict[str, Any] = {
        "personal_number": None,
        "birth_date": None,
        "mother": None,
        "father": None,
        "commune_code": None,
    }
    deliver(installed, [record("PAT1", form=PATIENTS, **likely)], form=PATIENTS)
    link_all(installed)
    assert list(links_of(installed)) == [child_of(installed, "A")]
    assert standing(installed) == []


def test_a_citizen_reaches_a_joined_record_as_a_pair_to_decide_and_never_silently(own: Installation) -> None:
    load(own, population())
    first, _ = two_systems(own)
    link_all(own)
    assert len(set(heads_of(own).values())) == 1
    number = "019315000777"
    person = citizen(number, full_name="Hồ Bảo Ngân", birth_date="2015-11-11", mother_name="Đinh Thị Thoa")
    load(own, population(person), name="newer")
    pass_time(own, days=1)
    deliver(own, [absent("C1", day=2, personal_number=number)])
    deliver(own, [absent("PAT1", PATIENTS, day=2, birth_date=None, mother=None, father=None)], form=PATIENTS)
    account = link_all(own)
    assert set(links_of(own)) == {first}
    assert heads_of(own) == {first: first}
    assert ended(own) == ["linked"]
    assert standing(own) == []
    assert account.clusters["ended"] == 1


# Runs


def test_a_second_run_changes_no_join(installed: Installation) -> None:
    two_systems(installed)
    deliver(installed, numbered([record("C2", **TWIN)]))
    link_all(installed)
    before = digest_of(installed, JOINS)
    pass_time(installed, days=1)
    account = link_all(installed)
    assert digest_of(installed, JOINS) == before
    assert (account.clusters["joined"], account.clusters["ended"], account.clusters["standing"]) == (0, 0, 1)


def test_a_run_of_what_changed_compares_new_and_newer_records_only(installed: Installation) -> None:
    first, other = two_systems(installed)
    link_all(installed)
    assert link_all(installed, changed_only=True).clusters["compared"] == 0
    deliver(installed, [case(**ABSENT)], form=CASES)
    account = link_all(installed, changed_only=True)
    assert account.clusters["compared"] == 1
    third = child_of(installed, "BVTE-2026-0001", form=CASES)
    assert {first, other, third} == set(heads_of(installed))


def test_a_newer_version_that_tells_of_another_child_ends_the_join(installed: Installation) -> None:
    two_systems(installed)
    link_all(installed)
    deliver(installed, [absent("PAT1", PATIENTS, day=2, **TWIN)], form=PATIENTS)
    link_all(installed, changed_only=True)
    assert heads_of(installed) == {}
    assert ended(installed) == ["evidence"]


def test_a_withdrawn_record_leaves_the_others_joined_and_comes_back(installed: Installation) -> None:
    first, other = two_systems(installed)
    deliver(installed, [case(**ABSENT)], form=CASES)
    link_all(installed)
    third = child_of(installed, "BVTE-2026-0001", form=CASES)
    deliver(installed, [tombstone("C1", day=2)])
    link_all(installed, changed_only=True)
    assert set(heads_of(installed)) == {other, third}
    deliver(installed, [absent("C1", day=3)])
    link_all(installed, changed_only=True)
    assert set(heads_of(installed)) == {first, other, third}
    assert len(set(heads_of(installed).values())) == 1


def test_an_erased_record_leaves_the_others_one_child(installed: Installation) -> None:
    first, other = two_systems(installed)
    deliver(installed, [case(**ABSENT)], form=CASES)
    link_all(installed)
    with unguarded(installed.url) as connection:
        connection.execute("update child set erased_at = now() where child_id = %s", [first])
        connection.execute("delete from child_key where child_id = %s", [first])
    link_all(installed, changed_only=True)
    third = child_of(installed, "BVTE-2026-0001", form=CASES)
    assert set(heads_of(installed)) == {other, third}
    pairs = query(installed, "select child_id, other_id from record_pair")
    assert all(first not in row.values() for row in pairs)


def test_a_record_that_no_citizen_fits_any_more_is_compared_and_joined(installed: Installation) -> None:
    first, other = two_systems(installed)
    link_all(installed)
    with unguarded(installed.url) as connection:  # as if linkage had left one to a person
        connection.execute("update match_result set decision = 'review' where child_id = %s", [first])
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        assert release(transaction, comparing(installed)).ended == 1
    assert heads_of(installed) == {}
    link_all(installed)
    assert heads_of(installed) == {first: first, other: first}


def test_a_frame_counts_a_child_whose_first_record_was_withdrawn(installed: Installation) -> None:
    two_systems(installed)
    link_all(installed)
    deliver(installed, [tombstone("C1", day=2)])
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=installed.clock().date())
    assert count(installed, "frame_fact") == 1


# Broken off, and too much


def comparing(installed: Installation) -> Comparing:
    """Return what the engine needs to compare records in a run of its own."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        frequencies = load_extract.frequencies(transaction, installed.vault)
    assert frequencies is not None
    return Comparing(run_id=uuid4(), model=Model.load("child_vn"), frequencies=frequencies)


def alone_again(installed: Installation) -> None:
    """Take back what was worked out of joins, as if a run had ended after it had compared."""
    with unguarded(installed.url) as connection:
        for table in JOINS:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        connection.execute("update record_comparison set settled = false")


def test_a_run_that_ended_after_comparing_is_taken_up_by_the_next(installed: Installation) -> None:
    first, other = two_systems(installed)
    link_all(installed)
    alone_again(installed)
    account = link_all(installed, changed_only=True)
    assert (account.clusters["compared"], account.clusters["joined"]) == (0, 1)
    assert heads_of(installed) == {first: first, other: first}


def test_pointers_that_a_broken_run_left_wrong_are_mended(installed: Installation) -> None:
    first, other = two_systems(installed)
    link_all(installed)
    with unguarded(installed.url) as connection:
        connection.execute("delete from pointer")
        connection.execute("delete from member")
    link_all(installed)
    assert heads_of(installed) == {first: first, other: first}


def test_a_batch_goes_on_where_the_one_before_ended(installed: Installation) -> None:
    two_systems(installed)
    link_all(installed)
    alone_again(installed)
    once = comparing(installed)
    after: UUID | None = None
    seen = []
    for _ in range(3):
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            compared = compare_batch(transaction, installed.vault, once, after=after, scope=Scope(), limit=1)
        if compared is not None:
            seen.append((compared.records, compared.pairs))
            after = compared.last
    assert seen == [(1, 1), (1, 0)]


def test_a_heap_that_is_too_large_is_left_alone_and_told(installed: Installation) -> None:
    two_systems(installed)
    deliver(installed, [case(**ABSENT)], form=CASES)
    link_all(installed)
    alone_again(installed)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        joined = join_batch(transaction, installed.vault, comparing(installed), after=None, largest=2)
    assert joined is not None
    assert (joined.oversized, joined.settled.made) == (1, 0)
    assert standing(installed) == []


def test_a_token_that_meets_too_many_says_nothing(installed: Installation) -> None:
    deliver(installed, numbered([absent(f"C{place}") for place in range(MOST_MET + 2)]))
    account = link_all(installed)
    assert (account.clusters["broad"], account.clusters["pairs"]) == (MOST_MET + 2, 0)


def test_a_social_worker_compares_no_records(installed: Installation) -> None:
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.LINKAGE)
    run = comparing(installed)
    with installed.store.begin(access) as transaction, pytest.raises(Refused):
        compare_batch(transaction, installed.vault, run, after=None, scope=Scope())


def test_a_run_leaves_a_leaf_with_counts_and_no_child(installed: Installation) -> None:
    two_systems(installed)
    link_all(installed)
    leaf = leaves(installed, "link")[-1]
    assert (dict(leaf.counts), leaf.children) == ({"compared": 2, "pairs": 1}, ())
