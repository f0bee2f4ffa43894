"""The population database asked over the exchange bus: SOAP 1.1 behind a security server in the manner of X-Road.

It can confirm one claimed number, name and birth date, and look that person up where that service is granted. It cannot
search. A failure is always an exception; an answer that does not have the agreed form is never read as one.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Self

import httpx
from lxml import etree

from connectors.contract import (
    API,
    CallContext,
    Capabilities,
    CitizenSnapshot,
    Claim,
    ContractDrift,
    Denied,
    Health,
    MediatorFailure,
    NotFound,
    Operation,
    Outcome,
    RateLimited,
    Transient,
    Verification,
)
from connectors.population.npdb_messages import (
    LOOK_UP,
    VERIFY,
    question,
    read_answer,
    read_citizen,
    read_confirmation,
)

MAX_ANSWER_BYTES = 1_000_000

Sleep = Callable[[float], None]  # seconds
Clock = Callable[[], datetime]


class DigestOver(StrEnum):
    """What of the endpoint goes into the digest: the descriptions in use differ."""

    PATH = "path"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how patiently a question is repeated; the same request id each time."""

    attempts: int = 3
    first_wait: float = 0.5  # seconds; doubled for each further attempt
    longest_wait: float = 10.0  # a system that asks for more is left to the caller


@dataclass(frozen=True, slots=True, kw_only=True)
class NpdbSettings:
    """Where the service is and who we are there."""

    endpoint: str
    user: str
    secret: str = field(repr=False)
    api_key: str = field(repr=False)
    x_road_client: str  # instance/class/member/subsystem
    verify_code: str = "003"  # MaTichHop of the confirmation
    look_up_code: str | None = None  # '037' where the look-up is granted too
    digest_over: DigestOver = DigestOver.PATH
    connect_timeout: float = 5.0  # seconds
    answer_timeout: float = 30.0  # seconds
    calls_per_second: float | None = None
    retry: Retry = Retry()

    def __post_init__(self) -> None:
        """Refuse to send names and numbers in clear over a network."""
        url = httpx.URL(self.endpoint)
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
            raise ValueError("endpoint: https is required, but for this machine itself")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class NpdbConnector:
    """Asks the population database; used as a context manager, it closes its connections."""

    api = API

    def __init__(
        self, settings: NpdbSettings, *, clock: Clock, sleep: Sleep, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            transport: how to reach the endpoint, such as with a client certificate; None for plain HTTP(S).
        """
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.answer_timeout, connect=settings.connect_timeout),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def describe(self) -> Capabilities:
        """Say what the service can be asked."""
        look_up = {Operation.GET} if self._settings.look_up_code else set()
        return Capabilities(
            name="npdb",
            api=API,
            operations=frozenset({Operation.VERIFY} | look_up),
            required_together=("personal_number", "full_name", "birth_date"),
            calls_per_second=self._settings.calls_per_second,
            supports_partial_birth_date=True,
        )

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Ask whether number, name and birth date belong together; a 'no' does not say which of them is wrong.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        body = self._ask(VERIFY, claim, context, integration_code=self._settings.verify_code)
        outcome = Outcome.MATCH if read_confirmation(body) else Outcome.NOT_FOUND
        return Verification(outcome=outcome, as_of=self._clock(), source_ref=context.request_id)

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound:
        """Ask for the citizen whom all three facts describe.

        Raises:
            Denied: the look-up is not granted to us.
            ConnectorError: there was no answer, or none that can be read.
        """
        if self._settings.look_up_code is None:
            raise Denied("the look-up of citizens is not configured")
        body = self._ask(LOOK_UP, claim, context, integration_code=self._settings.look_up_code)
        return read_citizen(body, claim, self._clock()) or NotFound(source_ref=context.request_id)

    def health(self) -> Health:
        """Say whether the endpoint answers; nobody is asked about."""
        try:
            with self._client.stream("GET", self._settings.endpoint) as response:
                failed = response.status_code >= 500 or "X-Road-Error" in response.headers
                return Health(ok=not failed, detail=f"HTTP {response.status_code}")
        except httpx.HTTPError:
            return Health(ok=False, detail="no connection")

    def _ask(self, operation: str, claim: Claim, context: CallContext, *, integration_code: str) -> etree._Element:
        """Ask until there is an answer, at most as often as `Retry` allows; asking twice changes nothing there."""
        asked = question(operation, claim, context, integration_code=integration_code)
        retry = self._settings.retry
        wait = retry.first_wait
        for _ in range(retry.attempts - 1):
            try:
                return read_answer(self._send(asked), context.request_id)
            except Transient as failure:
                pause = wait if failure.retry_after is None else failure.retry_after
                if pause > retry.longest_wait:
                    raise
            self._sleep(pause)
            wait *= 2
        return read_answer(self._send(asked), context.request_id)

    def _send(self, asked: bytes) -> bytes:
        try:
            with self._client.stream(
                "POST", self._settings.endpoint, content=asked, headers=self._headers()
            ) as response:
                self._check(response)
                return self._content(response)
        except httpx.TimeoutException:
            raise Transient("no answer in time") from None
        except httpx.TransportError:
            raise Transient("the connection broke") from None
        except httpx.DecodingError:
            raise ContractDrift("Content-Encoding") from None

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        timestamp = str(int(self._clock().timestamp() * 1000))
        over = settings.endpoint if settings.digest_over is DigestOver.URL else httpx.URL(settings.endpoint).path
        digest = hashlib.sha256(f"{over}{settings.user}{timestamp}{settings.secret}".encode()).hexdigest()
        return {
            "Authorization": "Basic " + b64encode(f"{settings.user}:{digest}".encode()).decode(),
            "Timestamp": timestamp,
            "X-Road-Client": settings.x_road_client,
            "ApiKey": settings.api_key,
            "Content-Type": "application/xml",
            "SOAPAction": '""',
        }

    def _check(self, response: httpx.Response) -> None:
        """Raise what a response other than an answer means."""
        status = response.status_code
        if "X-Road-Error" in response.headers:
            raise MediatorFailure("the exchange bus failed", retry_after=self._retry_after(response))
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise RateLimited("the quota is used up", retry_after=self._retry_after(response))
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise Denied(f"HTTP {status}")
        if status >= 500 or status == httpx.codes.REQUEST_TIMEOUT:
            raise Transient(f"HTTP {status}", retry_after=self._retry_after(response))
        if status != httpx.codes.OK:
            raise ContractDrift(f"HTTP {status}")

    def _content(self, response: httpx.Response) -> bytes:
        """Return the answer's body: not more than any answer has, nor dripping in for longer than one may take."""
        began = self._clock()
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > MAX_ANSWER_BYTES:
                raise ContractDrift("body: longer than any answer")
            if (self._clock() - began).total_seconds() > self._settings.answer_timeout:
                raise Transient("no whole answer in time")
        return bytes(content)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Return the seconds to wait, given as a number or as a date."""
        said = response.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdigit():
            return float(said)
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - self._clock()).total_seconds())
