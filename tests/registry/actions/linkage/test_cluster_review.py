"""What a person says of two records: it joins, it keeps apart for ever, it can be undone, and it is logged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from registry.actions.linkage.cluster_review import (
    decide_record_pair,
    open_record_pair,
    recent_joins,
    record_pair_queue,
    undo_join,
)
from registry.actions.linkage.review import Says
from registry.actions.looking.open_child import open_child
from registry.actions.looking.views import ChildView
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Area, Role
from registry.model.errors import BadQuery, Conflict, NotFound, Refused
from tests.people import CASES, ELSEWHERE, HERE, PATIENTS, case, citizen, numbered, population, record
from tests.registry.actions.installed import (
    child_of,
    count,
    deliver,
    heads_of,
    leaves,
    links_of,
    load,
    pass_time,
    query,
    reviewer,
    somebody,
    worker,
)

WHY = "Cùng mẹ, cùng ngày sinh."
ABSENT: dict[str, Any] = {
    "name": "Hồ Bảo Ngân",
    "personal_number": None,
    "birth_date": "11/11/2015",
    "mother": "Đinh Thị Thoa",
    "father": "Hồ Văn Quyết",
}
NICKNAME = {**ABSENT, "name": "Ngân", "mother": None, "father": "Hồ Văn Quyết"}


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def doubtful(installed: Installation, **changes: Any) -> tuple[UUID, UUID]:
    """Take in two records of one child that the engine leaves to a person; return them, the oldest first."""
    deliver(installed, numbered([record("C1", **{**NICKNAME, **changes})]))
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT1", form=PATIENTS, **NICKNAME)], form=PATIENTS)
    link_all(installed)
    return child_of(installed, "C1"), child_of(installed, "PAT1", form=PATIENTS)


def joined(installed: Installation) -> tuple[UUID, UUID, UUID]:
    """Take in three records of one child that the engine joins; return them, the oldest first."""
    deliver(installed, [record("C1", **ABSENT)])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT1", form=PATIENTS, **ABSENT)], form=PATIENTS)
    pass_time(installed, hours=1)
    deliver(installed, [case(**ABSENT)], form=CASES)
    link_all(installed)
    ids = (
        child_of(installed, "C1"),
        child_of(installed, "PAT1", form=PATIENTS),
        child_of(installed, "BVTE-2026-0001", form=CASES),
    )
    assert set(heads_of(installed)) == set(ids)
    return ids


def say(installed: Installation, one: UUID, other: UUID, says: Says, *, access: Access | None = None) -> None:
    """Let a person decide."""
    with installed.store.begin(access or reviewer(installed)) as transaction:
        decide_record_pair(transaction, installed.vault, one, other, says=says, reason=WHY)


def undo(installed: Installation, child_id: UUID, *, access: Access | None = None) -> None:
    """Let a person take a record out."""
    with installed.store.begin(access or reviewer(installed, reason=WHY)) as transaction:
        undo_join(transaction, installed.vault, child_id, reason=WHY)


def waiting(installed: Installation, access: Access | None = None) -> int:
    """Return how many pairs wait."""
    with installed.store.begin(access or reviewer(installed)) as transaction:
        return record_pair_queue(transaction)[0]


def view(installed: Installation, child_id: UUID) -> ChildView:
    """Open a child as the worker of the commune."""
    with installed.store.begin(worker(installed)) as transaction:
        return open_child(transaction, installed.vault, child_id)


# Deciding


def test_a_doubtful_pair_waits_and_is_shown_side_by_side(installed: Installation) -> None:
    first, other = doubtful(installed)
    assert heads_of(installed) == {}
    with installed.store.begin(reviewer(installed)) as transaction:
        number, pair = record_pair_queue(transaction)
        assert pair is not None
        shown = open_record_pair(transaction, installed.vault, *reversed(pair))
    assert (number, set(pair)) == (1, {first, other})
    assert {shown.system, shown.other_system} == {"education", "health"}
    assert shown.ours.name == shown.theirs.name == NICKNAME["name"]
    assert "father" in {row.field for row in shown.evidence}
    assert (shown.joined, shown.linked) == (False, False)
    assert len(leaves(installed, "review")[-1].children) == 2


def test_same_makes_one_child_and_holds_through_every_run(installed: Installation) -> None:
    first, other = doubtful(installed)
    say(installed, first, other, "same")
    assert heads_of(installed) == {first: first, other: first}
    assert waiting(installed) == 0
    pass_time(installed, days=1)
    deliver(installed, [record("C1", day=3, **{**ABSENT, "mother": "Bế Thị Nụ", "birth_date": "01/02/2013"})])
    link_all(installed)
    assert heads_of(installed) == {first: first, other: first}
    (leaf,) = [leaf for leaf in leaves(installed, "review") if leaf.counts]
    assert (dict(leaf.counts), len(leaf.children)) == ({"same": 1}, 2)


def test_different_binds_for_ever(installed: Installation) -> None:
    first, other = doubtful(installed)
    say(installed, first, other, "different")
    assert waiting(installed) == 0
    deliver(installed, [record("C1", day=5, **ABSENT)])
    deliver(installed, [record("PAT1", day=5, form=PATIENTS, **ABSENT)], form=PATIENTS)
    link_all(installed)
    assert heads_of(installed) == {}
    assert waiting(installed) == 0


def test_not_sure_leaves_the_pair_waiting(installed: Installation) -> None:
    first, other = doubtful(installed)
    say(installed, first, other, "unsure")
    assert waiting(installed) == 1
    say(installed, other, first, "same")


def test_what_is_decided_is_not_decided_again(installed: Installation) -> None:
    first, other = doubtful(installed)
    say(installed, first, other, "different")
    with pytest.raises(Conflict):
        say(installed, first, other, "same")


def test_what_is_one_child_already_is_no_pair_to_decide(installed: Installation) -> None:
    ids = joined(installed)
    with pytest.raises(Conflict):
        say(installed, ids[0], ids[1], "different")


def test_records_that_were_never_found_alike_are_no_pair(installed: Installation) -> None:
    deliver(installed, numbered([record("C1", **ABSENT), record("C2", **{**ABSENT, "name": "Bế Văn Kim"})]))
    with pytest.raises(NotFound):
        say(installed, child_of(installed, "C1"), child_of(installed, "C2"), "same")


@pytest.mark.parametrize("reason", [" ", "x" * 501])
def test_a_decision_needs_one_sentence(installed: Installation, reason: str) -> None:
    first, other = doubtful(installed)
    with installed.store.begin(reviewer(installed)) as transaction, pytest.raises(BadQuery):
        decide_record_pair(transaction, installed.vault, first, other, says="same", reason=reason)


def test_same_is_refused_against_what_was_told_apart(installed: Installation) -> None:
    first, other = doubtful(installed)
    deliver(installed, [case(**NICKNAME)], form=CASES)
    link_all(installed)
    third = child_of(installed, "BVTE-2026-0001", form=CASES)
    say(installed, first, other, "different")
    say(installed, first, third, "same")
    with pytest.raises(Conflict):
        say(installed, other, third, "same")
    assert heads_of(installed) == {first: first, third: first}


# Undoing


def test_a_record_is_taken_out_and_the_others_stay_one_child(installed: Installation) -> None:
    ids = joined(installed)
    undo(installed, ids[0])
    assert heads_of(installed) == {ids[1]: ids[1], ids[2]: ids[1]}
    pass_time(installed, days=1)
    link_all(installed)
    assert heads_of(installed) == {ids[1]: ids[1], ids[2]: ids[1]}
    assert waiting(installed) == 0
    undone = query(installed, "select ended_by from record_join where ended_because = 'undone'")
    assert len(undone) >= 1
    assert all(row["ended_by"] is not None for row in undone)
    assert len(leaves(installed, "unlink")) == 1


def test_what_a_person_joined_can_be_taken_apart(installed: Installation) -> None:
    first, other = doubtful(installed)
    say(installed, first, other, "same")
    undo(installed, other)
    assert heads_of(installed) == {}
    with pytest.raises(NotFound):
        undo(installed, other)


# Citizens


def linked_later(own: Installation) -> tuple[UUID, UUID]:
    """Let one of two joined records find its citizen; return it, and the other."""
    load(own, population())
    deliver(own, [record("C1", **ABSENT)])
    pass_time(own, hours=1)
    deliver(own, [record("PAT1", form=PATIENTS, **ABSENT)], form=PATIENTS)
    link_all(own)
    number = "019315000777"
    load(own, population(citizen(number, full_name="Hồ Bảo Ngân", birth_date="2015-11-11")), name="newer")
    pass_time(own, days=1)
    deliver(own, [record("C1", day=2, **{**ABSENT, "personal_number": number})])
    vague = {**ABSENT, "name": "Ngân", "birth_date": None, "commune_code": None}
    deliver(own, [record("PAT1", day=2, form=PATIENTS, **vague)], form=PATIENTS)
    link_all(own)
    linked = child_of(own, "C1")
    assert list(links_of(own)) == [linked]
    return linked, child_of(own, "PAT1", form=PATIENTS)


def test_a_citizen_is_shared_by_a_persons_word_alone(own: Installation) -> None:
    linked, other = linked_later(own)
    assert heads_of(own) == {linked: linked}
    with own.store.begin(reviewer(own)) as transaction:
        assert open_record_pair(transaction, own.vault, linked, other).linked
    assert waiting(own) == 1
    say(own, linked, other, "same")
    assert heads_of(own) == {linked: linked, other: linked}
    assert list(links_of(own)) == [linked]
    pass_time(own, days=1)
    link_all(own)
    assert heads_of(own) == {linked: linked, other: linked}


# Who may


def test_both_records_must_be_in_the_reviewers_area(installed: Installation) -> None:
    first, other = doubtful(installed, commune_code=ELSEWHERE)
    here = reviewer(installed, area=Area(communes=frozenset({HERE})))
    both = reviewer(installed, area=Area(communes=frozenset({HERE, ELSEWHERE})))
    assert (waiting(installed, here), waiting(installed, both)) == (0, waiting(installed))
    with pytest.raises(NotFound):
        say(installed, first, other, "same", access=here)


def test_a_record_joined_to_one_far_away_is_taken_out_from_here(installed: Installation) -> None:
    deliver(installed, [record("C1", **{**ABSENT, "commune_code": ELSEWHERE})])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT1", form=PATIENTS, **ABSENT)], form=PATIENTS)
    link_all(installed)
    patient = child_of(installed, "PAT1", form=PATIENTS)
    assert patient in heads_of(installed)
    here = reviewer(installed, area=Area(communes=frozenset({HERE})), reason=WHY)
    undo(installed, patient, access=here)
    assert heads_of(installed) == {}


def test_a_social_worker_decides_no_pair_and_undoes_no_join(installed: Installation) -> None:
    ids = joined(installed)
    nobody = somebody(installed, Role.COMMUNE_WORKER, reviewer(installed).purpose, reason=WHY)
    with pytest.raises(Refused):
        undo(installed, ids[1], access=nobody)
    with pytest.raises(Refused):
        say(installed, ids[0], ids[1], "different", access=nobody)


# What people see


def test_the_child_shows_all_its_records_and_by_which_evidence(installed: Installation) -> None:
    ids = joined(installed)
    child = view(installed, ids[2])
    assert child.child_id == ids[0]
    assert {one.system for one in child.records} == {"education", "health", "protection"}
    assert len(child.joins) == 2
    assert {end for one in child.joins for end in (one.child_id, one.other_id)} == set(ids)
    for one in child.joins:
        assert one.made_by_person is False
        assert {"given", "mother", "birth"} <= {row.field for row in one.evidence}


def test_the_newest_joins_are_listed_for_whoever_looks_into_them(installed: Installation) -> None:
    ids = joined(installed)
    with installed.store.begin(reviewer(installed)) as transaction:
        found = recent_joins(transaction)
    assert len(found) == 2
    assert {child for join in found for child in (join.child_id, join.other_id)} == set(ids)
    assert count(installed, "record_join") == 2
