"""Sources that tell their changes by a number, and what all that are asked over HTTP have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.contract import (
    Checkpoint,
    ConnectorError,
    ContractDrift,
    CursorKind,
    Deletes,
    Denied,
    Record,
    StartOver,
    Transient,
)
from connectors.records import ChildFacts, Operation, Rejected, SourceRecord
from connectors.sectors.pull_changes import PullChanges, PullChangesSettings
from connectors.simulators.exchange import json_answer
from connectors.simulators.sectors.faulty import PASSING, SectorFault, serve_source
from connectors.simulators.sectors.paged import ChangesSource
from tests.connectors.draining import Landed, drained, page, refusals
from tests.connectors.pulling import (
    CHANGES,
    NOW,
    SECRET,
    children,
    fed,
    no_sleep,
    paged,
    seeded,
    windowed,
)


def test_a_feed_is_followed_and_a_tombstone_withdraws() -> None:
    source = ChangesSource()
    for row in children(12):
        source.put(row)
    source.remove("SIM-000003", at=NOW)
    with fed(source) as connector:
        landed = drained(connector, "records", limit=5)
        assert set(landed.living()) == source.keys()
        assert landed.cursor == "13"
        assert landed.records[-1].operation is Operation.DELETE
        said = connector.map(landed.records[-1])
        assert isinstance(said, SourceRecord)
        assert said.facts == ChildFacts()
        source.put(children(1)[0] | {"school": "Trường Mới"})
        assert [one.key for one in drained(connector, "records", begun=Landed(cursor="13")).records] == ["SIM-000000"]
        (stream,) = connector.discover()
        assert (stream.cursor, stream.deletes) == (CursorKind.SEQUENCE, Deletes.TOMBSTONE)


def test_a_feed_that_forgot_is_read_from_its_beginning() -> None:
    source = ChangesSource()
    for row in children(6):
        source.put(row)
    with fed(source) as connector:
        landed = Landed()
        landed.land(page(connector, "records", None, limit=2))
        source.remove("SIM-000005", at=NOW)
        source.forget()
        with pytest.raises(StartOver):
            page(connector, "records", landed.cursor, limit=2)
        assert set(drained(connector, "records", limit=2).living()) == source.keys()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(limit=st.integers(1, 30), seed=st.integers(0, 99))
def test_a_shuffled_repeating_failing_feed_brings_the_same_records(limit: int, seed: int) -> None:
    source = ChangesSource(seed=seed, shares=dict.fromkeys(PASSING, 0.05), slow_seconds=0.0, shuffles=True)
    for row in children(20):
        source.put(row)
    source.repeat(4)
    source.remove("SIM-000009", at=NOW)
    chance, landed, more = seeded(seed), Landed(), True
    with fed(source, attempts=2, error_path="code") as connector:
        while more:
            try:
                messages = page(connector, "records", landed.cursor, limit=limit)
            except Transient:
                continue
            more = landed.land(messages) if chance.random() < 0.7 else True
    newest: dict[str, Record] = {}
    for record in landed.records:
        known = newest.get(record.key)
        if known is None or (record.version_at or NOW) >= (known.version_at or NOW):
            newest[record.key] = record
    assert {key for key, one in newest.items() if one.operation is not Operation.DELETE} == source.keys()


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (SectorFault.DROP, Transient),
        (SectorFault.CUT_SHORT, Transient),
        (SectorFault.SERVER_ERROR, Transient),
        (SectorFault.RATE_LIMITED, Transient),
        (SectorFault.ERROR_INSIDE, Transient),
        (SectorFault.DENIED, Denied),
        (SectorFault.HALF, ContractDrift),
        (SectorFault.RUBBISH, ContractDrift),
        (SectorFault.DEEP, ContractDrift),
        (SectorFault.WRONG_SHAPE, ContractDrift),
    ],
)
def test_every_way_to_fail_is_a_typed_failure_and_never_data(fault: SectorFault, failure: type[ConnectorError]) -> None:
    pages, changes = paged(3), ChangesSource()
    pages.always(fault)
    changes.always(fault)
    with windowed(pages, attempts=1) as window, pytest.raises(failure) as told:
        page(window, "doses", None, limit=10)
    with fed(changes, attempts=1, error_path="code") as feed, pytest.raises(failure):
        page(feed, "records", None, limit=10)
    assert SECRET not in str(told.value)
    assert "127.0.0.1" not in str(told.value)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"items": [], "next": 3, "more": True}, None),
        ({"items": [], "next": 0, "more": True}, "next"),
        ({"items": [], "next": -1, "more": False}, "next"),
        ({"items": [], "next": "x", "more": False}, "next"),
        ({"items": [], "more": False}, "next"),
        ({"items": [], "next": 1, "more": "yes"}, "more"),
        ({"items": "[1", "next": 1, "more": False}, "rows"),
        ({"items": None, "next": 1, "more": False}, "rows"),
        ([], "rows"),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_told_by_its_place(document: object, place: str | None) -> None:
    with fed(_Fixed(document)) as connector:
        if place is None:
            (only,) = page(connector, "records", None, limit=5)
            assert only == Checkpoint(cursor="3", more=True)
        else:
            with pytest.raises(ContractDrift, match=place):
                page(connector, "records", None, limit=5)


class _Fixed(ChangesSource):
    """Always answers the same."""

    def __init__(self, document: object) -> None:
        super().__init__()
        self._document = document

    def answered(self, asked: Any) -> Any:
        """Return the document."""
        del asked
        return json_answer(self._document)


def test_a_feed_without_a_next_number_must_come_in_order() -> None:
    row = children(1)[0]
    good = _Fixed({"items": [row | {"sequence": 4}, row | {"sequence": 9}]})
    with fed(good, next=None, more=None) as connector:
        assert page(connector, "records", "3", limit=5)[-1] == Checkpoint(cursor="9")
    for numbers in ((9, 4), (2,), (None,), ("x",)):
        bad = _Fixed({"items": [row | {"sequence": number} for number in numbers]})
        with fed(bad, next=None, more=None) as connector, pytest.raises(ContractDrift):
            page(connector, "records", "3", limit=5)


def test_an_element_that_is_no_record_waits_and_can_be_read_again() -> None:
    row = children(1)[0]
    broken = [row | {"record_id": None}, row | {"updated_at": "hôm qua"}, 7, row | {"record_id": {"a": 1}}, row]
    with fed(_Fixed({"items": broken, "next": 5, "more": False})) as connector:
        landed = drained(connector, "records")
        assert refusals(landed) == [
            (1, "key_missing", "record_id"),
            (2, "stamp_broken", "updated_at"),
            (3, "row_not_an_object", None),
            (4, "field_broken", "record_id"),
        ]
        for refused in landed.rejected:
            again = connector.reread("records", refused.raw, row=refused.row)
            assert isinstance(again, Rejected)
        assert isinstance(connector.reread("records", b"\xff", row=1), Rejected)
    assert len(landed.records) == 1


def test_the_columns_of_a_service_are_mapped_by_settings() -> None:
    row = {
        "maHoSo": 17,
        "phienBan": 3,
        "capNhat": "02/01/2026 03:04:05",
        "trangThai": "HIEU_LUC",
        "tre": {"hoTen": " Trần Mẫu ", "gioi": 1, "ngaySinh": "03/05/2019"},
        "me": {"hoTen": "Lê Thị Mẫu", "cccd": "001190000001"},
        "truong": {"ten": "Trường Ví Dụ"},
        "mucTroCap": "750000",
    }
    mapping = {
        "key": ["maHoSo"],
        "version": "phienBan",
        "version_at": "capNhat",
        "version_at_form": "local",
        "deleted": "trangThai",
        "deleted_when": ["XOA"],
        "facts": {
            "name": "tre.hoTen",
            "sex": "tre.gioi",
            "birth_date": "tre.ngaySinh",
            "mother.name": "me.hoTen",
            "mother.number": "me.cccd",
        },
        "meanings": {"sex": {"1": "male", "2": "female"}},
        "services": {"school": "truong.ten", "allowance_vnd": "mucTroCap"},
        "service_forms": {"allowance_vnd": "whole_number"},
    }
    with fed(_Fixed({"items": [row], "next": 1, "more": False}), mapping=mapping) as connector:
        (record,) = drained(connector, "records").records
        assert (record.key, record.version, record.version_at) == ("17", 3, datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC))
        said = connector.map(record)
        assert isinstance(said, SourceRecord)
        assert (said.facts.name, said.facts.sex, said.facts.birth_date) == ("Trần Mẫu", "male", "03/05/2019")
        assert said.facts.mother is not None
        assert said.services == {"school": "Trường Ví Dụ", "allowance_vnd": 750000}
        assert set(connector.discover()[0].fields) >= {"maHoSo", "tre", "me", "truong", "mucTroCap"}


def test_a_list_that_a_bus_wraps_as_text_is_read() -> None:
    document = {"items": '[{"record_id":"a","updated_at":"2026-01-01T00:00:00Z"}]', "next": 1, "more": False}
    with fed(_Fixed(document)) as connector:
        assert [one.key for one in drained(connector, "records").records] == ["a"]


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 30, "²"])
def test_a_foreign_cursor_of_a_feed_starts_over(cursor: str) -> None:
    with fed(ChangesSource()) as connector, pytest.raises(StartOver):
        page(connector, "records", cursor, limit=1)


def test_check_tells_a_source_that_is_down_or_refuses_us_without_secrets() -> None:
    with fed(ChangesSource()) as connector:
        assert connector.check().ok
    with fed(ChangesSource(), token="wrong") as connector:
        report = connector.check()
    assert not report.ok
    connector = PullChanges(PullChangesSettings.model_validate({"endpoint": "http://127.0.0.1:9", **CHANGES}))
    assert not connector.check().ok
    connector.close()
    told = PullChangesSettings.model_validate({"endpoint": "http://127.0.0.1:9", **CHANGES, "token": "wrong"})
    assert "wrong" not in repr(report) + repr(told)


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://example.com"},
        {"endpoint": "https://user:pass@example.com"},
        {"token_url": "https://example.com/token"},
        {"token_url": "https://example.com/token", "client_id": "a", "client_secret": "b"},
        {"stream": "Not A Name"},
        {"mapping": {"key": [], "facts": {}}},
        {"more_fields": 1},
        {"path": "@other.example.com/"},
        {"path": "no-slash"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as told:
        PullChangesSettings.model_validate({"endpoint": "https://example.com", **CHANGES, **wrong})
    assert SECRET not in str(told.value)


def test_an_unknown_stream_is_a_typed_failure() -> None:
    with fed(ChangesSource()) as feed, pytest.raises(ContractDrift):
        page(feed, "other", None, limit=1)
    with windowed(paged(1)) as window, pytest.raises(ContractDrift):
        page(window, "other", None, limit=1)


@pytest.mark.parametrize("shown", ["header", "body"])
def test_a_token_is_had_from_who_gives_tokens(shown: str) -> None:
    source = ChangesSource()
    source.put(children(1)[0])
    with serve_source(source) as url:
        said = {"token": None, "token_url": f"{url}/token", "client_id": SECRET, "client_shown": shown}
        for secret, is_known in ((SECRET, True), ("wrong", False)):
            told = {"endpoint": url, **CHANGES, **said, "client_secret": secret}
            connector = PullChanges(PullChangesSettings.model_validate(told), sleep=no_sleep)
            try:
                assert connector.check().ok is is_known
                if is_known:
                    assert len(drained(connector, "records").records) == 1
                else:
                    with pytest.raises(Denied):
                        page(connector, "records", None, limit=1)
            finally:
                connector.close()
    assert source.counts["/token"] >= 1
