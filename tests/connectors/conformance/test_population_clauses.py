"""Each clause for population connectors holds where the contract is kept, and is broken alone where it is not."""

from __future__ import annotations

import pytest

from connectors.conformance.checking import POPULATION_CLAUSES, Checking
from connectors.conformance.choosing import checking_of
from connectors.conformance.clauses import Ending, Verdict
from connectors.conformance.population_subject import PopulationSubject
from connectors.conformance.values import told_in
from connectors.plugins import BUILT_IN_POPULATIONS
from tests.connectors.conformance.asked_extract import AskedExtract, ExtractScenario
from tests.connectors.conformance.book import BookConnector, BookScenario
from tests.connectors.conformance.broken import asking

BROKEN: dict[str, list[type[BookConnector]]] = {
    "api": [asking.OfAnotherVersion, asking.SecretInClear],
    "describe": [asking.OffersWhatItCannot],
    "confirms": [asking.AlwaysNo],
    "denies": [asking.AnyNameWillDo],
    "looks-up": [asking.SampleCitizen],
    "further": [asking.AnswersInItsOwnWords, asking.AnswersWithoutBeingAllowed],
    "out-of-use": [asking.TheDeadAreAlive],
    "several": [asking.TakesTheFirst],
    "failures": [asking.NoAnswerIsANo, asking.RaisesWhateverComes],
    "other-person": [asking.GivesOutWhoeverComes],
    "same-request": [asking.AnotherIdForEachTry],
    "deadline": [asking.WaitsAsLongAsItLikes],
    "health": [asking.HealthRaises],
    "rubbish-claims": [asking.TripsOverRubbish],
    "silence": [asking.PrintsCitizens, asking.QuotesTheClaim, asking.ShowsItsPassword],
}


def verdicts(connector: type[BookConnector]) -> list[Verdict]:
    """Show every clause of a connector that asks a book."""
    return list(Checking(POPULATION_CLAUSES, PopulationSubject(connector, BookScenario)).verdicts())


def test_a_connector_that_keeps_the_contract_breaks_no_clause() -> None:
    found = verdicts(BookConnector)
    assert {verdict.clause: verdict.said for verdict in found if verdict.ending is Ending.BROKEN} == {}
    assert [verdict.clause for verdict in found if verdict.ending is Ending.NOT_SHOWN] == ["further"]


@pytest.mark.parametrize(
    ("clause", "connector"),
    [(clause, connector) for clause, connectors in BROKEN.items() for connector in connectors],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_connector_that_breaks_one_clause_is_told_that_one(clause: str, connector: type[BookConnector]) -> None:
    found = [verdict for verdict in verdicts(connector) if verdict.ending is Ending.BROKEN]
    assert {verdict.clause: verdict.said for verdict in found}.keys() == {clause}
    assert not told_in(found[0].said, ["Trần Thị Mẫu", "001314000001", "hush-hush"])


def test_every_clause_has_a_connector_that_breaks_it() -> None:
    assert {clause.name for clause in POPULATION_CLAUSES} == set(BROKEN)


def test_the_extract_keeps_the_contract_as_far_as_it_can_be_asked() -> None:
    found = list(Checking(POPULATION_CLAUSES, PopulationSubject(AskedExtract, ExtractScenario)).verdicts())
    assert {verdict.clause: verdict.said for verdict in found if verdict.ending is Ending.BROKEN} == {}
    assert {"confirms", "denies", "looks-up", "out-of-use", "silence"} <= {
        verdict.clause for verdict in found if verdict.ending is Ending.HELD
    }


@pytest.mark.parametrize("name", sorted(BUILT_IN_POPULATIONS.keys() - {"extract"}))
def test_our_own_connectors_keep_the_contract(name: str) -> None:
    connector = BUILT_IN_POPULATIONS[name]
    place = f"{connector.__module__}:{getattr(connector, '__name__', '')}"
    found = {verdict.clause: verdict for verdict in checking_of(population=place).verdicts()}
    assert {verdict.clause: verdict.said for verdict in found.values() if verdict.ending is Ending.BROKEN} == {}
    assert {clause for clause, verdict in found.items() if verdict.ending is Ending.NOT_SHOWN} <= {"out-of-use"}
