"""A supervisor judges emergencies; without a verdict in time the account is locked, and by it unlocked."""

from __future__ import annotations

from uuid import uuid4

import pytest

from registry.actions.accounts.sign_in import nobody
from registry.actions.accounts.staff import NewAccount, add_account, name_supervisor
from registry.actions.looking.break_glass import tell_supervisor
from registry.actions.looking.reach import reach
from registry.actions.looking.review_emergency import EmergencyView, Verdict, emergencies_to_judge, waiting_to_judge
from registry.jobs.identity import access_on_demo
from registry.jobs.opening import Installation
from registry.model.access import Area, Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, Refused, SignInNeeded
from registry.model.signing_in import Method
from registry.protect.authorize import Action, authorize
from registry.store import staff
from tests.people import HERE
from tests.registry.actions.emergency_office import WHY, Office, one_time, open_office
from tests.registry.actions.installed import count, leaves, pass_time, query


@pytest.fixture
def office(installed: Installation) -> Office:
    """The accounts and the girl."""
    return open_office(installed)


def told(office: Office, login: str = "head") -> list[EmergencyView]:
    """Return what an account was told of as a supervisor."""
    with office.installed.store.begin(office.access(login, Purpose.ADMINISTRATION, reason=None)) as transaction:
        shown = emergencies_to_judge(transaction, office.installed.vault)
        assert waiting_to_judge(transaction) == sum(one.reviewed_at is None for one in shown)
        return shown


def is_locked(office: Office, login: str = "near") -> bool:
    """Say whether an account is locked, as the doors see it."""
    with office.installed.store.begin(nobody(at=office.installed.clock(), request_id=uuid4())) as transaction:
        found = staff.by_login(transaction, login)
        assert found is not None
        return staff.suspended(transaction, found)


def test_the_supervisor_hears_of_it_at_once(office: Office) -> None:
    begun = office.break_glass()
    (one,) = told(office)
    assert (one.login, one.office, one.reason, one.child_id) == ("near", "UBND near", WHY, office.girl)
    assert one.review_due_at == begun.review_due_at
    assert one.verdict is None


def test_nobody_else_hears_of_it(office: Office) -> None:
    office.break_glass()
    assert told(office, "here") == told(office, "alone") == told(office, "near") == []


def test_a_verdict_is_kept_with_its_sentence(office: Office) -> None:
    begun = office.break_glass()
    office.judge("head", begun, note="Đã gọi điện hỏi lại,  đúng là khẩn cấp")
    (one,) = told(office)
    assert (one.verdict, one.note) == ("justified", "Đã gọi điện hỏi lại, đúng là khẩn cấp")
    assert (
        query(office.installed, "select count(*) as n from alarm where kind = 'emergency_not_justified'")[0]["n"] == 0
    )
    counts = [leaf.counts for leaf in leaves(office.installed, "review_emergency")]
    assert {"justified": 1} in counts


def test_one_that_was_not_justified_raises_an_alarm(office: Office) -> None:
    office.judge("head", office.break_glass(), Verdict.NOT_JUSTIFIED)
    (alarm,) = query(office.installed, "select * from alarm where kind = 'emergency_not_justified'")
    assert alarm["place"] == f"account:{office.account('near').staff_id}"
    assert alarm["login"] == "head"


def test_nobody_judges_the_own_emergency_or_that_of_others_charges(office: Office) -> None:
    begun = office.break_glass()
    for login in ("near", "here", "alone"):
        with pytest.raises(NotFound):
            office.judge(login, begun)
    assert told(office)[0].verdict is None


def test_it_is_judged_once(office: Office) -> None:
    begun = office.break_glass()
    office.judge("head", begun)
    with pytest.raises(Conflict):
        office.judge("head", begun, Verdict.NOT_JUSTIFIED)
    assert told(office)[0].verdict == "justified"


def test_a_verdict_needs_a_sentence(office: Office) -> None:
    begun = office.break_glass()
    for note in ("", "  ", "x" * 501):
        with pytest.raises(BadQuery) as refused:
            office.judge("head", begun, note=note)
        assert refused.value.field == "note"


def test_after_72_hours_without_a_verdict_the_account_is_locked(office: Office) -> None:
    office.break_glass()
    pass_time(office.installed, hours=71, minutes=59)
    assert office.lock() == 0
    assert not is_locked(office)
    pass_time(office.installed, minutes=1)
    assert office.lock() == 1
    assert is_locked(office)
    assert office.lock() == 0, "once"
    (alarm,) = query(office.installed, "select * from alarm where kind = 'emergency_unreviewed'")
    assert alarm["place"] == f"account:{office.account('near').staff_id}"
    with pytest.raises(SignInNeeded):
        access_on_demo(office.installed, "near", Purpose.CASE_WORK)


def test_the_lock_holds_though_no_background_work_runs_and_the_clock_goes_back(office: Office) -> None:
    office.break_glass()
    pass_time(office.installed, hours=72)
    assert is_locked(office)
    pass_time(office.installed, hours=-10)
    assert is_locked(office)


