"""The simulated DCI registry: searches of every kind, signatures, callbacks, and what it refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from connectors.simulators.exchange import Asked
from connectors.simulators.population import Fault, Signing, invent_people
from connectors.simulators.population.book import Book
from connectors.simulators.population.dci import DciService
from connectors.simulators.population.dci_signing import Signer, signed_by
from tests.connectors.simulators.asking import (
    BROTHER,
    FATHER,
    LAN,
    MOTHER,
    OTHER,
    PEOPLE,
    Asking,
    Clock,
    asking,
    dci_search,
    uin,
)

SPEC = Path(__file__).parents[2] / "specs" / "spdci" / "crvs_api_v1.0.0.yaml"


def searched(asked: Asking, query: object, kind: str = "idtype-value", number: str = "1") -> dict[str, Any]:
    """Return the one answer to one search."""
    return dict(asked.dci(dci_search(query, kind=kind, number=number)).json()["message"]["search_response"][0])


def numbers(answer: dict[str, Any]) -> list[str]:
    """Return the numbers in use of the people in an answer."""
    return [record["identifier"][0]["identifier_value"] for record in answer["data"]["reg_records"]]


def expression(attribute: str, value: object, operator: str = "eq") -> dict[str, Any]:
    """Return one expression of a predicate."""
    return {"attribute_name": attribute, "operator": operator, "attribute_value": value}


def alone(attribute: str, value: object, operator: str = "eq") -> list[dict[str, Any]]:
    """Return a predicate of one expression."""
    return [{"seq_num": 1, "expression1": expression(attribute, value, operator)}]


def test_a_person_is_found_by_number_with_parents_and_whole_name() -> None:
    with asking() as asked:
        answer = searched(asked, uin(LAN))
        nobody = searched(asked, {"type": "UIN", "value": "001314777777"}, number="2")
    assert (answer["reference_id"], answer["status"]) == ("ref-1", "succ")
    record = answer["data"]["reg_records"][0]
    assert record["name"] == {"@type": "Name", "surname": "Trần", "second_name": "Thị Lan", "given_name": "Mẫu"}
    assert (record["sex"], record["birth_date"], record["death_date"]) == ("female", "2014-05-03", "")
    assert record["parent1_identifier"]["identifier_value"] == MOTHER.number
    assert record["parent2_identifier"]["identifier_value"] == FATHER.number
    assert (nobody["status"], numbers(nobody)) == ("succ", [])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (alone("UIN", LAN.number), [LAN]),
        (alone("name", "tran thi lan mau"), [LAN]),
        (alone("given_name", "Mẫu"), [FATHER, MOTHER, BROTHER, LAN]),
        (alone("surname", ["Trần", "Phạm"], "in"), [FATHER, MOTHER, BROTHER, LAN]),
        (alone("birth_date", "2014", "eq"), [LAN]),
        (alone("birth_date", "2014-01-01", "ge"), [OTHER, BROTHER, LAN]),
        (alone("YOB", "1986", "lt"), [FATHER]),
        ([{"expression1": expression("sex", "female"), "condition": "and",
           "expression2": expression("YOB", "2000", "gt")}], [LAN]),
        ([{"expression1": expression("UIN", LAN.number), "condition": "or",
           "expression2": expression("UIN", BROTHER.number)}], [BROTHER, LAN]),
        ([{"expression1": expression("second_name", "Văn"), "condition": "not",
           "expression2": expression("sex", "female")}], [FATHER]),
        (alone("sex", "male") + alone("surname", "Trần"), [FATHER, BROTHER]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["expression", "predicate"])
def test_people_are_found_by_expressions(kind: str, query: object, found: list[Any]) -> None:
    with asking() as asked:
        assert numbers(searched(asked, query, kind)) == [person.number for person in found]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ({"type": "BRN", "value": "1"}, "idtype-value"),
        ({"type": "UIN", "value": 1}, "idtype-value"),
        ("UIN", "idtype-value"),
        ("{person}", "graphql"),
        ([], "predicate"),
        (["x"], "predicate"),
        (alone("shoe_size", "1"), "predicate"),
        (alone("name", "x", "like"), "predicate"),
        (alone("name", 1, "gt"), "predicate"),
        ([{"expression1": "x"}], "predicate"),
        ([{"expression1": expression("sex", "male"), "condition": "xor", "expression2": expression("sex", "male")}],
         "predicate"),
    ],
)  # fmt: skip
def test_a_search_in_another_form_is_rejected(query: object, kind: str) -> None:
    with asking() as asked:
        answer = searched(asked, query, kind)
    assert (answer["status"], answer["status_reason_code"]) == ("rjct", "rjct.search_criteria.invalid")


def test_pages_too_many_and_pages_that_cannot_be() -> None:
    with asking() as asked:
        asked_for = dci_search(alone("YOB", "1900", "gt"), kind="predicate")
        criteria = asked_for["message"]["search_request"][0]["search_criteria"]
        criteria["pagination"] = {"page_size": 2, "page_number": 2}
        answer = asked.dci(asked_for).json()["message"]["search_response"][0]
        assert numbers(answer) == [OTHER.number, BROTHER.number]
        assert answer["pagination"] == {"page_size": 2, "page_number": 2, "total_count": 5}
        criteria["pagination"] = {"page_size": 0}
        asked_for["header"]["message_id"] = "another"
        refused = asked.dci(asked_for).json()["message"]["search_response"][0]
        assert refused["status_reason_code"] == "rjct.pagination.invalid"
    clock = Clock()
    service = DciService(
        Book(invent_people(60, seed=1), clock=clock, seed=0), clock=clock, signing=Signing.NONE, sender_keys={},
        callback_times=1, seed=0,
    )  # fmt: skip
    body = json.dumps(dci_search(alone("YOB", "1900", "gt"), kind="predicate")).encode()
    post = Asked(
        method="POST", url="", path="/registry/sync/search", headers={"content-type": "application/json"}, body=body
    )
    many = json.loads(service.answer(post, None).body)["message"]["search_response"][0]
    assert many["status_reason_code"] == "rjct.search.too_many_records_found"
    assert "data" not in many


def test_answers_keep_the_published_schema() -> None:
    components = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["components"]

    def valid(name: str, document: object) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        return bool(jsonschema_rs.validator_for(schema).is_valid(document))

    with asking() as asked:
        for number, query in enumerate((uin(LAN), uin(OTHER), {"type": "BRN", "value": "1"})):
            sent = dci_search(query, number=str(number))
            assert valid("SearchRequest", sent["message"])
            answer = asked.dci(sent).json()
            assert valid("MsgCallbackHeader_V1.0.0", answer["header"])
            assert valid("SearchResponse", answer["message"])


@pytest.mark.parametrize("signing", [Signing.RS256, Signing.EDDSA])
def test_answers_are_signed_over_the_very_bytes(signing: Signing) -> None:
    with asking(signing=signing) as asked:
        key = asked.client.get("/.well-known/jwks.json").json()["keys"][0]
        assert key == asked.simulated.signing_key
        assert (key["use"], key["alg"]) == ("sig", signing.value)
        text = asked.dci(dci_search(uin(LAN))).text
        signature = json.loads(text)["signature"]
        payload = signature.split(".")[1]
        signed = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
        assert text.endswith(signed[1:])
        assert signed_by(key, signature, json.loads(text))
        assert not signed_by(Signer(signing, seed=99).public_key, signature, json.loads(text))
        asked.simulated.fault(Fault.BADLY_SIGNED)
        answer = asked.dci(dci_search(uin(LAN))).json()
        assert not signed_by(key, answer["signature"], answer)
        asked.simulated.fault(Fault.UNSIGNED)
        assert asked.dci(dci_search(uin(LAN))).json()["signature"] == ""


def test_the_key_is_the_same_for_the_same_seed() -> None:
    for signing in (Signing.RS256, Signing.EDDSA):
        keys = [Signer(signing, seed=seed).public_key["kid"] for seed in (1, 1, 2)]
        assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


def test_requests_must_be_signed_where_the_sender_registered_a_key() -> None:
    sender = Signer(Signing.EDDSA, seed=5)
    with asking(sender_keys={"registry": sender.public_key}) as asked:

        def answered(signature: str, **header: Any) -> tuple[int, Any]:
            sent = {**dci_search(uin(LAN), **header), "signature": signature}
            answer = asked.dci(sent)
            return answer.status_code, (answer.json().get("errors") or [{"code": None}])[0]["code"]

        whole = dci_search(uin(LAN))
        good = sender.sign(json.dumps({"header": whole["header"], "message": whole["message"]}).encode())
        assert answered(good) == (200, None)
        assert answered("") == (401, "err.signature.missing")
        assert answered("invalid-signature") == (401, "err.signature.invalid")
        assert answered(sender.sign(b"{}")) == (401, "err.signature.invalid")
        assert answered(good, version="1.0.0", message_id="x") == (401, "err.signature.invalid")
        assert answered(good, sender_id="unknown") == (400, "err.sender_id.invalid")


def altered(alter: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return a search that was altered."""
    sent = dci_search(uin(LAN))
    alter(sent)
    return sent


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "err.request.bad"),
        (altered(lambda one: one.pop("message")), "err.request.bad"),
        (altered(lambda one: one["header"].pop("message_ts")), "err.request.bad"),
        (altered(lambda one: one["header"].update(total_count="1")), "err.request.bad"),
        (altered(lambda one: one["header"].update(total_count=2)), "err.request.bad"),
        (altered(lambda one: one["header"].update(action="subscribe")), "err.request.bad"),
        (altered(lambda one: one["header"].update(version="2.0.0")), "err.version.not_supported"),
        (altered(lambda one: one["header"].update(is_msg_encrypted=True)), "err.encryption.invalid"),
        (altered(lambda one: one["message"].update(transaction_id="")), "err.request.bad"),
        (altered(lambda one: one["message"].update(search_request="x")), "err.request.bad"),
        (altered(lambda one: one["message"].update(search_request=["x"])), "err.request.bad"),
    ],
)
def test_a_message_that_breaks_a_rule_is_an_error(sent: Any, code: str) -> None:
    with asking() as asked:
        answer = asked.dci(sent)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code
    assert answer.json()["message"]["ack_status"] == "ERR"


