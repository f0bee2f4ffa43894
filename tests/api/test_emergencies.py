"""Emergencies through the interface: begun, used, ended, judged, and refused by rule."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.next_door import hire, the_child
from tests.web.world import World

WHY = "Trẻ kêu cứu, xã bên không nghe máy."


def test_the_child_opens_under_an_emergency_and_is_closed_afterwards(world: World) -> None:
    program = Program(world, hire(world, "api.mot"))
    child = the_child(world)
    assert problem(program.open(child, "emergency"))["key"] == "OutsideOpeningArea"
    answer = program.client.post("/v1/emergencies", json={"child_id": str(child), "reason": WHY})
    assert answer.status_code == 201
    assert answer.json()["child_id"] == str(child)
    shown = program.open(child, "emergency")
    assert shown.status_code == 200
    assert invented.CHILD in shown.text
    assert program.open(child, "case_work").status_code == 403
    assert program.client.delete("/v1/emergencies/running").status_code == 204
    assert program.open(child, "emergency").status_code == 403


def test_the_supervisor_reads_and_judges_it(world: World) -> None:
    child = the_child(world)
    program = Program(world, hire(world, "api.hai"))
    begun = program.client.post("/v1/emergencies", json={"child_id": str(child), "reason": WHY}).json()
    head = Program(world, "province")
    (one,) = [row for row in head.client.get("/v1/emergencies").json() if row["login"] == "api.hai"]
    assert (one["emergency_id"], one["reason"], one["verdict"]) == (begun["emergency_id"], WHY, None)
    said = {"verdict": "justified", "note": "Đúng quy định"}
    path = f"/v1/emergencies/{begun['emergency_id']}/verdict"
    assert problem(program.client.post(path, json=said))["key"] == "NotFound"
    assert head.client.post(path, json=said).status_code == 204
    assert problem(head.client.post(path, json=said))["key"] == "Conflict"


def test_an_account_that_nobody_judged_in_time_is_shut_out_until_somebody_does(world: World) -> None:
    login = hire(world, "api.ba")
    program = Program(world, login)
    begun = program.client.post("/v1/emergencies", json={"child_id": str(the_child(world)), "reason": WHY}).json()
    world.clock.forward(timedelta(hours=72))
    assert program.client.get("/v1/emergencies").status_code == 401
    refused = world.browser().post("/v1/session", json={"login": login, "password": "x"})
    assert refused.status_code == 401
    head = Program(world, "province")
    said = {"verdict": "not_justified", "note": "Không gọi cho xã bên"}
    assert head.client.post(f"/v1/emergencies/{begun['emergency_id']}/verdict", json=said).status_code == 204
    assert Program(world, login).client.get("/v1/emergencies").status_code == 200


def test_each_refusal_names_its_rule_and_repeats_nothing(world: World) -> None:
    alone = Program(world, hire(world, "api.bon", supervised=False))
    body = {"child_id": str(the_child(world)), "reason": WHY}
    assert problem(alone.client.post("/v1/emergencies", json=body))["key"] == "NoSupervisor"
    program = Program(world, hire(world, "api.nam"))
    for wrong in (
        {**body, "reason": " "},
        {**body, "reason": "x" * 501},
        {**body, "child_id": "x"},
        {**body, "more": 1},
    ):
        answer = program.client.post("/v1/emergencies", json=wrong)
        assert answer.status_code == 422
        assert "x" * 20 not in answer.text
    world.clock.forward(timedelta(minutes=6))
    assert problem(program.client.post("/v1/emergencies", json=body))["key"] == "FreshSignInNeeded"


def test_missing_and_far_children_are_answered_alike(world: World) -> None:
    program = Program(world, hire(world, "api.sau"))
    far = the_child(world, invented.FAR_KEY)
    answers = [
        program.client.post("/v1/emergencies", json={"child_id": str(child), "reason": WHY}) for child in (far, uuid4())
    ]
    assert answers[0].content == answers[1].content
    assert problem(answers[0])["status"] == 404


def test_other_roles_break_and_judge_nothing(world: World) -> None:
    for login in ("reviewer", "auditor", "statistician", "custodian"):
        program = Program(world, login)
        body = {"child_id": str(the_child(world)), "reason": WHY}
        assert program.client.post("/v1/emergencies", json=body).status_code == 403
        assert program.client.get("/v1/emergencies").status_code == 403