def test_the_verdict_unlocks_the_account(office: Office) -> None:
    begun = office.break_glass()
    pass_time(office.installed, hours=80)
    office.lock()
    office.judge("head", begun, Verdict.NOT_JUSTIFIED)
    assert not is_locked(office)
    assert {"not_justified": 1, "unlocked": 1} in [leaf.counts for leaf in leaves(office.installed, "review_emergency")]


def test_one_verdict_of_two_that_are_due_unlocks_nothing(office: Office) -> None:
    first = office.break_glass()
    pass_time(office.installed, hours=1)
    second = office.break_glass()
    pass_time(office.installed, hours=80)
    office.lock()
    office.judge("head", first)
    assert is_locked(office)
    office.judge("head", second)
    assert not is_locked(office)


def test_a_locked_account_has_no_session_left(office: Office) -> None:
    account = office.account("near")
    access = nobody(at=office.installed.clock(), request_id=uuid4())
    with office.installed.store.begin(access) as transaction:
        staff.start_session(
            transaction,
            token_digest=b"x" * 32,
            staff_id=account.staff_id,
            csrf_token="made up",
            method=Method.PASSWORD,
        )
    office.break_glass()
    pass_time(office.installed, hours=72)
    office.lock()
    assert query(office.installed, "select 1 from staff_session where ended_at is null") == []


def test_what_waits_goes_to_the_next_supervisor(office: Office) -> None:
    begun = office.break_glass()
    new = NewAccount(login="next", role=Role.PROVINCE_WORKER, office="Sở", area=Area(provinces=frozenset({"19"})))
    vault = office.installed.vault
    with office.installed.store.begin(office.administrator()) as transaction:
        add_account(transaction, vault, new, one_time=one_time())
        assert name_supervisor(transaction, vault, login="near", supervisor="next") == 1
    assert told(office) == []
    with pytest.raises(NotFound):
        office.judge("head", begun)
    office.judge("next", begun)


@pytest.mark.parametrize(
    ("login", "supervisor", "error"),
    [
        ("near", "near", BadQuery),
        ("near", "nobody", BadQuery),
        ("nobody", "head", NotFound),
        ("head", "near", BadQuery),  # two that would supervise one another
    ],
)
def test_who_cannot_be_a_supervisor_is_refused(
    office: Office, login: str, supervisor: str, error: type[Exception]
) -> None:
    with office.installed.store.begin(office.administrator()) as transaction, pytest.raises(error):
        name_supervisor(transaction, office.installed.vault, login=login, supervisor=supervisor)


def test_a_role_that_sees_no_children_supervises_nobody(office: Office) -> None:
    vault = office.installed.vault
    with office.installed.store.begin(office.administrator()) as transaction:
        add_account(transaction, vault, NewAccount(login="clerk", role=Role.AUDITOR, office="x"), one_time=one_time())
        for login, supervisor in (("near", "clerk"), ("clerk", "head")):
            with pytest.raises(BadQuery):
                name_supervisor(transaction, vault, login=login, supervisor=supervisor)
        wrong = NewAccount(login="other", role=Role.AUDITOR, office="x", supervisor="head")
        with pytest.raises(BadQuery):
            add_account(transaction, vault, wrong, one_time=one_time())


def test_an_account_can_be_added_with_its_supervisor(office: Office) -> None:
    area = Area(communes=frozenset({HERE}))
    new = NewAccount(login="young", role=Role.COMMUNE_WORKER, office="x", area=area, supervisor="head")
    with office.installed.store.begin(office.administrator()) as transaction:
        add_account(transaction, office.installed.vault, new, one_time=one_time())
    assert office.account("young").supervisor_id == office.account("head").staff_id


def test_an_emergency_in_the_own_area_is_told_once_a_day_and_locks_nobody(office: Office) -> None:
    for _ in range(2):
        access = office.access("here", reason=None)
        with office.installed.store.begin(access) as transaction:
            grant = authorize(access, Action.OPEN)
            found = reach(transaction, office.installed.vault, grant, office.girl)
            tell_supervisor(transaction, office.installed.vault, grant, found=found)
        pass_time(office.installed, hours=6)
    (one,) = told(office)
    assert (one.kind, one.reason, one.review_due_at, one.ends_at) == ("own_area", None, None, None)
    pass_time(office.installed, hours=200)
    assert office.lock() == 0
    assert not is_locked(office, "here")


def test_what_cannot_be_read_is_shown_without_its_sentence(office: Office) -> None:
    office.break_glass()
    query(office.installed, "update emergency set sealed_reason = 'nonsense' returning 1")
    (one,) = told(office)
    assert (one.login, one.reason) == ("near", None)
    assert count(office.installed, "damaged_value") == 1


def test_other_roles_judge_nothing(office: Office) -> None:
    with office.installed.store.begin(office.administrator()) as transaction, pytest.raises(Refused):
        emergencies_to_judge(transaction, office.installed.vault)
