"""Adding children and cases through the interface: once by token, by rule, and silent about others."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.next_door import the_child
from tests.web.world import World

NEW: dict[str, Any] = {"name": "Vi Thị Mận", "sex": "female", "commune": invented.HERE, "birth_date": "2016"}


def test_a_child_is_added_once_and_can_be_opened(world: World) -> None:
    program = Program(world, "worker")
    body = {**NEW, "token": str(uuid4())}
    first, again = (program.client.post("/v1/children", json=body) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    shown = program.open(first.json()["child_id"])
    assert [record["system"] for record in shown.json()["records"]] == ["commune"]


def test_the_answer_for_a_known_child_has_the_same_form(world: World) -> None:
    program = Program(world, "worker")
    answers = [
        program.client.post("/v1/children", json={**NEW, "token": str(uuid4()), "number": number})
        for number in (invented.CHILD_NUMBER, "019315000789")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [list(answer.json()) for answer in answers] == [["child_id"], ["child_id"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"sex": "other"},
        {"commune": invented.ELSEWHERE},
        {"commune": "5443"},
        {"birth_date": "31/02/2016"},
        {"estimated_age": 19},
        {"number": "12"},
        {"token": "x"},
        {"more": 1},
    ],
)
def test_a_field_that_breaks_a_rule_is_named_and_not_repeated(world: World, wrong: dict[str, Any]) -> None:
    answer = Program(world, "worker").client.post("/v1/children", json={**NEW, "token": str(uuid4()), **wrong})
    assert problem(answer)["status"] == 422
    assert "31/02/2016" not in answer.text


def test_a_case_is_written_on_a_child_of_the_own_area_alone(world: World) -> None:
    program = Program(world, "worker")
    body = {
        "token": str(uuid4()),
        "groups": [9],
        "channel": "police",
        "notes": "Cháu sợ về nhà.",
        "reporter": {"name": "Đàm Văn Báo"},
        "suspect": {"relation": "cha dượng"},
    }
    first, again = (program.client.post(f"/v1/children/{the_child(world)}/cases", json=body) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert "Cháu sợ về nhà." in program.open(the_child(world)).text
    far, missing = (
        program.client.post(f"/v1/children/{child}/cases", json=body)
        for child in (the_child(world, invented.FAR_KEY), uuid4())
    )
    assert far.content == missing.content
    assert problem(far)["status"] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups": [15]},
        {"channel": "rumour"},
        {"harm_level": "x"},
        {"settings": ["moon"]},
        {"notes": "x" * 4001},
        {"groups": [], "notes": None},
        {"reporter": {"name": "=1+1"}},
        {"reporter": {"shoe": "42"}},
        {"suspect": "somebody"},
    ],
)
def test_a_case_that_breaks_a_rule_is_refused(world: World, wrong: dict[str, Any]) -> None:
    body = {"token": str(uuid4()), "groups": [9], "channel": "police", **wrong}
    answer = Program(world, "worker").client.post(f"/v1/children/{the_child(world)}/cases", json=body)
    assert problem(answer)["status"] == 422
    assert "=1+1" not in answer.text


def test_other_roles_add_nothing(world: World) -> None:
    for login in ("province", "reviewer", "auditor", "statistician"):
        program = Program(world, login)
        assert program.client.post("/v1/children", json={**NEW, "token": str(uuid4())}).status_code == 403
        path = f"/v1/children/{the_child(world)}/cases"
        case = {"token": str(uuid4()), "groups": [9], "channel": "police"}
        assert program.client.post(path, json=case).status_code == 403
