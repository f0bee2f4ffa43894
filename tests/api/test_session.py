"""Programs sign in and out as people do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.actions.accounts.sign_in import IDLE, MOST_FAILURES
from tests.api.calling import Program, problem
from tests.web.browsing import person
from tests.web.devices import own_account, set_up
from tests.web.world import ACCOUNTS, PASSWORD, World


def test_a_session_begins_and_ends(world: World) -> None:
    program = Program(world, "worker")
    assert program.search("Trần").status_code == 200
    assert program.client.delete("/v1/session").status_code == 204
    answer = program.search("Trần")
    assert problem(answer)["key"] == "SignInNeeded"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_without_a_session_nothing_is_answered(world: World, headers: dict[str, str]) -> None:
    answer = world.browser().get("/v1/reviews", headers=headers)
    assert answer.status_code == 401
    problem(answer)


def test_the_cookie_of_the_pages_is_no_key_here(world: World) -> None:
    browser = world.browser()
    browser.post("/vi/sign-in", data={"login": "reviewer", "password": PASSWORD})
    assert browser.get("/v1/reviews").status_code == 401


def test_a_one_time_password_signs_no_program_in(world: World) -> None:
    one_time = world.add_account("program-new", *ACCOUNTS["worker"])
    answer = world.browser().post("/v1/session", json={"login": "program-new", "password": one_time})
    assert problem(answer)["key"] == "PasswordMustBeChosen"
    assert answer.status_code == 403


def test_wrong_passwords_lock_the_account_here_too(world: World) -> None:
    one_time = world.add_account("program-locked", *ACCOUNTS["worker"])
    world.choose_password("program-locked", one_time, PASSWORD)
    client = world.browser()
    wrong = {"login": "program-locked", "password": "wrong wrong wrong"}
    for _ in range(MOST_FAILURES):
        answer = client.post("/v1/session", json=wrong)
        assert problem(answer)["key"] == "SignInRefused"
    right = client.post("/v1/session", json={"login": "program-locked", "password": PASSWORD})
    assert right.status_code == 401


def test_an_idle_session_ends(world: World) -> None:
    program = Program(world, "worker")
    world.clock.forward(IDLE + timedelta(seconds=1))
    assert program.search("Trần").status_code == 401


def test_a_program_of_an_account_with_a_device_says_the_code_too(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    client, said = world.browser(), {"login": login, "password": PASSWORD}
    for code in ("", "000000", "not a code"):
        assert problem(client.post("/v1/session", json={**said, "code": code}))["key"] == "SignInRefused"
    code = device.code
    assert client.post("/v1/session", json={**said, "code": code}).status_code == 201
    assert client.post("/v1/session", json={**said, "code": code}).status_code == 401


def test_a_proof_gives_another_token_and_ends_the_old_one(world: World) -> None:
    program = Program(world, own_account(world))
    old = program.client.headers["authorization"]
    assert problem(program.client.post("/v1/session/proof", json={"password": "wrong"}))["key"] == "SignInRefused"
    answer = program.client.post("/v1/session/proof", json={"password": PASSWORD})
    assert answer.status_code == 201
    assert program.search("Trần").status_code == 401
    program.client.headers["authorization"] = f"Bearer {answer.json()['token']}"
    assert program.search("Trần").status_code == 200
    assert old != program.client.headers["authorization"]


@pytest.mark.parametrize(
    "body", [{}, {"password": ""}, {"password": "x", "more": 1}, {"password": "x", "code": "1" * 65}]
)
def test_a_proof_that_is_none_is_refused_without_an_echo(world: World, body: dict[str, object]) -> None:
    answer = Program(world, "worker").client.post("/v1/session/proof", json=body)
    assert answer.status_code == 422
    assert "1111" not in answer.text


@pytest.mark.parametrize("body", [{}, {"logout_token": ""}, {"logout_token": "x" * 20_000}])
def test_a_sign_out_that_is_none_is_refused(world: World, body: dict[str, str]) -> None:
    answer = world.browser().post("/v1/identity-provider/logout", data=body)
    assert answer.status_code == 422
    assert "xxxx" not in answer.text
