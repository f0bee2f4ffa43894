"""The feed of a system: its own events alone, in order, without gaps, with names that nobody else can read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from registry.actions.exchange.events import forget_old
from registry.model.access import Purpose, Role
from tests.api.calling import Program, problem
from tests.api.machines import Machine
from tests.api.pushing import RECORDS, new_key, place, pupil, push, rows
from tests.web.world import World

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "specs" / "cloudevents" / "cloudevents.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def machine(world: World) -> Machine:
    """A program of the education system."""
    return Machine(world).signed_in()


def newest(machine: Machine) -> str:
    """Return the cursor behind all there is."""
    page: dict[str, Any] = {"more": True, "after": None}
    while page["more"]:
        after = {} if page["after"] is None else {"after": page["after"]}
        page = machine.client.get("/v1/events", params={"limit": 1000, **after}).json()
    return str(page["after"])


def test_what_was_pushed_is_told_in_order_page_by_page(machine: Machine) -> None:
    start = newest(machine)
    pushed = push(machine, [pupil(new_key()) for _ in range(5)]).json()["records"]
    told: list[str] = []
    address = f"/v1/events?after={start}&limit=2"
    for _ in range(3):
        answer = machine.client.get(address)
        told += [event["subject"] for event in answer.json()["events"]]
        address = answer.headers["link"].removeprefix("<").partition(">")[0]
    assert told == [record["id"] for record in pushed]
    assert answer.json()["more"] is False
    assert machine.client.get(address).json() == {"events": [], "after": answer.json()["after"], "more": False}


def test_an_event_is_a_cloud_event_and_names_nobody(machine: Machine) -> None:
    start = newest(machine)
    key = new_key()
    push(machine, [pupil(key)])
    (event,) = machine.client.get("/v1/events", params={"after": start}).json()["events"]
    jsonschema_rs.validator_for(SCHEMA).validate(event)
    assert event["type"] == "vn.child-registry.record.received.v1"
    assert event["data"] == {"stream": "pupils", "changed": ["record"]}
    for secret in ("Én", "2014", key):
        assert secret not in json.dumps(event, ensure_ascii=False)
    assert event["subject"] == machine.client.get(place(key)).json()["id"]


def test_a_system_is_told_of_its_own_records_alone(machine: Machine, world: World) -> None:
    other = Machine(world, system="health", stream="infants").signed_in()
    start = newest(other)
    push(machine, [pupil(new_key())])
    assert other.client.get("/v1/events", params={"after": start}).json()["events"] == []
    mine = newest(machine)
    refused = other.client.get("/v1/events", params={"after": mine})
    assert (refused.status_code, problem(refused)["errors"][0]["code"]) == (422, "cursor_broken")


@pytest.mark.parametrize("after", ["x", "0", "=" * 32, "A" * 32])
def test_a_made_up_cursor_is_refused(machine: Machine, after: str) -> None:
    assert machine.client.get("/v1/events", params={"after": after}).status_code == 422
    assert machine.client.get(RECORDS, params={"after": after}).status_code == 422


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_page_has_its_size(machine: Machine, limit: str) -> None:
    assert machine.client.get("/v1/events", params={"limit": limit}).status_code == 422


def test_behind_forgotten_events_the_list_of_records_is_the_way(world: World) -> None:
    machine = Machine(world).signed_in()
    start = newest(machine)
    pushed = push(machine, [pupil(new_key()) for _ in range(3)]).json()["records"]
    newest(machine)
    now = world.access(Role.ENGINE, Purpose.MAINTENANCE)
    with world.services.store.begin(replace(now, at=now.at + timedelta(days=31))) as transaction:
        assert forget_old(transaction) >= 3
    gone = machine.client.get("/v1/events", params={"after": start})
    assert (gone.status_code, problem(gone)["key"]) == (410, "CursorGone")
    listed, address = [], f"{RECORDS}?limit=2"
    page = machine.client.get(address)
    goes_on = page.json()["events_after"]
    while True:
        listed += [record["id"] for record in page.json()["records"]]
        if "link" not in page.headers:
            break
        page = machine.client.get(page.headers["link"].removeprefix("<").partition(">")[0])
    assert {record["id"] for record in pushed} <= set(listed)
    assert len(listed) == len(set(listed))
    fresh = push(machine, [pupil(new_key())]).json()["records"][0]["id"]
    events = machine.client.get("/v1/events", params={"after": goes_on}).json()["events"]
    assert [event["subject"] for event in events] == [fresh]


def test_an_empty_answer_leaves_no_trace_and_a_told_event_does(machine: Machine, world: World) -> None:
    start = newest(machine)
    query = "select count(*) from access_leaf where content like '%%\"events\"%%'::bytea"
    before = rows(world, query)[0][0]
    machine.client.get("/v1/events", params={"after": start})
    assert rows(world, query)[0][0] == before
    push(machine, [pupil(new_key())])
    machine.client.get("/v1/events", params={"after": start})
    assert rows(world, query)[0][0] == before + 1


def test_people_follow_no_events(world: World) -> None:
    assert Program(world, "steward").client.get("/v1/events").status_code == 403


@pytest.mark.parametrize("name", ["record", "event"])
def test_the_forms_are_published(machine: Machine, name: str) -> None:
    schema = machine.client.get(f"/v1/schemas/{name}").json()
    assert schema["$id"].startswith("urn:child-registry:schemas:")
    validator = jsonschema_rs.validator_for(schema)
    if name == "record":
        assert validator.is_valid(pupil("EDU 1"))
        assert not validator.is_valid({"key": 1})
