"""The population database over the bus: asked for real, on loopback, in fair weather and foul."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import (
    Ambiguous,
    Change,
    CitizenSnapshot,
    Compared,
    ConnectorError,
    ContractDrift,
    Denied,
    Household,
    Inactive,
    Inactivity,
    Kinship,
    MediatorFailure,
    NotFound,
    Operation,
    Outcome,
    RateLimited,
    Transient,
    Unreachable,
)
from connectors.population.npdb import NpdbConnector
from connectors.simulators.population import (
    Account,
    Conduct,
    Dialect,
    Fault,
    Person,
    Quirk,
    SimulatedPopulation,
    serve_population,
)
from tests.connectors.npdb_world import CLAIM, CONTEXT, NOW, clock, settings

ACCOUNT = Account(user="registry", secret="s3cret-for-tests", api_key="key-for-tests")
GIRL = Person(
    number="001314000001",
    full_name="Trần Thị Mẫu",
    birth_date="2014-05-03",
    sex="2",
    commune="00004",
    detail="Thôn 1",
    ethnicity="01",
    mother_name="Lê Thị Mẫu",
    mother_number="001187000001",
    father_name="Trần Văn Mẫu",
)
PEOPLE = [
    GIRL,
    Person(number="001187000001", full_name="Lê Thị Mẫu", birth_date="1987-01-31", sex="2"),
    Person(number="001215000002", full_name="Đỗ Văn Mẫu", birth_date="2015"),
    Person(number="001215000003", full_name="Y Mẫu <&> Êban", birth_date="2015-01-02"),
]
WAYS = {
    "service": {"dialect": "npdb"},
    "norm": {"dialect": "qcvn109"},
    "stripped": {"dialect": "npdb", "name_form": "stripped", "date_form": "iso"},
    "capitals": {"dialect": "qcvn109", "name_form": "capitals", "name_in_parts": False},
    "bus": {"transport": "lgsp", "api_key": None, "x_road_client": None},
}


@contextmanager
def connected(
    *faults: Fault | None, conduct: Conduct | None = None, **changes: object
) -> Iterator[tuple[NpdbConnector, SimulatedPopulation, list[float]]]:
    """Yield a connector to a running simulator that fails as told, and the pauses that it made."""
    pauses: list[float] = []
    dialect = Dialect.LGSP if "transport" in changes else Dialect(str(changes.get("dialect", "npdb")))
    conduct = conduct or Conduct(dialect=dialect, slow_seconds=0.5)
    with serve_population(PEOPLE, account=ACCOUNT, clock=clock, conduct=conduct) as simulated:
        for fault in faults:
            simulated.fault(fault)
        where: dict[str, Any] = {"endpoint": simulated.soap_url}
        if "transport" in changes:
            where["token_url"] = f"{simulated.url}/lgsp/token"
        made = settings(**where, **changes)
        with NpdbConnector(made, clock=clock, sleep=pauses.append) as connector:
            yield connector, simulated, pauses


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_facts_that_belong_together_are_confirmed_and_others_are_not(way: dict[str, Any]) -> None:
    claims = {
        CLAIM: Outcome.MATCH,
        replace(CLAIM, full_name="tran thi mau"): Outcome.MATCH,
        replace(CLAIM, birth_date="2014"): Outcome.MATCH,
        replace(CLAIM, full_name="Trần Thị Khác"): Outcome.NOT_FOUND,
        replace(CLAIM, birth_date="2014-05-04"): Outcome.NOT_FOUND,
        replace(CLAIM, personal_number="001314000009"): Outcome.NOT_FOUND,
        replace(CLAIM, personal_number="001215000003", full_name="Y Mẫu <&> Êban", birth_date="2015"): Outcome.MATCH,
    }
    with connected(**way) as (connector, _, _):
        for number, (claim, outcome) in enumerate(claims.items()):
            if way.get("name_form") == "stripped" and "&" in claim.full_name:
                continue
            verification = connector.verify(claim, replace(CONTEXT, request_id=f"R-{number}"))
            assert verification.outcome is outcome
            assert (verification.as_of, verification.source_ref) == (NOW, f"R-{number}")
            assert verification.attributes == {}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_a_citizen_is_looked_up_by_all_three_facts(way: dict[str, Any]) -> None:
    with connected(**way) as (connector, simulated, _):
        for quirk in (None, *Quirk):
            simulated.use({quirk} if quirk else set())
            found = connector.get(CLAIM, replace(CONTEXT, request_id=f"Q-{quirk}"))
            assert isinstance(found, CitizenSnapshot)
            assert (found.personal_number, found.sex, found.ethnicity) == (GIRL.number, "2", "01")
            assert (found.full_name or "").title() == "Trần Thị Mẫu"
            assert found.birth_date == ("2014" if quirk is Quirk.YEAR_ONLY else "2014-05-03")
            assert (found.mother_number, found.father_number) == (GIRL.mother_number, None)
            assert b"001314000001" in (found.raw or b"")
            assert found.source_ref == f"Q-{quirk}"
        nobody = connector.get(replace(CLAIM, full_name="Khác"), replace(CONTEXT, request_id="R-3"))
        assert nobody == NotFound(source_ref="R-3")


def test_relatives_and_the_head_of_the_household_are_named() -> None:
    with connected() as (connector, _, _):
        related = connector.relatives(CLAIM, CONTEXT)
        assert not isinstance(related, NotFound)
        named = {(one.kinship, (one.name or "").title(), one.personal_number) for one in related}
        assert {
            (Kinship.MOTHER, "Lê Thị Mẫu", "001187000001"),
            (Kinship.FATHER, "Trần Văn Mẫu", None),
        } <= named
        household = connector.household(CLAIM, replace(CONTEXT, request_id="R-2"))
        assert isinstance(household, Household)
        assert {one.kinship for one in household.members} <= {Kinship.HEAD_OF_HOUSEHOLD}
        for ask in (connector.relatives, connector.household):
            nobody = replace(CLAIM, full_name="Khác")
            assert isinstance(ask(nobody, replace(CONTEXT, request_id=f"N-{ask.__name__}")), NotFound)


@pytest.mark.parametrize("dialect", ["npdb", "qcvn109"])
def test_a_death_a_new_number_and_a_double_are_told_as_what_they_are(dialect: str) -> None:
    with connected(dialect=dialect) as (connector, simulated, _):
        new = simulated.change.renumber(GIRL.number)
        replaced = Inactive(source_ref="R-1", inactivity=Inactivity.REPLACED, replaced_by=new)
        assert connector.get(CLAIM, replace(CONTEXT, request_id="R-1")) == replaced
        renewed = connector.get(replace(CLAIM, personal_number=new), replace(CONTEXT, request_id="R-2"))
        assert isinstance(renewed, CitizenSnapshot)
        assert renewed.former_numbers == (GIRL.number,)
        simulated.change.die(new)
        dead = connector.get(replace(CLAIM, personal_number=new), replace(CONTEXT, request_id="R-3"))
        assert dead == Inactive(source_ref="R-3", inactivity=Inactivity.DECEASED)
        simulated.change.double("001187000001")
        mother = replace(CLAIM, personal_number="001187000001", full_name="Lê Thị Mẫu", birth_date="1987")
        assert connector.get(mother, replace(CONTEXT, request_id="R-4")) == Ambiguous(source_ref="R-4")


def test_a_confirmation_by_the_norm_knows_of_a_new_number() -> None:
    with connected(dialect="qcvn109") as (connector, simulated, _):
        assert connector.describe().tells_inactive
        new = simulated.change.renumber(GIRL.number)
        said = connector.verify(CLAIM, CONTEXT)
    assert (said.outcome, said.inactivity, said.replaced_by) == (Outcome.INACTIVE, Inactivity.REPLACED, new)


def test_where_only_the_look_up_is_granted_it_says_which_fact_is_wrong() -> None:
    with connected(verify_by="look_up") as (connector, simulated, _):
        assert connector.describe().names_mismatch
        asked = [
            (CLAIM, Outcome.MATCH, Compared.MATCH),
            (replace(CLAIM, sex="1"), Outcome.MISMATCH, Compared.MISMATCH),
        ]
        for number, (claim, outcome, sex) in enumerate(asked):
            said = connector.verify(claim, replace(CONTEXT, request_id=f"R-{number}"))
            assert (said.outcome, said.attributes.get("sex", Compared.MATCH)) == (outcome, sex)
            assert said.attributes["full_name"] is Compared.MATCH
        nobody = connector.verify(replace(CLAIM, full_name="Khác"), replace(CONTEXT, request_id="R-8"))
        assert nobody.outcome is Outcome.NOT_FOUND
        simulated.change.double(GIRL.number)
        assert connector.verify(CLAIM, replace(CONTEXT, request_id="R-9")).outcome is Outcome.AMBIGUOUS
        simulated.change.die(GIRL.number)
        simulated.change.double("001187000001")
    with connected(Fault.DECEASED, verify_by="look_up") as (connector, _, _):
        said = connector.verify(CLAIM, CONTEXT)
        assert (said.outcome, said.inactivity) == (Outcome.INACTIVE, Inactivity.DECEASED)


@pytest.mark.parametrize("dialect", ["npdb", "qcvn109"])
def test_changes_come_by_windows_and_none_is_left_out(dialect: str) -> None:
    with connected(dialect=dialect, change_page=2) as (connector, simulated, _):
        first = connector.changes(None, replace(CONTEXT, request_id="C-0"), limit=100)
        assert (first.events, first.more, first.reset_required) == ((), False, False)
        simulated.change.move(GIRL.number, commune="00007")
        simulated.change.die("001215000002")
        new = simulated.change.renumber("001215000003")
        events, cursor, more, asked = [], first.next, True, 0
        while more:
            asked += 1
            page = connector.changes(cursor, replace(CONTEXT, request_id=f"C-{asked}"), limit=100)
            events += page.events
            cursor, more = page.next, page.more
        told = {(event.personal_number, event.previous_number, event.kind) for event in events}
        assert told == {
            (GIRL.number, None, Change.CORRECTED),
            ("001215000002", None, Change.DIED),
            (new, "001215000003", Change.REIDENTIFIED),
        }
        assert len({event.sequence for event in events}) == len(events) == 3
        again = connector.changes(cursor, replace(CONTEXT, request_id="C-9"), limit=100)
        assert {event.personal_number for event in again.events} <= {number for number, _, _ in told}


def test_it_says_what_it_can_do_and_whether_it_answers() -> None:
    with connected() as (connector, _, _):
        assert connector.describe().operations == set(Operation) - {Operation.SEARCH}
        assert connector.health().ok
    with NpdbConnector(settings(endpoint="http://127.0.0.1:9/npdb")) as connector:
        assert not connector.health().ok
    bare = {"look_up_code": None, "relatives_code": None, "changes_code": None, "household": False}
    with connected(**bare) as (connector, _, _):
        assert connector.describe().operations == {Operation.VERIFY}
        for ask in (connector.get, connector.relatives, connector.household):
            with pytest.raises(Denied):
                ask(CLAIM, CONTEXT)
        with pytest.raises(Denied):
            connector.changes(None, CONTEXT, limit=10)


FAILURES = {
    Fault.DROP: Unreachable,
    Fault.CUT_SHORT: Unreachable,
    Fault.SERVER_ERROR: Transient,
    Fault.RATE_LIMITED: RateLimited,
    Fault.RATE_LIMITED_UNTIL: RateLimited,
    Fault.BUS_ERROR: MediatorFailure,
    Fault.DENIED: Denied,
    Fault.HALF: ContractDrift,
    Fault.ERROR_INSIDE: Transient,
    Fault.DENIED_INSIDE: Denied,
    Fault.WRONG_NAMESPACE: ContractDrift,
    Fault.ENTITIES: ContractDrift,
    Fault.DEEP: ContractDrift,
    Fault.WRONG_TYPE: ContractDrift,
    Fault.HUGE: ContractDrift,
    Fault.BOMB: ContractDrift,
    Fault.REDIRECT: ContractDrift,
    Fault.OTHER_REQUEST: ContractDrift,
    Fault.WRONG_CHILD: ContractDrift,
}


@pytest.mark.parametrize("way", ["service", "norm", "bus"])
def test_every_failure_is_an_exception_of_its_kind_and_never_an_answer(way: str) -> None:
    with connected(attempts=1, **WAYS[way]) as (connector, simulated, _):
        for fault, failure in FAILURES.items():
            asked = replace(CONTEXT, request_id=f"F-{fault.value}")
            simulated.fault(fault)
            with pytest.raises(failure) as raised:
                connector.get(CLAIM, asked)
            assert "Mẫu" not in str(raised.value)
            assert type(raised.value) is failure, fault
            assert isinstance(connector.get(CLAIM, asked), CitizenSnapshot)


def test_a_service_is_found_behind_a_security_server() -> None:
    with serve_population(PEOPLE, account=ACCOUNT, clock=clock) as simulated:
        made = settings(endpoint=f"{simulated.url}/", x_road_service="VN/GOV/BCA/dancu/tracuu")
        with NpdbConnector(made, clock=clock) as connector:
            assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH
            assert connector.health().ok


def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    with connected(Fault.SLOW, answer_timeout=0.05) as (connector, _, _), pytest.raises(Unreachable):
        connector.verify(CLAIM, CONTEXT)


def test_an_answer_that_comes_in_drops_is_none_if_it_takes_too_long() -> None:
    with connected(Fault.DRIP, whole_timeout=0.7, attempts=1) as (connector, _, _), pytest.raises(Unreachable):
        connector.verify(CLAIM, CONTEXT)


def test_a_passing_failure_is_waited_out_with_the_same_request() -> None:
    faults = (Fault.SERVER_ERROR, Fault.CUT_SHORT, Fault.ERROR_INSIDE)
    with connected(*faults, attempts=4) as (connector, simulated, pauses):
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH
        assert simulated.counts()["soap"] == 4
    assert [0.25 <= pauses[0] <= 0.5, 0.5 <= pauses[1] <= 1, 1 <= pauses[2] <= 2] == [True] * 3


def test_the_pause_that_the_service_asks_for_is_left_to_the_caller_if_it_is_long() -> None:
    with connected(Fault.RATE_LIMITED, attempts=3, longest_wait=0.5) as (connector, simulated, pauses):
        with pytest.raises(RateLimited) as limited:
            connector.verify(CLAIM, CONTEXT)
        assert (limited.value.retry_after or 0) > 0.5
        assert (pauses, simulated.counts()["soap"]) == ([], 1)


@pytest.mark.parametrize("changes", [{"secret": "wrong"}, {"api_key": "wrong"}, {"user": "somebody"}])
@pytest.mark.parametrize("way", ["service", "bus"])
def test_who_does_not_know_the_secret_is_denied(changes: dict[str, object], way: str) -> None:
    if way == "bus" and "api_key" in changes:
        changes = {"access_key": "somebody"}
    with connected(**{**WAYS[way], **changes}) as (connector, _, _), pytest.raises(Denied):
        connector.verify(CLAIM, CONTEXT)


def test_an_old_time_stamp_is_denied() -> None:
    late = NOW + timedelta(minutes=6)
    with serve_population(PEOPLE, account=ACCOUNT, clock=lambda: late) as simulated:
        made = settings(endpoint=simulated.soap_url)
        with NpdbConnector(made, clock=clock) as connector, pytest.raises(Denied):
            connector.verify(CLAIM, CONTEXT)


def test_a_request_id_used_for_two_questions_is_drift_not_an_answer() -> None:
    with connected() as (connector, _, _):
        connector.verify(CLAIM, CONTEXT)
        with pytest.raises(ContractDrift):
            connector.verify(replace(CLAIM, birth_date="2015"), CONTEXT)


def test_nothing_is_asked_after_the_deadline() -> None:
    past = replace(CONTEXT, deadline=datetime(2026, 11, 21, 7, 59, tzinfo=UTC))
    with connected() as (connector, simulated, _):
        with pytest.raises(Transient):
            connector.verify(CLAIM, past)
        assert "soap" not in simulated.counts()


def test_whatever_fails_nobody_is_ever_taken_for_somebody_else() -> None:
    shares = {fault: 1 / len(Fault) for fault in Fault if fault not in (Fault.SLOW, Fault.DRIP)}
    told: list[Outcome | None] = []
    with connected(conduct=Conduct(seed=7, faults=shares), attempts=1) as (connector, _, _):
        for number in range(120):
            wrong = replace(CLAIM, full_name="Khác")
            try:
                told.append(connector.verify(wrong, replace(CONTEXT, request_id=f"R-{number}")).outcome)
            except ConnectorError:
                told.append(None)
    assert set(told) == {None, Outcome.NOT_FOUND}
