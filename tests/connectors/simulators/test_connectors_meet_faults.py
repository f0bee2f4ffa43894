"""Every connector meets every fault: what comes of it is true or a failure of its kind, and never somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.contract import (
    Ambiguous,
    CallContext,
    CitizenSnapshot,
    Claim,
    ConnectorError,
    ContractDrift,
    Denied,
    Inactive,
    Inactivity,
    MediatorFailure,
    Outcome,
    RateLimited,
    Transient,
)
from connectors.population.dci import DciConnector
from connectors.population.fhir import FhirConnector
from connectors.population.npdb import NpdbConnector
from connectors.simulators.population import Conduct, Fault, SimulatedPopulation, as_pem
from connectors.simulators.population import Signing as Signed
from tests.connectors.simulators.asking import LAN, PEOPLE, Clock

CLAIM = Claim(personal_number=LAN.number, full_name=LAN.full_name, birth_date=LAN.birth_date, sex=LAN.sex)
CONTEXT = CallContext(
    request_id="R-1",
    agency_code="G01.001",
    officer_ref="officer-1",
    procedure_code="1.000001",
    legal_basis="law",
    purpose="verification",
)
OURS = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
BUS = {"user": "child-registry", "secret": "simulated", "look_up_code": "037", "verify_by": "look_up"}
XROAD = {**BUS, "api_key": "simulated", "x_road_client": "VN/GOV/G01/registry"}
LGSP = {
    **BUS,
    "transport": "lgsp",
    "endpoint": "http://127.0.0.1/lgsp/npdb",
    "token_url": "http://127.0.0.1/lgsp/token",
    "app_name": "registry",
    "partner_code": "A",
    "partner_code_customer": "B",
}
WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "npdb": (NpdbConnector, {**XROAD, "endpoint": "http://127.0.0.1/npdb"}),
    "confirmed": (NpdbConnector, {**XROAD, "endpoint": "http://127.0.0.1/npdb", "verify_by": "confirmation"}),
    "qcvn109": (NpdbConnector, {**XROAD, "endpoint": "http://127.0.0.1/npdb/qcvn109", "dialect": "qcvn109"}),
    "lgsp": (NpdbConnector, LGSP),
    "lgsp in objects": (NpdbConnector, {**LGSP, "question_form": "json"}),
    "dci": (
        DciConnector,
        {
            "endpoint": "http://127.0.0.1/dci",
            "sender_id": "registry",
            "receiver_id": "population",
            "signing": "EdDSA",
            "private_key": OURS,
        },
    ),
    "fhir": (FhirConnector, {"endpoint": "http://127.0.0.1/fhir"}),
}
OAUTH = {
    "token_url": "http://127.0.0.1/oauth2/client/token",
    "client_id": "child-registry",
    "client_secret": "simulated",
}
TRUE = (None, Fault.SLOW, Fault.DRIP, Fault.REPLAYED)
FAILURES: dict[Fault, type[ConnectorError]] = {
    Fault.DROP: Transient,
    Fault.CUT_SHORT: Transient,
    Fault.SERVER_ERROR: Transient,
    Fault.BUS_ERROR: Transient,
    Fault.ERROR_INSIDE: Transient,
    Fault.RATE_LIMITED: RateLimited,
    Fault.RATE_LIMITED_UNTIL: RateLimited,
    Fault.DENIED: Denied,
    Fault.DENIED_INSIDE: Denied,
    Fault.HALF: ContractDrift,
    Fault.WRONG_NAMESPACE: ContractDrift,
    Fault.ENTITIES: ContractDrift,
    Fault.DEEP: ContractDrift,
    Fault.WRONG_TYPE: ContractDrift,
    Fault.HUGE: ContractDrift,
    Fault.BOMB: ContractDrift,
    Fault.REDIRECT: ContractDrift,
    Fault.WRONG_CHILD: ContractDrift,
    Fault.OTHER_REQUEST: ContractDrift,
}
SIGNATURES = (Fault.UNSIGNED, Fault.BADLY_SIGNED)
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@contextmanager
def connected(way: str) -> Iterator[tuple[Any, SimulatedPopulation]]:
    """Yield a connector and the simulator that it asks; each question is sent once."""
    clock = Clock()
    simulated = SimulatedPopulation(PEOPLE, clock=clock, conduct=Conduct(signing=Signed.EDDSA))
    connector, settings = WAYS[way]
    if way in ("dci", "fhir"):
        settings = {**settings, "oauth": OAUTH}
    if way == "dci":
        settings = {**settings, "partner_key": as_pem(simulated.signing_key)}
    spec = connector.spec().model_validate({**settings, "attempts": 1})
    made = connector(spec, clock=clock, sleep=clock.sleep, transport=simulated.transport(sleep=clock.sleep))
    try:
        yield made, simulated
    finally:
        made.close()


@EVERY_WAY
@pytest.mark.parametrize("fault", TRUE)
def test_a_right_answer_is_the_child_asked_for(way: str, fault: Fault | None) -> None:
    with connected(way) as (connector, simulated):
        simulated.fault(fault)
        found = connector.get(CLAIM, CONTEXT)
        assert isinstance(found, CitizenSnapshot)
        assert found.personal_number == LAN.number
        assert (found.full_name or "").casefold() == LAN.full_name.casefold()
        simulated.fault(fault)
        assert connector.verify(CLAIM, replace(CONTEXT, request_id="R-2")).outcome is Outcome.MATCH


@EVERY_WAY
@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_is_of_its_kind_and_names_nobody(way: str, fault: Fault) -> None:
    if fault is Fault.OTHER_REQUEST and way == "lgsp in objects":
        fault = Fault.WRONG_CHILD  # a wrapped answer in objects has no place for the request's id
    with connected(way) as (connector, simulated):
        connector.get(CLAIM, replace(CONTEXT, request_id="R-0"))  # a token is there before
        for ask, request in ((connector.get, "R-1"), (connector.verify, "R-2")):
            context = replace(CONTEXT, request_id=request)
            simulated.fault(fault)
            with pytest.raises(FAILURES[fault]) as failed:
                ask(CLAIM, context)
            if fault is Fault.BUS_ERROR and way in ("npdb", "qcvn109"):
                assert isinstance(failed.value, MediatorFailure)
            assert not any(word in str(failed.value) for word in (LAN.number, LAN.full_name))
            ask(CLAIM, context)  # the same question, again, is answered


@pytest.mark.parametrize("way", [way for way in WAYS if way != "confirmed"])  # a yes or no tells nothing of them
def test_a_death_a_new_number_and_a_double_are_told_as_such(way: str) -> None:
    with connected(way) as (connector, simulated):

        def asked(fault: Fault) -> Any:
            simulated.fault(fault)
            return connector.get(CLAIM, CONTEXT)

        dead, replaced = asked(Fault.DECEASED), asked(Fault.NUMBER_REPLACED)
        assert isinstance(dead, Inactive)
        assert dead.inactivity is Inactivity.DECEASED
        assert isinstance(replaced, Inactive)
        assert replaced.inactivity is Inactivity.REPLACED
        assert isinstance(asked(Fault.DUPLICATE), Ambiguous)
        simulated.fault(Fault.DECEASED)
        assert connector.verify(CLAIM, replace(CONTEXT, request_id="R-2")).outcome is Outcome.INACTIVE


@pytest.mark.parametrize("fault", SIGNATURES)
def test_where_signatures_are_agreed_no_other_answer_counts(fault: Fault) -> None:
    with connected("dci") as (connector, simulated):
        simulated.fault(fault)
        with pytest.raises(ContractDrift):
            connector.get(CLAIM, CONTEXT)


def test_every_fault_is_met() -> None:
    told = {Fault.DECEASED, Fault.NUMBER_REPLACED, Fault.DUPLICATE}
    assert set(Fault) == set(FAILURES) | set(SIGNATURES) | told | {fault for fault in TRUE if fault}
