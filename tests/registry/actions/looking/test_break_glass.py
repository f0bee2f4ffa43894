"""Break-glass: what it takes, how long it lasts, who hears of it, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from registry.actions.looking.break_glass import LASTS, AnotherRuns, NoSupervisor, OwnArea, end_emergency, running
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import ClockBack, FreshSignInNeeded, NotFound, ReasonNeeded, Refused
from tests.people import ELSEWHERE, NEXT_DOOR, record
from tests.registry.actions.emergency_office import WHY, Office, open_office
from tests.registry.actions.installed import child_of, count, deliver, leaves, pass_time, query


@pytest.fixture
def office(installed: Installation) -> Office:
    """The accounts and the girl."""
    return open_office(installed)


def runs(office: Office, login: str = "near", purpose: Purpose = Purpose.EMERGENCY) -> bool:
    """Say whether an emergency opens the girl to an account now."""
    with office.installed.store.begin(office.access(login, purpose)) as transaction:
        return running(transaction, office.girl) is not None


def alarms(office: Office) -> list[str]:
    """Return the kinds of the alarms that were raised, oldest first."""
    return [row["kind"] for row in query(office.installed, "select kind from alarm order by raised_at, kind")]


def test_the_glass_opens_one_child_for_half_an_hour(office: Office) -> None:
    begun = office.break_glass()
    assert begun.ends_at - office.installed.clock() == timedelta(minutes=30)
    assert begun.review_due_at - office.installed.clock() == timedelta(hours=72)
    assert runs(office)
    pass_time(office.installed, minutes=29)
    assert runs(office), "the fresh sign-in was needed at the beginning alone"
    pass_time(office.installed, minutes=1)
    assert not runs(office)


def test_what_is_shown_is_what_the_rule_shows(office: Office) -> None:
    office.break_glass()
    with office.installed.store.begin(office.access("near")) as transaction:
        found = running(transaction, office.girl)
    assert found is not None
    assert found.reached.head == office.girl
    assert found.grant.may_open("contact")
    assert not found.grant.may_open("case")
    assert not found.grant.may_open("reporter")


def test_notice_alarm_leaf_and_opening_stand_together(office: Office) -> None:
    office.break_glass()
    (row,) = query(office.installed, "select * from emergency")
    assert row["kind"] == "break_glass"
    assert row["login"] == "near"
    assert row["supervisor_id"] == office.account("head").staff_id
    assert WHY.encode() not in bytes(row["sealed_reason"])
    assert alarms(office) == ["glass_broken"]
    (leaf,) = leaves(office.installed, "break_glass")
    assert leaf.counts == {"emergency": 1}
    assert len(leaf.children) == 1
    assert count(office.installed, "opening") == 1


def test_nothing_of_it_stands_if_the_process_dies_before_the_end(office: Office) -> None:
    class Killed(Exception):
        pass

    from registry.actions.looking.break_glass import break_glass

    def die() -> None:
        with office.installed.store.begin(office.access("near")) as transaction:
            break_glass(transaction, office.installed.vault, office.girl)
            raise Killed

    with pytest.raises(Killed):
        die()
    assert count(office.installed, "emergency") == count(office.installed, "opening") == 0
    assert alarms(office) == []
    assert not runs(office)


def test_the_sentence_is_needed(office: Office) -> None:
    for reason in (None, "", "   "):
        with pytest.raises(ReasonNeeded):
            office.break_glass(reason=reason)


def test_a_fresh_sign_in_is_needed(office: Office) -> None:
    with pytest.raises(FreshSignInNeeded):
        office.break_glass(fresh=False)


def test_another_purpose_breaks_no_glass(office: Office) -> None:
    with pytest.raises(Refused):
        office.break_glass(purpose=Purpose.CASE_WORK)


def test_an_account_without_a_supervisor_breaks_no_glass(office: Office) -> None:
    with pytest.raises(NoSupervisor):
        office.break_glass("alone")
    with pytest.raises(NoSupervisor):
        office.break_glass("head")


@pytest.mark.parametrize("column", ["disabled_at", "suspended_at"])
def test_a_supervisor_whose_account_is_closed_counts_as_none(office: Office, column: str) -> None:
    query(office.installed, f"update staff set {column} = now() where login = 'head' returning 1")  # noqa: S608  our words
    with pytest.raises(NoSupervisor):
        office.break_glass()


def test_who_cannot_be_found_is_not_there(office: Office) -> None:
    deliver(office.installed, [record("EDU0002", commune_code=ELSEWHERE, personal_number=None)])
    far = child_of(office.installed, "EDU0002")
    for child in (far, uuid4()):
        with pytest.raises(NotFound) as refused:
            office.break_glass(child=child)
        assert refused.value.problem() == NotFound().problem()
    assert count(office.installed, "emergency") == 0
    assert {leaf.counts["missing"] for leaf in leaves(office.installed, "break_glass")} == {1}


def test_the_own_area_needs_no_glass(office: Office) -> None:
    with pytest.raises(OwnArea):
        office.break_glass("here")


def test_one_emergency_runs_at_a_time(office: Office) -> None:
    deliver(office.installed, [record("EDU0003", personal_number="019215052003", name="Trần Thị Cúc")])
    other = child_of(office.installed, "EDU0003")
    first = office.break_glass()
    with pytest.raises(AnotherRuns):
        office.break_glass(child=other)
    assert office.break_glass().emergency_id == first.emergency_id, "asked twice, it is the same"
    pass_time(office.installed, minutes=31)
    assert office.break_glass(child=other).emergency_id != first.emergency_id


def test_it_can_be_ended_before_its_time_and_by_its_owner_alone(office: Office) -> None:
    office.break_glass()
    with office.installed.store.begin(office.access("here")) as transaction:
        end_emergency(transaction, office.installed.vault)
    assert runs(office)
    with office.installed.store.begin(office.access("near")) as transaction:
        end_emergency(transaction, office.installed.vault)
    assert not runs(office)
    assert {"ended": 1} in [leaf.counts for leaf in leaves(office.installed, "break_glass")]


def test_it_opens_the_child_to_nobody_else_and_for_no_other_purpose(office: Office) -> None:
    office.break_glass()
    assert not runs(office, "alone")
    assert not runs(office, "near", Purpose.CASE_WORK)
    deliver(office.installed, [record("EDU0003", personal_number="019215052003", name="Trần Thị Cúc")])
    with office.installed.store.begin(office.access("near")) as transaction:
        assert running(transaction, child_of(office.installed, "EDU0003")) is None


def test_a_clock_that_goes_back_opens_nothing_again(office: Office) -> None:
    office.break_glass()
    pass_time(office.installed, minutes=10)
    assert runs(office)
    pass_time(office.installed, minutes=-5)
    assert not runs(office), "it stands before the last look"
    with pytest.raises(ClockBack):
        office.break_glass()
    pass_time(office.installed, minutes=35)
    office.lock()
    pass_time(office.installed, minutes=-20)
    assert not runs(office), "it was found ended, for ever"


def test_a_fourth_emergency_within_a_day_raises_an_alarm_of_its_own(office: Office) -> None:
    for _ in range(3):
        office.break_glass()
        pass_time(office.installed, minutes=LASTS.total_seconds() / 60 + 1)
    assert "glass_broken_often" not in alarms(office)
    office.break_glass()
    assert alarms(office).count("glass_broken_often") == 1
    assert alarms(office).count("glass_broken") == 4


def test_the_child_may_live_next_door_to_the_other_as_well(office: Office) -> None:
    deliver(
        office.installed,
        [record("EDU0004", commune_code=NEXT_DOOR, personal_number="019215052004", name="Lò Thị Én")],
    )
    assert office.break_glass("here", child=child_of(office.installed, "EDU0004")).emergency_id