def test_a_message_id_is_good_for_one_search_and_paths_are_known() -> None:
    with asking() as asked:
        assert asked.dci(dci_search(uin(LAN))).status_code == 200
        assert asked.dci(dci_search(uin(LAN)), "/registry/sync/search").status_code == 200
        assert asked.dci(dci_search(uin(BROTHER))).status_code == 400
        assert asked.dci(dci_search(uin(LAN), number="2"), "/dci/registry/subscribe").status_code == 404
        headers = {"Authorization": "Bearer simulated"}
        assert asked.client.get("/dci/registry/search", headers=headers).status_code == 405
        assert asked.client.post("/dci/registry/search", content=b"x", headers=headers).status_code == 415
        broken = {**headers, "Content-Type": "application/json"}
        assert asked.client.post("/dci/registry/search", content=b'{"x":', headers=broken).status_code == 400
        assert asked.client.post("/dci/registry/search", content=b"[" * 100_000, headers=broken).status_code == 400


def calling_back(fault: Fault | None, *statuses: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Search with a callback; return what was acknowledged and what was called back."""
    called: list[dict[str, Any]] = []
    left = list(statuses)

    def post(address: str, body: bytes) -> int:
        assert address == "http://127.0.0.1:9/on-search"
        called.append(json.loads(body))
        return left.pop(0) if left else 202

    clock = Clock()
    service = DciService(
        Book(PEOPLE, clock=clock, seed=0), clock=clock, signing=Signing.EDDSA, sender_keys={}, callback_times=3,
        seed=0, post=post,
    )  # fmt: skip
    body = json.dumps(dci_search(uin(LAN), sender_uri="http://127.0.0.1:9/on-search")).encode()
    headers = {"content-type": "application/json"}
    answered = service.answer(
        Asked(method="POST", url="", path="/dci/registry/search", headers=headers, body=body), fault
    )
    assert answered.status == 202
    assert called == []
    assert answered.afterwards is not None
    answered.afterwards()
    for one in called:
        signed = bool(one["signature"]) and signed_by(service.signing_key, one["signature"], one)
        assert signed == (fault not in (Fault.UNSIGNED, Fault.BADLY_SIGNED))
    return json.loads(answered.body)["message"], called


def test_a_search_may_be_answered_by_a_callback() -> None:
    acknowledged, (called,) = calling_back(None)
    assert acknowledged["ack_status"] == "ACK"
    assert called["message"]["correlation_id"] == acknowledged["correlation_id"]
    assert called["message"]["transaction_id"] == "transaction-1"
    assert called["header"]["action"] == "on-search"
    assert numbers(called["message"]["search_response"][0]) == [LAN.number]


def test_callbacks_are_repeated_until_taken_replayed_unsigned_and_of_others() -> None:
    assert len(calling_back(None, 500, 0, 202)[1]) == 3
    assert len(calling_back(None, 500, 500, 500, 500)[1]) == 3
    first, second = calling_back(Fault.REPLAYED)[1]
    assert first == second
    calling_back(Fault.UNSIGNED)
    calling_back(Fault.BADLY_SIGNED)
    other = calling_back(Fault.OTHER_REQUEST)[1][0]["message"]
    assert other["transaction_id"] == "another-transaction"


@pytest.mark.parametrize(
    "address", ["", "https://127.0.0.1/x", "http://10.0.0.1/x", "http://example.org/", "file:///x"]
)
def test_callbacks_go_to_this_machine_alone(address: str) -> None:
    with asking() as asked:
        answer = asked.dci(dci_search(uin(LAN), sender_uri=address), "/dci/registry/search")
    assert answer.json()["errors"][0]["code"] == "err.sender_uri.invalid"


def test_the_state_of_a_transaction_is_told() -> None:
    with asking() as asked:
        asked.dci(dci_search(uin(LAN)))
        sent = dci_search(uin(LAN), number="2", action="txn-status")

        def state(attribute: str, value: str) -> Any:
            asks = {"reference_id": "r", "txn_type": "search", "attribute_type": attribute, "attribute_value": value}
            sent["message"] = {"transaction_id": "t", "txnstatus_request": asks}
            return asked.dci(sent, "/registry/sync/txn/status")

        told = state("transaction_id", "transaction-1").json()["message"]["txnstatus_response"]["txn_status"]
        assert numbers(told["search_response"][0]) == [LAN.number]
        assert state("transaction_id", "unknown").status_code == 404
        assert state("subscription_code_list", "x").status_code == 400


def test_deaths_doubles_and_replaced_numbers_are_told() -> None:
    with asking() as asked:
        asked.simulated.change.die(LAN.number, on="2026-11-01")
        asked.simulated.change.double(LAN.number)
        first, second = searched(asked, uin(LAN))["data"]["reg_records"]
        assert (first["death_date"], first["@id"] == second["@id"]) == ("2026-11-01", False)
        old = searched(asked, {"type": "UIN", "value": OTHER.former_numbers[0]}, number="2")
        kinds = {one["identifier_type"]: one["identifier_value"] for one in old["data"]["reg_records"][0]["identifier"]}
        assert kinds == {"UIN": OTHER.number, "UIN_REPLACED": OTHER.former_numbers[0]}
