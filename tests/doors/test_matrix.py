"""Every role at every door: who is let in is whom the policy lets in, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from registry.model.access import NOWHERE, Purpose, Role
from registry.protect.authorize import permitted
from registry.protect.doors import DOORS, Door, Who
from registry.protect.policy import Action
from tests.api.calling import Program
from tests.doors.calls import SAMPLES, Caller, Sample, caller, is_page, stranger
from tests.web import invented
from tests.web.world import ACCOUNTS, PASSWORD, World

PEOPLE = tuple(role for role in Role if role is not Role.ENGINE)
LOOKING = [purpose.value for purpose in Purpose if purpose in permitted(Role.COMMUNE_WORKER, Action.FIND)]
ENDS_THE_SESSION = frozenset({("POST", "/{language}/sign-out"), ("DELETE", "/v1/session")})


@dataclass(frozen=True)
class Everybody:
    """One caller for each role."""

    world: World
    callers: dict[Role, Caller]
    child_id: UUID  # at whose doors everybody knocks: what stands behind them changes
    untouched: UUID


@pytest.fixture(scope="module")
def everybody(world: World) -> Everybody:
    """Somebody of each role, signed in."""
    logins = {role: login for login, (role, _) in ACCOUNTS.items() if login != "neighbour"}
    for role in set(PEOPLE) - set(logins):
        logins[role] = f"only.{role.value.replace('_', '.')}"
        world.choose_password(logins[role], world.add_account(logins[role], role, NOWHERE), PASSWORD)
    callers = {role: caller(world, login) for role, login in logins.items()}
    return Everybody(world, callers, found(world, invented.ABSENT), found(world, invented.CHILD_NUMBER))


def found(world: World, text: str) -> UUID:
    """Return the child of the worker's commune whom a search finds first."""
    return UUID(Program(world, "worker").search(text).json()["found"][0]["child_id"])


def refused(door: Door, answer: httpx.Response) -> bool:
    """Say whether an answer shuts the door in somebody's face."""
    return answer.status_code == 403


def sent_to_sign_in(door: Door, answer: httpx.Response) -> bool:
    """Say whether an answer asks who is there."""
    if is_page(door):
        return answer.status_code == 303 and "/sign-in" in answer.headers["location"]
    return answer.status_code == 401


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_a_door_lets_in_exactly_those_whom_the_policy_names(everybody: Everybody, door: Door) -> None:
    if (door.method, door.path) in ENDS_THE_SESSION:
        return  # the tests of signing in go through these
    said = SAMPLES.get((door.method, door.path), Sample())
    for role in PEOPLE:
        answer = everybody.callers[role].knock(door, everybody.child_id)
        seen = f"{role}: {answer.status_code}"
        assert answer.status_code < 500, seen
        if not door.lets_in(role):
            assert refused(door, answer), seen
        elif door.needs is not Who.ANYBODY:
            assert not sent_to_sign_in(door, answer), seen
            assert answer.status_code in {200, 201, 202, 204, 303} | said.also, seen


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_nobody_passes_a_door_without_signing_in(everybody: Everybody, door: Door) -> None:
    answer = stranger(everybody.world).knock(door, everybody.child_id)
    if door.needs is Who.ANYBODY:
        assert answer.status_code < 500
    else:
        assert sent_to_sign_in(door, answer) or refused(door, answer), answer.status_code


def test_every_sample_is_of_a_door() -> None:
    assert set(SAMPLES) <= {(door.method, door.path) for door in DOORS}


@pytest.mark.parametrize("purpose", LOOKING)
@pytest.mark.parametrize("role", [Role.COMMUNE_WORKER, Role.PROVINCE_WORKER])
def test_a_purpose_opens_what_the_policy_gives_for_it(everybody: Everybody, role: Role, purpose: str) -> None:
    rule = permitted(role, Action.OPEN)[Purpose(purpose)]
    login = {Role.COMMUNE_WORKER: "worker", Role.PROVINCE_WORKER: "province"}[role]
    child = Program(everybody.world, login).open(everybody.untouched, purpose, "Cần xem.").json()
    records = child["records"]
    assert all(record["side"]["name"] for record in records)
    assert any(record["side"]["mother"] for record in records) == ("family" in rule.shown)
    assert any(record["address"] for record in records) == ("contact" in rule.shown)
    assert any(record["services"] for record in records) == ("services" in rule.shown)
    case = permitted(role, Action.OPEN_CASE).get(Purpose(purpose))
    assert any(record["case"] for record in records) == (case is not None)
    assert any(record["case_notes"] for record in records) == (case is not None and "case_notes" in case.shown)
    assert any(record["reporter"] for record in records) == (case is not None and "reporter" in case.shown)
