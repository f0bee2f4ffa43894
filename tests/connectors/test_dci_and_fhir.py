"""The DCI and the FHIR connector against a server that behaves as it is told: one contract for both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import OKPKey, RSAKey
from pydantic import SecretStr, ValidationError

from connectors.contract import (
    Ambiguous,
    BadClaim,
    CallContext,
    CitizenSnapshot,
    Claim,
    Compared,
    ConnectorError,
    ContractDrift,
    Denied,
    Description,
    FindsByDescription,
    Grade,
    Inactive,
    Inactivity,
    NotFound,
    Operation,
    Outcome,
    TellsRelatives,
    TooBroad,
    Transient,
)
from connectors.oauth import OAuthSettings
from connectors.population.dci import DciConnector
from connectors.population.dci_settings import DciSettings, Query
from connectors.population.dci_signing import BadKey, Signer, Signing, Verifier
from connectors.population.fhir import FhirConnector
from connectors.population.fhir_settings import FhirSettings, NameParts
from connectors.simulators.population import Conduct, Person, SimulatedPopulation
from connectors.simulators.population import Signing as TheirSigning

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HOA = Person(
    number="066314000101",
    full_name="Nguyễn Thị Hoà",
    birth_date="2014-05-03",
    sex="2",
    province="66",
    commune="24133",
    mother_name="Lê Thị Mai",
    mother_number="066190000102",
)
AN = Person(number="066214000103", full_name="Trần Văn An", birth_date="2014-02-11", sex="1")
CLAIM = Claim(personal_number=HOA.number, full_name="NGUYEN THI HOA", birth_date="2014-05-03")
CONTEXT = CallContext(
    request_id="r-1", agency_code="G01", officer_ref="o", procedure_code="p", legal_basis="law", purpose="verification"
)
TOKENS = "http://127.0.0.1/oauth2/client/token"
Made = DciConnector | FhirConnector
OURS = Ed25519PrivateKey.generate()
OURS_PEM = OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OURS_PUBLIC = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def simulated() -> SimulatedPopulation:
    return SimulatedPopulation([HOA, AN], clock=lambda: AT, conduct=Conduct(signing=TheirSigning.EDDSA))


def oauth(simulated: SimulatedPopulation) -> OAuthSettings:
    account = simulated.account
    return OAuthSettings(
        token_url="http://127.0.0.1/oauth2/client/token",
        client_id=account.user,
        client_secret=SecretStr(account.secret),
    )


def dci(simulated: SimulatedPopulation, **changed: object) -> DciConnector:
    partner = OKPKey.import_key(dict(simulated.signing_key)).as_pem(private=False).decode()
    chosen: dict[str, object] = {
        "endpoint": "http://127.0.0.1/dci",
        "sender_id": "child-registry",
        "receiver_id": "crvs",
        "signing": Signing.EDDSA,
        "private_key": OURS_PEM,
        "partner_key": partner,
        "oauth": oauth(simulated),
        "attempts": 1,
    }
    settings = DciSettings.model_validate({**chosen, **changed})
    return DciConnector(settings, clock=lambda: AT, sleep=no_sleep, transport=simulated.transport(sleep=no_sleep))


def fhir(simulated: SimulatedPopulation, **changed: object) -> FhirConnector:
    chosen: dict[str, object] = {"endpoint": "http://127.0.0.1/fhir", "oauth": oauth(simulated), "attempts": 1}
    settings = FhirSettings.model_validate({**chosen, **changed})
    return FhirConnector(settings, clock=lambda: AT, sleep=no_sleep, transport=simulated.transport(sleep=no_sleep))


def no_sleep(_seconds: float) -> None:
    """Wait for nothing."""


@pytest.fixture(params=[dci, fhir], ids=["dci", "fhir"])
def connector(request: pytest.FixtureRequest, simulated: SimulatedPopulation) -> Iterator[Made]:
    made: Made = request.param(simulated)
    with made:
        yield made


def test_it_says_what_it_can_be_asked(connector: Made) -> None:
    assert {Operation.VERIFY, Operation.GET, Operation.SEARCH, Operation.RELATIVES} == connector.describe().operations
    assert isinstance(connector, FindsByDescription)
    assert isinstance(connector, TellsRelatives)
    assert connector.health().ok


def test_a_claim_whose_facts_belong_together_matches(connector: Made) -> None:
    said = connector.verify(CLAIM, CONTEXT)
    assert (said.outcome, said.as_of, said.source_ref) == (Outcome.MATCH, AT, "r-1")
    assert said.attributes["full_name"] is said.attributes["birth_date"] is Compared.MATCH


@pytest.mark.parametrize(
    ("changed", "fact"),
    [({"full_name": "Nguyễn Thị Hồng"}, "full_name"), ({"birth_date": "2013-05-03"}, "birth_date")],
    ids=["name", "date"],
)
def test_a_mismatch_names_the_fact(connector: Made, changed: dict[str, str], fact: str) -> None:
    claim = Claim(**{**claimed(), **changed})
    said = connector.verify(claim, CONTEXT)
    assert said.outcome is Outcome.MISMATCH
    assert [name for name, how in said.attributes.items() if how is Compared.MISMATCH] == [fact]


def claimed() -> dict[str, str]:
    return {"personal_number": HOA.number, "full_name": HOA.full_name, "birth_date": HOA.birth_date}


def test_a_year_alone_is_compared_as_a_year(connector: Made) -> None:
    assert connector.verify(Claim(**{**claimed(), "birth_date": "2014"}), CONTEXT).outcome is Outcome.MATCH


def test_a_number_that_nobody_bears_is_not_found(connector: Made) -> None:
    claim = Claim(**{**claimed(), "personal_number": "066314009999"})
    assert connector.verify(claim, CONTEXT).outcome is Outcome.NOT_FOUND
    assert connector.get(claim, CONTEXT) == NotFound(source_ref="r-1")


def test_a_citizen_comes_with_what_is_written_there(connector: Made) -> None:
    citizen = connector.get(CLAIM, CONTEXT)
    assert isinstance(citizen, CitizenSnapshot)
    assert (citizen.personal_number, citizen.full_name, citizen.birth_date, citizen.sex) == (
        HOA.number,
        HOA.full_name,
        HOA.birth_date,
        "2",
    )
    assert (citizen.source_ref, citizen.commune_code) == ("r-1", "24133")
    assert HOA.number in (citizen.raw or b"").decode()
    assert HOA.number not in repr(citizen)


def test_the_bearer_of_a_mistyped_number_is_not_told_of(connector: Made) -> None:
    claim = Claim(personal_number=AN.number, full_name=HOA.full_name, birth_date=HOA.birth_date)
    assert connector.get(claim, CONTEXT) == NotFound(source_ref="r-1")
    assert connector.verify(claim, CONTEXT).outcome is Outcome.MISMATCH
    assert connector.relatives(claim, CONTEXT) == NotFound(source_ref="r-1")


def test_a_doubled_entry_is_ambiguous(connector: Made, simulated: SimulatedPopulation) -> None:
    simulated.fault("duplicate", times=2)
    assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.AMBIGUOUS
    assert connector.get(CLAIM, CONTEXT) == Ambiguous(source_ref="r-1")


def test_who_has_died_is_inactive(connector: Made, simulated: SimulatedPopulation) -> None:
    simulated.change.die(HOA.number)
    said = connector.verify(CLAIM, CONTEXT)
    assert (said.outcome, said.inactivity) == (Outcome.INACTIVE, Inactivity.DECEASED)


def test_a_replaced_number_leads_to_the_one_in_use(connector: Made, simulated: SimulatedPopulation) -> None:
    simulated.change.renumber(HOA.number, to="066314000777")
    said = connector.get(CLAIM, CONTEXT)
    assert isinstance(said, Inactive)
    assert (said.inactivity, said.replaced_by) == (Inactivity.REPLACED, "066314000777")
    assert "066314000777" not in repr(said)
    assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.INACTIVE


@pytest.mark.parametrize("fault", ["wrong-child", "half", "wrong-type", "deep", "403", "denied-inside"])
def test_what_is_no_answer_is_never_one(connector: Made, simulated: SimulatedPopulation, fault: str) -> None:
    simulated.fault(fault, times=4)
    with pytest.raises((ContractDrift, Denied)) as refused:
        connector.verify(CLAIM, CONTEXT)
    assert HOA.number not in str(refused.value)


@pytest.mark.parametrize("fault", ["drop", "cut-short", "429", "429-date", "5xx", "error-inside"])
def test_what_may_pass_is_said_to(connector: Made, simulated: SimulatedPopulation, fault: str) -> None:
    simulated.fault(fault, times=4)
    with pytest.raises(Transient):
        connector.get(CLAIM, CONTEXT)


@pytest.mark.parametrize("make", [dci, fhir], ids=["dci", "fhir"])
def test_a_retry_is_the_same_question(make: Callable[..., Made], simulated: SimulatedPopulation) -> None:
    simulated.fault("5xx", times=1)
    with make(simulated, attempts=3) as connector:
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH


def test_a_number_that_could_ask_for_more_is_refused(connector: Made) -> None:
    for number in ("066314000101,x", "*", "", "０66314000101", "066314000101|"):
        with pytest.raises(BadClaim):
            connector.verify(Claim(**{**claimed(), "personal_number": number}), CONTEXT)


def test_who_fits_a_description_is_found_and_never_certain_by_dci(connector: Made) -> None:
    found = connector.find(Description(full_name=HOA.full_name, birth_date=HOA.birth_date), CONTEXT)
    assert not isinstance(found, TooBroad)
    assert [one.snapshot.personal_number for one in found] == [HOA.number]
    assert 0 <= found[0].score <= 1
    assert found[0].grade in (Grade.CERTAIN, Grade.PROBABLE)


def test_nobody_fits_a_description_of_nobody(connector: Made) -> None:
    assert connector.find(Description(full_name="Phạm Quốc Bảo", birth_date="2019-01-01"), CONTEXT) == ()


@pytest.mark.parametrize("make", [dci, fhir], ids=["dci", "fhir"])
def test_a_list_that_would_be_cut_is_not_given(make: Callable[..., Made]) -> None:
    many = [
        Person(number=f"0663140002{number:02d}", full_name=HOA.full_name, birth_date=HOA.birth_date, sex="2")
        for number in range(8)
    ]
    simulated = SimulatedPopulation(many, clock=lambda: AT, conduct=Conduct(signing=TheirSigning.EDDSA))
    with make(simulated, most_found=5) as connector:
        found = connector.find(Description(full_name=HOA.full_name, birth_date=HOA.birth_date), CONTEXT)
    assert found == TooBroad(source_ref="r-1")


def test_parents_are_told(connector: Made) -> None:
    relatives = connector.relatives(CLAIM, CONTEXT)
    assert not isinstance(relatives, NotFound)
    assert HOA.mother_number in [one.personal_number for one in relatives]
    assert HOA.mother_number not in repr(relatives)


def test_no_number_or_name_stands_in_an_address(simulated: SimulatedPopulation) -> None:
    asked: list[httpx.Request] = []

    class Watching(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return simulated.transport(sleep=no_sleep).handle_request(request)

    with FhirConnector(
        FhirSettings(endpoint="http://127.0.0.1/fhir", oauth=oauth(simulated)), sleep=no_sleep, transport=Watching()
    ) as connector:
        connector.verify(CLAIM, CONTEXT)
        connector.find(Description(full_name=HOA.full_name, birth_date=HOA.birth_date), CONTEXT)
        with pytest.raises(BadClaim):
            connector.find(Description(full_name=HOA.full_name), CONTEXT)
    assert len(asked) >= 3
    assert not any(HOA.number in str(request.url) or "Nguy" in str(request.url) for request in asked)


@pytest.mark.parametrize("fault", ["unsigned", "badly-signed", "other-request"])
def test_an_answer_that_is_not_the_partners_to_this_question_is_none(
    simulated: SimulatedPopulation, fault: str
) -> None:
    simulated.fault(fault)
    with dci(simulated) as connector, pytest.raises(ContractDrift):
        connector.verify(CLAIM, CONTEXT)


def test_a_partner_of_another_key_is_not_believed(simulated: SimulatedPopulation) -> None:
    with dci(simulated, partner_key=OURS_PUBLIC) as connector, pytest.raises(ContractDrift):
        connector.verify(CLAIM, CONTEXT)


def test_a_partner_that_demands_signatures_takes_ours() -> None:
    public = OKPKey.import_key(OURS_PUBLIC).as_dict(private=False)
    keys = {"child-registry": {name: str(value) for name, value in public.items()}}
    simulated = SimulatedPopulation(
        [HOA], clock=lambda: AT, conduct=Conduct(signing=TheirSigning.EDDSA, sender_keys=keys)
    )
    with dci(simulated) as connector:
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH


@pytest.mark.parametrize("query", list(Query))
def test_a_number_is_asked_for_in_the_form_that_was_agreed(simulated: SimulatedPopulation, query: Query) -> None:
    with dci(simulated, query=query) as connector:
        assert connector.verify(CLAIM, CONTEXT).outcome is Outcome.MATCH


def test_names_are_written_whole_where_a_server_wants_it(simulated: SimulatedPopulation) -> None:
    with fhir(simulated, names=NameParts.WHOLE) as connector:
        assert connector.find(Description(full_name=HOA.full_name, birth_date=HOA.birth_date), CONTEXT)


def test_settings_refuse_what_does_not_go_together() -> None:
    needed = {"endpoint": "https://x.example", "sender_id": "a", "receiver_id": "b"}
    for wrong in (
        {**needed, "endpoint": "http://x.example"},
        {**needed, "signing": "RS256"},
        {**needed, "signing": "RS256", "private_key": OURS_PEM, "partner_key": OURS_PUBLIC},
        {**needed, "prefix": "//else"},
        {**needed, "unknown": 1},
    ):
        with pytest.raises(ValidationError) as refused:
            DciSettings.model_validate(wrong)
        assert "PRIVATE KEY" not in str(refused.value)
    with pytest.raises(ValidationError):
        FhirSettings.model_validate(
            {
                "endpoint": "https://x.example",
                "token": "t",
                "oauth": {"token_url": "https://x.example", "client_id": "a", "client_secret": "b"},
            }
        )


def test_a_signature_is_checked_over_the_bytes_that_came() -> None:
    payload = json.dumps({"header": {}, "message": {"a": "ế"}}).encode()
    made = Signer(Signing.EDDSA, OURS_PEM, key_id="k").sign(payload)
    verifier = Verifier(Signing.EDDSA, OURS_PUBLIC)
    assert verifier.payload_of(made) == payload
    head, body, signature = made.split(".")
    for forged in (
        "",
        None,
        7,
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-2]}AA.{signature}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{head}.{body}.{signature}=",
        "a.b",
    ):
        with pytest.raises(ContractDrift):
            verifier.payload_of(forged)


def test_a_key_of_another_kind_is_refused() -> None:
    small = RSAKey.generate_key(2048).as_pem(private=True).decode()
    assert Signer(Signing.RS256, small).sign(b"x").count(".") == 2
    for signing, key in ((Signing.EDDSA, small), (Signing.RS256, OURS_PEM), (Signing.EDDSA, "no key")):
        with pytest.raises(BadKey):
            Signer(signing, key)
    for signing, key in ((Signing.RS256, OURS_PUBLIC), (Signing.EDDSA, "no key")):
        with pytest.raises(BadKey):
            Verifier(signing, key)


def test_a_failure_is_never_read_as_an_answer(connector: Made, simulated: SimulatedPopulation) -> None:
    simulated.outage(60)
    with pytest.raises(ConnectorError):
        connector.verify(CLAIM, CONTEXT)
    assert not connector.health().ok
