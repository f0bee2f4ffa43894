"""One record of a system's own: read, written over a version, withdrawn; a key that is not its own is nobody's."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from registry.model.access import Purpose, Role
from registry.store import seals
from tests.api.calling import problem
from tests.api.machines import Machine
from tests.api.pushing import RECORDS, child_of, give_rights, new_key, place, pupil, push, put, rows
from tests.web.world import World


@pytest.fixture
def machine(world: World) -> Machine:
    """A program of the education system."""
    return Machine(world).signed_in()


def written(machine: Machine, key: str) -> str:
    """Write a new record and return the name of its version."""
    answer = put(machine, key, pupil(), if_none_match="*")
    assert answer.status_code == 201, answer.text
    return answer.headers["etag"]


def told(answer: httpx.Response) -> tuple[object, ...]:
    """Return what an answer tells."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "x-request-id"}}
    return answer.status_code, headers, answer.text


@pytest.mark.parametrize("key", ["EDU 1", "2026/10/7", "a?b#c", "Bế Én", "50%", "a+b"])
def test_a_key_of_any_signs_is_written_and_read(machine: Machine, key: str) -> None:
    own = f"{key} {uuid4()}"
    etag = written(machine, own)
    read = machine.client.get(place(own))
    assert (read.status_code, read.json()["key"], read.headers["etag"]) == (200, own, etag)
    assert (read.json()["version"], read.json()["withdrawn"], read.json()["link"]) == (1, False, None)


def test_a_record_is_written_over_the_version_that_is_meant(machine: Machine) -> None:
    key = new_key()
    first = written(machine, key)
    answer = put(machine, key, pupil(version=2), if_match=f'"0-00", {first}')
    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    assert answer.headers["etag"] != first
    assert machine.client.get(place(key)).json()["version"] == 2


def test_whoever_means_another_version_is_told_what_differs_and_no_value(machine: Machine) -> None:
    key = new_key()
    first = written(machine, key)
    changed = {**pupil()["child"], "name": "Bế Thị Yến", "mother": {"name": "Lê Thị Mai"}}
    second = put(machine, key, pupil(version=2, child=changed), if_match=first).headers["etag"]
    refused = put(machine, key, pupil(version=3, services={"grade": "4"}), if_match=first)
    assert refused.status_code == 412
    assert problem(refused)["conflict"] == {
        "etag": second,
        "differing": ["/child/mother/name", "/child/name", "/services", "/version"],
    }
    assert "Yến" not in refused.text
    again = put(machine, key, pupil(), if_none_match="*")
    assert (again.status_code, problem(again)["conflict"]["etag"]) == (412, second)


def test_an_older_version_is_a_conflict_though_the_etag_is_right(machine: Machine) -> None:
    key = new_key()
    put(machine, key, pupil(version=5), if_none_match="*")
    etag = machine.client.get(place(key)).headers["etag"]
    refused = put(machine, key, pupil(version=4), if_match=etag)
    assert (refused.status_code, problem(refused)["conflict"]) == (409, {"etag": etag, "differing": ["/version"]})


def test_a_content_may_come_back_over_the_one_that_replaced_it(machine: Machine) -> None:
    key = new_key()
    plain = {"child": pupil()["child"]}
    other = {"child": {**plain["child"], "name": "Bế Thị Yến"}}
    etag = put(machine, key, plain, if_none_match="*").headers["etag"]
    for record in (other, plain, other, plain):
        answer = put(machine, key, record, if_match=etag)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
        etag = answer.headers["etag"]


def test_without_a_condition_nothing_is_written(machine: Machine) -> None:
    key = new_key()
    assert problem(put(machine, key, pupil()))["status"] == 428
    assert machine.client.delete(place(key)).status_code == 428


