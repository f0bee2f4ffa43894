"""Children and their immunisations as FHIR: from a folder of bundles, and from a server by what it has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import plugins
from connectors.contract import ConnectorError, ContractDrift, Denied, Drift, Record, StartOver, Transient
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.fhir_bundles import FhirBundles, FhirBundlesSettings
from connectors.sectors.fhir_search import FhirSearch, FhirSearchSettings
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, serve_source
from connectors.simulators.sectors.fhir import CODE, FhirSource, dose, fill, mother, patient
from tests.connectors.draining import Landed, drained, page, refusals

AT = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CASES = Path(__file__).parents[1] / "specs" / "fhir" / "ohie-cr"


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return a collection."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def folder_of(tmp_path: Path, **files: object) -> FhirBundles:
    """Return a connector of a folder; `_` in a name is its last dot."""
    for name, content in files.items():
        path = tmp_path / ".".join(name.rsplit("_", 1))
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return FhirBundles(FhirBundlesSettings(folder=tmp_path))


def mapped(connector: FhirBundles | FhirSearch, record: Record) -> SourceRecord:
    """Return what a record says."""
    said = connector.map(record)
    assert isinstance(said, SourceRecord), said
    return said


def test_they_are_found_by_name() -> None:
    found = plugins.sector_connectors()
    assert (found["fhir_bundles"], found["fhir_search"]) == (FhirBundles, FhirSearch)


def test_a_bundle_tells_of_child_mother_and_doses(tmp_path: Path) -> None:
    made = folder_of(tmp_path, one_json=bundle(patient(1, "Vừ Thị Sua"), mother(1, "Vừ Thị Mỷ"), dose(1)))
    (record,) = drained(made, "bundles").records
    said = mapped(made, record)
    assert (said.system, said.stream, said.key) == ("health", "bundles", "TC00001")
    assert said.facts.name == "Vừ Thị Sua"
    assert said.facts.mother is not None
    assert said.facts.mother.name == "Vừ Thị Mỷ"
    assert said.services["doses"] == [{"vaccine": "BCG", "date": "2024-05-07", "status": "completed"}]
    get_fhir_model_class("Bundle").model_validate(dict(record.payload))


@pytest.mark.parametrize(("status", "left"), [("completed", 1), ("not-done", 1), ("entered-in-error", 0)])
def test_a_dose_entered_in_error_is_gone_and_its_child_is_not(tmp_path: Path, status: str, left: int) -> None:
    made = folder_of(tmp_path, one_json=bundle(patient(1, "Vừ Thị Sua"), dose(1, status=status)))
    (record,) = drained(made, "bundles").records
    assert record.operation is Operation.UPSERT
    assert len(mapped(made, record).services["doses"]) == left
    assert "entered-in-error" in json.dumps(record.payload) or left == 1


def test_files_of_lines_and_of_one_bundle_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(bundle(patient(number, "Vừ A Dơ"))) for number in (2, 3))
    made = folder_of(tmp_path, b_ndjson=lines, a_json=bundle(patient(1, "Vừ A Lử")), c_part="{", d_txt="x")
    assert [one.key for one in drained(made, "bundles").records] == ["TC00001", "TC00002", "TC00003"]


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_the_published_messages_are_read_or_refused_by_a_rule(tmp_path: Path, name: str) -> None:
    (tmp_path / "message.json").write_bytes((CASES / f"{name}.json").read_bytes())
    settings_of = FhirBundlesSettings(folder=tmp_path, key_system="http://ohie.org/test/test")
    landed = drained(FhirBundles(settings_of), "bundles")
    own = {"OHIE-CR-02-30", "OHIE-CR-05-10", "OHIE-CR-05-20", "OHIE-CR-07-10"}
    assert len(landed.records) == (name in own)
    assert {rule for _, rule, _ in refusals(landed)} <= {"key_missing"}


def test_what_is_no_list_is_drift_and_the_child_is_kept(tmp_path: Path) -> None:
    odd = patient(1, "Vừ A Dơ") | {"name": {"text": "Vừ A Dơ"}}
    made = folder_of(tmp_path, one_json=bundle(odd))
    messages = page(made, "bundles", None, limit=10)
    assert [one.field for one in messages if isinstance(one, Drift)] == ["Patient.name"]
    (record,) = (one for one in messages if isinstance(one, Record))
    assert mapped(made, record).facts.name == "Vừ A Dơ"


def test_a_field_that_nobody_knows_is_drift_and_is_kept(tmp_path: Path) -> None:
    odd = patient(1, "Vừ A Dơ") | {"shoeSize": 21, "_birthDate": {"id": "x"}}
    messages = page(folder_of(tmp_path, one_json=bundle(odd)), "bundles", None, limit=10)
    drift = [(one.field, one.seen, one.expected) for one in messages if isinstance(one, Drift)]
    assert drift == [("Patient.shoeSize", "number", None)]
    (record,) = (one for one in messages if isinstance(one, Record))
    assert record.payload["entry"][0]["resource"]["shoeSize"] == 21


def test_a_merged_patient_is_a_tombstone(tmp_path: Path) -> None:
    merged = patient(1, "Vừ A Dơ") | {
        "active": False,
        "link": [{"type": "replaced-by", "other": {"identifier": {"system": CODE, "value": "TC00002"}}}],
    }
    (record,) = drained(folder_of(tmp_path, one_json=bundle(merged)), "bundles").records
    assert (record.key, record.operation, record.payload) == ("TC00001", Operation.DELETE, {})


DEEP = '{"resourceType":"Bundle","type":"collection","entry":' + "[" * 40 + "]" * 40 + "}"


@pytest.mark.parametrize(
    ("content", "rule", "field"),
    [
        (DEEP, "json_too_deep", "Bundle"),
        ("[" * 9000, "json_broken", None),
        ('{"a": 1, "a": 2}', "json_broken", None),
        ("{", "json_broken", None),
        ("[]", "json_not_an_object", "Bundle"),
        ({"resourceType": "Observation"}, "resource_unknown", "resourceType"),
        ({"resourceType": "Bundle", "type": "document"}, "bundle_type_unknown", "Bundle.type"),
        (bundle(mother(1, "x")), "patient_missing", "Bundle.entry"),
        (bundle(patient(1, "x"), mother(2, "x")), "reference_broken", "RelatedPerson.patient"),
        (bundle(patient(1, "x"), dose(2)), "reference_broken", "Immunization.patient"),
        (bundle(patient(1, "x"), dose(1, status="lost")), "status_unknown", "Immunization.status"),
        (bundle(patient(1, "x") | {"identifier": []}), "key_missing", "Patient.identifier"),
        (
            bundle(patient(1, "x") | {"identifier": [{"system": CODE, "value": "=1"}]}),
            "key_broken",
            "Patient.identifier",
        ),
    ],
)
def test_a_bundle_that_cannot_be_read_is_refused_by_its_place(
    tmp_path: Path, content: object, rule: str, field: str | None
) -> None:
    landed = drained(folder_of(tmp_path, one_json=content, two_json=bundle(patient(7, "Vừ A Dơ"))), "bundles")
    assert refusals(landed) == [(1, rule, field)]
    assert [one.key for one in landed.records] == ["TC00007"]


def test_two_patients_of_a_bundle_are_two_children(tmp_path: Path) -> None:
    made = folder_of(tmp_path, one_json=bundle(patient(1, "Vừ A Dơ"), patient(2, "Vừ A Lử"), dose(2)))
    doses = {one.key: mapped(made, one).services["doses"] for one in drained(made, "bundles").records}
    assert [len(doses[key]) for key in ("TC00001", "TC00002")] == [0, 1]


@pytest.mark.parametrize("birth", ["2024", "2024-05", "2024-05-06"])
def test_a_birth_date_may_be_known_in_part(tmp_path: Path, birth: str) -> None:
    made = folder_of(tmp_path, one_json=bundle(patient(1, "Vừ A Dơ") | {"birthDate": birth}))
    assert mapped(made, drained(made, "bundles").records[0]).facts.birth_date == birth


def test_an_unknown_code_system_leaves_the_dose_without_a_vaccine(tmp_path: Path) -> None:
    odd = dose(1) | {"vaccineCode": {"coding": [{"system": "urn:nobody", "code": "X"}]}}
    made = folder_of(tmp_path, one_json=bundle(patient(1, "Vừ A Dơ"), odd))
    (record,) = drained(made, "bundles").records
    assert mapped(made, record).services["doses"] == [{"date": "2024-05-07", "status": "completed"}]


def test_a_folder_that_is_not_there_is_a_failure_and_no_empty_list(tmp_path: Path) -> None:
    made = FhirBundles(FhirBundlesSettings(folder=tmp_path / "nowhere"))
    assert not made.check().ok
    with pytest.raises(Transient):
        drained(made, "bundles")
    for cursor in ("x", "1", "1 x", "-1 0"):
        with pytest.raises(ContractDrift):
            page(folder_of(tmp_path), "bundles", cursor, limit=5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), limit=st.integers(1, 20))
def test_page_sizes_give_the_same_set_of_a_folder(tmp_path: Path, sizes: list[int], limit: int) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    number = 0
    for place, size in enumerate(sizes):
        lines = [json.dumps(bundle(patient(number + one, "Vừ A Dơ"))) for one in range(1, size + 1)]
        (tmp_path / f"{place}.ndjson").write_text("\n".join(lines), encoding="utf-8")
        number += size
    made = FhirBundles(FhirBundlesSettings(folder=tmp_path))
    assert [one.key for one in drained(made, "bundles", limit=limit).records] == [
        f"TC{one:05d}" for one in range(1, number + 1)
    ]


@pytest.fixture
def source() -> FhirSource:
    """A server with thirty children."""
    made = FhirSource(now=NOW, seed=5)
    fill(made, children=30, at=AT)
    return made


@pytest.fixture
def url(source: FhirSource) -> Iterator[str]:
    """Where it runs."""
    with serve_source(source) as address:
        yield f"{address}/fhir"


def server(url: str, **changed: Any) -> FhirSearch:
    """Return the connector, whose own clock is years behind."""
    known = {"endpoint": url, "token": TOKEN} | changed
    wrong = datetime(2001, 1, 1, tzinfo=UTC)
    return FhirSearch(FhirSearchSettings.model_validate(known), clock=lambda: wrong, sleep=lambda _: None)


STREAM = "patients-by-server"


def again(url: str, landed: Landed) -> Landed:
    """Read the next pass."""
    assert landed.cursor is not None
    return drained(server(url), STREAM, begun=Landed(cursor=landed.cursor.partition("|")[0]))


def test_every_child_comes_with_mother_and_doses(url: str) -> None:
    assert server(url).check().ok
    landed = drained(server(url), STREAM, limit=7)
    assert sorted(landed.living()) == [f"srv-{number:05d}" for number in range(1, 31)]
    said = mapped(server(url), landed.living()["srv-00004"])
    assert said.facts.mother is not None
    assert len(said.services["doses"]) == 1
    assert (CODE, "TC00004") in said.identifiers


def test_the_next_pass_begins_at_the_servers_time_and_never_at_ours(url: str) -> None:
    landed = drained(server(url), STREAM)
    assert landed.cursor == "2026-11-01T00:00:00.000Z|"


@pytest.mark.parametrize(
    "changed",
    [
        patient(3, "Vừ Thị Mới"),
        mother(3, "Vừ Thị Khác"),
        dose(3, status="entered-in-error"),
        dose(103) | {"patient": {"reference": "Patient/srv-00003"}},
    ],
    ids=lambda one: str(one["id"]),
)
def test_a_change_of_any_part_makes_a_new_version_of_the_child(
    source: FhirSource, url: str, changed: dict[str, Any]
) -> None:
    before = drained(server(url), STREAM)
    source.put(changed, at=NOW + timedelta(minutes=1))
    source.now = NOW + timedelta(hours=1)
    records = again(url, before).records
    assert [one.key for one in records] == ["srv-00003"]
    assert mapped(server(url), records[0]) != mapped(server(url), before.living()["srv-00003"])


def test_a_deleted_patient_is_a_tombstone(source: FhirSource, url: str) -> None:
    before = drained(server(url), STREAM)
    source.delete("Patient", "srv-00008", at=NOW + timedelta(minutes=1))
    source.now = NOW + timedelta(hours=1)
    assert [(one.key, one.operation) for one in again(url, before).records] == [("srv-00008", Operation.DELETE)]


def test_a_server_that_has_forgotten_is_read_from_the_beginning(source: FhirSource, url: str) -> None:
    before = drained(server(url), STREAM)
    source.forget(NOW + timedelta(days=1))
    with pytest.raises(StartOver):
        again(url, before)


def test_many_changes_at_one_moment_and_a_moving_list_lose_nobody(source: FhirSource, url: str) -> None:
    before = drained(server(url), STREAM)
    for number in range(1, 26):
        source.put(patient(number, "Vừ Thị Mới"), at=NOW + timedelta(minutes=1))
    source.now = NOW + timedelta(hours=1)
    assert before.cursor is not None
    begun = Landed(cursor=before.cursor.partition("|")[0])
    landed = drained(server(url), STREAM, limit=4, begun=begun)
    assert landed.living().keys() == {f"srv-{number:05d}" for number in range(1, 26)}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 40), kills=st.sets(st.integers(1, 12), max_size=4))
def test_page_sizes_and_kills_give_the_same_set_of_a_server(url: str, limit: int, kills: set[int]) -> None:
    landed, number = Landed(), 0
    while True:
        number += 1
        messages = page(server(url), STREAM, landed.cursor, limit=limit)
        if number not in kills and not landed.land(messages):
            break
    assert len(landed.living()) == 30


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (SectorFault.SERVER_ERROR, Transient),
        (SectorFault.DENIED, Denied),
        (SectorFault.HALF, ContractDrift),
        (SectorFault.RUBBISH, ContractDrift),
        (SectorFault.DEEP, ContractDrift),
        (SectorFault.WRONG_SHAPE, ContractDrift),
    ],
)
def test_a_server_that_fails_is_never_a_shorter_list(
    source: FhirSource, url: str, fault: SectorFault, failure: type[ConnectorError]
) -> None:
    source.always(fault)
    with pytest.raises(failure) as raised:
        drained(server(url), STREAM)
    assert TOKEN not in str(raised.value)
    assert not server(url).check().ok


@pytest.mark.parametrize("cursor", ["", "x", "|", "2026|y", "2026-11-01T00:00:00Z|a b c"])
def test_a_cursor_of_somebody_else_is_refused(url: str, cursor: str) -> None:
    with pytest.raises(ContractDrift):
        page(server(url), STREAM, cursor, limit=5)


def test_a_record_that_is_no_bundle_is_rejected(url: str) -> None:
    for payload, rule in (({}, "patient_missing"), (bundle({"resourceType": "Patient"}), "demographics_missing")):
        said = server(url).map(Record(key="x", payload=payload, row=2))
        assert isinstance(said, Rejected)
        assert (said.rule, said.row) == (rule, 2)
