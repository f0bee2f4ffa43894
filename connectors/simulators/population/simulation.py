"""The simulated population database as a whole: who is known, who may ask, what goes wrong, and every way to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.loopback import HOST, InProcess, Sleep, application, serving
from connectors.simulators.population.admin import DOOR, steer
from connectors.simulators.population.book import Book, Clock
from connectors.simulators.population.dci import DciService
from connectors.simulators.population.dci_signing import Signing
from connectors.simulators.population.faults import Fault, Faults, fault_named
from connectors.simulators.population.fhir import FhirService
from connectors.simulators.population.gate import Account, Gate, Quota
from connectors.simulators.population.people import Person, everybody
from connectors.simulators.population.soap import SoapService
from connectors.simulators.population.soap_answers import Dialect, Quirk
from connectors.simulators.population.spoiling import CLOSED, bus_failure, instead_of_answer, spoiled, too_many

_FORM_TYPES = ("application/xml", "text/xml")
_LOOPBACK = ("127.0.0.1", "localhost", "testserver", "::1")
_FIXED = {"/npdb/c06": Dialect.NPDB, "/npdb/npdb": Dialect.NPDB, "/npdb/qcvn109": Dialect.QCVN109}
_TOKENS = ("/oauth2/client/token", "/dci/oauth2/client/token", "/lgsp/token")
_KEY_SETS = ("/.well-known/jwks.json", "/dci/.well-known/jwks.json")
_BEARER_REFUSED = {"WWW-Authenticate": "Bearer"}

Handler = Callable[[Asked, Fault | None], Answered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the simulator behaves from its start on."""

    seed: int = 0
    faults: Mapping[Fault, float] = field(default_factory=dict)  # shares of the requests
    quirks: frozenset[Quirk] = frozenset()
    quota: Quota = field(default_factory=Quota)
    slow_seconds: float = 1.0
    dialect: Dialect = Dialect.NPDB
    signing: Signing = Signing.RS256
    sender_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # sender → public JWK; none: not checked
    callback_times: int = 3  # tries to deliver a callback


