"""The client-registry cases of OpenHIE in FHIR, each as its description asks, over HTTP with the published messages.

There are nine cases in FHIR; the tenth of the older form asks for other identifiers of one list alone. The older
case 07, a newborn who is known by the mother's identifier, is case 05 here; both are shown.

Source: SanteMPI, FHIR interface validation, and its messages under `tests/specs/fhir/ohie-cr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.fhir_world import (
    NID,
    OID,
    TEST,
    TEST_A,
    TEST_B,
    Harness,
    fhir_world,
    identifiers,
    issue,
    only,
    published,
    resources,
    said,
)
from tests.web.world import World


@pytest.fixture(scope="module")
def cases(world: World) -> Iterator[World]:
    """A registry that knows the lists of the cases."""
    with fhir_world(world) as known:
        yield known


@pytest.fixture(scope="module")
def test(cases: World) -> Harness:
    """The sender who assigns identifiers of TEST."""
    return Harness(cases, "test")


@pytest.fixture(scope="module")
def one(cases: World) -> Harness:
    """The sender who assigns identifiers of TEST_A."""
    return Harness(cases, "a")


@pytest.fixture(scope="module")
def other(cases: World) -> Harness:
    """The sender who assigns identifiers of TEST_B."""
    return Harness(cases, "b")


@pytest.fixture(scope="module")
def both(cases: World) -> Harness:
    """A program of the same system to which both streams were granted."""
    return Harness(cases, "a", "b")


def message(name: str) -> dict[str, Any]:
    """Return a published message."""
    return published(f"ohie-cr/OHIE-CR-{name}")


def patient(identifier: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Return a patient whose record this identifier names."""
    system, value = identifier
    return {"resourceType": "Patient", "identifier": [{"use": "official", "system": system, "value": value}], **fields}


def test_case_01_a_message_without_a_list_for_its_identifier_is_refused(test: Harness) -> None:
    answer = test.feed(message("01-10"))
    assert (answer.status_code, said(answer.json())) == (422, "fatal-error")
    assert issue(answer.json())["expression"] == ["Patient.identifier[0]"]
    assert "12345" not in answer.text


def test_case_01_a_reference_that_leads_nowhere_is_refused(test: Harness) -> None:
    lost = patient((TEST, "FHR-010"), birthDate="2019-02-05", gender="male", name=[{"family": "Đỗ", "given": ["An"]}])
    lost["managingOrganization"] = {"reference": "Organization/3930293029302923"}
    answer = test.feed(lost)
    assert answer.status_code == 422
    assert issue(answer.json())["diagnostics"] == "reference_broken"
    assert test.named(f"{TEST}|FHR-010")["total"] == 0


@pytest.mark.parametrize(
    ("name", "asked", "family", "identifier"),
    [
        ("02-10", f"{TEST}|FHR-403", "OID", (TEST, "FHR-403")),
        ("02-30", f"{OID}1|FHR-404", "URL", (TEST, "FHR-404")),
    ],
)
def test_case_02_an_address_and_an_object_identifier_name_the_same_list(
    test: Harness, name: str, asked: str, family: str, identifier: tuple[str, str]
) -> None:
    answer = test.feed(message(name))
    assert (answer.status_code, said(answer.json())) == (201, "ok")
    found = test.named(asked)
    assert found["total"] == 1
    assert only(found)["name"][0]["family"] == family
    assert identifiers(only(found)) == {identifier}


@pytest.mark.parametrize(("name", "about"), [("03-10", "http://ohie.org/test/test_block"), ("03-20", f"{OID}4")])
def test_case_03_a_list_that_nobody_knows_is_refused_by_its_name(test: Harness, name: str, about: str) -> None:
    answer = test.feed(message(name))
    assert (answer.status_code, said(answer.json())) == (422, "fatal-error")
    assert issue(answer.json())["diagnostics"] == f"identifier_domain_unknown: {about}"


def test_case_04_nobody_assigns_an_identifier_of_somebody_else(one: Harness, other: Harness) -> None:
    registered = one.feed(message("04-10"))
    assert (registered.status_code, said(registered.json())) == (201, "ok")
    assert one.named(f"{TEST_A}|FHRA-0392")["total"] == 1
    refused = other.feed(message("04-20"))
    assert (refused.status_code, said(refused.json())) == (403, "fatal-error")
    assert issue(refused.json())["diagnostics"] == f"assigner_not_owner: {TEST_A}"
    assert one.named(f"{TEST_A}|FHRA-4938")["total"] == 0


