"""What is unusual in what accounts look at: an alarm once, and not for everyday work."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.looking.open_child import open_child
from registry.actions.oversight.log import log
from registry.actions.oversight.unusual import (
    FEWEST_CHILDREN,
    FEWEST_DAYS,
    FISHING,
    GUESSED,
    KEPT,
    is_more_than_usual,
    is_off_hours,
    look_for_unusual,
)
from registry.jobs.opening import Installation
from registry.jobs.watching import watch
from registry.model.access import Purpose, Role
from registry.model.errors import NotFound, Refused
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event
from registry.store.limits import LateLook
from tests.people import HERE
from tests.registry.actions.installed import STAFF, leaves, pass_time, query, somebody, worker

TODAY = date(2026, 11, 2)


@pytest.fixture
def installed(own: Installation) -> Installation:
    """A database of the test's own, at nine on a Monday."""
    pass_time(own, hours=18)
    return own


def search(installed: Installation, text: str) -> None:
    """Let the worker search."""
    with installed.store.begin(worker(installed)) as transaction:
        find_child(transaction, installed.vault, FindQuery(text=text, commune=HERE))


def opened(installed: Installation, number: int = 1) -> None:
    """Let the worker open so many children."""
    with installed.store.begin(worker(installed)) as transaction:
        for _ in range(number):
            log(transaction, installed.vault, Event(action=Action.OPEN, children=[uuid4()]))


def alarms(installed: Installation) -> list[str]:
    """Look for what is unusual, and return the kinds of all alarms."""
    watch(installed)
    rows = query(installed, "select kind, staff_id from alarm order by raised_at, kind")
    assert all(row["staff_id"] == STAFF for row in rows)
    return [row["kind"] for row in rows]


def test_many_searches_that_open_nobody_raise_an_alarm_once_an_hour(installed: Installation) -> None:
    for number in range(FISHING - 1):
        search(installed, f"Trần Văn {chr(ord('A') + number)}")
    assert alarms(installed) == []
    search(installed, "Lê Thị Hoa")
    search(installed, "Lê Thị Hoa")
    assert alarms(installed) == alarms(installed) == ["fishing"]
    pass_time(installed, minutes=61)
    assert alarms(installed) == ["fishing"], "nothing was searched for in this hour"


def test_searches_of_whoever_opens_somebody_are_work(installed: Installation) -> None:
    for number in range(FISHING):
        search(installed, f"Trần Văn {chr(ord('A') + number)}")
    opened(installed)
    assert alarms(installed) == []


def test_children_asked_for_who_are_not_there_raise_an_alarm(installed: Installation) -> None:
    for _ in range(GUESSED):
        with pytest.raises(NotFound), installed.store.begin(worker(installed)) as transaction:
            open_child(transaction, installed.vault, uuid4())
    assert alarms(installed) == ["guessed_ids"]


def test_numbers_searched_for_one_after_the_other_raise_an_alarm_at_once(installed: Installation) -> None:
    for number in range(4):
        search(installed, f"EDU{17 + number:07d}")
    assert query(installed, "select kind from alarm") == []
    search(installed, "EDU0000021")
    search(installed, "EDU0000022")
    assert [row["kind"] for row in query(installed, "select kind from alarm")] == ["in_sequence"]


@pytest.mark.parametrize("step", [1, -1, 3])
def test_personal_numbers_in_sequence_are_seen_whichever_way(installed: Installation, step: int) -> None:
    for place in range(5):
        search(installed, f"019 314 052 {500 + step * place}")
    assert alarms(installed) == ["in_sequence"]


def test_numbers_that_lie_apart_are_no_sequence(installed: Installation) -> None:
    for place in range(8):
        search(installed, f"EDU{1000 + 17 * place:07d}")
    assert alarms(installed) == []


def test_years_of_birth_tried_out_are_no_sequence(installed: Installation) -> None:
    for year in range(2010, 2018):
        search(installed, f"Trần Văn An {year}")
    assert alarms(installed) == []


def test_three_times_the_own_median_raises_an_alarm(installed: Installation) -> None:
    for _ in range(FEWEST_DAYS):
        opened(installed, 5)
        pass_time(installed, days=1)
    opened(installed, 15)
    assert alarms(installed) == []
    opened(installed, 1)
    assert alarms(installed) == alarms(installed) == ["more_than_usual"]


@given(st.dictionaries(st.dates(date(2026, 10, 1), date(2026, 11, 1)), st.integers(1, 40)), st.integers(0, 14))
def test_a_small_number_is_never_more_than_usual(opened_before: dict[date, int], now: int) -> None:
    assert now < FEWEST_CHILDREN
    assert not is_more_than_usual({**opened_before, TODAY: now}, today=TODAY)


def test_nobody_has_a_usual_number_in_the_first_days() -> None:
    few = {TODAY - timedelta(days=day): 1 for day in range(1, FEWEST_DAYS)}
    assert not is_more_than_usual({**few, TODAY: 100}, today=TODAY)
    assert is_more_than_usual({**few, TODAY - timedelta(days=9): 1, TODAY: 100}, today=TODAY)


def late(at: datetime, *, role: Role = Role.COMMUNE_WORKER, purpose: Purpose = Purpose.CASE_WORK) -> LateLook:
    """Return a look."""
    return LateLook(staff_id=STAFF, role=role.value, purpose=purpose.value, first_at=at, last_at=at)


@pytest.mark.parametrize(
    ("hour", "minute", "is_late"), [(21, 59, False), (22, 0, True), (3, 0, True), (5, 59, True), (6, 0, False)]
)
def test_the_night_is_from_ten_to_six_in_viet_nam(hour: int, minute: int, *, is_late: bool) -> None:
    at = datetime(2026, 11, 4, hour, minute, tzinfo=UTC) - timedelta(hours=7)
    assert is_off_hours(late(at)) is is_late
    assert not is_off_hours(late(at, purpose=Purpose.EMERGENCY))


def test_days_of_rest_are_for_desks_and_not_for_communes() -> None:
    sunday = datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert is_off_hours(late(sunday, role=Role.PROVINCE_WORKER))
    assert is_off_hours(late(sunday, role=Role.REVIEWER))
    assert not is_off_hours(late(sunday))


def test_a_look_at_night_raises_an_alarm_once_a_night(installed: Installation) -> None:
    pass_time(installed, hours=14)
    opened(installed)
    assert alarms(installed) == ["off_hours"]
    pass_time(installed, minutes=20)
    opened(installed)
    assert alarms(installed) == ["off_hours"]


def test_the_work_of_the_engine_is_never_unusual(installed: Installation) -> None:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        for _ in range(200):
            log(transaction, installed.vault, Event(action=Action.OPEN, children=[uuid4()]))
    assert alarms(installed) == []


def test_looks_that_are_too_old_to_count_are_forgotten_and_the_log_keeps_them(installed: Installation) -> None:
    opened(installed, 3)
    pass_time(installed, days=KEPT.days + 1)
    assert alarms(installed) == []
    assert query(installed, "select from look") == []
    assert len(leaves(installed, "open")) == 3


def test_who_looks_does_not_decide_what_is_unusual(installed: Installation) -> None:
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.MAINTENANCE, staff_id=UUID(int=7))
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        look_for_unusual(transaction, installed.vault)
