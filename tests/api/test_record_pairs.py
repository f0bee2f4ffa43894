"""Programs decide pairs of records for a person, and take a record out of a child."""

from __future__ import annotations

from uuid import uuid4

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.nickname import nickname_pair
from tests.web.world import World


def test_a_pair_of_records_is_shown_decided_and_undone(world: World) -> None:
    program = Program(world, "reviewer")
    one, other = nickname_pair(world)
    before = program.client.get("/v1/record-pairs").json()
    assert set(before["first"]) == {"child_id", "other_id"}
    address = f"/v1/record-pairs/{other}/{one}"
    pair = program.client.get(address).json()
    assert pair["ours"]["name"] == pair["theirs"]["name"] == invented.NICKNAME
    assert (pair["joined"], pair["linked"]) == (False, False)
    assert pair["evidence"]
    verdict = {"says": "same", "reason": "Cùng cha."}
    assert program.client.post(address, json=verdict).status_code == 204
    assert program.client.post(address, json=verdict).status_code == 409
    assert program.client.get(address).json()["joined"]
    assert program.client.get("/v1/record-pairs").json()["waiting"] == before["waiting"] - 1
    undoing = f"/v1/record-joins/{pair['child_id']}/undo"
    assert program.client.post(undoing, json={"reason": "Nhầm."}).status_code == 204
    assert program.client.post(undoing, json={"reason": "Nhầm."}).status_code == 404


def test_a_child_tells_which_of_its_records_were_joined_and_why(world: World) -> None:
    found = Program(world, "worker").search(invented.ABSENT).json()
    child_id = found["found"][0]["child_id"]
    child = Program(world, "worker").open(child_id).json()
    (join,) = child["joins"]
    assert {join["system"], join["other_system"]} == {"education", "protection"}
    assert join["evidence"]
    listed = Program(world, "reviewer").client.get("/v1/record-joins").json()
    assert join["child_id"] in {end for one in listed for end in (one["child_id"], one["other_id"])}


def test_records_that_are_no_pair_are_not_found(world: World) -> None:
    answer = Program(world, "reviewer").client.get(f"/v1/record-pairs/{uuid4()}/{uuid4()}")
    assert problem(answer)["key"] == "NotFound"


def test_a_worker_decides_no_pair_of_records(world: World) -> None:
    client = Program(world, "worker").client
    assert client.get("/v1/record-pairs").status_code == 403
    assert client.get("/v1/record-joins").status_code == 403
    answer = client.post(f"/v1/record-joins/{uuid4()}/undo", json={"reason": "Nhầm."})
    assert answer.status_code == 403
