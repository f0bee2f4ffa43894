"""The simulated population database, as each of its connectors asks it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from joserfc.jwk import OKPKey
from pydantic import BaseModel

from connectors.conformance.population_scenario import Clock, Fault, PopulationScenario, Sleep
from connectors.contract import Claim, PopulationConnector
from connectors.simulators.population import Account, Conduct, Person, Signing, SimulatedPopulation, Standing
from connectors.simulators.population import Fault as Simulated

_KNOWN: Final = Person(
    number="001314000001",
    full_name="Trần Thị Mẫu",
    birth_date="2014-05-03",
    sex="2",
    commune="00004",
    mother_name="Lê Thị Mẫu",
    mother_number="001187000001",
)
_DEAD: Final = Person(
    number="001315000002", full_name="Đỗ Thị Mẫu", birth_date="2015-01-02", sex="2", standing=Standing.DECEASED
)
_TWICE: Final = Person(number="001215000003", full_name="Phạm Văn Mẫu", birth_date="2015-02-03", sex="1", doubled=True)
_MOTHER: Final = Person(number="001187000001", full_name="Lê Thị Mẫu", birth_date="1987-01-31", sex="2")
_FOR_GOOD: Final = 1_000_000.0  # seconds
_FAULTS: Final = {
    Fault.DOWN: Simulated.DROP,
    Fault.FAILED: Simulated.SERVER_ERROR,
    Fault.BUSY: Simulated.RATE_LIMITED,
    Fault.DENIED: Simulated.DENIED,
    Fault.HALF: Simulated.HALF,
    Fault.RUBBISH: Simulated.WRONG_TYPE,
    Fault.ERROR_INSIDE: Simulated.ERROR_INSIDE,
    Fault.OTHER_PERSON: Simulated.WRONG_CHILD,
}


class _Listening(httpx.BaseTransport):
    """Keeps what is asked, but for tokens."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Keep a request and pass it on."""
        if not request.url.path.endswith("/token"):
            headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
            self.asked.append(f"{request.method} {request.url}\n{headers}\n\n{request.read().decode()}")
        return self._inner.handle_request(request)


class _Simulated(PopulationScenario):
    """Asks the simulator in this process, without a network."""

    def __init__(self, folder: Path) -> None:
        del folder
        self._clock: Clock = lambda: datetime.now(UTC)
        self.account = Account()
        self._simulated = SimulatedPopulation(
            [_KNOWN, _DEAD, _TWICE, _MOTHER],
            account=self.account,
            clock=lambda: self._clock(),
            conduct=Conduct(signing=Signing.EDDSA),
        )
        self._listening = _Listening(self._simulated.transport(sleep=_at_once))
        self.settings = self.told(self._simulated, self.account)

    @abstractmethod
    def told(self, simulated: SimulatedPopulation, account: Account) -> Mapping[str, Any]:
        """Return the settings of the connector."""

    def make(
        self, connector: Callable[..., PopulationConnector], settings: BaseModel, *, clock: Clock, sleep: Sleep
    ) -> PopulationConnector:
        """Make the connector, to ask in this process and by the kit's time."""
        self._clock = clock
        return connector(settings, clock=clock, sleep=sleep, transport=self._listening)

    def known(self) -> Claim:
        """Return a claim that is true."""
        return _claim(_KNOWN)

    def nobody(self) -> Claim:
        """Return a claim with a number that nobody has."""
        return Claim(personal_number="001314999999", full_name="Vũ Thị Mẫu", birth_date="2014-06-07")

    def inactive(self) -> Claim:
        """Return a claim of somebody who has died."""
        return _claim(_DEAD)

    def ambiguous(self) -> Claim:
        """Return a claim that fits two entries."""
        return _claim(_TWICE)

    def fail(self, fault: Fault, *, times: int) -> None:
        """Let the next questions fail."""
        if fault is Fault.DOWN and times > 1:
            self._simulated.outage(_FOR_GOOD)
        else:
            self._simulated.fault(_FAULTS[fault], times=times)

    def asked(self) -> Sequence[str]:
        """Return what has reached the system."""
        return tuple(self._listening.asked)


def _at_once(seconds: float) -> None:
    del seconds


def _claim(person: Person) -> Claim:
    return Claim(
        personal_number=person.number, full_name=person.full_name, birth_date=person.birth_date, sex=person.sex
    )


class NpdbScenario(_Simulated):
    """The SOAP service behind the exchange bus, with the look-up granted."""

    def told(self, simulated: SimulatedPopulation, account: Account) -> Mapping[str, Any]:
        """Return the settings of the connector."""
        del simulated
        return {
            "endpoint": "http://127.0.0.1/npdb",
            "user": account.user,
            "secret": account.secret,
            "api_key": account.api_key,
            "x_road_client": "VN/GOV/0001/child-registry",
            "look_up_code": "037",
            "relatives_code": "038",
            "household": True,
        }


class DciScenario(_Simulated):
    """The DCI interface, with signatures."""

    def told(self, simulated: SimulatedPopulation, account: Account) -> Mapping[str, Any]:
        """Return the settings of the connector."""
        theirs = OKPKey.import_key(dict(simulated.signing_key)).as_pem(private=False).decode()
        return {
            "endpoint": "http://127.0.0.1/dci",
            "sender_id": "child-registry",
            "receiver_id": "crvs",
            "signing": "EdDSA",
            "private_key": OKPKey.generate_key("Ed25519").as_pem(private=True).decode(),
            "partner_key": theirs,
            "oauth": _oauth(account),
        }


class FhirScenario(_Simulated):
    """The FHIR server."""

    def told(self, simulated: SimulatedPopulation, account: Account) -> Mapping[str, Any]:
        """Return the settings of the connector."""
        del simulated
        return {"endpoint": "http://127.0.0.1/fhir", "oauth": _oauth(account)}


def _oauth(account: Account) -> Mapping[str, str]:
    return {
        "token_url": "http://127.0.0.1/oauth2/client/token",
        "client_id": account.user,
        "client_secret": account.secret,
    }
