"""The FHIR door says where and why it refuses, repeats nobody's values, and shows a program its own alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.calling import Program
from tests.api.fhir_world import (
    NID,
    TEST,
    TEST_A,
    Harness,
    checked,
    fhir_world,
    identifiers,
    issue,
    only,
    published,
    resources,
)
from tests.api.machines import Machine
from tests.web.world import World

VACCINE = "urn:vn:tcmr:vaccine"
STREAM = "refused"  # apart from the one of the published cases


@pytest.fixture(scope="module")
def cases(world: World) -> Iterator[World]:
    """A registry that knows the lists of the cases."""
    with fhir_world(world, stream=STREAM) as known:
        yield known


@pytest.fixture(scope="module")
def sender(cases: World) -> Harness:
    """A program of the health sector."""
    return Harness(cases, STREAM)


def child(value: str, **fields: Any) -> dict[str, Any]:
    """Return a patient of the sender."""
    known = {"name": [{"text": "Lò Thị Bưởi"}], "gender": "female", "birthDate": "2019-04-02"}
    return {
        "resourceType": "Patient",
        "id": "child",
        "identifier": [{"system": TEST, "value": value}],
        **known,
        **fields,
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return a transaction."""
    entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def dose(value: str, patient: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    """Return an immunisation."""
    return {
        "resourceType": "Immunization",
        "identifier": [{"system": "urn:doses", "value": value}],
        "status": status,
        "patient": patient,
        "vaccineCode": {"coding": [{"system": VACCINE, "code": "BCG"}]},
        "occurrenceDateTime": "2019-04-03",
    }


NESTED = '{"resourceType":"Bundle","type":"collection","entry":' + "[" * 60 + "]" * 60 + "}"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "json_broken"),
        ("[]", "json_not_an_object"),
        ("{", "json_broken"),
        ('{"resourceType": "Patient", "resourceType": "Patient"}', "json_broken"),
        ('{"a": NaN}', "json_broken"),
        (NESTED, "json_too_deep"),
        ("[" * 5000 + "]" * 5000, "json_broken"),
        ('{"resourceType": "Observation"}', "resource_unknown"),
        ('{"resourceType": "Bundle", "type": "document"}', "bundle_type_unknown"),
        ('{"resourceType": "Bundle", "type": "transaction"}', "patient_missing"),
        ('{"resourceType": "Bundle", "type": "transaction", "entry": {"resource": 7}}', "patient_missing"),
        ('{"resourceType": "Bundle", "type": "message"}', "header_missing"),
    ],
)
def test_what_is_no_feed_is_refused(sender: Harness, content: str, rule: str) -> None:
    answer = sender.machine.client.post("/v1/fhir/R4", content=content)
    assert answer.status_code == 422
    assert issue(answer.json())["diagnostics"] == rule


@pytest.mark.parametrize("kind", ["application/fhir+xml", "text/plain", "application/json; charset=latin-1"])
def test_what_is_not_json_is_not_read(sender: Harness, kind: str) -> None:
    answer = sender.machine.client.post("/v1/fhir/R4", content="<Patient/>", headers={"Content-Type": kind})
    assert answer.status_code == 415


def test_a_feed_may_be_large_and_not_too_large(sender: Harness) -> None:
    many = [child(f"LARGE-{number}", id=f"large-{number}") for number in range(300)]
    assert sender.feed(bundle(*many)).status_code == 201
    heavy = child("HEAVY", photo=[{"data": "x" * 1_100_000}])
    assert sender.machine.client.post("/v1/fhir/R4", json=heavy).status_code == 413


