"""A school's roster and the health sector's bundles, read by the engine into the registry."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.sectors.fhir_bundles import FhirBundles, FhirBundlesSettings
from connectors.sectors.fhir_search import FhirSearch, FhirSearchSettings
from connectors.sectors.oneroster import OneRoster
from connectors.sectors.oneroster_service import OneRosterSettings
from connectors.simulators.sectors import fhir, oneroster
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, serve_source
from registry.jobs.opening import Installation
from tests.registry.actions.installed import query
from tests.registry.sources.invented import standing
from tests.registry.sources.test_sector_connectors import synced

AT = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def test_pupils_land_once_and_a_change_of_their_school_makes_new_versions(installed: Installation) -> None:
    source = oneroster.OneRosterSource(seed=1, shares={SectorFault.SERVER_ERROR: 0.05})
    oneroster.fill(source, pupils=25, at=AT)
    with serve_source(source) as url:
        name, secret = oneroster.CLIENT
        said = {"endpoint": url, "token_url": f"{url}/oauth2/token", "client_id": name, "client_secret": secret}
        settings = OneRosterSettings.model_validate({**said, "first_wait": 0.001, "attempts": 9})
        run = synced(installed, OneRoster(settings, clock=lambda: NOW))
        assert (run.state, run.accepted, run.quarantined) == ("done", 25, 0)
        later = NOW + timedelta(hours=1)
        source.put("orgs", source.row("orgs", "school-1") | {"name": "Trường Mới"}, at=later)
        source.put("users", source.row("users", "p000003") | {"status": "tobedeleted"}, at=later)
        run = synced(installed, OneRoster(settings, clock=lambda: later + timedelta(hours=1)))
    assert run.state == "done"
    assert standing(installed) == {"standing": 24, "withdrawn": 1}
    (highest,) = query(installed, "select count(*) as children from source_record where version_no = 2")
    assert highest["children"] == 25


def test_children_of_a_server_land_with_tombstones(installed: Installation) -> None:
    source = fhir.FhirSource(now=NOW, seed=1)
    fhir.fill(source, children=12, at=AT)
    with serve_source(source) as url:
        settings = FhirSearchSettings.model_validate({"endpoint": f"{url}/fhir", "token": TOKEN, "first_wait": 0.001})
        assert synced(installed, FhirSearch(settings), page=5).accepted == 12
        later = NOW + timedelta(hours=1)
        source.put(fhir.dose(4, status="entered-in-error"), at=later)
        source.delete("Patient", "srv-00009", at=later)
        source.now = later + timedelta(hours=1)
        assert synced(installed, FhirSearch(settings), page=5).accepted == 2
    assert standing(installed) == {"standing": 11, "withdrawn": 1}


def test_bundles_of_a_folder_land_once_and_what_breaks_a_rule_waits(installed: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    folder.mkdir()
    resources = [[fhir.patient(number, "Vừ Thị Sua"), fhir.dose(number)] for number in range(1, 6)]
    resources[4][1]["status"] = "lost"
    bundles = [
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in parts]}
        for parts in resources
    ]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in bundles)
    (folder / "one.ndjson").write_text(lines, encoding="utf-8")
    connector = FhirBundles(FhirBundlesSettings(folder=folder))
    first, again = synced(installed, connector, page=2), synced(installed, connector, page=2)
    assert (first.accepted, first.quarantined) == (4, 1)
    assert (again.accepted, standing(installed)) == (0, {"standing": 4})
    (waiting,) = query(installed, "select rule, field, row_number from quarantine")
    assert (waiting["rule"], waiting["field"], waiting["row_number"]) == ("status_unknown", "Immunization.status", 5)
