"""The simulated FHIR server: matching, searching, reading, cross-references; valid resources throughout."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.patient import Patient

from connectors.simulators.population import Conduct, SimulatedPopulation, invent_people
from tests.connectors.simulators.asking import (
    BEARER,
    BROTHER,
    FATHER,
    LAN,
    MOTHER,
    OTHER,
    SYSTEM,
    Asking,
    Clock,
    asking,
)


def bundle(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the entries of a bundle that keeps the standard."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    document = answer.json()
    Bundle.model_validate_json(answer.text)
    assert document["type"] == "searchset"
    return list(document.get("entry", []))


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Check that an answer is an outcome of an operation."""
    assert answer.status_code == status
    OperationOutcome.model_validate_json(answer.text)
    assert answer.json()["issue"][0]["code"] == code


def described(person: Any, **more: Any) -> dict[str, Any]:
    """Return somebody by name and birth date."""
    return {"resourceType": "Patient", "name": [{"text": person.full_name}], "birthDate": person.birth_date, **more}


def numbered(number: str) -> dict[str, Any]:
    """Return somebody's identifier."""
    return {"identifier": [{"system": SYSTEM, "value": number}]}


def graded(entries: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """Return number, grade and score of each entry."""
    return [
        (one["resource"]["identifier"][0]["value"], one["search"]["extension"][0]["valueCode"], one["search"]["score"])
        for one in entries
    ]


def test_matches_are_graded_and_nobody_is_an_empty_bundle() -> None:
    with asking() as asked:
        sure = asked.match({**described(LAN), **numbered(LAN.number)})
        assert graded(bundle(sure)) == [(LAN.number, "certain", 1.0)]
        assert graded(bundle(asked.match(described(LAN)))) == [(LAN.number, "probable", 0.9)]
        assert graded(bundle(asked.match(described(OTHER)))) == [(OTHER.number, "possible", 0.6)]
        other_sex = asked.match(described(LAN, gender="male"))
        assert graded(bundle(other_sex)) == [(LAN.number, "certainly-not", 0.1)]
        at_odds = asked.match({**described(LAN), **numbered(BROTHER.number)})
        assert graded(bundle(at_odds)) == [(LAN.number, "probable", 0.9), (BROTHER.number, "possible", 0.35)]
        assert graded(bundle(asked.match(described(LAN), onlyCertainMatches=True))) == []
        assert len(bundle(asked.match({**described(LAN), **numbered(BROTHER.number)}, count=1))) == 1
        nobody = asked.match({**described(LAN), "birthDate": "1999-01-01"})
        assert bundle(nobody) == []
        assert nobody.json()["total"] == 0
        asked.simulated.change.double(LAN.number)
        twice = {**described(LAN), **numbered(LAN.number)}
        assert len(bundle(asked.match(twice))) == 2
        assert bundle(asked.match(twice, onlyCertainMatches=True)) == []


def test_a_bare_patient_is_matched_too_and_parts_of_names() -> None:
    with asking() as asked:
        parts = {"name": [{"family": "Trần", "given": ["Thị", "Lan", "Mẫu"]}]}
        bare = asked.client.post("/fhir/Patient/$match", json=described(LAN) | parts, headers=BEARER)
        assert graded(bundle(bare)) == [(LAN.number, "probable", 0.9)]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"resourceType": "Patient", "name": [{"text": "x"}]}, "required"),
        ({"resourceType": "Patient", "birthDate": "2014"}, "required"),
        ({"resourceType": "Patient", "name": "x"}, "structure"),
        ({"resourceType": "Parameters"}, "structure"),
        ({"resourceType": "Parameters", "parameter": [{"name": "resource"}]}, "structure"),
        (
            {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {}}, {"name": "x"}]},
            "structure",
        ),
        ({"resourceType": "Bundle"}, "structure"),
        ([], "structure"),
    ],
)
def test_too_little_or_another_form_is_refused(document: object, code: str) -> None:
    with asking() as asked:
        refused(asked.client.post("/fhir/Patient/$match", json=document, headers=BEARER), 400, code)


