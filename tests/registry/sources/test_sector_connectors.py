"""Files, windows, feeds and the hotline, read by the engine into the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from connectors.contract import SectorConnector
from connectors.listening import Listener
from connectors.sectors.hotline import Hotline, HotlineSettings
from connectors.sectors.pull_changes import PullChanges, PullChangesSettings
from connectors.sectors.pull_window import PullWindow, PullWindowSettings
from connectors.simulators.sectors.faulty import SectorFault, SimulatedSource, serve_source
from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.invented import invented_call, invented_child
from connectors.simulators.sectors.paged import ChangesSource, PagedSource
from registry.jobs.connections import SourceConnection
from registry.jobs.opening import Installation
from registry.jobs.syncing import Source, sync_stream
from registry.store.sync_runs import SyncRun
from tests.connectors.deliveries import EDUCATION, csv_bytes
from tests.connectors.packages import child, csv_text, drop, packed
from tests.registry.actions.installed import query
from tests.registry.sources.invented import proposals, standing

AT = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)


def synced(installed: Installation, connector: SectorConnector, *, page: int = 7, full: bool = False) -> SyncRun:
    """Read the one stream of a connector to its end."""
    source = Source(
        name="tried",
        connection=SourceConnection(connector="tried", page=page, shrink_share=0.9),
        listener=Listener(connector, deadline=20.0),
    )
    (stream,) = connector.discover()
    return sync_stream(installed, source, stream, full=full, sleep=lambda _: None)


@contextmanager
def served(source: SimulatedSource, make: Any, settings: Any, **said: Any) -> Iterator[SectorConnector]:
    """Connect to a simulated source."""
    with serve_source(source) as url:
        told = {"endpoint": url, "token": "simulated", "first_wait": 0.001, **said}
        connector = make(settings.model_validate(told), sleep=lambda _: None)
        try:
            yield connector
        finally:
            connector.close()


def rows(count: int) -> list[dict[str, Any]]:
    """Return invented children."""
    chance = Random(1)  # noqa: S311  invents children, keeps no secret
    return [invented_child(number, chance, at=AT + timedelta(minutes=number)) for number in range(count)]


def test_packages_land_with_their_refusals_and_a_receipt(installed: Installation, tmp_path: Path) -> None:
    packed(tmp_path, 1, [child(number) for number in range(1, 21)] + [child(21, personal_number="12")])
    run = synced(installed, drop(tmp_path))
    assert (run.state, run.accepted, run.quarantined, run.drifts) == ("done", 20, 1, 0)
    told = json.loads((tmp_path / "clinics-0001.zip.receipt.json").read_text(encoding="utf-8"))
    receipt = told["streams"]["child-records"]
    assert receipt["counts"]["accepted"] == 20
    assert receipt["refused"] == [{"row": 22, "rule": "pattern_broken", "field": "personal_number"}]
    packed(tmp_path, 2, [child(1, status="tobedeleted"), child(2, school="Trường Mới")])
    run = synced(installed, drop(tmp_path))
    assert (run.records, run.accepted) == (2, 2)
    assert standing(installed) == {"standing": 19, "withdrawn": 1}


def test_what_a_bulk_package_lacks_is_proposed_as_withdrawn(installed: Installation, tmp_path: Path) -> None:
    packed(tmp_path, 1, [child(number) for number in range(1, 11)])
    packed(tmp_path, 2, [child(number) for number in range(1, 9)], mode="bulk")
    synced(installed, drop(tmp_path))
    assert standing(installed) == {"standing": 8}, "the first one needs no reading"
    packed(tmp_path, 3, [child(number) for number in range(1, 8)], mode="bulk")
    synced(installed, drop(tmp_path))
    assert standing(installed) == {"standing": 8}
    (waiting,) = proposals(installed)
    assert (waiting.absent, waiting.living) == (1, 8)


def test_an_older_form_of_file_lands_and_a_refused_file_fails_the_run(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "education.csv"
    path.write_text(csv_bytes([EDUCATION | {"Mã học sinh": f"{number}"} for number in range(1, 6)]), encoding="utf-8")
    connector = drop(tmp_path, system="education", older_files=True)
    run = synced(installed, connector, page=2)
    assert (run.state, run.accepted, run.drifts) == ("done", 5, 0)
    path.write_text("Mã học sinh\n1\n", encoding="utf-8")
    run = synced(installed, connector, page=2)
    assert (run.state, run.accepted) == ("failed", 0)
    assert standing(installed) == {"standing": 5}


def test_an_unknown_column_is_drift_and_the_record_is_kept(installed: Installation, tmp_path: Path) -> None:
    text = csv_text([child(1) | {"shoe_size": "31"}])
    (tmp_path / "child-records.csv").write_text(text, encoding="utf-8")
    run = synced(installed, drop(tmp_path))
    assert (run.accepted, run.quarantined) == (1, 0)
    assert [row["field"] for row in query(installed, "select field from source_drift")] == ["shoe_size"]


def test_windows_land_from_a_failing_source_whose_rows_move(installed: Installation) -> None:
    source = PagedSource(seed=3, shares={SectorFault.SERVER_ERROR: 0.1, SectorFault.DROP: 0.1}, slow_seconds=0.0)
    for row in rows(30):
        source.put(row, at=AT)
    source.between_pages(
        lambda one: one.put(rows(1)[0], at=AT + timedelta(days=1)), lambda one: one.remove("SIM-000009")
    )
    said = {"system": "health", "since": date(2026, 2, 20), "rows": "data.danhSach", "error_path": "code"}
    with served(source, PullWindow, PullWindowSettings, **said) as connector:
        run = synced(installed, connector)
        assert run.state == "done"
        landed = {row["key"] for row in _keys(installed)}
        assert standing(installed)["standing"] in (29, 30)
        assert landed
        again = synced(installed, connector)
    assert (again.state, again.accepted) == ("done", 0)


def _keys(installed: Installation) -> list[Any]:
    return query(installed, "select child_id as key from source_record")


def test_a_feed_lands_is_followed_and_is_read_anew_when_it_forgot(installed: Installation) -> None:
    source = ChangesSource(shuffles=True)
    for row in rows(20):
        source.put(row)
    said = {"system": "social_aid", "rows": "items", "next": "next", "more": "more", "error_path": "code"}
    with served(source, PullChanges, PullChangesSettings, **said) as connector:
        first = synced(installed, connector)
        assert (first.accepted, first.drifts) == (20, 0)
        source.remove("SIM-000003", at=AT + timedelta(days=1))
        source.repeat(5)
        second = synced(installed, connector)
        assert (second.records, second.accepted) == (2, 1)
        source.put(rows(22)[21])
        source.forget()
        source.put(rows(23)[22])
        third = synced(installed, connector)
        assert third.state == "done"
    assert standing(installed) == {"standing": 21, "withdrawn": 1}


def test_calls_of_the_hotline_become_cases_under_keys_of_their_own(installed: Installation) -> None:
    source = HotlineSource()
    chance = Random(4)  # noqa: S311  invents calls, keeps no secret
    for number in range(12):
        source.put(invented_call(number, chance, at=AT + timedelta(minutes=number)))
    with served(source, Hotline, HotlineSettings) as connector:
        run = synced(installed, connector)
        assert (run.state, run.accepted, run.quarantined, run.drifts) == ("done", 12, 0, 0)
        assert [(one["after"], one["up_to"], one["counts"]["accepted"]) for one in source.receipts] == [
            ("0", "7", 7),
            ("7", "12", 5),
        ]
        source.remove("111-SIM-000002", at=AT + timedelta(days=1))
        assert synced(installed, connector).accepted == 1
    (cases,) = query(installed, "select count(*) as n from protection_case")
    assert cases["n"] == 12
    assert standing(installed) == {"standing": 11, "withdrawn": 1}
