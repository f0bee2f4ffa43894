"""How many children an account may open: an alarm, then a stop, counted from the log."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from registry.actions.accounts.staff import NewAccount, add_account
from registry.actions.looking.open_child import open_child
from registry.actions.oversight.limits import LIMITS
from registry.actions.oversight.log import log
from registry.actions.oversight.own_family import OwnPerson, say_person
from registry.jobs.opening import Installation
from registry.model.access import NATION, Area, Purpose, Role
from registry.model.errors import BadQuery, LimitReached, NotFound
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event
from tests.people import HERE, record
from tests.registry.actions.installed import (
    COLLEAGUE,
    child_of,
    deliver,
    leaves,
    pass_time,
    query,
    somebody,
    worker,
)

ALLOWED = LIMITS[Role.COMMUNE_WORKER]


def opened_before(installed: Installation, number: int, *, staff_id: UUID | None = None) -> None:
    """Let the worker have opened so many other children already."""
    access = worker(installed) if staff_id is None else somebody(installed, Role.COMMUNE_WORKER, Purpose.CASE_WORK)
    with installed.store.begin(access) as transaction:
        for _ in range(number):
            log(transaction, installed.vault, Event(action=Action.OPEN, children=[uuid4()]))


def open_(installed: Installation, child_id: UUID) -> None:
    """Let the worker open a child."""
    with installed.store.begin(worker(installed)) as transaction:
        open_child(transaction, installed.vault, child_id)


def kinds(installed: Installation) -> list[str]:
    """Return the kinds of the alarms, oldest first."""
    return [row["kind"] for row in query(installed, "select kind from alarm order by raised_at, kind")]


@pytest.fixture
def installed(own: Installation) -> Installation:
    """A database of the test's own."""
    return own


@pytest.fixture
def girl(installed: Installation) -> UUID:
    """A girl of the worker's commune."""
    deliver(installed, [record()])
    return child_of(installed, "EDU0001")


def test_the_fiftieth_child_of_an_hour_raises_one_alarm(installed: Installation, girl: UUID) -> None:
    opened_before(installed, ALLOWED.warn_in_hour - 2)
    open_(installed, girl)
    assert kinds(installed) == []
    opened_before(installed, 1)
    open_(installed, girl)
    assert kinds(installed) == [], "she was counted already"
    deliver(installed, [record("EDU0002", name="Trần Văn An", birth_date="01/02/2015", personal_number=None)])
    open_(installed, child_of(installed, "EDU0002"))
    open_(installed, child_of(installed, "EDU0002"))
    assert kinds(installed) == ["many_children"]


def test_the_limit_of_an_hour_stops_before_anything_is_opened(installed: Installation, girl: UUID) -> None:
    opened_before(installed, ALLOWED.most_in_hour)
    pass_time(installed, minutes=20)
    with pytest.raises(LimitReached) as refused:
        open_(installed, girl)
    assert refused.value.status == 429
    assert 39 * 60 <= refused.value.retry_after <= 41 * 60, "until the oldest look is an hour old"
    assert kinds(installed) == ["stopped_at_limit"]
    assert leaves(installed, "open.stopped")[0].children == ()
    assert all(len(leaf.children) == 1 for leaf in leaves(installed, "open")), "none of hers"


def test_a_child_opened_before_the_limit_can_be_opened_again(installed: Installation, girl: UUID) -> None:
    open_(installed, girl)
    opened_before(installed, ALLOWED.most_in_hour)
    open_(installed, girl)


def test_after_an_hour_it_goes_on_until_the_limit_of_the_day(installed: Installation, girl: UUID) -> None:
    opened_before(installed, ALLOWED.most_in_hour)
    pass_time(installed, minutes=61)
    open_(installed, girl)
    while len(query(installed, "select from look where kind = 'opened'")) < ALLOWED.most_in_day:
        opened_before(installed, ALLOWED.most_in_hour - 1)
        pass_time(installed, minutes=61)
    opened_before(installed, 1)
    deliver(installed, [record("EDU0002", name="Trần Văn An", birth_date="01/02/2015", personal_number=None)])
    with pytest.raises(LimitReached) as refused:
        open_(installed, child_of(installed, "EDU0002"))
    assert refused.value.retry_after > 3600
    open_(installed, girl)