class SimulatedPopulation:
    """A population database that behaves as it is told. `answer` is the service, however it is reached."""

    def __init__(
        self,
        people: Iterable[Person | tuple[str, str, str]],
        *,
        account: Account | None = None,
        clock: Clock,
        conduct: Conduct | None = None,
    ) -> None:
        """Open the book with the people; nothing listens yet."""
        conduct = conduct or Conduct()
        self.url = f"http://{HOST}"  # of the server, once it listens
        self.account = account or Account()
        self.change = Book(everybody(people), clock=clock, seed=conduct.seed)
        self._conduct = conduct
        self._clock = clock
        self._faults = Faults(conduct.faults, seed=conduct.seed)
        self._gate = Gate(self.account, conduct.quota, clock=clock)
        self._soap = SoapService(self.change, clock=clock)
        self._soap.use(conduct.quirks)
        self._dci = DciService(
            self.change,
            clock=clock,
            signing=conduct.signing,
            sender_keys=conduct.sender_keys,
            callback_times=conduct.callback_times,
            seed=conduct.seed,
        )
        self._fhir = FhirService(self.change, clock=clock, seed=conduct.seed)
        self._turn = threading.Lock()

    # Reaching it

    @property
    def soap_url(self) -> str:
        """Return where the SOAP service is asked."""
        return f"{self.url}/{'lgsp/npdb' if self._conduct.dialect is Dialect.LGSP else 'npdb'}"

    @property
    def dci_url(self) -> str:
        """Return the address under which the DCI paths lie."""
        return f"{self.url}/dci"

    @property
    def fhir_url(self) -> str:
        """Return the base of the FHIR paths."""
        return f"{self.url}/fhir"

    @property
    def token_url(self) -> str:
        """Return where client credentials are exchanged for a token."""
        return f"{self.url}/oauth2/client/token"

    @property
    def signing_key(self) -> Mapping[str, str]:
        """Return the public key, as a JWK, that answers and callbacks are signed with."""
        return self._dci.signing_key

    @property
    def app(self) -> Starlette:
        """Return the service as an ASGI application."""
        return application(self.answer)

    def transport(self, *, sleep: Sleep = time.sleep) -> httpx.BaseTransport:
        """Return a transport that asks in process; a late answer is slept for by `sleep`."""
        return InProcess(self.answer, sleep)

    # Steering it

    def fault(self, kind: Fault | str | None, *, times: int = 1) -> None:
        """Let the next requests fail in a way; None: let them pass whatever the shares say.

        Raises:
            ValueError: there is no such fault.
        """
        self._faults.order(fault_named(kind) if isinstance(kind, str) else kind, times=times)

    def shares(self, shares: Mapping[Fault, float] | Mapping[str, float]) -> None:
        """Let a share of the requests fail in each way.

        Raises:
            ValueError: there is no such fault, or the shares are too many.
        """
        self._faults.set_shares({fault_named(kind): float(share) for kind, share in shares.items()})

    def outage(self, seconds: float) -> None:
        """Answer nobody for a while: connections are closed."""
        self._gate.close_for(seconds)

    def use(self, quirks: Iterable[Quirk]) -> None:
        """Write the SOAP service's answers with these quirks from now on."""
        self._soap.use(quirks)

    def counts(self) -> dict[str, int]:
        """Return how many requests came by each way, and how many failed in each."""
        return self._gate.counts()

    # Answering

    def answer(self, asked: Asked) -> Answered:
        """Answer one request, or fail as the next fault says."""
        if asked.path.startswith(DOOR):
            return steer(self, asked) if _from_here(asked) else Answered(status=403)
        if self._gate.out:
            self._gate.count("outage")
            return CLOSED
        handler, refusal = self._way(asked)
        if handler is None:
            return refusal
        agency = asked.header("X-Road-Client") or asked.header("ESB_SOURCE_USERNAME") or self.account.user
        wait = self._gate.over_quota(agency)
        if wait is not None:
            self._gate.count("over-quota")
            return too_many(wait)
        return self._handled(asked, handler)

    def _handled(self, asked: Asked, handler: Handler) -> Answered:
        fault = self._faults.next()
        self._gate.count(f"fault:{fault.value}" if fault else "answered")
        instead = instead_of_answer(fault, self._clock())
        if instead is not None:
            return instead
        return spoiled(handler(asked, fault), fault, slow_seconds=self._conduct.slow_seconds)

    def _way(self, asked: Asked) -> tuple[Handler | None, Answered]:
        """Return who answers a path to one who may ask, else the answer that turns the request away."""
        path = asked.path
        if path in _TOKENS:
            return None, self._token(asked)
        if path in _KEY_SETS:
            return None, json_answer({"keys": [dict(self.signing_key)]})
        if path == "/fhir/metadata" and asked.method == "GET":
            return None, self._fhir.metadata()
        if path == "/lgsp/npdb":
            return self._by_platform(asked)
        if path == "/npdb" or path in _FIXED or path.startswith("/r1/"):
            return self._by_bus(asked)
        return self._by_token(asked)

    def _token(self, asked: Asked) -> Answered:
        self._gate.count("token")
        given = self._gate.give_token(asked) if asked.method == "POST" else None
        if given is None:
            return json_answer({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
        return json_answer(given, headers={"Cache-Control": "no-store"})

    def _by_bus(self, asked: Asked) -> tuple[Handler | None, Answered]:
        self._gate.count("soap")
        dialect = _FIXED.get(asked.path, self._conduct.dialect)
        if (refusal := _not_soap(asked)) is not None:
            return None, refusal
        parts = asked.header("X-Road-Client").split("/")
        on_old_bus = asked.header("ESB_SOURCE_TYPE") and asked.header("ESB_SOURCE_USERNAME") == self.account.user
        if not on_old_bus and not (len(parts) == 4 and all(parts)):
            return None, bus_failure("Client.InvalidXRoadClient", status=400)
        if not self._gate.admits_bus(asked):
            self._gate.count("refused")
            return None, json_answer({"error": "unauthorized"}, status=401)
        return (lambda request, fault: self._soap.over_bus(request, dialect, fault)), CLOSED

    def _by_platform(self, asked: Asked) -> tuple[Handler | None, Answered]:
        self._gate.count("lgsp")
        as_object = asked.method == "POST" and asked.header("Content-Type").startswith("application/json")
        if not as_object and (refusal := _not_soap(asked)) is not None:
            return None, refusal
        if not self._gate.admits_lgsp(asked):
            self._gate.count("refused")
            return None, json_answer({"error": "invalid_token"}, status=401, headers=_BEARER_REFUSED)
        return self._soap.over_platform, CLOSED

    def _by_token(self, asked: Asked) -> tuple[Handler | None, Answered]:
        path = asked.path
        handler: Handler | None = None
        if path.startswith("/fhir/"):
            handler, way = self._fhir.answer, "fhir"
        elif path.startswith(("/dci/registry/", "/registry/")):
            handler, way = self._dci.answer, "dci"
        else:
            return None, json_answer({"error": "there is nothing here"}, status=404)
        self._gate.count(way)
        if not self._gate.admits_bearer(asked):
            self._gate.count("refused")
            return None, json_answer({"error": "invalid_token"}, status=401, headers=_BEARER_REFUSED)
        return handler, CLOSED


def _not_soap(asked: Asked) -> Answered | None:
    """Return the refusal of a request that is no SOAP message; None: it may be one."""
    if asked.method != "POST":
        return json_answer({"error": "post a question"}, status=405, headers={"Allow": "POST"})
    if asked.header("Content-Type").partition(";")[0].strip().lower() not in _FORM_TYPES:
        return json_answer({"error": "application/xml is expected"}, status=415)
    if "soapaction" not in asked.headers:
        return json_answer({"error": "SOAPAction is expected"}, status=400)
    return None


def _from_here(asked: Asked) -> bool:
    """Tell whether the address asked is this machine's: a page elsewhere must not steer it by another name."""
    host = asked.header("Host").rsplit(":", 1)[0].strip("[]")
    return host in _LOOPBACK and not asked.header("Origin")


@contextmanager
def serve_population(
    people: Iterable[Person | tuple[str, str, str]],
    *,
    account: Account | None = None,
    clock: Clock,
    conduct: Conduct | None = None,
    port: int = 0,
) -> Iterator[SimulatedPopulation]:
    """Run the simulator on loopback until the block ends.

    Args:
        port: 0 for any that is free.

    Raises:
        OSError: the port is taken.
    """
    simulated = SimulatedPopulation(people, account=account, clock=clock, conduct=conduct)
    with serving(simulated.answer, port=port) as url:
        simulated.url = url
        yield simulated
