"""The population database over the bus: asked for real, on loopback, in fair weather and foul."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx
import pytest

from connectors.contract import (
    BadClaim,
    CallContext,
    CitizenSnapshot,
    Claim,
    ConnectorError,
    ContractDrift,
    Denied,
    MediatorFailure,
    NotFound,
    Operation,
    Outcome,
    RateLimited,
    Transient,
)
from connectors.population.npdb import DigestOver, NpdbConnector, NpdbSettings, Retry
from connectors.simulators.faults import Fault, seeded_faults
from connectors.simulators.npdb_people import Account
from connectors.simulators.npdb_server import serve

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ACCOUNT = Account(user="registry", secret="s3cret-for-tests", api_key="key-for-tests")
PEOPLE = [
    ("001314000001", "TRẦN THỊ MẪU", "2014-05-03"),
    ("001215000002", "Đỗ Văn Mẫu", "2015"),
    ("001215000003", "Y Mẫu <&> Êban", "2015-01-02"),
]
CLAIM = Claim(personal_number="001314000001", full_name="Trần Thị Mẫu", birth_date="2014-05-03")
CONTEXT = CallContext(
    request_id="REQ-0001",
    agency_code="G01.001",
    officer_ref="officer-1",
    procedure_code="1.000001",
    legal_basis="law",
    purpose="verification",
)


def clock() -> datetime:
    """Return the moment at which all tests happen."""
    return NOW


@contextmanager
def connected(
    *faults: Fault | None, attempts: int = 1, **changes: object
) -> Iterator[tuple[NpdbConnector, list[float]]]:
    """Yield a connector to a running simulator that fails as told, and the pauses that it made."""
    pauses: list[float] = []
    with serve(PEOPLE, ACCOUNT, clock=clock, faults=faults, slow_seconds=0.5) as url:
        settings = NpdbSettings(
            endpoint=url,
            user=ACCOUNT.user,
            secret=ACCOUNT.secret,
            api_key=ACCOUNT.api_key,
            x_road_client="VN/GOV/G01/registry",
            look_up_code="037",
            retry=Retry(attempts=attempts),
        )
        with NpdbConnector(replace(settings, **changes), clock=clock, sleep=pauses.append) as connector:
            yield connector, pauses


def test_facts_that_belong_together_are_confirmed_and_others_are_not() -> None:
    claims = {
        CLAIM: Outcome.MATCH,
        replace(CLAIM, full_name="tran thi mau"): Outcome.MATCH,
        replace(CLAIM, birth_date="2014"): Outcome.MATCH,
        replace(CLAIM, full_name="Trần Thị Khác"): Outcome.NOT_FOUND,
        replace(CLAIM, birth_date="2014-05-04"): Outcome.NOT_FOUND,
        replace(CLAIM, personal_number="001314000009"): Outcome.NOT_FOUND,
        Claim(personal_number="001215000003", full_name="Y Mẫu <&> Êban", birth_date="2015-01-02"): Outcome.MATCH,
    }
    with connected() as (connector, _):
        for number, (claim, outcome) in enumerate(claims.items()):
            verification = connector.verify(claim, replace(CONTEXT, request_id=f"R-{number}"))
            assert verification.outcome is outcome
            assert (verification.as_of, verification.source_ref) == (NOW, f"R-{number}")


def test_a_citizen_is_looked_up_by_all_three_facts() -> None:
    with connected() as (connector, _):
        assert connector.get(CLAIM, CONTEXT) == CitizenSnapshot(
            personal_number="001314000001", full_name="TRẦN THỊ MẪU", birth_date="2014-05-03", updated_at=NOW
        )
        other = replace(CLAIM, personal_number="001215000002", full_name="Đỗ Văn Mẫu", birth_date="2015")
        found = connector.get(other, replace(CONTEXT, request_id="R-2"))
        assert isinstance(found, CitizenSnapshot)
        assert found.birth_date == "2015"
        nobody = replace(CLAIM, full_name="Khác")
        assert connector.get(nobody, replace(CONTEXT, request_id="R-3")) == NotFound(source_ref="R-3")


def test_it_says_what_it_can_do_and_whether_it_answers() -> None:
    with connected() as (connector, _):
        assert connector.describe().operations == {Operation.VERIFY, Operation.GET}
        assert connector.health().ok
    assert not connector_to_nowhere().health().ok


def connector_to_nowhere(
    network: httpx.BaseTransport | None = None, *, now: Callable[[], datetime] = clock
) -> NpdbConnector:
    """Return a connector to a port where nobody listens, or to a network that is told what to answer."""
    settings = NpdbSettings(
        endpoint="http://127.0.0.1:9/npdb",
        user="u",
        secret="s",
        api_key="k",
        x_road_client="a/b/c/d",
        retry=Retry(attempts=1),
    )
    return NpdbConnector(settings, clock=now, sleep=lambda _: None, transport=network)


def test_without_a_grant_nobody_is_looked_up() -> None:
    with connector_to_nowhere() as connector:
        assert connector.describe().operations == {Operation.VERIFY}
        with pytest.raises(Denied):
            connector.get(CLAIM, CONTEXT)


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.DROP, Transient),
        (Fault.CUT_SHORT, Transient),
        (Fault.SERVER_ERROR, Transient),
        (Fault.RATE_LIMITED, RateLimited),
        (Fault.BUS_ERROR, MediatorFailure),
        (Fault.DENIED, Denied),
        (Fault.HALF_XML, ContractDrift),
        (Fault.ERROR_INSIDE, ContractDrift),
        (Fault.OTHER_REQUEST, ContractDrift),
        (Fault.WRONG_PERSON, ContractDrift),
    ],
)
def test_every_failure_is_an_exception_of_its_kind_and_never_an_answer(
    fault: Fault, failure: type[ConnectorError]
) -> None:
    with connected(fault) as (connector, _), pytest.raises(failure) as raised:
        connector.get(CLAIM, CONTEXT)
    assert type(raised.value) is failure
    assert "Mẫu" not in str(raised.value)


def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    with connected(Fault.SLOW, answer_timeout=0.05) as (connector, _), pytest.raises(Transient):
        connector.verify(CLAIM, CONTEXT)


def test_a_passing_failure_is_waited_out_with_the_same_request() -> None:
    with connected(Fault.SERVER_ERROR, Fault.CUT_SHORT, attempts=3) as (connector, pauses):
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH
    assert pauses == [0.5, 1.0]


def test_the_pause_that_the_service_asks_for_is_kept_or_left_to_the_caller() -> None:
    with connected(Fault.RATE_LIMITED, attempts=2) as (connector, pauses):
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH
    assert pauses == [2.0]
    impatient = Retry(attempts=3, longest_wait=1.0)
    with connected(Fault.RATE_LIMITED, retry=impatient) as (connector, pauses):
        with pytest.raises(RateLimited) as limited:
            connector.verify(CLAIM, CONTEXT)
        assert limited.value.retry_after == 2.0
    assert pauses == []


def test_a_refusal_is_not_asked_again() -> None:
    with connected(Fault.DENIED, attempts=3) as (connector, pauses), pytest.raises(Denied):
        connector.verify(CLAIM, CONTEXT)
    assert pauses == []


@pytest.mark.parametrize(
    "changes", [{"secret": "wrong"}, {"api_key": "wrong"}, {"user": "somebody"}, {"digest_over": DigestOver.URL}]
)
def test_who_does_not_know_the_secret_is_denied(changes: dict[str, object]) -> None:
    with connected(**changes) as (connector, _), pytest.raises(Denied):
        connector.verify(CLAIM, CONTEXT)


def test_an_old_time_stamp_is_denied() -> None:
    with serve(PEOPLE, ACCOUNT, clock=lambda: NOW + timedelta(minutes=6)) as url:
        settings = NpdbSettings(
            endpoint=url, user=ACCOUNT.user, secret=ACCOUNT.secret, api_key=ACCOUNT.api_key, x_road_client="a/b/c/d"
        )
        with NpdbConnector(settings, clock=clock, sleep=lambda _: None) as connector, pytest.raises(Denied):
            connector.verify(CLAIM, CONTEXT)


def test_a_request_id_used_for_two_questions_is_drift_not_an_answer() -> None:
    with connected() as (connector, _):
        connector.verify(CLAIM, CONTEXT)
        with pytest.raises(ContractDrift):
            connector.verify(replace(CLAIM, birth_date="2015"), CONTEXT)


@pytest.mark.parametrize(
    ("claim", "context", "field"),
    [
        (replace(CLAIM, personal_number="12345678901"), CONTEXT, "personal_number"),
        (replace(CLAIM, personal_number="٠٠١٣١٤٠٠٠٠٠١"), CONTEXT, "personal_number"),
        (replace(CLAIM, full_name=" "), CONTEXT, "full_name"),
        (replace(CLAIM, full_name="x" * 101), CONTEXT, "full_name"),
        (replace(CLAIM, full_name="a\x00b"), CONTEXT, "full_name"),
        (replace(CLAIM, birth_date="03/05/2014"), CONTEXT, "birth_date"),
        (replace(CLAIM, birth_date="2014-05"), CONTEXT, "birth_date"),
        (CLAIM, replace(CONTEXT, request_id="x" * 41), "request_id"),
        (CLAIM, replace(CONTEXT, request_id=""), "request_id"),
        (CLAIM, replace(CONTEXT, agency_code="G" * 36), "agency_code"),
        (CLAIM, replace(CONTEXT, officer_ref="two words"), "officer_ref"),
        (CLAIM, replace(CONTEXT, procedure_code=""), "procedure_code"),
    ],
)
def test_a_question_that_cannot_be_right_is_not_sent(claim: Claim, context: CallContext, field: str) -> None:
    with connector_to_nowhere() as connector, pytest.raises(BadClaim) as refused:
        connector.verify(claim, context)
    assert refused.value.field == field


@pytest.mark.parametrize("endpoint", ["http://10.0.0.1/npdb", "http://example.invalid/npdb", "ftp://127.0.0.1/"])
def test_names_are_not_sent_in_clear_over_a_network(endpoint: str) -> None:
    with pytest.raises(ValueError, match="https"):
        NpdbSettings(endpoint=endpoint, user="u", secret="s", api_key="k", x_road_client="a/b/c/d")


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(
        NpdbSettings(endpoint="https://x.invalid/", user="u", secret="hush", api_key="hush", x_road_client="a/b/c/d")
    )
    assert "hush" not in shown + repr(ACCOUNT)


def test_seeded_faults_come_again_the_same_and_never_become_answers() -> None:
    faults = list(islice(seeded_faults(7, 0.6), 40))
    assert faults == list(islice(seeded_faults(7, 0.6), 40))
    told: list[Outcome | None] = []
    with connected(*[fault for fault in faults if fault is not Fault.SLOW]) as (connector, _):
        for number in range(30):
            wrong = replace(CLAIM, full_name="Khác")
            try:
                told.append(connector.verify(wrong, replace(CONTEXT, request_id=f"R-{number}")).outcome)
            except ConnectorError:
                told.append(None)
    assert None in told
    assert set(told) == {None, Outcome.NOT_FOUND}


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Authorization": "Basic ???"}, 401), ({"Authorization": "Bearer x", "Timestamp": "soon"}, 401), ({}, 401)],
)
def test_the_simulator_asks_who_is_there(headers: dict[str, str], status: int) -> None:
    with serve(PEOPLE, ACCOUNT, clock=clock) as url:
        sent = {"ApiKey": ACCOUNT.api_key, "X-Road-Client": "a/b/c/d"} | headers
        assert httpx.post(url, content=b"", headers=sent, trust_env=False).status_code == status


def test_a_taken_port_is_told() -> None:
    with serve(PEOPLE, ACCOUNT, clock=clock) as url:
        again = serve(PEOPLE, ACCOUNT, clock=clock, port=httpx.URL(url).port or 0)
        with pytest.raises(OSError, match="use"):
            again.__enter__()


@pytest.mark.parametrize(
    ("response", "failure", "retry_after"),
    [
        (httpx.Response(302, headers={"Location": "https://x.invalid"}), ContractDrift, None),
        (httpx.Response(404), ContractDrift, None),
        (httpx.Response(200, content=b"x" * 1_000_001), ContractDrift, None),
        (httpx.Response(401), Denied, None),
        (httpx.Response(408), Transient, None),
        (httpx.Response(503, headers={"Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT"}), Transient, 30.0),
        (httpx.Response(503, headers={"Retry-After": "later"}), Transient, None),
        (httpx.Response(429, headers={"X-Road-Error": "x", "Retry-After": "1"}), MediatorFailure, 1.0),
    ],
)
def test_a_response_that_is_no_answer_is_a_failure(
    response: httpx.Response, failure: type[ConnectorError], retry_after: float | None
) -> None:
    network = httpx.MockTransport(lambda _: response)
    with connector_to_nowhere(network) as connector, pytest.raises(failure) as raised:
        connector.verify(CLAIM, CONTEXT)
    assert getattr(raised.value, "retry_after", None) == retry_after


def test_bytes_that_cannot_be_unpacked_are_drift() -> None:
    def packed(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, stream=httpx.ByteStream(b"this was never packed"), headers={"Content-Encoding": "gzip"}
        )

    with connector_to_nowhere(httpx.MockTransport(packed)) as connector, pytest.raises(ContractDrift):
        connector.verify(CLAIM, CONTEXT)


def test_an_answer_that_drips_in_for_ever_is_given_up() -> None:
    moments = iter(NOW + timedelta(seconds=seconds) for seconds in range(0, 1000, 20))

    def dripping(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(b"<" for _ in range(1000)))

    connector = connector_to_nowhere(httpx.MockTransport(dripping), now=lambda: next(moments))
    with connector, pytest.raises(Transient):
        connector.verify(CLAIM, CONTEXT)
