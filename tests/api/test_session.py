"""Programs sign in and out as people do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.actions.sign_in import IDLE, MOST_FAILURES
from tests.api.calling import Program, problem
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
