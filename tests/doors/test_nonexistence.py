"""A child beyond where somebody may find her, and a sealed one, are at every door as one who does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from registry.model.access import Area, Role
from registry.protect.doors import DOORS, Door
from registry.protect.keys.keyring import Keyring
from registry.protect.log.access_log import read_leaf
from tests.api.calling import Program
from tests.database import DatabaseServer
from tests.doors.calls import SAMPLES, Caller, caller
from tests.web import invented
from tests.web.world import PASSWORD, World, running_world

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NAMED_IN_THE_BODY = {("POST", "/v1/emergencies"): "child_id"}
NAMED_IN_THE_QUERY = {("GET", "/{language}/emergencies/new"): "child"}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OF_THE_MOMENT = frozenset({"date", "x-request-id", "server", "set-cookie"})
LOOKING: Mapping[str, Role] = {
    "worker": Role.COMMUNE_WORKER,
    "province": Role.PROVINCE_WORKER,
    "nearby.reviewer": Role.REVIEWER,
    "auditor": Role.AUDITOR,
    "custodian": Role.CUSTODIAN,
    "steward.of.all": Role.STEWARD,
}
REASON = "Cháu phải được giấu."


@dataclass(frozen=True)
class Hidden:
    """A registry in which some children are to be hidden from some people."""

    world: World
    callers: Mapping[str, Caller]
    children: Mapping[str, UUID]


@pytest.fixture(scope="module")
def hidden(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hidden]:
    """A registry of its own, with two children whom only their keeper knows, and one of another province."""
    name = database_server.clone(template)
    with running_world(database_server.url(name), keyring, NOW, tmp_path_factory.mktemp("hidden")) as world:
        add(world, "nearby.reviewer", Role.REVIEWER, Area(provinces=frozenset({invented.PROVINCE})))
        add(world, "steward.of.all", Role.STEWARD, Area())
        add(world, "keeper", Role.PROVINCE_WORKER, Area(provinces=frozenset({invented.PROVINCE})))
        children = {
            "missing": uuid4(),
            "beyond": first(world, "neighbour", invented.FAR_CHILD),
            "sealed": first(world, "worker", invented.MISSPELT),
            "sealed and waiting": UUID(Program(world, "nearby.reviewer").client.get("/v1/reviews").json()["first"]),
        }
        keeper = Program(world, "keeper").client
        for what in ("sealed", "sealed and waiting"):
            body = {"keepers": ["keeper"], "reason": REASON}
            assert keeper.post(f"/v1/children/{children[what]}/seal", json=body).status_code == 204
        yield Hidden(world, {login: caller(world, login) for login in LOOKING}, children)
    database_server.drop(name)


def add(world: World, login: str, role: Role, area: Area) -> None:
    """Add an account that may work at once."""
    world.choose_password(login, world.add_account(login, role, area), PASSWORD)


def first(world: World, login: str, text: str) -> UUID:
    """Return whom a search finds first."""
    return UUID(Program(world, login).search(text).json()["found"][0]["child_id"])


def names_a_child(door: Door) -> bool:
    """Say whether a door is told of a child, or of something of hers, by id."""
    key = (door.method, door.path)
    return "{child_id}" in door.path or key in NAMED_IN_THE_BODY or key in NAMED_IN_THE_QUERY


TOLD = [door for door in DOORS if names_a_child(door)]
# An auditor reads the log, which tells what happened under any id, also of those that nobody has.
LOOKS = [
    (door, login)
    for door in TOLD
    for login, role in LOOKING.items()
    if (door.lets_in(role) or login == "custodian") and not (login == "auditor" and "/looks" in door.path)
]


def knock(caller: Caller, door: Door, child_id: UUID) -> httpx.Response:
    """Call a door about a child."""
    key = (door.method, door.path)
    if key in NAMED_IN_THE_BODY:
        body = {**SAMPLES[key].body, NAMED_IN_THE_BODY[key]: str(child_id)}
        return caller.program.request(door.method, door.path, json=body)
    if key in NAMED_IN_THE_QUERY:
        path = door.path.format(language="en")
        return caller.browser.browser.get(path, params={NAMED_IN_THE_QUERY[key]: str(child_id)})
    return caller.knock(door, child_id)


def told(answer: httpx.Response) -> tuple[object, ...]:
    """Return all that an answer tells, without the ids that were asked for and what is of the moment."""
    headers = {name: ID.sub("ID", value) for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
    return answer.status_code, headers, ID.sub("ID", answer.text)


@contextmanager
def logged(world: World) -> Iterator[list[tuple[object, ...]]]:
    """Collect what the log says of what happens in the block, without who and whom."""
    address = make_url(world.url).set(drivername="postgresql").render_as_string(hide_password=False)
    found: list[tuple[object, ...]] = []
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set role child_registry_engine; set app.purpose = 'maintenance'")
        latest = connection.execute("select coalesce(max(leaf_id), 0) from access_leaf").fetchone()
        yield found
        query = "select content from access_leaf where leaf_id > %s order by leaf_id"
        for (content,) in connection.execute(query, latest):
            if not bytes(content).startswith(b'{"action":"rows"'):
                leaf = read_leaf(bytes(content))
                found.append((leaf.action, leaf.outcome, len(leaf.children), leaf.groups, dict(leaf.counts)))


def test_there_are_doors_that_name_a_child_of_every_kind() -> None:
    assert len(TOLD) > 15
    assert {door.path.split("/")[1] for door in TOLD} == {"{language}", "v1"}
    ids = {place for door in DOORS for place in re.findall(r"\{(\w+_id)\}", door.path)}
    assert "child_id" in ids


@pytest.mark.parametrize(
    ("door", "login"), [pytest.param(*look, id=f"{look[0].method} {look[0].path} {look[1]}") for look in LOOKS]
)
def test_who_may_not_know_of_a_child_is_answered_as_if_there_were_none(hidden: Hidden, door: Door, login: str) -> None:
    answers, leaves = {}, {}
    for what, child_id in hidden.children.items():
        if what == "beyond" and login == "province":
            continue  # a province finds a child anywhere
        with logged(hidden.world) as said:
            answers[what] = told(knock(hidden.callers[login], door, child_id))
        leaves[what] = said
    for what in answers:
        assert answers[what] == answers["missing"], what
        assert leaves[what] == leaves["missing"], what


@pytest.mark.parametrize("login", ["worker", "province"])
@pytest.mark.parametrize(
    ("body", "nowhere"),
    [
        ({"text": invented.CHILD_NUMBER}, {"text": "019314999999"}),
        ({"text": invented.CHILD_KEY}, {"text": "EDU9999999"}),
        ({"text": invented.CHILD, "born": "03/05/2014"}, {"text": "Quách Thị Không Ai", "born": "03/05/2014"}),
    ],
)
def test_a_search_for_a_sealed_child_is_as_one_for_nobody(
    hidden: Hidden, login: str, body: dict[str, str], nowhere: dict[str, str]
) -> None:
    program = hidden.callers[login].program
    answers, leaves = [], []
    for asked in (body, nowhere):
        with logged(hidden.world) as said:
            answer = program.post("/v1/searches", json={**asked, "purpose": "case_work"})
            found = [one for one in answer.json()["found"] if one["grade"] != "possible"]
            answers.append((answer.status_code, answer.json()["tier"], found))
        leaves.append([leaf[:2] for leaf in said])
    assert answers[0] == answers[1]
    assert leaves[0] == leaves[1]


def test_lists_and_counts_of_people_hold_no_hidden_child(hidden: Hidden) -> None:
    sealed = [str(child) for what, child in hidden.children.items() if what.startswith("sealed")]
    for login in LOOKING:
        program, browser = hidden.callers[login].program, hidden.callers[login].browser
        for path in ("/v1/reviews", "/v1/record-pairs", "/v1/record-joins"):
            assert not [one for one in sealed if one in program.get(path).text]
        for path in ("/", "/reviews", "/record-joins"):
            assert not [one for one in sealed if one in browser.get(path).text]


def test_her_keeper_opens_her_all_the_while(hidden: Hidden) -> None:
    keeper = Program(hidden.world, "keeper")
    assert keeper.open(hidden.children["sealed"]).status_code == 200
    assert keeper.search(invented.CHILD_NUMBER).json()["total"] == 1
    assert keeper.client.get(f"/v1/children/{hidden.children['sealed']}/seal").json()["keepers"] == ["keeper"]
