"""Calls that the hotline hands over: each a case of a child who may be nobody known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.contract import (
    Checkpoint,
    ContractDrift,
    Counts,
    Denied,
    Proposal,
    Pushed,
    Receipt,
    Record,
    RowRefusal,
    StartOver,
    TakesProposals,
    TakesReceipts,
    Transient,
)
from connectors.records import ChildFacts, Operation, PersonFacts, Rejected, SourceRecord
from connectors.sectors.hotline import Hotline, HotlineSettings
from connectors.simulators.sectors.faulty import PASSING, SectorFault, serve_source
from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.invented import invented_call
from tests.connectors.draining import Landed, drained, page, refusals

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
CALL: dict[str, Any] = {
    "call_id": "111-2026-000001",
    "version": 1,
    "updated_at": "2026-03-01T20:05:00+00:00",
    "received_at": "2026-03-01T20:00:00+00:00",
    "channel": "phone",
    "child": {"name": None, "birth_date": None, "estimated_age": 6, "sex": "unknown"},
    "place": {"address": "Chợ Ví Dụ", "commune_code": "00004", "commune_scheme": "2025"},
    "state": "Trẻ đi một mình.",
    "likely_harm": "Lạnh và đói.",
    "harm_level": "high",
    "groups": [2, 1, 2],
    "settings": ["community"],
    "mother": {"name": "Lý Thị Mẫu", "age": 31, "job": "bán hàng"},
    "father": None,
    "carer": {"name": "Đặng Mẫu", "relation": "bà ngoại"},
    "family": "Hộ nghèo.",
    "help_given": "Đã cho ăn.",
    "informant": {"willing": True, "name": "Người Báo Mẫu", "phone": "0199000001", "relation": "hàng xóm"},
    "suspect": {"relation": "neighbour", "name": "Kẻ Mẫu"},
}


@contextmanager
def handing_over(source: HotlineSource, **said: Any) -> Iterator[Hotline]:
    """Connect to a simulated hotline."""
    with serve_source(source) as url:
        told = {"endpoint": url, "token": "Bearer simulated", "first_wait": 0.001, **said}
        connector = Hotline(HotlineSettings.model_validate(told), sleep=lambda _: None)
        try:
            yield connector
        finally:
            connector.close()


def hotline(*calls: dict[str, Any]) -> HotlineSource:
    """Return a hotline with calls."""
    source = HotlineSource()
    for call in calls:
        source.put(call)
    return source


def understood(call: dict[str, Any]) -> SourceRecord:
    """Return what is understood of one call."""
    with handing_over(hotline(call)) as connector:
        (record,) = drained(connector, "hotline").records
        said = connector.map(record)
    assert isinstance(said, SourceRecord)
    return said


def test_a_call_is_a_case_of_a_child_whose_name_nobody_knows() -> None:
    said = understood(CALL)
    assert (said.system, said.stream, said.key) == ("protection", "hotline", "111-2026-000001")
    assert said.facts == ChildFacts(
        estimated_age=6,
        estimated_on="2026-03-02",
        commune_code="00004",
        commune_scheme="2025",
        address="Chợ Ví Dụ",
        mother=PersonFacts(name="Lý Thị Mẫu"),
        carer=PersonFacts(name="Đặng Mẫu", relation="bà ngoại"),
    )
    assert said.services == {}
    case = said.case
    assert case is not None
    assert (case.groups, case.harm_level) == ((1, 2), "high")
    assert case.details == {
        "received_at": "2026-03-01T20:00:00+00:00",
        "channel": "hotline_111",
        "form": "01",
        "settings": ["community"],
        "status": "received",
    }
    assert case.notes is not None
    assert "Trẻ đi một mình." in case.notes
    assert "Mẹ: 31 tuổi, bán hàng" in case.notes
    assert case.reporter == {"name": "Người Báo Mẫu", "phone": "0199000001", "relation": "hàng xóm"}
    assert case.suspect == {"relation": "neighbour", "name": "Kẻ Mẫu"}


def test_who_called_and_who_is_suspected_stand_nowhere_but_in_their_own_groups() -> None:
    case = understood(CALL).case
    assert case is not None
    for name in ("Người Báo Mẫu", "0199000001", "Kẻ Mẫu"):
        assert name not in f"{case.notes} {case.details}"


@pytest.mark.parametrize("willing", [False, None, "true", 1])
def test_a_caller_who_did_not_agree_never_reaches_us(willing: object) -> None:
    call = CALL | {"informant": CALL["informant"] | {"willing": willing}}
    broken = call | {"call_id": "=1+1", "version": 2}
    with handing_over(hotline(call, broken)) as connector:
        landed = drained(connector, "hotline")
    (record,) = landed.records
    assert "informant" not in record.payload
    assert refusals(landed) == [(2, "key_broken", "call_id")]
    assert "0199000001" not in landed.rejected[0].raw.decode()


def test_nothing_at_all_may_be_known() -> None:
    said = understood({"call_id": "111-1", "updated_at": "2026-03-01T20:05:00+00:00"})
    assert said.facts == ChildFacts()
    assert said.case is not None
    assert (said.case.notes, said.case.reporter, said.case.suspect) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"child": {"estimated_age": 31}}, "child.estimated_age"),
        ({"child": {"estimated_age": "6"}}, "child.estimated_age"),
        ({"child": "bé"}, "child"),
        ({"groups": [15]}, "groups.0"),
        ({"groups": "2"}, "groups"),
        ({"mother": {"age": -1}}, "mother.age"),
        ({"state": "x" * 4001}, "state"),
        ({"suspect": ["a"]}, "suspect"),
    ],
)
def test_a_fact_that_has_not_the_agreed_form_is_refused_by_its_place(change: dict[str, Any], field: str) -> None:
    with handing_over(hotline(CALL | change)) as connector:
        (record,) = drained(connector, "hotline").records
        said = connector.map(record)
        assert isinstance(said, Rejected)
        assert (said.rule, said.field) == ("field_broken", field)
        again = connector.reread("hotline", said.raw, row=1)
        assert isinstance(again, Record)


def test_a_withdrawn_call_is_a_tombstone() -> None:
    source = hotline(CALL)
    source.remove("111-2026-000001", at=NOW + timedelta(hours=1))
    with handing_over(source) as connector:
        landed = drained(connector, "hotline")
        assert landed.living() == {}
        said = connector.map(landed.records[-1])
        assert connector.count("hotline") == 0
    assert isinstance(said, SourceRecord)
    assert said.operation is Operation.DELETE
    assert said.case is None


def test_what_was_taken_over_is_acknowledged_as_often_as_one_likes() -> None:
    source = hotline(CALL)
    taken = Proposal(key="111-2026-000001", field_name="handover", proposed="taken", reason="commune 00004")
    unknown = Proposal(key="111-2", field_name="handover", proposed="taken", reason="")
    with handing_over(source) as connector:
        assert isinstance(connector, TakesProposals)
        assert isinstance(connector, Counts)
        for _ in range(2):
            assert connector.push("hotline", [taken, unknown]) == [
                Pushed(key="111-2026-000001", taken=True),
                Pushed(key="111-2", taken=False, rule="call_unknown"),
            ]
        assert connector.push("hotline", []) == []
        assert connector.count("hotline") == 1
        with pytest.raises(ContractDrift):
            connector.push("other", [taken])
        with pytest.raises(ContractDrift):
            connector.count("other")
    assert source.acknowledged["111-2026-000001"]["value"] == "taken"
    assert source.counts["/acknowledgements"] == 2


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (SectorFault.SERVER_ERROR, Transient),
        (SectorFault.DENIED, Denied),
        (SectorFault.RUBBISH, ContractDrift),
        (SectorFault.WRONG_SHAPE, ContractDrift),
    ],
)
def test_an_acknowledgement_that_is_not_heard_is_a_failure(fault: SectorFault, failure: type[Exception]) -> None:
    source = hotline(CALL)
    source.always(fault)
    with handing_over(source, attempts=1) as connector:
        with pytest.raises(failure):
            connector.push("hotline", [Proposal(key="111-1", field_name="handover", proposed="taken", reason="")])
        with pytest.raises(failure):
            connector.count("hotline")
        assert connector.check().ok is (fault not in (SectorFault.SERVER_ERROR, SectorFault.DENIED))


def test_the_hotline_is_told_up_to_where_its_calls_are_taken_over() -> None:
    source = hotline(*(CALL | {"call_id": f"111-{number}"} for number in range(5)))
    with handing_over(source) as connector:
        assert isinstance(connector, TakesReceipts)
        landed = drained(connector, "hotline", limit=2)
        assert [one.delivery for one in landed.closed] == ["0-2", "2-4", "4-5"]
        refused = [RowRefusal(row=2, rule="field_broken", field="groups.0")]
        connector.receipt("hotline", Receipt(delivery="2-4", at=NOW, counts={"accepted": 1}, refused=refused))
        with pytest.raises(ContractDrift):
            connector.receipt("other", Receipt(delivery="2-4", at=NOW, counts={}))
        assert page(connector, "hotline", "5", limit=2) == [Checkpoint(cursor="5")], "nothing came, nothing is closed"
    assert source.receipts == [
        {
            "after": "2",
            "up_to": "4",
            "counts": {"accepted": 1},
            "refused": [{"place": 2, "rule": "field_broken", "field": "groups.0"}],
        }
    ]


def test_calls_of_a_failing_hotline_all_come() -> None:
    source = HotlineSource(seed=5, shares=dict.fromkeys(PASSING, 0.05), slow_seconds=0.0)
    chance = Random(5)  # noqa: S311  invents calls, keeps no secret
    for number in range(40):
        source.put(invented_call(number, chance, at=NOW + timedelta(minutes=number)))
    with handing_over(source, attempts=3, error_path=None) as connector:
        landed, more = Landed(), True
        while more:
            try:
                more = landed.land(page(connector, "hotline", landed.cursor, limit=7))
            except (Transient, ContractDrift):
                continue
        assert set(landed.living()) == source.keys()
        assert all(isinstance(connector.map(record), SourceRecord) for record in landed.records)
        source.forget()
        with pytest.raises(StartOver):
            page(connector, "hotline", "3", limit=7)


def test_a_hotline_is_of_the_protection_sector_and_nothing_else() -> None:
    assert Hotline.system == "protection"
    with pytest.raises(ValidationError):
        HotlineSettings.model_validate({"endpoint": "https://example.com", "system": "health"})