def test_case_04_an_identifier_of_somebody_else_may_be_mentioned(other: Harness) -> None:
    registered = other.feed(message("04-30"))
    assert (registered.status_code, said(registered.json())) == (201, "ok")
    found = only(other.named(f"{TEST_B}|FHRB-4736"))
    assert identifiers(found) == {(TEST_A, "FHRA-0392"), (TEST_B, "FHRB-4736")}


def test_case_05_a_child_comes_with_a_mother_who_is_no_patient(test: Harness) -> None:
    answer = test.feed(message("05-10"))
    assert (answer.status_code, said(answer.json())) == (201, "ok")
    assert len(resources(answer.json(), "RelatedPerson")) == 1
    found = test.named(f"{TEST}|FHR-4956", _revinclude="RelatedPerson:patient")
    assert (found["total"], len(found["entry"])) == (1, 2)
    assert only(found)["name"][0]["given"] == ["WIN MINH"]
    mother = only(found, "RelatedPerson")
    assert mother["name"][0]["given"] == ["SU MYAT LWIN"]
    assert mother["patient"]["reference"] == f"Patient/{only(found)['id']}"


def test_case_05_a_nameless_newborn_is_linked_to_a_mother_who_is_a_patient_too(test: Harness) -> None:
    answer = test.feed(message("05-20"))
    assert (answer.status_code, said(answer.json())) == (201, "ok")
    assert len(resources(answer.json(), "Patient")) == 2
    found = test.named(f"{TEST}|FHR-4837", _revinclude="RelatedPerson:patient")
    assert (found["total"], len(found["entry"])) == (1, 2)
    newborn, mother = only(found), only(found, "RelatedPerson")
    assert (newborn["gender"], newborn["birthDate"]) == ("female", "2021-04-25")
    assert "name" not in newborn
    assert identifiers(mother) == {(TEST, "FHR-0844")}
    assert mother["name"][0] == {"use": "maiden", "family": "Abels", "given": ["Sarah"]}
    herself = test.named(f"{TEST}|FHR-0844")
    assert (herself["total"], only(herself)["name"][0]["family"]) == (1, "Abels")
    assert only(herself)["link"][0]["other"]["reference"] == f"RelatedPerson/{mother['id']}"
    by_her_name = test.ask(mothersMaidenName="Abels").json()
    assert (by_her_name["total"], only(by_her_name)["id"]) == (1, newborn["id"])


def test_a_guardian_who_is_a_patient_does_not_become_a_child_of_the_register(test: Harness) -> None:
    test.feed(message("05-20"))
    assert test.ask(family="Abels", gender="female").json()["total"] == 0
    linked = test.ask("Patient/$ihe-pix", sourceIdentifier=f"{TEST}|FHR-0844")
    assert linked.status_code == 404


def test_case_07_of_the_older_form_an_infant_is_linked_to_a_mother_by_her_identifier(test: Harness) -> None:
    mother = patient((TEST, "RJ-439"), gender="female", birthDate="1984-01-25")
    mother["name"] = [{"family": "JONES", "given": ["JENNIFER"]}]
    assert test.feed(mother).status_code == 201
    infant = patient((TEST, "RJ-440"), gender="male", birthDate="2014-10-01", id="infant")
    person = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": "Patient/infant"},
        "identifier": [{"system": TEST, "value": "RJ-439"}],
        "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}],
    }
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in (infant, person)]
    assert test.feed({**bundle, "entry": entries}).status_code == 201
    linked = test.ask("Patient/$ihe-pix", sourceIdentifier=f"{TEST}|RJ-440").json()
    assert [one["valueIdentifier"]["value"] for one in linked["parameter"] if one["name"] == "targetIdentifier"] == [
        "RJ-440"
    ]
    found = test.named(f"{TEST}|RJ-440", _revinclude="RelatedPerson:patient")
    assert found["total"] == 1
    assert only(found, "RelatedPerson")["name"][0] == {"family": "JONES", "given": ["JENNIFER"]}
    assert identifiers(only(found, "RelatedPerson")) == {(TEST, "RJ-439")}


