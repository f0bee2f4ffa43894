"""What FHIR servers and DCI partners send, message by message: read if it is an answer, else refused with its place."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import CallContext, ConnectorError, ContractDrift, Denied, Description, Grade, Transient
from connectors.population import dci_messages, fhir_answers
from connectors.population.dci_messages import Question
from connectors.population.dci_records import citizen_of, read_person
from connectors.population.dci_settings import DciSettings

SPECS = Path(__file__).parents[1] / "specs"
SYSTEM = "urn:vn:so-dinh-danh"
NUMBER = "066314000101"
ASKED = Question(transaction_id="r-1", reference_id="r-1", body=b"")
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "identifier": [{"system": SYSTEM, "value": NUMBER}, {"system": "urn:other", "value": "9"}],
    "name": [{"use": "old", "text": "X"}, {"use": "official", "family": "Nguyễn", "given": ["Thị", "Hoà"]}],
    "gender": "female",
    "birthDate": "2014-05-03",
}


def searchset(*resources: dict[str, Any], **more: Any) -> bytes:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}).encode()


def outcome(code: str, severity: str = "error") -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


def test_the_standards_own_example_is_read_with_scores_and_grades() -> None:
    example = json.loads((SPECS / "fhir" / "pdqm-match.json").read_text(encoding="utf-8"))
    found = fhir_answers.read_searchset(json.dumps(example["response_two_candidates"]).encode())
    assert [(one.score, one.grade) for one in found.entries] == [(0.9, Grade.PROBABLE), (0.5, Grade.POSSIBLE)]
    assert found.total == 2


def test_a_name_in_parts_is_put_together_in_the_vietnamese_order() -> None:
    found = fhir_answers.read_searchset(searchset(PATIENT)).entries[0]
    citizen = fhir_answers.citizen_of(
        fhir_answers.read_patient(found.resource), found.resource, system=SYSTEM, source_ref="r"
    )
    assert (citizen.full_name, citizen.sex, citizen.personal_number) == ("Nguyễn Thị Hoà", "2", NUMBER)


def test_a_warning_beside_the_answer_changes_nothing() -> None:
    content = json.loads(searchset(PATIENT))
    content["entry"].append({"resource": outcome("processing", "warning"), "search": {"mode": "outcome"}})
    assert len(fhir_answers.read_searchset(json.dumps(content).encode()).entries) == 1


@pytest.mark.parametrize(
    ("code", "failure"), [("throttled", Transient), ("forbidden", Denied), ("structure", ContractDrift)]
)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "inside"])
def test_an_error_in_the_place_of_an_answer_is_raised(code: str, failure: type[ConnectorError], inside: bool) -> None:
    content = searchset(outcome(code)) if inside else json.dumps(outcome(code)).encode()
    with pytest.raises(failure):
        fhir_answers.read_searchset(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"resourceType":"Bundle","type":"message"}',
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Bundle","type":"searchset","entry":[{}]}',
        b'{"resourceType":"Bundle","type":"searchset","total":NaN}',
        b'{"resourceType":"Bundle","type":"searchset","type":"searchset"}',
        b"[" * 100_000,
        searchset(PATIENT)[:-20],
        b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{},"search":{"score":7}}]}',
    ],
)
def test_what_is_no_searchset_is_refused(content: bytes) -> None:
    with pytest.raises(ContractDrift):
        fhir_answers.read_searchset(content)


@pytest.mark.parametrize(
    "changed",
    [
        {"birthDate": "3/5/2014"},
        {"identifier": []},
        {"identifier": [{"system": SYSTEM, "value": NUMBER}, {"system": SYSTEM, "value": "066314000999"}]},
        {"name": "Hoà"},
        {"active": "yes"},
        {"meta": {"lastUpdated": "yesterday"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_patient_that_cannot_be_understood_is_refused_without_repeating_it(changed: dict[str, Any]) -> None:
    resource = {**PATIENT, **changed}
    with pytest.raises(ContractDrift) as refused:
        fhir_answers.citizen_of(fhir_answers.read_patient(resource), resource, system=SYSTEM, source_ref="r")
    assert NUMBER not in str(refused.value)


def answered(*records: dict[str, Any], **changed: Any) -> dict[str, Any]:
    response = {"reference_id": "r-1", "timestamp": "", "status": "succ", "data": {"reg_records": list(records)}}
    message = {"transaction_id": "r-1", "correlation_id": "c", "search_response": [{**response, **changed}]}
    return {"signature": "", "header": {"action": "on-search", "total_count": "1"}, "message": message}


def read(envelope: object) -> dci_messages.Found:
    return dci_messages.read_answer(json.dumps(envelope).encode(), ASKED, verifier=None)


def test_the_standards_own_sample_is_read_though_it_breaks_its_schema() -> None:
    sample = json.loads((SPECS / "spdci" / "crvs-processflow1res.json").read_text(encoding="utf-8"))
    message = sample["message"]
    message["transaction_id"] = message["search_response"][0]["reference_id"] = "r-1"
    message["search_response"][0]["status"] = "succ"
    record = read(sample).records[0]
    citizen = citizen_of(read_person(record), record, kinds=("UIN", "UIN_REPLACED"), source_ref="r")
    assert (citizen.full_name, citizen.birth_date, citizen.status) == ("Phumchai Sudarat", "1995-09-21", "alive")
    assert citizen.personal_number == "847951632"


@pytest.mark.parametrize("status", ["rcvd", "pdng"])
def test_an_answer_that_is_not_there_yet_is_no_answer(status: str) -> None:
    with pytest.raises(Transient):
        read(answered(status=status))


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("err.service.unavailable", Transient),
        ("err.request.too_many_requests", Transient),
        ("err.request.forbidden", Denied),
        ("err.signature.invalid", Denied),
        ("err.request.bad", ContractDrift),
    ],
)
def test_an_error_of_the_standard_is_told_as_what_it_means(code: str, failure: type[ConnectorError]) -> None:
    with pytest.raises(failure):
        read({"message": {"ack_status": "ERR", "error": {"code": code}}})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["message"].update(transaction_id="r-2"),
        lambda said: said["message"]["search_response"][0].update(reference_id="r-2"),
        lambda said: said["message"]["search_response"].append(copy.deepcopy(said["message"]["search_response"][0])),
        lambda said: said["message"].update(search_response=[]),
        lambda said: said["header"].update(action="subscribe"),
        lambda said: said["header"].update(is_msg_encrypted=True),
        lambda said: said["message"]["search_response"][0].update(status="rjct", status_reason_code="rjct.other"),
        lambda said: said["message"]["search_response"][0].pop("data"),
    ],
)
def test_an_answer_to_another_question_is_refused(spoil: Any) -> None:
    said = answered()
    spoil(said)
    with pytest.raises(ContractDrift):
        read(said)


def test_too_many_are_said_to_be_too_many_and_a_refused_purpose_is_a_refusal() -> None:
    assert read(answered(status="rjct", status_reason_code=dci_messages.TOO_MANY)).too_many
    with pytest.raises(Denied):
        read(answered(status="rjct", status_reason_code="rjct.search_criteria.consent.invalid"))


def test_a_search_is_written_as_the_schema_has_it() -> None:
    settings = DciSettings(endpoint="https://partner.example", sender_id="us", receiver_id="them")
    context = CallContext(
        request_id="r-1", agency_code="G", officer_ref="o", procedure_code="p", legal_basis="law", purpose="check"
    )
    at = datetime(2026, 11, 1, tzinfo=UTC)
    description = Description(full_name="Nguyễn Thị Hoà", birth_date="2014-05-03")
    criteria = dci_messages.by_description(settings, description)
    question = dci_messages.search(settings, criteria, context, at=at, signer=None)
    sent = json.loads(question.body)
    assert {"message_id", "message_ts", "action", "sender_id", "total_count"} <= set(sent["header"])
    assert sent["header"]["total_count"] == 1
    request = sent["message"]["search_request"][0]
    assert {"reference_id", "timestamp", "search_criteria", "locale"} == set(request)
    names = [
        part["attribute_name"]
        for item in request["search_criteria"]["query"]
        for name, part in item.items()
        if name.startswith("expression")
    ]
    assert names == ["surname", "second_name", "given_name", "birth_date"]
    schema = yaml.safe_load((SPECS / "spdci" / "crvs_api_v1.0.0.yaml").read_text(encoding="utf-8"))
    for name, part in (("SearchRequest", sent["message"]), ("MsgHeader_V1.0.0", sent["header"])):
        jsonschema_rs.validate({**schema, "$ref": f"#/components/schemas/{name}"}, part)
    again = dci_messages.search(settings, criteria, context, at=at, signer=None)
    assert again.body == question.body, "a retry is the same question"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2)
)


@given(st.sampled_from(sorted(PATIENT)), JSON)
def test_no_changed_patient_bears_another_number_than_it_shows(member: str, value: object) -> None:
    resource = {**PATIENT, member: value}
    try:
        found = fhir_answers.read_searchset(searchset(resource)).entries[0].resource
        patient = fhir_answers.read_patient(found)
        citizen = fhir_answers.citizen_of(patient, found, system=SYSTEM, source_ref="r")
    except ContractDrift:
        return
    assert citizen.personal_number == NUMBER
