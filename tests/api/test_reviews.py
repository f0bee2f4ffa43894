"""Programs review pairs for a person."""

from __future__ import annotations

from uuid import uuid4

from tests.api.calling import Program, problem
from tests.web.world import World


def test_a_pair_is_shown_and_decided(world: World) -> None:
    program = Program(world, "reviewer")
    queue = program.client.get("/v1/reviews").json()
    assert queue["waiting"] >= 1
    address = f"/v1/reviews/{queue['first']}"
    pair = program.client.get(address).json()
    assert len(pair["candidates"]) == 2
    assert all("***" in one["theirs"]["number"] for one in pair["candidates"])
    verdict = {"person_id": pair["candidates"][0]["person_id"], "says": "same", "reason": "Cùng mẹ."}
    assert program.client.post(address, json=verdict).status_code == 204
    assert program.client.post(address, json=verdict).status_code == 409
    assert program.client.get("/v1/reviews").json()["waiting"] == queue["waiting"] - 1


def test_the_queue_is_read_page_by_page(world: World) -> None:
    program = Program(world, "reviewer")
    whole = program.client.get("/v1/reviews", params={"limit": 200}).json()
    assert len(whole["items"]) == whole["waiting"]
    assert whole["items"][0]["child_id"] == whole["first"]
    assert whole["next"] is None
    one = program.client.get("/v1/reviews", params={"limit": 1}).json()
    assert one["items"] == whole["items"][:1]
    if one["next"] is not None:
        rest = program.client.get("/v1/reviews", params={"limit": 200, "after": one["next"]}).json()
        assert rest["items"] == whole["items"][1:]
    answer = program.client.get("/v1/reviews", params={"after": "nowhere"})
    assert (answer.status_code, problem(answer)["field"]) == (422, "after")


def test_a_citizen_who_is_no_candidate_is_a_conflict(world: World) -> None:
    program = Program(world, "reviewer")
    first = program.client.get("/v1/reviews").json()["first"]
    verdict = {"person_id": str(uuid4()), "says": "same", "reason": "Cùng mẹ."}
    answer = program.client.post(f"/v1/reviews/{first}", json=verdict)
    assert problem(answer)["key"] == "Conflict"


def test_a_worker_reviews_nothing(world: World) -> None:
    assert Program(world, "worker").client.get("/v1/reviews").status_code == 403
