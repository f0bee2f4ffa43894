"""Refusals say field and rule, and never what was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from registry.actions.services import Services
from registry.store.session import Store
from tests.api.calling import Program, problem
from tests.web.world import World, served

SECRET = "Nguyễn Thị Bí Mật"


@pytest.mark.parametrize(
    "body",
    [
        {"text": [SECRET], "purpose": "case_work"},
        {"text": SECRET, "purpose": SECRET},
        {"text": SECRET, "purpose": "case_work", SECRET: "x"},
        {"text": "Trần", "born": SECRET, "purpose": "case_work"},
        {"text": "Trần", "commune": SECRET, "purpose": "case_work"},
        {"text": SECRET * 20, "purpose": "case_work"},
        [SECRET],
        SECRET,
    ],
)
def test_what_was_sent_is_never_repeated(world: World, body: Any) -> None:
    answer = Program(world, "worker").client.post("/v1/searches", json=body)
    assert answer.status_code == 422
    problem(answer)
    assert "Bí" not in answer.json().__repr__()
    assert SECRET not in answer.text


def test_broken_json_is_told_without_its_text(world: World) -> None:
    headers = {"content-type": "application/json"}
    answer = Program(world, "worker").client.post(
        "/v1/searches", content=f'{{"text": {SECRET}'.encode(), headers=headers
    )
    assert problem(answer)["errors"] == [{"field": "body", "rule": "json_invalid"}]


def test_an_id_that_is_none_is_told_without_it(world: World) -> None:
    answer = Program(world, "worker").open("bi-mat-12345")
    assert answer.status_code == 422
    assert "bi-mat" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused_with_those_that_are_there(world: World, method: str) -> None:
    answer = world.browser().request(method, "/v1/searches")
    assert problem(answer)["status"] == 405
    assert answer.headers["allow"] == "POST"


def test_a_large_body_is_refused(world: World) -> None:
    answer = world.browser().post("/v1/searches", json={"text": "x" * 70_000})
    assert problem(answer)["status"] == 413


def without_database(world: World) -> Services:
    """Return services whose database does not answer."""
    return replace(world.services, store=Store("postgresql+psycopg://nobody:secret@127.0.0.1:1/none"))


def test_a_lost_database_is_told_without_its_address(world: World) -> None:
    with served(without_database(world)) as address, httpx.Client(base_url=address) as client:
        health, page = client.get("/v1/health"), client.get("/vi/find")
        assert problem(health) == {
            "type": "/problems/database-unavailable",
            "title": "The database is not available",
            "status": 503,
            "key": "DatabaseUnavailable",
        }
        entered = client.post("/vi/sign-in", data={"login": "worker", "password": "x"})
        assert entered.status_code == 503
        assert "127.0.0.1" not in entered.text
        assert page.status_code == 303


def test_the_registry_is_well(world: World) -> None:
    assert world.browser().get("/v1/health").json() == {"status": "ok"}
