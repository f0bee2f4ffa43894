"""The policy, cell by cell: every role, action and purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from matching import places
from registry.model.access import NATION, NOWHERE, PEOPLE_PURPOSES, Access, Area, Purpose, Role
from registry.model.errors import FreshSignInNeeded, NotFound, ReasonNeeded, Refused, RegistryError
from registry.protect.authorize import Duty, Grant, authorize, cells_of, permitted
from registry.protect.policy import RESOURCE_OF, SEPARATE_RIGHTS, Action, Extent, FieldGroup, Reach, Resource
from registry.protect.policy_rules import AREAS, RULES

HOME = Area(communes=frozenset({"05443"}))
AROUND = Area(communes=HOME.communes, provinces=frozenset({places.province_of("05443") or ""}))

# F: where the role may find. O: where it may open. N: in the nation. x: allowed, and touches no child. A dot: never.
ROLES = (
    "commune_worker province_worker reviewer steward sector_system statistician auditor custodian administrator engine"
)
MATRIX = """
find             F F . . . . . . . .
open             O O . . . . . . . .
show_number      O O . . . . . . . .
open_case        O O . . . . . . . .
write_case       O . . . . . . . . .
break_glass      F F . . . . . . . .
review_emergency x x . . . . . . . .
seal_child       . O . . . . . . . .
add_child        O . . . . . . . . .
erase            . . . . . . . x . N
review           . . O . . . . . . .
unlink           . . O . . . . . . .
link             . . . x . . . . . N
verify           . . . x . . . . . N
export_links     . . . N . . . . . N
link_state       . . . . N . . . . .
ingest           . . . x x . . . . N
quarantine       . . . x . . . . . N
quality          . x . x . . x . . .
sync             . . . x . . . . . N
sources          . . . x . . . . . .
findings         . . O . . . . . . .
problems         O O . . . . . . . .
events           . . . . x . . . . x
subscribe        . . . . x . . . . .
read_number      . . . . N . . . . .
proposals        . . . . N . . . . .
table            x x x x . x x . . .
publish          . . . . . x . . . .
frame            . . . . . . . . . N
staff            . . . . . . . . x .
sign_in          x x x x x x x x x .
log              . . . . . . x . . .
seal_log         . . . . . . . . . x
who_looked       O O . . . . x . . .
alarms           . . . . . . x x x .
who_alarmed      . . . . . . x . . .
decoys           . . . . . . x . . x
clients          . . . . . . . . x .
ask_export       O O . . . . . . . .
approve_export   . x . . . . x . . .
fetch_export     O O . . . . . . . .
legal_bases      . . . . . . x . . .
consent          O O . . . . . . . .
subject_request  O O . . . . . . . .
retention        . . . . . . . . . N
legal_hold       . . . . . . x . . .
breach           . . . . . . x . . .
processing       . . . . . . x . x .
keys             . . . . . . . x . x
backup           . . . . . . . . x x
restore          . . . . . . . . x .
check            . . . . . . x x x x
migrate          . . . . . . . . x x
"""
SIGN = {Reach.FINDING: "F", Reach.OPENING: "O", Reach.NATION: "N", Reach.NOWHERE: "x"}
EXPECTED = {
    (Role(role), Action(line.split()[0])): sign
    for line in MATRIX.strip().splitlines()
    for role, sign in zip(ROLES.split(), line.split()[1:], strict=True)
}
CELLS = list(product(Role, Action, Purpose))


RIGHTS = frozenset(group.value for group in SEPARATE_RIGHTS)
AT = datetime(2026, 11, 1, tzinfo=UTC)


def access(
    role: Role,
    purpose: Purpose,
    *,
    reason: str | None = "a sentence",
    area: Area = HOME,
    rights: frozenset[str] = RIGHTS,
    proven_at: datetime | None = AT,
) -> Access:
    return Access(
        staff_id=UUID(int=1),
        login="somebody",
        role=role,
        area=area,
        office="05443",
        purpose=purpose,
        reason=reason,
        at=AT,
        session_ref=None,
        os_account=None,
        request_id=UUID(int=2),
        rights=rights,
        proven_at=proven_at,
    )


def grants(role: Role, action: Action) -> list[Grant]:
    """Return what the role is given for this action, over all purposes."""
    found = []
    for purpose in Purpose:
        try:
            found.append(authorize(access(role, purpose), action))
        except RegistryError:
            continue
    return found


def test_the_matrix_names_every_role_and_every_action() -> None:
    assert set(EXPECTED) == set(product(Role, Action))
    assert set(RESOURCE_OF) == set(Action)


@pytest.mark.parametrize("role", Role)
def test_each_cell_gives_what_is_written_and_nothing_else(role: Role) -> None:
    for action in Action:
        signs = {SIGN[rule.reach] for rule in permitted(role, action).values()} or {"."}
        assert signs == {EXPECTED[role, action]}, action
        found = AROUND if role is Role.COMMUNE_WORKER else NATION
        areas = {"F": {found}, "O": {HOME}, "N": {NATION}, "x": {NOWHERE}, ".": set()}[EXPECTED[role, action]]
        assert {grant.area for grant in grants(role, action)} == areas, action


def test_every_cell_either_grants_or_refuses_by_name() -> None:
    granted = 0
    for role, action, purpose in CELLS:
        rule = permitted(role, action).get(purpose)
        try:
            grant = authorize(access(role, purpose), action)
        except (Refused, ReasonNeeded):
            assert rule is None
            continue
        assert rule is not None
        assert (grant.field_groups, grant.masked, grant.duties) == (rule.shown, rule.masked, rule.duties)
        assert (grant.action, grant.access.purpose) == (action, purpose)
        granted += 1
    assert granted == sum(len(rule.actions) * len(rule.purposes) for rule in RULES)


def test_two_rules_for_one_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules"):
        cells_of([RULES[0], RULES[0]])


def test_every_permission_is_logged_and_shows_a_group_either_whole_or_shortened() -> None:
    for rule in RULES:
        assert Duty.LOG in rule.duties
        assert not rule.shown & rule.masked
        assert rule.reach is not Reach.NOWHERE or not rule.shown | rule.masked


@pytest.mark.parametrize("role", [Role.CUSTODIAN, Role.ADMINISTRATOR, Role.AUDITOR, Role.STATISTICIAN])
def test_who_keeps_the_house_never_sees_a_child(role: Role) -> None:
    touching = {Resource.CHILD, Resource.CASE, Resource.PAIR, Resource.SOURCE, Resource.FRAME}
    for action in Action:
        for grant in grants(role, action):
            assert not grant.field_groups | grant.masked
            assert grant.area == NOWHERE
            assert RESOURCE_OF[action] not in touching or action in {Action.QUALITY, Action.ERASE}


def test_nobody_has_both_the_keys_and_a_copy_of_the_data() -> None:
    for role in set(Role) - {Role.ENGINE}:  # the engine does the work for whoever was permitted to ask for it
        assert not (grants(role, Action.KEYS) and (grants(role, Action.BACKUP) or grants(role, Action.RESTORE)))


def test_the_reporter_is_shown_to_the_officer_of_the_case_alone() -> None:
    shown = [grant for role, action in product(Role, Action) for grant in grants(role, action)]
    shown = [grant for grant in shown if grant.may_open(FieldGroup.REPORTER)]
    assert {(grant.access.role, grant.access.purpose) for grant in shown} == {(Role.COMMUNE_WORKER, Purpose.CASE_WORK)}
    assert {grant.action for grant in shown} == {Action.OPEN_CASE, Action.WRITE_CASE}


def test_restricted_groups_need_a_case_a_referral_or_an_emergency() -> None:
    for role, action in product(Role, Action):
        for grant in grants(role, action):
            if SEPARATE_RIGHTS & set(grant.field_groups):
                assert grant.access.purpose in {Purpose.CASE_WORK, Purpose.REFERRAL, Purpose.EMERGENCY}
                assert role in {Role.COMMUNE_WORKER, Role.PROVINCE_WORKER}


def test_who_does_not_hold_a_separate_right_is_not_shown_what_it_protects() -> None:
    for role, action in product(Role, Action):
        for grant in grants(role, action):
            plain = authorize(access(role, grant.access.purpose, rights=frozenset()), action)
            assert plain.field_groups == grant.field_groups - SEPARATE_RIGHTS
            one = authorize(access(role, grant.access.purpose, rights=frozenset({"group_5"})), action)
            assert one.field_groups == plain.field_groups | ({"group_5"} & set(grant.field_groups))


def test_every_role_has_an_area_to_find_in_and_one_to_open_in() -> None:
    assert set(AREAS) == set(Role)
    assert AREAS[Role.COMMUNE_WORKER].finding is Extent.PROVINCE
    assert AREAS[Role.COMMUNE_WORKER].opening is Extent.OWN


@pytest.mark.parametrize("minutes", [None, -1, 6])
def test_what_needs_a_fresh_sign_in_is_refused_after_five_minutes_and_before_any(minutes: int | None) -> None:
    proven_at = None if minutes is None else AT - timedelta(minutes=minutes)
    with pytest.raises(FreshSignInNeeded):
        authorize(access(Role.COMMUNE_WORKER, Purpose.EMERGENCY, proven_at=proven_at), Action.BREAK_GLASS)


def test_case_groups_come_with_case_actions_alone() -> None:
    for role, action in product(Role, Action):
        for grant in grants(role, action):
            if grant.may_open(FieldGroup.CASE) or grant.may_open(FieldGroup.CASE_NOTES):
                assert RESOURCE_OF[action] is Resource.CASE


def test_a_sector_system_is_given_values_of_its_own_links_alone() -> None:
    for action in Action:
        for grant in grants(Role.SECTOR_SYSTEM, action):
            assert not grant.field_groups or action in {Action.READ_NUMBER, Action.PROPOSALS}
            assert not grant.masked or action is Action.LINK_STATE


def test_the_engine_never_acts_for_a_reason_of_a_person() -> None:
    for action in Action:
        assert not PEOPLE_PURPOSES & set(permitted(Role.ENGINE, action))


def test_looking_at_a_child_without_a_purpose_asks_for_one() -> None:
    for action in (Action.FIND, Action.OPEN, Action.OPEN_CASE):
        with pytest.raises(ReasonNeeded) as refusal:
            authorize(access(Role.COMMUNE_WORKER, Purpose.SIGN_IN), action)
        assert refusal.value.field == "purpose"


def test_a_purpose_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Refused):
        authorize(access(Role.COMMUNE_WORKER, Purpose.DUPLICATE_CHECK), Action.OPEN_CASE)
    with pytest.raises(Refused):
        authorize(access(Role.STEWARD, Purpose.CASE_WORK), Action.INGEST)


@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_the_purpose_other_needs_a_sentence(reason: str | None) -> None:
    with pytest.raises(ReasonNeeded) as refusal:
        authorize(access(Role.COMMUNE_WORKER, Purpose.OTHER, reason=reason), Action.OPEN)
    assert refusal.value.field == "reason"
    grant = authorize(access(Role.COMMUNE_WORKER, Purpose.CASE_WORK, reason=reason), Action.OPEN)
    assert Duty.REASON not in grant.duties


def test_an_emergency_opens_at_once_and_the_supervisor_hears_of_it() -> None:
    for role in (Role.COMMUNE_WORKER, Role.PROVINCE_WORKER):
        for action in (Action.OPEN, Action.OPEN_CASE):
            grant = authorize(access(role, Purpose.EMERGENCY, reason=None), action)
            assert Duty.TELL_SUPERVISOR in grant.duties


def test_a_child_outside_the_area_is_as_missing_as_none() -> None:
    worker = access(Role.COMMUNE_WORKER, Purpose.CASE_WORK)
    assert authorize(worker, Action.OPEN, province="19", commune="05443", place_known=True).area == HOME
    for province, commune in (("19", "05444"), (None, None)):
        with pytest.raises(NotFound):
            authorize(worker, Action.OPEN, province=province, commune=commune, place_known=True)


def test_an_account_without_an_area_is_given_an_empty_one() -> None:
    grant = authorize(access(Role.COMMUNE_WORKER, Purpose.CASE_WORK, area=NOWHERE), Action.FIND)
    assert not grant.area.covers(province="19", commune="05443")


def test_a_grant_is_given_not_made() -> None:
    given = authorize(access(Role.COMMUNE_WORKER, Purpose.CASE_WORK), Action.OPEN)
    with pytest.raises(TypeError, match="given by authorize"):
        Grant(
            access=given.access,
            action=Action.OPEN,
            field_groups=given.field_groups,
            masked=given.masked,
            area=NATION,
            duties=given.duties,
            mint=object(),
        )


def test_a_grant_tells_which_groups_may_be_opened() -> None:
    grant = authorize(access(Role.COMMUNE_WORKER, Purpose.DUPLICATE_CHECK), Action.OPEN)
    assert [grant.may_open(group) for group in ("identity", "contact", "welfare")] == [True, True, False]
