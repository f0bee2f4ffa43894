"""Pupils from a OneRoster service over HTTP: every one, once changed again, whatever moves while they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors import plugins
from connectors.contract import Checkpoint, ConnectorError, ContractDrift, Denied, Drift, Record, Transient
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.oneroster import OneRoster
from connectors.sectors.oneroster_service import OneRosterSettings
from connectors.simulators.loopback import serving
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, serve_source
from connectors.simulators.sectors.oneroster import CLIENT, ROOT, OneRosterSource, enrol, fill, student

AT = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SPEC = Path(__file__).parents[1] / "specs" / "oneroster" / "edfi-oneroster-1.2-openapi.yml"


@pytest.fixture
def source() -> OneRosterSource:
    """A service with ninety pupils."""
    made = OneRosterSource(seed=3)
    fill(made, pupils=90, at=AT)
    return made


@pytest.fixture
def url(source: OneRosterSource) -> Iterator[str]:
    """Where it runs."""
    with serve_source(source) as address:
        yield address


def connector(url: str, *, now: datetime = NOW, **changed: Any) -> OneRoster:
    """Return the connector, which waits for nothing."""
    known = {
        "endpoint": url,
        "token_url": f"{url}/oauth2/token",
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
    }
    return OneRoster(OneRosterSettings.model_validate(known | changed), clock=lambda: now, sleep=lambda _: None)


def drain(made: OneRoster, cursor: str | None = None, *, limit: int = 500) -> tuple[list[Record], str]:
    """Read a pass to its end; return its records and the cursor of the next one."""
    records: list[Record] = []
    while True:
        messages = list(made.read("pupils", cursor, limit=limit))
        records += [one for one in messages if isinstance(one, Record)]
        checkpoint = messages[-1]
        assert isinstance(checkpoint, Checkpoint)
        cursor = checkpoint.cursor
        if not checkpoint.more:
            return records, cursor


def since(cursor: str) -> str:
    """Return the cursor with which the next pass begins."""
    return cursor.partition("|")[0]


def state(records: list[Record]) -> dict[str, Record]:
    """Return the latest record of each key."""
    return {one.key: one for one in sorted(records, key=lambda each: str(each.version_at))}


def mapped(made: OneRoster, record: Record) -> SourceRecord:
    """Return what a record says."""
    said = made.map(record)
    assert isinstance(said, SourceRecord), said
    return said


def removing(sourced_id: str) -> Callable[[OneRosterSource], None]:
    """Return what takes a pupil out of the list."""
    return lambda source: source.remove("users", sourced_id)


def test_it_is_found_by_name() -> None:
    assert plugins.sector_connectors()["oneroster"] is OneRoster


def test_every_pupil_is_read_with_demographics_class_and_school(url: str) -> None:
    made = connector(url)
    records, _ = drain(made, limit=20)
    assert sorted(one.key for one in records) == [f"p{number:06d}" for number in range(1, 91)]
    said = mapped(made, state(records)["p000041"])
    assert said.facts.birth_date == "2015-03-02"
    assert said.facts.sex == "female"
    assert said.services == {
        "school": "Trường Tiểu học Thử",
        "class": "class-2",
        "grade": "03",
        "pupil_code": "HS-p000041",
        "status": "studying",
    }
    assert made.map(records[0]) == made.map(records[0])


def test_the_personal_number_is_the_further_id_of_its_kind(source: OneRosterSource, url: str) -> None:
    source.put("users", student("p000001", family="Bế", given="Thị Én", number="001315000017"), at=AT)
    made = connector(url)
    facts = mapped(made, state(drain(made)[0])["p000001"]).facts
    assert (facts.name, facts.personal_number) == ("Bế Thị Én", "001315000017")


@pytest.mark.parametrize(
    ("name", "sourced_id", "changed"),
    [
        ("users", "p000005", {"familyName": "Đổi"}),
        ("demographics", "p000005", {"birthDate": "2015-03-20"}),
        ("enrollments", "e000005", {"status": "tobedeleted"}),
        ("classes", "class-1", {"title": "3A"}),
        ("orgs", "school-1", {"name": "Trường Mới"}),
    ],
)
def test_a_change_of_any_part_makes_a_new_version_of_the_pupil(
    source: OneRosterSource, url: str, name: str, sourced_id: str, changed: dict[str, str]
) -> None:
    made = connector(url)
    before, cursor = drain(made)
    later = NOW + timedelta(hours=1)
    source.put(name, source.row(name, sourced_id) | changed, at=later)
    records, _ = drain(connector(url, now=later + timedelta(hours=1)), since(cursor))
    old, new = state(before)["p000005"], state(records)["p000005"]
    assert mapped(made, new) != mapped(made, old)
    assert new.version_at == later


def test_a_pupil_is_gone_by_her_state_and_never_by_absence(source: OneRosterSource, url: str) -> None:
    made = connector(url)
    _, cursor = drain(made)
    source.remove("users", "p000009")
    source.put("users", source.row("users", "p000010") | {"status": "tobedeleted"}, at=NOW + timedelta(minutes=1))
    records, _ = drain(connector(url, now=NOW + timedelta(hours=1)), since(cursor))
    assert [(one.key, one.operation) for one in records] == [("p000010", Operation.DELETE)]


def test_what_is_committed_late_comes_within_the_overlap(source: OneRosterSource, url: str) -> None:
    made = connector(url)
    _, cursor = drain(made)
    enrol(source, 500, "class-1", at=NOW - timedelta(minutes=20))
    overlap = made.discover()[0].overlap
    begins = (datetime.fromisoformat(since(cursor)) - overlap).isoformat()
    records, _ = drain(connector(url, now=NOW + timedelta(hours=1)), begins)
    assert "p000500" in state(records)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(8, 100), kills=st.sets(st.integers(0, 30), max_size=4))
def test_page_sizes_and_kills_give_the_same_set(url: str, limit: int, kills: set[int]) -> None:
    cursor: str | None = None
    seen: dict[str, Record] = {}
    page = 0
    while True:
        page += 1
        messages = list(connector(url).read("pupils", cursor, limit=limit))
        if page in kills:  # landed were neither records nor cursor
            continue
        seen |= {one.key: one for one in messages if isinstance(one, Record)}
        checkpoint = messages[-1]
        assert isinstance(checkpoint, Checkpoint)
        cursor = checkpoint.cursor
        if not checkpoint.more:
            break
    assert sorted(seen) == [f"p{number:06d}" for number in range(1, 91)]


def test_a_list_that_moves_while_it_is_read_loses_nobody(source: OneRosterSource, url: str) -> None:
    for number in (3, 7, 12):  # they stood on the first page, and leave it: all behind them move up
        source.between(removing(f"p{number:06d}"))
    records, _ = drain(connector(url), limit=10)
    assert {f"p{number:06d}" for number in range(13, 91)} <= state(records).keys()


def test_many_changes_at_one_time_are_read_over_page_borders(source: OneRosterSource, url: str) -> None:
    _, cursor = drain(connector(url))
    later = NOW + timedelta(minutes=5)
    for number in range(1, 31):
        row = source.row("users", f"p{number:06d}")
        source.put("users", row | {"familyName": "Đổi"}, at=later)
    beyond = later + timedelta(days=1)  # changes once more while it is read, beyond the window
    source.between(lambda moved: moved.put("users", moved.row("users", "p000002") | {"familyName": "Nữa"}, at=beyond))
    records, _ = drain(connector(url, now=NOW + timedelta(hours=1)), since(cursor), limit=7)
    assert {f"p{number:06d}" for number in range(1, 31) if number != 2} <= state(records).keys()


def test_unknown_fields_are_drift_and_the_record_is_kept(source: OneRosterSource, url: str) -> None:
    source.put("users", source.row("users", "p000001") | {"shoeSize": 31}, at=AT)
    source.put("demographics", source.row("demographics", "p000001") | {"eyes": "brown"}, at=AT)
    messages = list(connector(url).read("pupils", None, limit=5))
    drifts = {(one.field, one.seen, one.expected) for one in messages if isinstance(one, Drift)}
    assert drifts == {("student.shoeSize", "number", None), ("demographics.eyes", "text", None)}
    assert "p000001" in {one.key for one in messages if isinstance(one, Record)}


@pytest.mark.parametrize(
    ("payload", "rule", "field"),
    [
        ({}, "field_missing", "student"),
        ({"student": 7}, "field_missing", "student"),
        ({"student": {}}, "key_missing", "student.sourcedId"),
        ({"student": {"sourcedId": "=1+1"}}, "key_broken", "student.sourcedId"),
        ({"student": {"sourcedId": "a" * 99}}, "key_broken", "student.sourcedId"),
    ],
)
def test_a_record_that_cannot_be_understood_is_rejected(payload: dict[str, Any], rule: str, field: str) -> None:
    said = connector("http://127.0.0.1:9").map(Record(key="x", version_at=AT, payload=payload, row=4))
    assert isinstance(said, Rejected)
    assert (said.rule, said.field, said.row) == (rule, field, 4)


def test_a_pupil_without_a_time_of_change_is_rejected() -> None:
    said = connector("http://127.0.0.1:9").map(Record(key="x", payload={"student": {"sourcedId": "x"}}))
    assert isinstance(said, Rejected)
    assert said.rule == "stamp_missing"


@pytest.mark.parametrize(
    "fault", [SectorFault.DROP, SectorFault.CUT_SHORT, SectorFault.SERVER_ERROR, SectorFault.RATE_LIMITED]
)
def test_what_passes_is_tried_again(source: OneRosterSource, url: str, fault: SectorFault) -> None:
    source.fault(fault, times=2)
    assert len(drain(connector(url))[0]) == 90


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (SectorFault.SERVER_ERROR, Transient),
        (SectorFault.DENIED, Denied),
        (SectorFault.HALF, ContractDrift),
        (SectorFault.RUBBISH, ContractDrift),
        (SectorFault.DEEP, ContractDrift),
        (SectorFault.WRONG_SHAPE, ContractDrift),
        (SectorFault.ERROR_INSIDE, ContractDrift),
    ],
)
def test_a_service_that_fails_is_never_a_shorter_list(
    source: OneRosterSource, url: str, fault: SectorFault, failure: type[ConnectorError]
) -> None:
    source.always(fault)
    with pytest.raises(failure) as raised:
        drain(connector(url))
    assert TOKEN not in str(raised.value)
    assert not connector(url).check().ok


@pytest.mark.parametrize("cursor", ["", "x", "|", "2026|y", "2026-11-01T00:00:00Z|a b c d e", "yesterday"])
def test_a_cursor_of_somebody_else_is_refused(url: str, cursor: str) -> None:
    with pytest.raises(ContractDrift):
        list(connector(url).read("pupils", cursor, limit=5))


def test_a_cursor_names_nobody(url: str) -> None:
    (*_, checkpoint) = connector(url).read("pupils", None, limit=7)
    assert isinstance(checkpoint, Checkpoint)
    assert "p0000" not in checkpoint.cursor


def test_a_wrong_secret_is_denied_and_not_repeated(url: str) -> None:
    with serving(OneRosterSource().answer) as empty:
        made = connector(empty, client_secret="wrong", token_url=f"{empty}/nowhere")
        assert not made.check().ok
        assert "wrong" not in repr(made.check()) + repr(OneRosterSettings(endpoint=url))


def test_settings_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValidationError):
        OneRosterSettings(endpoint="https://roster.example.vn", client_id="x")
    with pytest.raises(ValidationError):
        OneRosterSettings(endpoint="http://roster.example.vn")


def test_it_counts_the_pupils_who_are_there(url: str) -> None:
    assert connector(url).count("pupils") == 90


def test_what_is_asked_for_stands_in_the_published_description(source: OneRosterSource, url: str) -> None:
    described = set(re.findall(r'^  "?(/[^":]+)"?:$', SPEC.read_text(encoding="utf-8"), re.MULTILINE))
    drain(connector(url), limit=50)
    _, cursor = drain(connector(url))
    source.put("users", source.row("users", "p000005"), at=NOW + timedelta(minutes=1))
    drain(connector(url, now=NOW + timedelta(hours=1)), since(cursor))
    asked = {path for path in source.counts if path.startswith(ROOT)}
    templates = {"/".join([*path.split("/")[:6], "{id}"]) if path.count("/") > 5 else path for path in asked}
    assert templates
    assert templates <= described


def test_the_simulated_service_pages_by_link_and_total(url: str) -> None:
    asked = f"{url}{ROOT}/students?limit=40&offset=40&filter={quote(chr(39).join(['status=', 'active', '']))}"
    answer = httpx.get(asked, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (len(answer.json()["students"]), answer.headers["X-Total-Count"]) == (40, "90")
    assert 'rel="next"' in answer.headers["Link"]
