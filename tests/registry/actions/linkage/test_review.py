"""A person decides a doubtful pair: same, different or unsure, with a reason; and undoes a link."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from sqlalchemy import text

from registry.actions.linkage.review import Says, decide_pair, open_pair, review_queue, undo_link
from registry.actions.looking.views import PairView
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NATION, Access, Area, Purpose
from registry.model.errors import BadQuery, Conflict, NotFound, ReasonNeeded, Refused, RegistryError
from registry.protect.pseudonym import child_pseudonym
from registry.store.session import Transaction
from tests.people import ELSEWHERE, FAR_PROVINCE, HERE, PATIENTS, PROVINCE, record, twin_record, twins
from tests.registry.actions.installed import (
    COLLEAGUE,
    STAFF,
    child_of,
    decisions,
    deliver,
    heads_of,
    leaves,
    links_of,
    pass_time,
    person_of,
    query,
    reviewer,
    worker,
)

WHY = "Đã gọi cho gia đình."
ONE, OTHER = (twin.personal_number for twin in twins())


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


@pytest.fixture
def doubtful(installed: Installation) -> UUID:
    """A record of one of the twins, who cannot be told apart."""
    deliver(installed, [twin_record("B1", "Le Minh Anh")])
    link_all(installed)
    return child_of(installed, "B1")


def pair(installed: Installation, child_id: UUID, *, area: Area = NATION) -> PairView:
    """Open a pair as a reviewer of an area."""
    with installed.store.begin(reviewer(installed, area=area)) as transaction:
        return open_pair(transaction, installed.vault, child_id)


def decide(
    installed: Installation,
    child_id: UUID,
    number: str,
    says: Says,
    *,
    reason: str = WHY,
    access: Access | None = None,
) -> None:
    """Decide the pair of a record and the citizen who bears a number."""
    person_id = person_of(installed, number)
    with installed.store.begin(access or reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person_id, says=says, reason=reason)


def undo(installed: Installation, child_id: UUID, *, area: Area = NATION, reason: str = WHY) -> None:
    """Undo a link as a reviewer of an area."""
    with installed.store.begin(reviewer(installed, area=area, reason=WHY)) as transaction:
        undo_link(transaction, installed.vault, child_id, reason=reason)


# What is shown


def test_a_pair_shows_both_sides_with_the_number_masked_and_the_evidence(
    installed: Installation, doubtful: UUID
) -> None:
    shown = pair(installed, doubtful)
    assert {candidate.person_id for candidate in shown.candidates} == {
        person_of(installed, ONE),
        person_of(installed, OTHER),
    }
    assert shown.ours.name == "Le Minh Anh"
    best = shown.candidates[0]
    assert best.theirs.number is not None
    assert ONE not in repr(best.theirs.number)
    assert best.theirs.number.startswith("019***")
    assert {"birth", "given"} <= {row.field for row in best.evidence}
    assert [abs(row.bits) for row in best.evidence] == sorted((abs(row.bits) for row in best.evidence), reverse=True)


def test_the_queue_tells_how_many_wait_in_the_area_and_the_first_of_them(
    installed: Installation, doubtful: UUID
) -> None:
    for area, expected in (
        (NATION, (1, doubtful)),
        (Area(communes=frozenset({HERE})), (1, doubtful)),
        (Area(provinces=frozenset({PROVINCE})), (1, doubtful)),
        (Area(communes=frozenset({ELSEWHERE})), (0, None)),
    ):
        with installed.store.begin(reviewer(installed, area=area)) as transaction:
            assert review_queue(transaction) == expected


def test_a_look_at_a_pair_leaves_a_leaf(installed: Installation, doubtful: UUID) -> None:
    pair(installed, doubtful)
    (leaf,) = leaves(installed, "review")
    assert leaf.children == (child_pseudonym(installed.vault.keyring, doubtful),)
    assert leaf.staff_id == STAFF


# Deciding


def test_same_makes_a_link_of_the_persons_own(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, OTHER, "same")
    assert links_of(installed) == {doubtful: person_of(installed, OTHER)}
    assert decisions(installed) == {doubtful: "link"}
    assert heads_of(installed) == {doubtful: doubtful}
    (row,) = query(installed, "select made_by, run_id, model_version <> '' as known from link")
    assert row == {"made_by": STAFF, "run_id": None, "known": True}
    assert leaves(installed, "review")[-1].counts == {"same": 1}


def test_different_of_one_candidate_leaves_the_other_to_decide(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "different")
    assert decisions(installed) == {doubtful: "review"}
    assert [candidate.person_id for candidate in pair(installed, doubtful).candidates] == [person_of(installed, OTHER)]
    with pytest.raises(Conflict):
        decide(installed, doubtful, ONE, "same")


def test_different_of_all_candidates_leaves_a_child_of_our_own(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "different")
    decide(installed, doubtful, OTHER, "different")
    assert decisions(installed) == {doubtful: "none"}
    link_all(installed)
    assert (decisions(installed), links_of(installed)) == ({doubtful: "none"}, {})


def test_unsure_leaves_the_pair_waiting_and_keeps_what_was_said(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "unsure")
    assert decisions(installed) == {doubtful: "review"}
    assert len(pair(installed, doubtful).candidates) == 2
    assert query(installed, "select says, staff_id from verdict") == [{"says": "unsure", "staff_id": STAFF}]


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
def test_a_reason_is_needed_and_of_one_sentence(installed: Installation, doubtful: UUID, reason: str) -> None:
    with pytest.raises(BadQuery) as refused:
        decide(installed, doubtful, ONE, "same", reason=reason)
    assert refused.value.field == "reason"
    assert links_of(installed) == {}


def test_a_citizen_who_is_no_candidate_is_a_conflict(installed: Installation, doubtful: UUID) -> None:
    with pytest.raises(Conflict):
        decide(installed, doubtful, "019314052001", "same")


def test_a_pair_that_was_decided_in_the_meantime_is_a_conflict(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "same")
    with pytest.raises(Conflict):
        decide(installed, doubtful, OTHER, "same", access=reviewer(installed, staff_id=COLLEAGUE))
    with pytest.raises(NotFound):
        pair(installed, doubtful)
    assert links_of(installed) == {doubtful: person_of(installed, ONE)}


def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told(installed: Installation, doubtful: UUID) -> None:
    start = threading.Barrier(2)
    refused: list[RegistryError] = []
    people = {STAFF: person_of(installed, ONE), COLLEAGUE: person_of(installed, OTHER)}

    def one(staff_id: UUID) -> None:
        with installed.store.begin(reviewer(installed, staff_id=staff_id)) as transaction:
            start.wait()
            decide_pair(transaction, installed.vault, doubtful, people[staff_id], says="same", reason=WHY)

    def guarded(staff_id: UUID) -> None:
        try:
            one(staff_id)
        except RegistryError as error:
            refused.append(error)

    threads = [threading.Thread(target=guarded, args=(staff_id,)) for staff_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in refused] == [Conflict]
    (row,) = query(installed, "select made_by, person_id from link where undone_at is null")
    assert people[row["made_by"]] == row["person_id"]
    assert query(installed, "select staff_id from verdict") == [{"staff_id": row["made_by"]}]


def test_whoever_decides_second_waits_for_the_first_and_is_told(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "different")
    person_id = person_of(installed, OTHER)
    refused: list[RegistryError] = []

    def second() -> None:
        try:
            with installed.store.begin(reviewer(installed, staff_id=COLLEAGUE)) as transaction:
                decide_pair(transaction, installed.vault, doubtful, person_id, says="different", reason=WHY)
        except RegistryError as error:
            refused.append(error)

    thread = threading.Thread(target=second)
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, doubtful, person_id, says="same", reason=WHY)
        thread.start()
        while thread.is_alive() and not _somebody_waits(transaction):
            thread.join(0.01)
    thread.join()
    assert [type(error) for error in refused] == [Conflict]
    assert decisions(installed) == {doubtful: "link"}
    assert links_of(installed) == {doubtful: person_id}


def _somebody_waits(transaction: Transaction) -> bool:
    waiting = text("select count(*) from pg_locks where not granted and pid <> pg_backend_pid()")
    return bool(transaction.connection.scalar(waiting))


# Where


@pytest.mark.parametrize("area", [Area(communes=frozenset({ELSEWHERE})), Area(provinces=frozenset({FAR_PROVINCE}))])
def test_a_pair_outside_the_area_does_not_exist(installed: Installation, doubtful: UUID, area: Area) -> None:
    with pytest.raises(NotFound):
        pair(installed, doubtful, area=area)
    with pytest.raises(NotFound):
        decide(installed, doubtful, ONE, "same", access=reviewer(installed, area=area))
    with pytest.raises(NotFound):
        undo(installed, doubtful, area=area)
    assert links_of(installed) == {}


def _three_places(installed: Installation) -> tuple[UUID, UUID, UUID]:
    """Bring in three records of the girl: two of her commune, one that another province holds."""
    deliver(installed, [record("FAR", commune_code=ELSEWHERE, address=None)])
    pass_time(installed, hours=1)
    deliver(installed, [record("NEAR")])
    deliver(installed, [record("PAT01", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    return child_of(installed, "FAR"), child_of(installed, "NEAR"), child_of(installed, "PAT01", form=PATIENTS)


def test_undoing_a_link_leaves_the_records_of_other_areas_together(installed: Installation) -> None:
    far, near, patient = _three_places(installed)
    assert heads_of(installed) == dict.fromkeys((far, near, patient), far)
    undo(installed, near, area=Area(communes=frozenset({HERE})))
    assert heads_of(installed) == {far: far, patient: far}


# Undoing


def test_undo_keeps_who_undid_and_why_and_the_link_as_it_was(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "same")
    undo(installed, doubtful)
    (row,) = query(installed, "select undone_by, undone_at, sealed_undo_reason is not null as reasoned from link")
    assert row == {"undone_by": STAFF, "undone_at": installed.clock(), "reasoned": True}
    assert query(installed, "select 1 from identifier_lookup where kind = 'linked'") == []
    assert decisions(installed) == {doubtful: "none"}
    said = query(installed, "select says, withdrawn_at is null as holds from verdict order by says")
    assert said == [{"says": "different", "holds": True}, {"says": "same", "holds": False}]
    assert len(leaves(installed, "unlink")) == 1


def test_a_link_is_undone_once(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "same")
    undo(installed, doubtful)
    with pytest.raises(NotFound):
        undo(installed, doubtful)


def test_undo_needs_a_reason_in_the_access_and_in_the_form(installed: Installation, doubtful: UUID) -> None:
    decide(installed, doubtful, ONE, "same")
    with pytest.raises(ReasonNeeded), installed.store.begin(reviewer(installed)) as transaction:
        undo_link(transaction, installed.vault, doubtful, reason=WHY)
    with pytest.raises(BadQuery):
        undo(installed, doubtful, reason=" ")
    assert links_of(installed) == {doubtful: person_of(installed, ONE)}


# Who


@pytest.mark.parametrize("purpose", [Purpose.REVIEW, Purpose.CASE_WORK])
def test_a_social_worker_reviews_nothing(installed: Installation, doubtful: UUID, purpose: Purpose) -> None:
    with pytest.raises(Refused), installed.store.begin(worker(installed, purpose)) as transaction:
        open_pair(transaction, installed.vault, doubtful)
    assert leaves(installed, "review") == []
