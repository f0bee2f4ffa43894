"""A client proves who it is, is given a token for ten minutes, and is let in with it: and nobody else is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest

from registry.actions.accounts.clients import Credentials, disable_client, list_clients, replace_credentials
from registry.actions.oversight.alarms import list_alarms
from registry.model.access import Purpose, Role
from registry.model.errors import NotFound, Refused
from registry.protect.log.access_log import Leaf, read_leaf
from registry.protect.signing_in.client_keys import public_keys
from tests.api.calling import Program, problem
from tests.api.machines import BEARER, Machine, Signer
from tests.registry.actions.installed import unguarded
from tests.web.world import World

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def machine(world: World) -> Machine:
    """A client of the system of education."""
    return Machine(world)


@pytest.fixture
def moving(world: World) -> Iterator[World]:
    """A world whose clock is put back at the end."""
    before = world.clock.now
    yield world
    world.clock.now = before


def last_leaf(world: World) -> Leaf:
    """Return the newest leaf of the access log."""
    with unguarded(world.url) as connection:
        row = connection.execute("select content from access_leaf order by leaf_id desc limit 1").fetchone()
    assert row is not None
    return read_leaf(bytes(row["content"]))


def refused(answer: httpx.Response, error: str, status: int = 400) -> None:
    """See that a token was refused as RFC 6749 says, and that nothing else was said."""
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert ("www-authenticate" in answer.headers) == (status == 401)


def not_let_in(machine: Machine, token: str) -> None:
    answer = machine.client.get("/v1/client", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, problem(answer)["key"]) == (401, "SignInNeeded")


def test_a_client_is_given_a_token_and_told_who_it_is(machine: Machine, world: World) -> None:
    answer = machine.ask()
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    given = answer.json()
    token = given.pop("access_token")
    assert given == {"token_type": "Bearer", "expires_in": 600, "scope": "pupils"}
    leaf = last_leaf(world)
    assert (leaf.staff_id, leaf.role, leaf.action, leaf.outcome) == (machine.id, "sector_system", "sign_in", "done")
    own = machine.client.get("/v1/client", headers={"authorization": f"Bearer {token}"})
    assert own.status_code == 200
    told = own.json()
    assert (told["client_id"], told["system"], told["streams"]) == (str(machine.id), "education", ["pupils"])
    assert told["actions"] == [
        *("link_state", "ingest", "events", "subscribe", "read_number", "proposals", "sign_in"),
    ]
    assert told["certificate_bound"] is False


def test_neither_token_nor_assertion_is_kept_in_clear(machine: Machine, world: World) -> None:
    assertion = machine.assertion(jti="the-name-of-an-assertion")
    token = machine.ask(assertion).json()["access_token"]
    with unguarded(world.url) as connection:
        for table in ("client", "client_token", "client_assertion", "access_leaf"):
            rows = connection.execute(f"select t::text as line from {table} t".encode()).fetchall()  # noqa: S608  constants
            assert rows
            for row in rows:
                assert token not in row["line"]
                assert token.encode().hex() not in row["line"]
                assert "the-name-of-an-assertion" not in row["line"]


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type", 400),
        ({"grant_type": ""}, "invalid_request", 400),
        ({"scope": "everything"}, "invalid_scope", 400),
        ({"scope": "pupils everything"}, "invalid_scope", 400),
        ({"scope": "pupils  "}, "invalid_scope", 400),
        ({"client_id": str(uuid4())}, "invalid_client", 401),
        ({"client_id": "<script>"}, "invalid_client", 401),
        ({"client_secret": "sesame"}, "invalid_client", 401),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_client", 401),
        ({"client_assertion_type": ""}, "invalid_request", 400),
        ({"client_assertion": "sesame"}, "invalid_client", 401),
        ({"client_assertion": ""}, "invalid_request", 400),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused_without_an_echo(
    machine: Machine, form: dict[str, str], error: str, status: int
) -> None:
    refused(machine.ask(**form), error, status)


@pytest.mark.parametrize(
    ("sent", "error", "status"),
    [
        ({"content": b"", "headers": {"content-type": FORM}}, "invalid_request", 400),
        ({"json": {"grant_type": "client_credentials"}}, "invalid_request", 400),
        ({"content": b"grant_type=client_credentials"}, "invalid_request", 400),
        ({"content": b"grant_type=a&grant_type=b", "headers": {"content-type": FORM}}, "invalid_request", 400),
        ({"content": b"grant_type=%ff", "headers": {"content-type": FORM}}, "invalid_request", 400),
        ({"content": b"\xff\xfe", "headers": {"content-type": FORM}}, "invalid_request", 400),
        ({"content": b"grant_type", "headers": {"content-type": FORM}}, "invalid_request", 400),
        ({"content": b"&".join([b"a=b"] * 99), "headers": {"content-type": FORM}}, "invalid_request", 400),
        (
            {"content": b"grant_type=client_credentials", "headers": {"content-type": FORM + ";charset=utf-7"}},
            "invalid_request",
            400,
        ),
        ({"data": {"grant_type": "client_credentials"}}, "invalid_client", 401),
        ({"data": {"grant_type": "client_credentials"}, "auth": ("client", "sesame")}, "invalid_client", 401),
        ({"data": {"grant_type": "client_credentials"}, "params": {"client_id": "x"}}, "invalid_request", 400),
        ({"data": {"grant_type": "client_credentials", "client_assertion_type": BEARER}}, "invalid_request", 400),
    ],
    ids=range(13),
)
def test_what_is_no_form_is_refused(world: World, sent: dict[str, Any], error: str, status: int) -> None:
    refused(world.browser().post("/v1/oauth/token", **sent), error, status)


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    answer = world.browser().post("/v1/oauth/token", data={"grant_type": "x" * 70_000})
    assert problem(answer)["status"] == 413


def test_a_token_may_be_asked_for_one_stream(machine: Machine) -> None:
    assert machine.ask(scope="pupils").json()["scope"] == "pupils"


def test_an_assertion_is_good_once_and_its_second_use_raises_an_alarm(machine: Machine, world: World) -> None:
    assertion = machine.assertion()
    assert machine.ask(assertion).status_code == 200
    refused(machine.ask(assertion), "invalid_client", 401)
    assert last_leaf(world).outcome == "refused"
    access = world.access(Role.AUDITOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        newest = list_alarms(transaction, world.services.vault, waiting_only=True)[0]
    assert newest.kind == "assertion_replayed"
    again = machine.signer.sign({"jti": "x"})
    refused(machine.ask(again), "invalid_client", 401)


def test_of_two_that_come_at_once_with_the_same_assertion_one_is_given_a_token(machine: Machine, world: World) -> None:
    clients = [world.browser() for _ in range(8)]
    assertion = machine.assertion()
    form = {"grant_type": "client_credentials", "client_assertion_type": BEARER, "client_assertion": assertion}

    def ask(client: httpx.Client) -> int:
        return client.post("/v1/oauth/token", data=form).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        assert sorted(pool.map(ask, clients)) == [200, *[401] * 7]


@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://elsewhere.example"}, {"exp": 1}, {"exp": 1 << 33}, {"jti": None}, {"iss": "somebody"}],
    ids=lambda changed: "-".join(changed),
)
def test_a_bad_assertion_is_refused_and_the_refusal_is_logged(
    machine: Machine, world: World, changed: dict[str, object]
) -> None:
    refused(machine.ask(machine.assertion(**changed)), "invalid_client", 401)
    leaf = last_leaf(world)
    assert (leaf.action, leaf.outcome, leaf.counts) == ("sign_in", "refused", {"client": 1})


def test_a_refused_assertion_is_not_used_up(machine: Machine) -> None:
    refused(machine.ask(machine.assertion(jti="same", aud="https://elsewhere.example")), "invalid_client", 401)
    assert machine.ask(machine.assertion(jti="same")).status_code == 200


def test_a_key_signs_for_its_own_client_alone(machine: Machine, world: World) -> None:
    other = Machine(world)
    claims = {"iss": str(other.id), "sub": str(other.id)}
    refused(machine.ask(machine.assertion(**claims)), "invalid_client", 401)
    refused(machine.ask(client_id=str(other.id)), "invalid_client", 401)
    unknown = str(uuid4())
    refused(machine.ask(machine.assertion(iss=unknown, sub=unknown)), "invalid_client", 401)
    assert machine.ask(client_id=str(machine.id)).status_code == 200


def test_a_token_ends_after_ten_minutes(machine: Machine, moving: World) -> None:
    token = machine.token()
    moving.clock.forward(timedelta(minutes=9, seconds=59))
    assert machine.client.get("/v1/client", headers={"authorization": f"Bearer {token}"}).status_code == 200
    moving.clock.forward(timedelta(seconds=1))
    not_let_in(machine, token)


def test_when_the_clock_goes_back_no_token_of_later_is_good_and_none_is_given(machine: Machine, moving: World) -> None:
    token = machine.token()
    moving.clock.forward(timedelta(seconds=-1))
    not_let_in(machine, token)
    assert machine.ask().status_code == 200, "a second is what two clocks may differ by"
    moving.clock.forward(timedelta(hours=-1))
    not_let_in(machine, token)
    refused(machine.ask(), "invalid_client", 401)


@pytest.mark.parametrize("bearer", ["crt_", "crt_" + "A" * 43, "crt_\u00e9", "A" * 43, "crt_' or 1=1 --"])
def test_a_made_up_token_is_not_let_in(world: World, bearer: str) -> None:
    answer = world.browser().get("/v1/client", headers={"authorization": f"Bearer {bearer}".encode()})
    assert problem(answer)["status"] == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_client_passes_no_door_of_people(machine: Machine) -> None:
    client = machine.signed_in().client
    anybody = {"purpose": "case_work"}
    answers = [
        client.post("/v1/searches", json={"text": "Lò Thị Thử", "purpose": "case_work"}),
        client.get(f"/v1/children/{uuid4()}", headers=anybody),
        client.get("/v1/reviews"),
        client.get("/v1/record-joins"),
        client.get("/v1/tables/children-by-province"),
        client.delete("/v1/session"),
    ]
    assert {answer.status_code for answer in answers} <= {403, 404}
    assert all(problem(answer)["key"] in {"Refused", "ReasonNeeded", "NotFound"} for answer in answers)
    assert answers[0].status_code == answers[-1].status_code == 403
    page = client.get("/vi/find", headers={"cookie": client.headers["authorization"].replace("Bearer ", "session=")})
    assert page.status_code == 303


def test_a_person_is_no_client(world: World) -> None:
    answer = Program(world, "worker").client.get("/v1/client")
    assert problem(answer)["key"] == "Refused"


def test_new_keys_end_the_tokens_and_the_old_key(machine: Machine, moving: World) -> None:
    old, token = machine.signer, machine.token()
    machine.signer = Signer()
    moving.clock.forward(timedelta(seconds=1))
    change(moving, machine.id, Credentials(keys=public_keys(machine.signer.jwks)))
    not_let_in(machine, token)
    assert machine.ask().status_code == 200
    machine.signer = old
    refused(machine.ask(), "invalid_client", 401)


def test_a_disabled_client_is_out_at_once_until_it_has_new_keys(machine: Machine, moving: World) -> None:
    token = machine.token()
    access = moving.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with moving.services.store.begin(access) as transaction:
        disable_client(transaction, moving.services.vault, machine.id)
    not_let_in(machine, token)
    refused(machine.ask(), "invalid_client", 401)
    change(moving, machine.id, Credentials(keys=public_keys(machine.signer.jwks)))
    assert machine.ask().status_code == 200


def change(world: World, client_id: UUID, credentials: Credentials) -> None:
    access = world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        replace_credentials(transaction, world.services.vault, client_id, credentials)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_but_the_administrator_keeps_clients(world: World, machine: Machine, role: Role) -> None:
    access = world.access(role, Purpose.ADMINISTRATION)
    attempts: Mapping[str, Any] = {
        "list": lambda some: list_clients(some, world.services.vault),
        "keys": lambda some: replace_credentials(some, world.services.vault, machine.id, Credentials()),
        "disable": lambda some: disable_client(some, world.services.vault, machine.id),
    }
    for attempt in attempts.values():
        with pytest.raises(Refused), world.services.store.begin(access) as transaction:
            attempt(transaction)


def test_an_unknown_client_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        change(world, uuid4(), Credentials(certificates=frozenset({"a" * 64})))


def test_a_token_in_the_log_is_a_reference_and_every_event_of_a_client_bears_its_id(
    machine: Machine, world: World
) -> None:
    client = machine.signed_in().client
    token = client.headers["authorization"].removeprefix("Bearer ")
    client.post("/v1/searches", json={"text": "Lò Thị Thử", "purpose": "case_work"})
    with unguarded(world.url) as connection:
        rows = connection.execute("select content from access_leaf order by leaf_id desc limit 20").fetchall()
    said = [bytes(row["content"]).decode() for row in rows]
    assert any(str(machine.id) in one for one in said)
    assert not any(re.search(re.escape(token), one) for one in said)


def test_the_form_of_another_world_is_refused(machine: Machine, world: World) -> None:
    elsewhere = replace(world, address=world.address.replace("127.0.0.1", "localhost"))
    other = elsewhere.browser()
    form = {"grant_type": "client_credentials", "client_assertion_type": BEARER}
    body = urlencode(form | {"client_assertion": machine.assertion()})
    answer = other.post("/v1/oauth/token", content=body, headers={"content-type": FORM})
    refused(answer, "invalid_client", 401)