@pytest.mark.parametrize(
    "headers",
    [
        {"if_match": "no quotes"},
        {"if_none_match": '"1-00"'},
        {"if_match": '"1-00"', "if_none_match": "*"},
        {"if_match": ""},
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(machine: Machine, headers: dict[str, str]) -> None:
    assert put(machine, new_key(), pupil(), **headers).status_code == 422


def test_a_weak_name_of_a_version_is_not_enough(machine: Machine) -> None:
    key = new_key()
    assert put(machine, key, pupil(version=2), if_match=f"W/{written(machine, key)}").status_code == 412


def test_what_does_not_stand_is_neither_replaced_nor_withdrawn(machine: Machine) -> None:
    for condition in ("*", '"1-0000000000000000"'):
        refused = put(machine, new_key(), pupil(), if_match=condition)
        assert (refused.status_code, problem(refused)["conflict"]) == (412, {"etag": None, "differing": None})
        assert machine.client.delete(place(new_key()), headers={"if-match": condition}).status_code == 412
    assert machine.client.delete(place(new_key()), headers={"if-none-match": "*"}).status_code == 404


def test_a_record_is_withdrawn_and_comes_back(machine: Machine) -> None:
    key = new_key()
    gone = machine.client.delete(place(key), headers={"if-match": written(machine, key)})
    assert (gone.status_code, gone.json()["outcome"]) == (200, "accepted")
    assert machine.client.get(place(key)).json()["withdrawn"] is True
    back = put(machine, key, pupil(version=2), if_match=gone.headers["etag"])
    assert back.status_code == 200
    assert machine.client.get(place(key)).json()["withdrawn"] is False


@pytest.mark.parametrize(
    ("record", "pointer", "rule"),
    [
        (pupil(child={"sex": "3"}), "/child/sex", "unknown_sex"),
        (pupil(child={"birth_date": "31/02/2014"}), "/child/birth_date", "impossible_date"),
        (pupil(child=None), "/child", "field_missing"),
        (pupil(version="1"), "/version", "field_broken"),
        (pupil(version_at="2026-10-01"), "/version_at", "stamp_broken"),
        (pupil(case={}), "/case", "case_not_here"),
        (pupil("another"), "/key", "key_broken"),
        (pupil(operation="delete"), "/operation", "field_broken"),
        (pupil(services={"group": 15}), "/services/group", "field_broken"),
        ([], "", "not_an_object"),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused_and_nothing_is_kept(
    machine: Machine, world: World, record: object, pointer: str, rule: str
) -> None:
    waiting = rows(world, "select count(*) from quarantine")
    key = new_key()
    refused = put(machine, key, record, if_none_match="*")
    assert (refused.status_code, problem(refused)["errors"]) == (422, [{"pointer": pointer, "code": rule}])
    assert machine.client.get(place(key)).status_code == 404
    assert rows(world, "select count(*) from quarantine") == waiting


def test_a_key_that_cannot_be_one_is_refused(machine: Machine) -> None:
    for key in ("=1+1", " x", "x" * 201):
        assert put(machine, key, pupil(), if_none_match="*").status_code == 422


def test_a_dry_run_of_a_write_stores_nothing(machine: Machine) -> None:
    key = new_key()
    dry = machine.client.put(place(key), json=pupil(), headers={"if-none-match": "*"}, params={"dry_run": "true"})
    assert (dry.status_code, dry.json()["outcome"], dry.json()["batch_id"]) == (200, "accepted", None)
    assert machine.client.get(place(key)).status_code == 404


def test_a_key_of_another_system_is_as_one_of_nobody(machine: Machine, world: World) -> None:
    key = new_key()
    written(machine, key)
    other = Machine(world, system="health", stream="infants").signed_in()
    theirs = "/v1/sources/health/streams/infants/records/"
    assert told(other.client.get(theirs + key)) == told(other.client.get(theirs + "nobody"))
    assert told(other.client.get(place(key))) == told(other.client.get(place("nobody")))
    assert other.client.get(place(key)).status_code == 404


def test_a_record_of_a_sealed_child_is_as_one_of_nobody(machine: Machine, world: World) -> None:
    sealed = push(machine, [pupil(key := new_key())]).json()["records"][0]["id"]
    child = child_of(world, sealed)
    with world.services.store.begin(world.access(Role.ENGINE, Purpose.MAINTENANCE)) as transaction:
        seals.place(transaction, [child], keepers=[uuid4()])
    nobody = place("nobody")
    assert told(machine.client.get(place(key))) == told(machine.client.get(nobody))
    assert told(put(machine, key, pupil(version=2), if_match="*")) == told(
        put(machine, "nobody", pupil(version=2), if_match="*")
    )
    listed = machine.client.get(RECORDS, params={"limit": 1000}).json()["records"]
    assert sealed not in {one["id"] for one in listed}
    assert sealed not in machine.client.get("/v1/events", params={"limit": 1000}).text


def test_proposals_are_for_those_with_the_right_alone(machine: Machine, world: World) -> None:
    key = new_key()
    written(machine, key)
    assert machine.client.get(place(key)).json()["proposals"] is None
    answer = {"taken": True}
    assert machine.client.post(f"/v1/proposals/{uuid4()}/answer", json=answer).status_code == 403
    give_rights(world, machine, "proposals")
    assert machine.client.get(place(key)).json()["proposals"] == []
    assert machine.client.post(f"/v1/proposals/{uuid4()}/answer", json=answer).status_code == 404
    assert machine.client.post(f"/v1/proposals/{uuid4()}/answer", json={"taken": False}).status_code == 422


def test_each_look_at_a_record_stands_in_the_log(machine: Machine, world: World) -> None:
    key = new_key()
    written(machine, key)
    before = rows(world, "select count(*) from access_leaf where content like '%%\"link_state\"%%'::bytea")
    machine.client.get(place(key))
    put(machine, key, pupil(), if_none_match="*")
    after = rows(world, "select count(*) from access_leaf where content like '%%\"link_state\"%%'::bytea")
    assert after[0][0] == before[0][0] + 2