def test_match_takes_json_alone() -> None:
    with asking() as asked:
        post = asked.client.post
        refused(post("/fhir/Patient/$match", content=b"<x/>", headers=BEARER), 415, "not-supported")
        as_json = {**BEARER, "Content-Type": "application/fhir+json"}
        refused(post("/fhir/Patient/$match", content=b"{", headers=as_json), 400, "structure")
        refused(asked.match(described(LAN), count=-1), 400, "structure")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"identifier": f"{SYSTEM}|{LAN.number}"}, [LAN]),
        ({"identifier": LAN.number}, [LAN]),
        ({"family": "tran", "gender": "female"}, [LAN]),
        ({"given": "Lan", "birthdate": "2014-05-03"}, [LAN]),
        ({"family:exact": "Trần", "birthdate": "eq2016"}, [BROTHER]),
        ({"name": "mau", "gender": "male"}, [FATHER, BROTHER]),
        ({"mothersMaidenName": "Phạm"}, [LAN]),
        ({"family": "Không", "_count": "5"}, []),
    ],
)
def test_patients_are_searched_by_get_and_by_post(params: dict[str, str], found: list[Any]) -> None:
    with asking() as asked:
        by_get = bundle(asked.fhir("Patient", **params))
        by_post = bundle(asked.client.post("/fhir/Patient/_search", data=params, headers=BEARER))
    numbers = [one["resource"]["identifier"][0]["value"] for one in by_get]
    assert numbers == [one["resource"]["identifier"][0]["value"] for one in by_post]
    assert set(numbers) == {person.number for person in found}


@pytest.mark.parametrize(
    "params",
    [{}, {"_count": "5"}, {"shoe-size": "1"}, {"identifier": f"urn:other|{LAN.number}"}, {"_lastUpdated": "2026"},
     {"_lastUpdated": "geyesterday"}],
)  # fmt: skip
def test_a_search_that_is_not_understood_is_refused(params: dict[str, str]) -> None:
    with asking() as asked:
        refused(asked.fhir("Patient", **params), 400, "invalid")


def test_further_pages_are_asked_for_by_their_link() -> None:
    with asking() as asked:
        first = asked.fhir("Patient", name="mau", _count="2")
        assert (len(bundle(first)), first.json()["total"]) == (2, 5)
        link = next(one["url"] for one in first.json()["link"] if one["relation"] == "next")
        assert "mau" not in link
        second = asked.client.get(link, headers=BEARER)
        third = asked.client.get(second.json()["link"][1]["url"], headers=BEARER)
        assert (len(bundle(second)), len(bundle(third)), len(third.json()["link"])) == (2, 1, 1)
        refused(asked.fhir("Patient", _getpages="x"), 410, "expired")
        for count in ("many", "-1", "9" * 5000):
            refused(asked.fhir("Patient", name="mau", _count=count), 400, "value")


def test_a_search_that_finds_too_many_is_refused() -> None:
    clock = Clock()
    simulated = SimulatedPopulation(invent_people(80, seed=1), clock=clock, conduct=Conduct())
    with httpx.Client(transport=simulated.transport(), base_url="http://127.0.0.1") as client:
        refused(client.get("/fhir/Patient?name=n", headers=BEARER), 400, "too-costly")


def patient_id(asked: Asking, number: str) -> str:
    """Return the id of the patient with a number."""
    return str(bundle(asked.fhir("Patient", identifier=f"{SYSTEM}|{number}"))[0]["resource"]["id"])


