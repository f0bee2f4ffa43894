"""Lists of children for programs: asked for, agreed to by another, fetched; every bad question is refused in words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.world import World

WANTED: dict[str, Any] = {
    "commune": invented.HERE,
    "first_year": 2005,
    "last_year": 2026,
    "purpose": "case_work",
    "reason": "danh sách cho ngày tiêm chủng",
}


def test_a_program_asks_for_a_list_and_fetches_it(world: World) -> None:
    program = Program(world, "worker")
    answer = program.client.post("/v1/exports", json=WANTED)
    assert answer.status_code == 201
    asked = answer.json()
    assert (asked["state"], asked["needs_second"]) == ("ready", False)
    assert asked["question"] == {"commune": invented.HERE, "first_year": 2005, "last_year": 2026, "sex": None}
    place = f"/v1/exports/{asked['export_id']}"
    file = program.client.post(f"{place}/file", json={"form": "csv", "language": "en"})
    assert file.status_code == 200
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert invented.CHILD in file.text
    assert invented.FAR_CHILD not in file.text
    assert program.client.get(place).json()["fetches"] == 1
    assert asked["export_id"] in {one["export_id"] for one in program.client.get("/v1/exports").json()}


@pytest.mark.parametrize(
    "changes",
    [
        {"commune": invented.ELSEWHERE},
        {"commune": "5443"},
        {"first_year": "x"},
        {"first_year": 1},
        {"last_year": 2004},
        {"last_year": 10**30},
        {"sex": "other"},
        {"purpose": "administration"},
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": None},
        {"rows": ["x"]},
    ],
)
def test_a_question_that_breaks_a_rule_is_refused_without_an_echo(world: World, changes: dict[str, Any]) -> None:
    answer = Program(world, "worker").client.post("/v1/exports", json={**WANTED, **changes})
    assert answer.status_code == 422
    problem(answer)
    assert "xxxx" not in answer.text
    assert invented.ELSEWHERE not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [({"form": "pdf"}, 422), ({}, 422), ({"form": "csv", "language": "fr"}, 422), ({"form": "csv"}, 404)],
)
def test_a_file_that_is_not_there_or_of_no_form_is_refused(world: World, body: dict[str, str], status: int) -> None:
    answer = Program(world, "worker").client.post(f"/v1/exports/{uuid4()}/file", json=body)
    assert answer.status_code == status


def test_a_list_of_somebody_else_is_not_there(world: World) -> None:
    asked = Program(world, "worker").client.post("/v1/exports", json=WANTED).json()
    neighbour = Program(world, "neighbour").client
    assert neighbour.get(f"/v1/exports/{asked['export_id']}").status_code == 404
    assert neighbour.post(f"/v1/exports/{asked['export_id']}/file", json={"form": "csv"}).status_code == 404


def test_decisions_are_for_those_who_may(world: World) -> None:
    said = {"approved": True, "digest": "00", "reason": "đã xem"}
    worker = Program(world, "worker").client
    assert worker.get("/v1/export-approvals").status_code == 403
    assert worker.post(f"/v1/export-approvals/{uuid4()}", json=said).status_code == 403
    auditor = Program(world, "auditor").client
    assert auditor.get("/v1/export-approvals").status_code == 200
    assert auditor.post(f"/v1/export-approvals/{uuid4()}", json=said).status_code == 404
    assert auditor.post(f"/v1/export-approvals/{uuid4()}", json={"approved": True}).status_code == 422
