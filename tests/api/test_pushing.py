"""A batch that is pushed: each record has an outcome, a key is taken once, what cannot be read is refused by rule."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest

from registry.actions.exchange.push import key_digest_of
from registry.model.access import Purpose, Role
from registry.store import batches
from tests.api.calling import Program, problem
from tests.api.machines import Machine
from tests.api.pushing import BATCHES, new_key, outcomes, pupil, push, rows
from tests.web.world import World

NDJSON = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def machine(world: World) -> Machine:
    """A program of the education system."""
    return Machine(world).signed_in()


def code(answer: Any) -> str:
    """Return the rule by which a whole request is refused."""
    return str(problem(answer)["errors"][0]["code"])


def test_each_record_of_a_batch_has_an_outcome_in_two_languages(machine: Machine) -> None:
    key = new_key()
    answer = push(machine, [pupil(key), pupil(new_key(), child={"sex": "3"}), {"nothing": 1}, "text", pupil(key)])
    assert answer.status_code == 202
    assert outcomes(answer) == ["accepted", "quarantined", "rejected", "rejected", "duplicate"]
    told = answer.json()
    assert told["counts"] == {"accepted": 1, "duplicate": 1, "stale": 0, "conflict": 0, "quarantined": 1, "rejected": 2}
    assert [(one["rule"], one["pointer"]) for one in told["records"]][1:4] == [
        ("unknown_sex", "/child/sex"),
        ("field_missing", "/key"),
        ("not_an_object", ""),
    ]
    assert all(one["vi"] and one["en"] and one["vi"] != one["en"] for one in told["records"])
    assert machine.client.get(answer.headers["location"]).json() == told


def test_older_never_overwrites_newer_and_two_contents_of_one_version_are_a_conflict(machine: Machine) -> None:
    key = new_key()
    other = {**pupil()["child"], "name": "Bế Thị Yến"}
    assert outcomes(push(machine, [pupil(key, version=5)])) == ["accepted"]
    assert outcomes(push(machine, [pupil(key, version=4, child=other)])) == ["stale"]
    assert outcomes(push(machine, [pupil(key, version=5, child=other)])) == ["conflict"]
    assert outcomes(push(machine, [pupil(key, version=6, child=other)])) == ["accepted"]
    assert outcomes(push(machine, [{"key": key, "operation": "delete", "version": 7}])) == ["accepted"]


def test_a_record_a_line_is_read_too_and_a_broken_line_stands_alone(machine: Machine) -> None:
    lines = [json.dumps(pupil(new_key())).encode(), b"{broken", b"", b'{"key": "a", "key": "b"}']
    answer = push(machine, None, content=b"\n".join(lines), headers=NDJSON)
    assert outcomes(answer) == ["accepted", "rejected", "rejected"]
    assert [one["rule"] for one in answer.json()["records"]] == [None, "not_json", "not_json"]


def test_the_same_key_again_changes_nothing_and_is_answered_alike(machine: Machine) -> None:
    key, records = str(uuid4()), [pupil(new_key()), pupil(new_key())]
    first, again = push(machine, records, key=key), push(machine, records, key=f'"{key}"')
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_a_key_is_not_used_for_something_else(machine: Machine) -> None:
    key = str(uuid4())
    push(machine, [pupil(new_key())], key=key)
    refused = push(machine, [pupil(new_key())], key=key)
    assert (refused.status_code, problem(refused)["key"]) == (422, "KeyReused")


def test_a_key_belongs_to_one_client(machine: Machine, world: World) -> None:
    key = str(uuid4())
    push(machine, [pupil(new_key())], key=key)
    assert push(Machine(world).signed_in(), [pupil(new_key())], key=key).status_code == 202


def test_a_key_that_is_being_worked_on_is_a_conflict(machine: Machine, world: World) -> None:
    key = str(uuid4())
    digest = key_digest_of(world.services.vault, machine.id, key)
    with world.services.store.begin(world.access(Role.ENGINE, Purpose.MAINTENANCE)) as transaction:
        assert batches.try_lock(transaction, digest)
        refused = push(machine, [pupil(new_key())], key=key)
    assert (refused.status_code, problem(refused)["key"]) == (409, "BatchInProgress")
    assert push(machine, [pupil(new_key())], key=key).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(machine: Machine, key: str) -> None:
    answer = machine.client.post(BATCHES, json=[pupil(new_key())], headers={"idempotency-key": key.encode()})
    assert (answer.status_code, code(answer)) == (422, "idempotency_key_broken")


def test_without_a_key_nothing_is_taken(machine: Machine) -> None:
    answer = machine.client.post(BATCHES, json=[pupil(new_key())])
    assert (answer.status_code, problem(answer)["key"]) == (400, "IdempotencyKeyMissing")


def test_a_dry_run_says_the_same_and_stores_nothing(machine: Machine, world: World) -> None:
    key, records = str(uuid4()), [pupil(new_key()), {"nothing": 1}]
    before = rows(world, "select (select count(*) from source_record), (select count(*) from push_batch)")
    dry = push(machine, records, key=key, params={"dry_run": "true"})
    assert rows(world, "select (select count(*) from source_record), (select count(*) from push_batch)") == before
    assert (dry.status_code, dry.json()["batch_id"], dry.json()["dry_run"]) == (200, None, True)
    assert outcomes(dry) == outcomes(push(machine, records, key=key))


@pytest.mark.parametrize(
    ("content", "headers", "status", "rule"),
    [
        (b"[", JSON, 422, "not_json"),
        (b"{}", JSON, 422, "not_a_list"),
        (b"[]", JSON, 422, "empty"),
        (b"", NDJSON, 422, "empty"),
        (b"[NaN]", JSON, 422, "not_json"),
        (b"[" * 100_000, JSON, 422, "not_json"),
        (b'[{"key": 1, "key": 2}]', JSON, 422, "not_json"),
        (b'["\xff"]', JSON, 422, "not_json"),
        (b"[" + b"1," * 1000 + b"1]", JSON, 413, "too_many_records"),
        (b"[]", {"content-type": "text/xml"}, 415, "media_type_refused"),
        (b"[]", {}, 415, "media_type_refused"),
        (b"[]", {"content-type": "application/json; charset=utf-16"}, 415, "charset_refused"),
        (b"[]", {**JSON, "content-encoding": "gzip"}, 415, "content_encoding_refused"),
        (b"[]", {**JSON, "content-digest": "sha-256=:AAAA:"}, 400, "content_digest_differs"),
        (b"[]", {**JSON, "content-digest": "sha-256=:*:"}, 400, "content_digest_broken"),
        (b"[]", {**JSON, "content-digest": "md5=:AAAA:"}, 400, "content_digest_unknown"),
    ],
)
def test_what_cannot_be_read_is_refused_by_rule(
    machine: Machine, content: bytes, headers: dict[str, str], status: int, rule: str
) -> None:
    answer = push(machine, None, content=content, headers=headers)
    assert (answer.status_code, code(answer)) == (status, rule)


def test_a_body_that_is_too_large_is_refused(machine: Machine) -> None:
    answer = push(machine, None, content=b" " * (5 * 1024 * 1024 + 1), headers=JSON)
    assert answer.status_code == 413


def test_a_body_of_megabytes_is_taken_here_and_nowhere_else(machine: Machine) -> None:
    large = [pupil(new_key(), services={"more": "x" * 400}) for _ in range(400)]
    assert set(outcomes(push(machine, large))) == {"accepted"}
    assert machine.client.post("/v1/subscriptions", json={"address": "x" * 70_000}).status_code == 413


def test_a_body_with_its_digest_is_taken(machine: Machine) -> None:
    body = json.dumps([pupil(new_key())]).encode()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    headers = {**JSON, "content-digest": f"sha-256=:{digest}:, md5=:AAAA:"}
    assert outcomes(push(machine, None, content=body, headers=headers)) == ["accepted"]


@pytest.mark.parametrize("url", [BATCHES.replace("pupils", "cases"), BATCHES.replace("education", "health")])
def test_another_systems_stream_is_as_one_that_does_not_exist(machine: Machine, url: str) -> None:
    answers = [
        machine.client.post(one, json=[pupil(new_key())], headers={"idempotency-key": str(uuid4())})
        for one in (url, BATCHES.replace("education", "nowhere"))
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_another_systems_batch_is_as_one_that_does_not_exist(machine: Machine, world: World) -> None:
    location = push(machine, [pupil(new_key())]).headers["location"]
    other = Machine(world, system="health", stream="infants").signed_in()
    answers = [other.client.get(where) for where in (location, f"/v1/batches/{uuid4()}")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert Machine(world).signed_in().client.get(location).status_code == 200  # another program of the same system


def test_people_push_nothing(world: World) -> None:
    answer = Program(world, "steward").client.post(BATCHES, json=[], headers={"idempotency-key": "x"})
    assert answer.status_code == 403


def test_no_answer_repeats_a_value(machine: Machine) -> None:
    secret = "Quách Thị Bí Mật"
    records = [
        {"key": secret + "\n", "child": {}},
        pupil(new_key(), child={"name": secret, "sex": secret}),
        pupil(new_key(), **{secret: secret}),
        pupil(new_key(), child={"name": secret, secret: 1}),
        pupil(new_key(), services={secret: "=1+1"}),
        pupil(new_key(), version=secret),
    ]
    answer = push(machine, records)
    assert outcomes(answer) == ["rejected", "quarantined", "accepted", "accepted", "quarantined", "rejected"]
    assert secret not in answer.text
    assert [one["unknown_fields"] for one in answer.json()["records"]][2:4] == [[""], ["/child"]]