@pytest.mark.parametrize(
    ("changed", "rule", "path"),
    [
        ({"birthDate": "2019-02-30"}, "impossible_date", "birth_date"),
        ({"birthDate": "next week"}, "unreadable_date", "birth_date"),
        ({"birthDate": "2099-01-01"}, "future_date", "birth_date"),
        ({"gender": "purple"}, "unknown_sex", "sex"),
        ({"name": [{"text": "=cmd()"}]}, "formula_text", "name"),
        ({"name": [], "birthDate": None}, "demographics_missing", "Patient.name"),
        ({"identifier": []}, "own_identifier_missing", "Patient.identifier"),
        ({"identifier": [{"system": TEST}]}, "identifier_incomplete", "Patient.identifier[0]"),
        ({"identifier": [{"system": TEST, "value": "=1+1"}]}, "key_broken", "Patient.identifier.value"),
        ({"meta": {"lastUpdated": "yesterday"}}, "stamp_broken", "Patient.meta.lastUpdated"),
    ],
)
def test_a_patient_who_breaks_a_rule_is_refused_whole(
    sender: Harness, changed: dict[str, Any], rule: str, path: str
) -> None:
    answer = sender.feed(child("BAD-1", **changed))
    assert answer.status_code == 422
    assert (issue(answer.json())["diagnostics"], issue(answer.json())["expression"]) == (rule, [path])
    assert "Bưởi" not in answer.text
    assert sender.named(f"{TEST}|BAD-1")["total"] == 0


def test_a_bundle_with_one_bad_patient_is_taken_in_not_at_all(sender: Harness) -> None:
    answer = sender.feed(bundle(child("WHOLE-1"), child("WHOLE-2", id="second", birthDate="2099")))
    assert answer.status_code == 422
    assert sender.named(f"{TEST}|WHOLE-1")["total"] == 0


@pytest.mark.parametrize("birth", ["2019", "2019-04", "2019-04-02"])
def test_a_birth_date_may_be_known_in_part(sender: Harness, birth: str) -> None:
    assert sender.feed(child(f"PART-{birth}", birthDate=birth)).status_code == 201
    assert only(sender.named(f"{TEST}|PART-{birth}"))["birthDate"] == birth


def test_a_dose_is_stored_once_and_taken_back_without_its_child(sender: Harness) -> None:
    reference = {"reference": "Patient/child"}
    assert sender.feed(bundle(child("DOSE-1"), dose("one", reference), dose("two", reference))).status_code == 201
    later = {"reference": f"Patient?identifier={TEST}|DOSE-1"}
    for status in ("completed", "not-done", "entered-in-error"):
        assert sender.feed(bundle(dose("one", later, status))).status_code == 200
    assert sender.named(f"{TEST}|DOSE-1")["total"] == 1
    assert sender.feed(bundle(dose("one", later, "lost"))).status_code == 422
    nobody = {"identifier": {"system": TEST, "value": "DOSE-0"}}
    assert issue(sender.feed(bundle(dose("one", nobody))).json())["diagnostics"] == "reference_broken"


