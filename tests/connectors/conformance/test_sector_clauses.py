"""Each clause holds for connectors that keep the contract, and is broken alone for those that break it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.conformance.checking import SECTOR_CLAUSES, check_sector
from connectors.conformance.clauses import Ending
from connectors.conformance.scenario import Row
from connectors.conformance.values import told_in
from tests.connectors.conformance.broken import changing, describing, mapping, reading
from tests.connectors.conformance.roll import Roll, RollByNumber, RollScenario, WholeRoll

BROKEN: dict[str, list[type[Roll]]] = {
    "api": [describing.OfAnotherVersion],
    "settings": [describing.WithoutAModel],
    "secrets": [describing.SecretInClear, describing.SecretInAnError],
    "check": [describing.CheckRaises, describing.CheckIsBlind],
    "discover": [describing.KeyIsNoField, describing.OtherStreamsEachTime],
    "messages": [reading.TimesInThePayload],
    "checkpoints": [reading.NoLastCheckpoint, reading.EndsTooEarly],
    "whole": [reading.LosesOne],
    "cursors": [reading.NameInTheCursor],
    "limit": [reading.EverythingInOnePage],
    "pages": [reading.LosesAtTheBorder],
    "repeatable": [reading.TurnsAround],
    "resume": [reading.ForgetsWhenKilled],
    "quiet": [reading.AlwaysSomethingNew],
    "side-by-side": [reading.OnePlaceForAll],
    "changes": [changing.NewRowsOnly],
    "equal-times": [changing.SkipsEqualTimes],
    "late-rows": [changing.BlindToLateRows],
    "clock-back": [changing.StopsWhenTheClockFallsBack],
    "repeats": [changing.KeysByPlace],
    "unknown-field": [changing.RefusesUnknownFields, changing.HidesUnknownFields],
    "missing-field": [changing.TripsOverMissingFields, changing.RefusesWithoutAField],
    "deletes": [changing.NoTombstones, changing.StillThere],
    "start-over": [changing.GoesOnSilently, changing.CallsItAnotherFailure],
    "failures": [changing.EmptyWhenDown, changing.RaisesWhateverComes],
    "map-answers": [mapping.TripsOverRubbish],
    "map-pure": [
        mapping.LooksAtTheClock,
        mapping.LooksAtTheEnvironment,
        mapping.TakesAChance,
        mapping.ChangesTheRecord,
        mapping.RemembersTheLast,
    ],
    "as-written": [mapping.WritesInCapitals],
    "silence": [mapping.PrintsItsRecords, mapping.NamesTheValueInItsRule, mapping.QuotesWhatItCannotRead],
    "left-behind": [reading.LeavesAThread],
    "count": [changing.CountsTombstones],
    "push": [changing.AnswersOutOfOrder],
    "receipt": [changing.ReadsItsOwnReceipts],
    "reread": [changing.CannotReread],
}


@pytest.mark.parametrize("connector", [Roll, RollByNumber, WholeRoll, changing.NotesUnknownFields])
def test_a_connector_that_keeps_the_contract_breaks_no_clause(connector: type[Roll]) -> None:
    verdicts = check_sector(connector, RollScenario)
    assert {verdict.clause: verdict.said for verdict in verdicts if verdict.ending is Ending.BROKEN} == {}
    assert [verdict.clause for verdict in verdicts if verdict.ending is Ending.NOT_SHOWN] == ["reread"]


@pytest.mark.parametrize(
    ("clause", "connector"),
    [(clause, connector) for clause, connectors in BROKEN.items() for connector in connectors],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_connector_that_breaks_one_clause_is_told_that_one(clause: str, connector: type[Roll]) -> None:
    found = [verdict for verdict in check_sector(connector, RollScenario) if verdict.ending is Ending.BROKEN]
    assert {verdict.clause: verdict.said for verdict in found}.keys() == {clause}
    assert not told_in(found[0].said, ["Trần Thị Mẫu", "Lê Thị Mẫu", "pupil-0", "hush", "2014-05"])


def test_without_a_scenario_the_source_that_stands_is_tried(tmp_path: Path) -> None:
    scenario = RollScenario(tmp_path)
    scenario.write([Row(number=number, at=datetime(2026, 11, 1, number, tzinfo=UTC)) for number in range(1, 9)])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for connector, expected in ((RollByNumber, set()), (reading.LosesAtTheBorder, {"pages"})):
        verdicts = check_sector(connector, None, settings=scenario.settings)
        assert {verdict.clause for verdict in verdicts if verdict.ending is Ending.BROKEN} == expected
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    scenario.write([Row(number=number, at=datetime(2026, 11, 2, tzinfo=UTC)) for number in range(9, 130)])
    found = {verdict.clause: verdict for verdict in check_sector(RollByNumber, None, settings=scenario.settings)}
    assert found["messages"].ending is Ending.HELD
    assert "too many" in found["pages"].said


def test_every_clause_has_a_connector_that_breaks_it() -> None:
    assert {clause.name for clause in SECTOR_CLAUSES} == set(BROKEN)


def test_a_connector_that_hangs_is_found_broken_and_does_not_hang_the_kit() -> None:
    found = [
        verdict
        for verdict in check_sector(reading.HangsInTheMiddle, RollScenario, seconds=1.5)
        if verdict.ending is Ending.BROKEN
    ]
    assert [(verdict.clause, verdict.said) for verdict in found] == [("pages", "it takes longer than 1.5 seconds")]
