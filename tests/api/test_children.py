"""Programs find and open children under the same rules as people."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.world import World


def test_a_misspelt_child_is_found_and_opened(world: World) -> None:
    program = Program(world, "worker")
    answer = program.search(invented.MISSPELT).json()
    assert [found["name"] for found in answer["found"]] == [invented.CHILD]
    assert answer["found"][0]["reasons"] == ["one letter differs"]
    child = program.open(answer["found"][0]["child_id"]).json()
    assert {record["system"] for record in child["records"]} >= {"education", "protection"}
    assert {record["side"]["number"] for record in child["records"]} == {"019***001"}
    assert all(link["evidence"] for link in child["links"])


def test_a_child_outside_the_area_is_as_missing_as_none(world: World) -> None:
    far = Program(world, "neighbour").search(invented.FAR_CHILD).json()["found"][0]["child_id"]
    program = Program(world, "worker")
    assert program.search(invented.FAR_CHILD).json()["found"] == []
    answers = [program.open(child_id) for child_id in (far, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_another_reason_needs_a_sentence(world: World) -> None:
    program = Program(world, "worker")
    child_id = program.search(invented.CHILD).json()["found"][0]["child_id"]
    assert problem(program.open(child_id, "other"))["key"] == "ReasonNeeded"
    assert program.open(child_id, "other", "Bà ngoại hỏi thăm.").status_code == 200
    assert problem(program.open(child_id, "other", "x" * 501))["field"] == "reason"


@pytest.mark.parametrize("purpose", ["", "review", "curiosity"])
def test_a_purpose_that_is_none_opens_nothing(world: World, purpose: str) -> None:
    answer = Program(world, "worker").open(uuid4(), purpose)
    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == "header.purpose"


@pytest.mark.parametrize("login", ["reviewer", "statistician", "auditor", "custodian"])
def test_roles_without_children_are_refused(world: World, login: str) -> None:
    program = Program(world, login)
    assert program.search(invented.CHILD).status_code == 403
    assert program.open(uuid4()).status_code == 403