def test_a_limit_is_of_one_account(installed: Installation, girl: UUID) -> None:
    opened_before(installed, ALLOWED.most_in_hour)
    area = Area(communes=frozenset({HERE}))
    other = somebody(installed, Role.COMMUNE_WORKER, Purpose.CASE_WORK, area=area, staff_id=COLLEAGUE)
    with installed.store.begin(other) as transaction:
        open_child(transaction, installed.vault, girl)


def test_what_is_rolled_back_does_not_count(installed: Installation) -> None:
    with suppress(NotFound), installed.store.begin(worker(installed)) as transaction:
        log(transaction, installed.vault, Event(action=Action.OPEN, children=[uuid4()]))
        raise NotFound
    assert query(installed, "select from look") == []


def test_looks_at_midnight_in_viet_nam_are_counted_together(installed: Installation, girl: UUID) -> None:
    pass_time(installed, hours=8, minutes=50)  # ten minutes before midnight there
    opened_before(installed, ALLOWED.most_in_hour)
    pass_time(installed, minutes=15)
    assert len(query(installed, "select distinct on_day from look")) == 1
    with pytest.raises(LimitReached):
        open_(installed, girl)


@pytest.mark.parametrize(
    ("person", "kind"),
    [
        (OwnPerson(name="Nguyễn Văn Hùng", commune=HERE), ["own_surname"]),
        (OwnPerson(name="nguyen van hung"), ["own_surname"]),
        (OwnPerson(name="Nguyễn Văn Hùng", commune="00004"), []),  # so common that it tells nothing
        (OwnPerson(name="LÊ THỊ MAI", commune="00004"), ["own_name"]),
        (OwnPerson(name="Trần Thị Hoa", commune=HERE, address="thôn  suối mơ"), ["own_home"]),
        (OwnPerson(name="Trần Thị Hoa", commune=HERE, address="thôn khác"), []),
    ],
)
def test_a_look_at_the_own_family_or_home_raises_an_alarm_once_a_day(
    installed: Installation, girl: UUID, person: OwnPerson, kind: list[str]
) -> None:
    staff_id = known_person(installed, person)
    area = Area(communes=frozenset({HERE}))
    for _ in range(2):
        access = somebody(installed, Role.COMMUNE_WORKER, Purpose.CASE_WORK, area=area, staff_id=staff_id)
        with installed.store.begin(access) as transaction:
            open_child(transaction, installed.vault, girl)
    assert kinds(installed) == kind
    shown = query(installed, "select login, place from alarm")
    assert all(row == {"login": "hoa.tran", "place": None} for row in shown)


def known_person(installed: Installation, person: OwnPerson) -> UUID:
    """Add an account, say whose it is, and return its id."""
    access = somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION, area=NATION)
    account = NewAccount(
        login="hoa.tran", role=Role.COMMUNE_WORKER, office="UBND", area=Area(communes=frozenset({HERE}))
    )
    with installed.store.begin(access) as transaction:
        add_account(transaction, installed.vault, account)
        say_person(transaction, installed.vault, login="hoa.tran", person=person)
    found: UUID = query(installed, "select staff_id from staff")[0]["staff_id"]
    return found


def test_whose_account_it_is_stands_sealed(installed: Installation) -> None:
    known_person(installed, OwnPerson(name="Trần Thị Hoa", address="Thôn Suối Mơ"))
    known = bytes(query(installed, "select sealed_person from staff_person")[0]["sealed_person"])
    assert "Trần".encode() not in known
    assert "Suối".encode() not in known


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (OwnPerson(name="123"), "person"),
        (OwnPerson(name="Hoa" * 100), "person"),
        (OwnPerson(name="Hoa", commune="99999"), "home_commune"),
        (OwnPerson(name="Hoa", address="x" * 201), "home_address"),
    ],
)
def test_a_person_that_breaks_a_rule_is_refused(installed: Installation, person: OwnPerson, field: str) -> None:
    with pytest.raises(BadQuery) as refused:
        known_person(installed, person)
    assert refused.value.field == field


def test_nobody_says_whose_account_it_is_that_is_not_there(installed: Installation) -> None:
    access = somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with pytest.raises(NotFound), installed.store.begin(access) as transaction:
        say_person(transaction, installed.vault, login="nobody", person=OwnPerson(name="Hoa"))