def test_the_same_feed_again_changes_nothing(sender: Harness) -> None:
    first, again = (sender.feed(child("SAME-1")) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_an_older_version_does_not_overwrite_a_newer_one(sender: Harness) -> None:
    stamps = ("2026-10-02T08:00:00+07:00", "2026-10-01T08:00:00+07:00")
    for name, stamp in zip(("Lò Thị Mới", "Lò Thị Cũ"), stamps, strict=True):
        sender.feed(child("STALE-1", name=[{"text": name}], meta={"lastUpdated": stamp}))
    assert only(sender.named(f"{TEST}|STALE-1"))["name"] == [{"text": "Lò Thị Mới"}]


def test_a_record_of_somebody_else_is_as_if_it_were_not_there(cases: World, sender: Harness) -> None:
    found = sender.feed(child("MINE-1")).json()
    stranger = Harness(cases, "a")
    assert stranger.ask(f"Patient/{found['id']}").status_code == 404
    assert stranger.ask(_id=found["id"]).json()["total"] == 0
    assert stranger.ask(family="Lò", gender="female").json()["total"] == 0
    assert stranger.match(child("MINE-1")).json()["total"] == 0
    refused = stranger.ask(identifier=f"{TEST}|MINE-1")
    assert (refused.status_code, issue(refused.json())["code"]) == (422, "code-invalid")
    another = Machine(cases, system="education", streams=[STREAM]).signed_in()
    assert another.client.get("/v1/fhir/R4/Patient", params={"_id": found["id"]}).json()["total"] == 0


def test_people_do_not_ask_here(cases: World) -> None:
    for login in ("worker", "steward"):
        assert Program(cases, login).client.get("/v1/fhir/R4/Patient?gender=male").status_code == 403
    assert Program(cases, "steward").client.post("/v1/fhir/R4", json={}).status_code == 403
    assert cases.browser().post("/v1/fhir/R4", json={}).status_code == 401


def test_a_match_takes_a_patient_alone_or_with_parameters(sender: Harness) -> None:
    sender.feed(child("LIKE-1", name=[{"text": "Giàng Seo Phử"}]))
    described = {name: child("")[name] for name in ("resourceType", "gender", "birthDate")}
    described |= {"name": [{"text": "Giang Seo Phử"}]}
    asked = published("pdqm-match")["request"]
    asked["parameter"][0]["resource"] = described
    asked["parameter"][1]["valueBoolean"] = False
    for question in (described, asked):
        found = sender.match(question).json()
        assert found["total"] == 1
        assert found["entry"][0]["search"]["mode"] == "match"
        assert found["entry"][0]["search"]["extension"][0]["valueCode"] in {"probable", "possible"}
    asked["parameter"][1]["valueBoolean"] = True
    assert sender.match(asked).json()["total"] == 0  # certain is an identifier alone
    asked["parameter"].append({"name": "more", "valueString": "x"})
    assert sender.match(asked).status_code == 422


def test_a_search_by_a_form_leaves_nothing_in_an_address(sender: Harness) -> None:
    sender.feed(child("FORM-1"))
    answer = sender.machine.client.post("/v1/fhir/R4/Patient/_search", data={"identifier": f"{TEST}|FORM-1"})
    assert answer.json()["total"] == 1


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"birthdate": "soon"}, 422),
        ({"gender": "purple"}, 422),
        ({"family:regex": "x"}, 422),
        ({"family": "x" * 300}, 422),
        ({"identifier": "urn:nobody|1"}, 422),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(sender: Harness, asked: dict[str, str], status: int) -> None:
    assert sender.ask(**asked).status_code == status


def test_an_identifier_of_an_open_list_finds_after_every_version(sender: Harness) -> None:
    for number in ("NID-1", "NID-2"):
        known = child("OPEN-1")
        known["identifier"].append({"system": NID, "value": number})
        sender.feed(known)
    assert sender.named(f"{NID}|NID-1")["total"] == 0
    assert identifiers(only(sender.named(f"{NID}|NID-2"))) == {(TEST, "OPEN-1"), (NID, "NID-2")}


def test_the_capability_statement_is_for_everybody(cases: World) -> None:
    answer = cases.browser().get("/v1/fhir/R4/metadata")
    assert checked(answer).json()["fhirVersion"] == "4.0.1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_message_with_any_part_replaced_is_taken_or_refused_and_never_breaks(
    sender: Harness, data: st.DataObject
) -> None:
    document = published(f"ohie-cr/OHIE-CR-{data.draw(st.sampled_from(['05-20', '07-10', '08-30']))}")
    place: Any = document
    while isinstance(place, dict | list) and place and data.draw(st.booleans()):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 2)) == 0:
            place[key] = data.draw(JSON)
        place = place[key]
    answer = sender.machine.client.post("/v1/fhir/R4", content=json.dumps(document))
    assert answer.status_code in {200, 201, 403, 422}, answer.text
    assert (
        resources(answer.json(), "OperationOutcome") or answer.json()["resourceType"] != "Bundle" or answer.is_success
    )


def test_a_message_to_another_registry_is_refused(sender: Harness) -> None:
    document = published("ohie-cr/OHIE-CR-04-10")
    document["entry"][0]["resource"]["eventUri"] = "urn:somebody:else"
    assert issue(sender.feed(document).json())["diagnostics"] == "event_unknown"
    document = published("ohie-cr/OHIE-CR-04-10")
    document["entry"][0]["resource"]["focus"] = []
    assert issue(sender.feed(document).json())["diagnostics"] == "focus_missing"


def test_a_list_of_somebody_else_cannot_be_asked_by(sender: Harness) -> None:
    assert sender.ask("Patient/$ihe-pix", sourceIdentifier=f"{TEST_A}|x").status_code == 400
