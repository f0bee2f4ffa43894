"""A population service of a few lines: it says what a test has written down, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from connectors.contract import CallContext, Claim
from connectors.population.npdb import NpdbConnector, NpdbSettings

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
CLAIM = Claim(personal_number="001314000001", full_name="Trần Thị Mẫu", birth_date="2014-05-03")
CONTEXT = CallContext(
    request_id="REQ-0001",
    agency_code="G01.001",
    officer_ref="officer-1",
    procedure_code="1.000001",
    legal_basis="law",
    purpose="verification",
)
SETTINGS = {
    "endpoint": "http://127.0.0.1:9/npdb",
    "user": "registry",
    "secret": "s3cret-for-tests",
    "api_key": "key-for-tests",
    "x_road_client": "VN/GOV/G01/registry",
    "look_up_code": "037",
    "relatives_code": "038",
    "changes_code": "039",
    "household": True,
    "attempts": 1,
}
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="http://dancuquocgia.bca"'
    ' xmlns:c="http://www.mic.gov.vn/dancu/1.0"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'
)


def clock() -> datetime:
    """Return the moment at which all tests happen."""
    return NOW


def enveloped(body: str, header: str = "") -> str:
    """Return a SOAP answer with this body."""
    return ENVELOPE.format(body=body, header=header)


def settings(**changes: object) -> NpdbSettings:
    """Return settings of a test, with changes; one that is None is left out."""
    whole = {name: value for name, value in {**SETTINGS, **changes}.items() if value is not None}
    return NpdbSettings.model_validate(whole)


@dataclass
class Service:
    """Says in turn what it is given, and gives out tokens."""

    said: Iterator[str | bytes]
    asked: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "token-1"})
        self.asked.append(request)
        return httpx.Response(200, content=next(self.said))


def saying(*said: str | bytes, **changes: object) -> tuple[NpdbConnector, Service]:
    """Return a connector to a service that says things in turn."""
    service = Service(iter(said))
    return over(service.answer, **changes), service


def over(answer: Callable[[httpx.Request], httpx.Response], **changes: object) -> NpdbConnector:
    """Return a connector to a network of a test's own."""
    return NpdbConnector(settings(**changes), clock=clock, sleep=lambda _: None, transport=httpx.MockTransport(answer))
