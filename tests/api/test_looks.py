"""Who looked at a child, over the interface."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.world import World


def test_a_worker_asks_for_a_family_and_an_auditor_with_a_sentence(world: World) -> None:
    worker, auditor = Program(world, "worker"), Program(world, "auditor")
    child_id = worker.search(invented.CHILD, commune=invented.HERE).json()["found"][0]["child_id"]
    assert worker.open(child_id).status_code == 200
    told = worker.client.get(f"/v1/children/{child_id}/looks")
    assert told.status_code == 200
    assert {"open", "find"} <= {one["action"] for one in told.json()["looks"]}
    assert {one["login"] for one in told.json()["looks"]} == {None}
    assert problem(auditor.client.get(f"/v1/children/{child_id}/looks"))["key"] == "ReasonNeeded"
    headers = {"reason": quote("Đơn của gia đình.")}
    audited = auditor.client.get(f"/v1/children/{child_id}/looks", headers=headers)
    assert "worker" in {one["login"] for one in audited.json()["looks"]}
    too_long = auditor.client.get(f"/v1/children/{child_id}/looks", headers={"reason": "x" * 501})
    assert problem(too_long)["status"] == 422


def test_a_child_who_is_not_there_is_missing(world: World) -> None:
    assert problem(Program(world, "worker").client.get(f"/v1/children/{uuid4()}/looks"))["status"] == 404
    assert problem(Program(world, "reviewer").client.get(f"/v1/children/{uuid4()}/looks"))["status"] == 403