def pix(harness: Harness, source: str, **more: str) -> tuple[int, list[str], list[str]]:
    """Return the status, the identifiers and the resources of a cross-reference."""
    answer = harness.ask("Patient/$ihe-pix", sourceIdentifier=source, **more)
    found = answer.json().get("parameter", [])
    values = [one["valueIdentifier"]["value"] for one in found if one["name"] == "targetIdentifier"]
    return answer.status_code, values, [one["valueReference"]["reference"] for one in found if "valueReference" in one]


def test_case_06_identifiers_are_cross_referenced_within_what_a_program_may_see(
    one: Harness, other: Harness, both: Harness
) -> None:
    missing = one.ask("Patient/$ihe-pix", sourceIdentifier=f"{TEST_A}|FHRA-060")
    assert (missing.status_code, issue(missing.json())["code"]) == (404, "not-found")
    smith = {"name": [{"use": "official", "family": "SMITH", "given": ["JIM"]}], "gender": "male"}
    first = patient((TEST_A, "FHRA-061"), birthDate="2012-05-25", **smith)
    second = patient((TEST_B, "FHRB-062"), **smith, birthDate="2012-05-25")
    for sender, registered in ((one, first), (other, second)):
        registered["identifier"].append({"use": "usual", "system": NID, "value": "NID061"})
        assert sender.feed(registered).status_code == 201
    status, values, references = pix(one, f"{TEST_A}|FHRA-061")
    assert (status, set(values), len(references)) == (200, {"FHRA-061", "NID061"}, 1)
    assert pix(both, f"{NID}|NID061", targetSystem=TEST_A) == (200, ["FHRA-061"], references)
    assert set(pix(both, f"{TEST_B}|FHRB-062")[1]) == {"FHRA-061", "FHRB-062", "NID061"}
    assert set(pix(other, f"{NID}|NID061")[1]) == {"FHRB-062", "NID061"}  # the other stream is not there for it
    refused = other.ask("Patient/$ihe-pix", sourceIdentifier=f"{TEST_B}|FHRB-062", targetDomain=f"{TEST}_x")
    assert (refused.status_code, issue(refused.json())["code"]) == (403, "code-invalid")


def test_case_07_a_full_profile_comes_back_as_it_was_sent(test: Harness) -> None:
    sent = message("07-10")
    answer = test.feed(sent)
    assert (answer.status_code, said(answer.json())) == (201, "ok")
    warned = {one["expression"][0] for one in only(answer.json(), "OperationOutcome")["issue"] if "expression" in one}
    assert warned == {"Patient.generalPractitioner", "RelatedPerson.name"}  # delivered as one, not as a list
    includes = ["Organization:managingOrganization", "Practitioner:generalPractitioner"]
    found = test.named(f"{TEST}|FHR-070", _revinclude="RelatedPerson:patient", _include=includes)
    assert (found["total"], len(found["entry"])) == (1, 4)
    shown = only(found)
    profile = sent["entry"][1]["resource"]["entry"][3]["resource"]
    for name in ("name", "address", "telecom", "gender", "birthDate", "maritalStatus", "contact", "communication"):
        assert shown[name] == profile[name], name
    assert only(found, "RelatedPerson")["name"][0]["given"] == ["Allison"]
    assert only(found, "Organization")["name"] == "University Medical Centre"


@pytest.mark.parametrize(
    "asked",
    [
        {"family": "Profile", "given": "Flynn"},
        {"family": "Profile", "given:exact": "Flynn"},
        {"birthdate": "ap1982", "given": "Flynn", "family": "Profile"},
        {"gender": "male", "family": "Profile"},
        {"gender": "male", "birthdate": "1982-03-02"},
        {"identifier": "FHR-070"},
    ],
)
def test_case_07_a_profile_is_found_by_what_is_known(test: Harness, asked: dict[str, str]) -> None:
    test.feed(message("07-10"))
    found = test.ask(**asked).json()
    assert (found["total"], only(found)["identifier"][0]["value"]) == (1, "FHR-070")


def test_case_07_nobody_is_found_where_nobody_is_meant(test: Harness) -> None:
    found = test.ask(gender="other", family="Profile").json()
    assert (found["total"], found.get("entry", [])) == (0, [])