def test_a_patient_is_read_with_relatives_and_household() -> None:
    with asking() as asked:
        identity = patient_id(asked, LAN.number)
        assert LAN.number not in identity
        answer = asked.fhir(f"Patient/{identity}")
        Patient.model_validate_json(answer.text)
        patient = answer.json()
        assert patient["name"][0] == {
            "use": "official", "text": LAN.full_name, "family": "Trần", "given": ["Thị", "Lan", "Mẫu"],
        }  # fmt: skip
        assert patient["address"][0]["extension"][0]["valueCode"] == "00004"
        relatives = bundle(asked.fhir("RelatedPerson", patient=f"Patient/{identity}"))
        told = {
            one["resource"]["relationship"][0]["coding"][0]["code"]: one["resource"]["identifier"][0]["value"]
            for one in relatives
        }
        assert told == {"MTH": MOTHER.number, "FTH": FATHER.number}
        home = bundle(asked.fhir("Group", member=f"Patient/{identity}"))[0]["resource"]
        assert home["quantity"] == 4
        refused(asked.fhir("Patient/unknown"), 404, "not-found")
        refused(asked.fhir("Observation"), 404, "not-supported")


def test_a_patient_is_read_by_a_server_that_has_not_told_the_id_before() -> None:
    with asking() as asked:
        identity = patient_id(asked, LAN.number)
    with asking() as again:
        assert again.fhir(f"Patient/{identity}").json()["id"] == identity
    with asking(seed=1) as other:
        assert patient_id(other, LAN.number) != identity


def test_deaths_and_replaced_numbers_are_told() -> None:
    with asking() as asked:
        asked.simulated.change.die(BROTHER.number, on="2026-11-01")
        found = bundle(asked.fhir("Patient", identifier=BROTHER.number))[0]["resource"]
        assert found["deceasedDateTime"] == "2026-11-01"
        new = asked.simulated.change.renumber(LAN.number)
        old = bundle(asked.fhir("Patient", identifier=LAN.number))[0]["resource"]
        assert (old["active"], old["identifier"][0]["use"]) == (False, "old")
        reference = old["link"][0]["other"]["reference"]
        now_used = asked.fhir(reference).json()
        assert now_used["identifier"][0]["value"] == new
        assert now_used["identifier"][1] == {"use": "old", "system": SYSTEM, "value": LAN.number}


def test_changes_are_searched_by_when_they_were_written() -> None:
    with asking() as asked:
        asked.simulated.change.move(LAN.number, commune="00008")
        asked.clock.now += timedelta(hours=1)
        asked.simulated.change.correct(BROTHER.number, sex="2")

        def changed(*edges: str) -> list[str]:
            query = "&".join(f"_lastUpdated={edge}" for edge in edges)
            found = bundle(asked.client.get(f"/fhir/Patient?{query}", headers=BEARER))
            return [one["resource"]["identifier"][0]["value"] for one in found]

        assert changed("ge2026-11-22T08:00:00Z") == [LAN.number, BROTHER.number]
        assert changed("ge2026-11-22T08:30:00Z") == [BROTHER.number]
        assert changed("ge2026-11-22T08:00:00Z", "lt2026-11-22T09:00:00Z") == [LAN.number]


def test_identifiers_are_cross_referenced() -> None:
    with asking() as asked:
        new = asked.simulated.change.renumber(LAN.number)
        answer = asked.fhir("Patient/$ihe-pix", sourceIdentifier=f"{SYSTEM}|{LAN.number}", targetSystem=SYSTEM)
        Parameters.model_validate_json(answer.text)
        assert answer.json()["parameter"][0]["valueIdentifier"]["value"] == new
        assert "valueReference" in json.dumps(answer.json()["parameter"][1])
        refused(asked.fhir("Patient/$ihe-pix", sourceIdentifier="urn:other|1"), 400, "code-invalid")
        refused(asked.fhir("Patient/$ihe-pix", sourceIdentifier=f"{SYSTEM}|0"), 404, "not-found")
        far = asked.fhir("Patient/$ihe-pix", sourceIdentifier=f"{SYSTEM}|{new}", targetSystem="urn:other")
        refused(far, 403, "code-invalid")


def test_the_server_says_what_it_can_do_to_everybody() -> None:
    with asking() as asked:
        answer = asked.client.get("/fhir/metadata")
        CapabilityStatement.model_validate_json(answer.text)
        assert answer.json()["fhirVersion"] == "4.0.1"