def test_case_07_and_10_only_the_lists_that_are_asked_for_come_back(one: Harness) -> None:
    known = patient((TEST_A, "FHRA-100"), birthDate="2015", gender="female", name=[{"text": "Hà Thị Na"}])
    known["identifier"].append({"use": "usual", "system": NID, "value": "NID100"})
    assert one.feed(known).status_code == 201
    found = one.ask(identifier=[f"{NID}|NID100", f"{NID}|"]).json()
    assert identifiers(only(found)) == {(NID, "NID100")}
    assert pix(one, f"{TEST_A}|FHRA-100", targetSystem=NID)[1] == ["NID100"]


def test_case_08_a_merged_record_leads_to_the_one_that_stands_for_it(one: Harness) -> None:
    for name in ("08-10", "08-20"):
        assert one.feed(message(name)).status_code == 201
    survivor, victim = only(one.named(f"{TEST_A}|FHRA-080")), only(one.named(f"{TEST_A}|FHRA-081"))
    assert pix(one, f"{TEST_A}|FHRA-081")[1] == ["FHRA-081"]
    merged = one.feed(message("08-30"))
    assert (merged.status_code, said(merged.json())) == (200, "ok")
    for asked in ("FHRA-080", "FHRA-081"):
        found = only(one.named(f"{TEST_A}|{asked}"))
        assert found["id"] == survivor["id"]
        assert identifiers(found) == {(TEST_A, "FHRA-080"), (NID, "NID080"), (TEST_A, "FHRA-081")}
    assert one.ask(f"Patient/{victim['id']}").status_code == 404
    assert one.ask(_id=victim["id"]).json()["total"] == 0
    status, values, references = pix(one, f"{TEST_A}|FHRA-081", targetSystem=NID)
    assert (status, values, references) == (200, ["NID080"], [f"Patient/{survivor['id']}"])
    again = one.feed(message("08-30"))
    assert (again.status_code, only(one.named(f"{TEST_A}|FHRA-081"))["id"]) == (200, survivor["id"])


def test_case_09_nobody_merges_into_a_record_of_somebody_else(one: Harness, other: Harness) -> None:
    name = [{"use": "official", "family": "JONES", "given": ["BLOCKED", "MERGE"]}]
    for sender, identifier in ((one, (TEST_A, "FHRA-090")), (other, (TEST_B, "FHRB-090"))):
        kept = patient(identifier, name=name, gender="female", birthDate="2009-02-12")
        assert sender.feed(kept).status_code == 201
    merge = message("08-30")
    victim = merge["entry"][1]["resource"]["entry"][0]["resource"]
    victim["identifier"] = [{"use": "official", "system": TEST_B, "value": "FHRB-090"}]
    victim["link"][0]["other"]["identifier"] = {"system": TEST_A, "value": "FHRA-090"}
    answer = other.feed(merge)
    assert (answer.status_code, said(answer.json())) == (403, "fatal-error")
    assert issue(answer.json())["code"] == "forbidden"
    assert other.named(f"{TEST_B}|FHRB-090")["total"] == 1


def test_near_duplicates_from_four_systems_are_alike_as_the_linkage_says(cases: World) -> None:
    registry = Harness(cases, "openmrs", "dhis2", "lims")
    for number, name in enumerate(("openmrs", "dhis2", "lims"), start=1):
        assert registry.feed(published(f"opencr-patient{number}_{name}")).status_code == 201
    fourth = published("opencr-patient4_lims")
    alone = {name: fourth[name] for name in ("resourceType", "name", "gender", "birthDate")}
    found = registry.match(alone).json()
    grades = {
        one["resource"]["identifier"][0]["value"]: one["search"]["extension"][0]["valueCode"] for one in found["entry"]
    }
    assert grades.keys() <= {"431211", "997542", "8733453490"}
    assert set(grades.values()) <= {"probable", "possible"}
    scores = [one["search"]["score"] for one in found["entry"]]
    assert scores == sorted(scores, reverse=True)
    certain = registry.match(fourth).json()["entry"][0]
    assert certain["resource"]["identifier"][0]["value"] == "8733453490"
    assert certain["search"]["extension"][0]["valueCode"] == "certain"
    assert registry.feed(fourth).status_code == 200  # the same identifier: a new version, no new child
    assert only(registry.named("http://clientregistry.org/lims|8733453490"))["name"][0]["given"][0] == "Namirimu"
