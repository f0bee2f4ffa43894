"""One way to ask over HTTP, for every connector that does.

A call that may be repeated is repeated after a failure that may pass, with longer and longer pauses; one that may not
is sent once. No redirect is followed, no proxy or password is taken from the environment, no cookie is kept, an answer
has a greatest size and a longest time. What comes of a call is an `Answer` or one of `connectors.failures`.

    class MySettings(HttpSettings): ...                      # endpoint, time-outs, limits, certificates
    client = HttpClient(settings, clock=clock, sleep=sleep)
    people = client.ask(Call(target="/people"), read=lambda answer: read_json(answer.content))

A message of a failure never holds an address, for an address may hold a name.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Final, Protocol, Self, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors.failures import BadClaim, ContractDrift, Denied, RateLimited, Transient, Unreachable
from connectors.pacing import Backoff, Chance, Pace

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]  # seconds
ReadT = TypeVar("ReadT")

LONGEST_RETRY_AFTER: Final = 86_400.0  # seconds: who asks for more is asked again after a day
_PASSING: Final = frozenset({408, 425})  # and everything from 500 on
_CHANCE: Final = SystemRandom().random
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def _secured(address: str) -> str:
    """Refuse to send names and numbers in clear over a network."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise ValueError("must be an address") from None
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise ValueError("https is required, but for this machine itself")
    if not url.host or url.userinfo or url.fragment:
        raise ValueError("must be an address with a host, and without a password or fragment")
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, AfterValidator(_secured)]  # https, or http on this machine
Seconds = Annotated[float, Field(gt=0, le=3600)]


class HttpSettings(BaseModel):
    """Where a system is and how patiently it is asked; a connector's own settings are a subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: Address
    connect_timeout: Seconds = 5.0
    answer_timeout: Seconds = 30.0  # between two parts of an answer
    whole_timeout: Seconds = 120.0  # until the last of them
    max_answer_bytes: int = Field(default=1_000_000, gt=0)
    attempts: int = Field(default=3, gt=0, le=20)
    first_wait: Seconds = 0.5
    longest_wait: Seconds = 10.0  # a system that asks for more is left to the caller
    calls_per_second: Annotated[float, Field(gt=0)] | None = None
    ca_file: Path | None = None  # the only authorities trusted; none: the usual ones
    certificate_file: Path | None = None  # ours, with the chain
    key_file: Path | None = None  # of our certificate

    @model_validator(mode="after")
    def _whole_certificate(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to a system."""

    method: str = "GET"
    target: str = ""  # behind the endpoint, with its query; or a whole address of the same host, as pages are linked
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    repeatable: bool | None = None  # whether asking twice changes nothing; None: by the method, GET and HEAD only
    accepts: frozenset[int] = frozenset()  # statuses besides 200-299 that are an answer to this question

    @property
    def may_be_repeated(self) -> bool:
        """Whether a second try does no harm."""
        return self.method in _SAFE_METHODS if self.repeatable is None else self.repeatable


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a system said."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # looked up without regard to case
    content: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The kind of content in lower case, without parameters; empty: not said."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Credentials(Protocol):
    """Who we are, said anew in each try: a digest holds the time, a token ends."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that say it.

        Raises:
            ConnectorError: there is no token to be had.
        """
        ...

    def renew(self) -> bool:
        """Forget what was refused with 401; tell whether another try can do better."""
        ...


Inspect = Callable[[httpx.Response], None]  # raises what a response means beyond its status


class HttpClient:
    """Asks one system; used as a context manager, or closed, it gives its connections back."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
        credentials: Credentials | None = None,
        inspect: Inspect | None = None,
        chance: Chance = _CHANCE,
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            clock: for what others say in dates; durations are measured by a clock that never jumps.
            transport: how to reach the endpoint; None for the network.
            inspect: what to look at in a response before its status, such as the errors of a mediator.
        """
        # The library tells every address in its log, and an address may hold a name.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._settings = settings
        self._clock, self._sleep, self._elapsed = clock, sleep, time.monotonic
        self._credentials, self._inspect = credentials, inspect
        self._pace = Pace(settings.calls_per_second, self._elapsed)
        self._backoff = Backoff(first=settings.first_wait, longest=settings.longest_wait, chance=chance)
        self._endpoint = httpx.URL(settings.endpoint)
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.answer_timeout, connect=settings.connect_timeout),
            headers={"Accept-Encoding": "identity", "User-Agent": "child-registry"},
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            verify=_context(settings),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def ask(self, call: Call, *, read: Callable[[Answer], ReadT], deadline: datetime | None = None) -> ReadT:
        """Return what `read` makes of the answer, after as many tries as the call and the settings allow.

        Args:
            read: may raise a failure itself, such as `Transient` for an error told within an answer.
            deadline: no try begins after it.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        for attempt in range(1, self._settings.attempts if call.may_be_repeated else 1):
            try:
                return read(self._paced(call, deadline))
            except Transient as failure:
                pause = self._backoff.pause(attempt) if failure.retry_after is None else failure.retry_after
                if pause > self._settings.longest_wait or self._is_past(deadline, after=pause):
                    raise
            self._sleep(pause)
        return read(self._paced(call, deadline))

    def answers(self, call: Call) -> tuple[bool, str]:
        """Tell whether the system is there, and in words why: any answer below 500 but that of a failing mediator."""
        try:
            self._sent(call)
        except Unreachable:
            return False, "no connection"
        except Transient as failure:
            return False, str(failure)
        except (Denied, ContractDrift) as refusal:
            return True, str(refusal)
        return True, "answers"

    def _paced(self, call: Call, deadline: datetime | None) -> Answer:
        if self._is_past(deadline):
            raise Transient("the time for asking is over")
        pause = self._pace.wait(at_most=self._settings.longest_wait)
        if pause is None or self._is_past(deadline, after=pause):
            raise RateLimited("more calls are waiting than may be made", retry_after=self._settings.longest_wait)
        if pause:
            self._sleep(pause)
        try:
            return self._sent(call)
        except _Unrecognised:
            if self._credentials is None or not self._credentials.renew():
                raise Denied("HTTP 401") from None
        try:
            return self._sent(call)
        except _Unrecognised:
            raise Denied("HTTP 401") from None

    def _is_past(self, deadline: datetime | None, *, after: float = 0.0) -> bool:
        return deadline is not None and (deadline - self._clock()).total_seconds() < after

    def _sent(self, call: Call) -> Answer:
        headers = {**call.headers, **(self._credentials.headers() if self._credentials else {})}
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise BadClaim(f"header {name}")
        try:
            with self._client.stream(
                call.method, self._address(call.target), content=call.content, headers=headers
            ) as response:
                self._client.cookies.clear()
                self._check(response, call.accepts)
                return Answer(status=response.status_code, headers=response.headers, content=self._content(response))
        except httpx.TimeoutException:
            raise Unreachable("no answer in time") from None
        except httpx.TransportError:
            raise Unreachable("the connection broke") from None

    def _address(self, target: str) -> httpx.URL:
        """Return where to ask; a link to another host is not followed, for our credentials go with it.

        A target may be a link out of an answer: put behind the endpoint, it could even change the endpoint's host.
        """
        if target and not target.startswith(("/", "?", "https:", "http:")):
            raise ContractDrift("address")
        behind = self._settings.endpoint.rstrip("/") + target if target else self._settings.endpoint
        try:
            url = httpx.URL(target if target.startswith("http") else behind)
        except httpx.InvalidURL:
            raise ContractDrift("address") from None
        if (url.scheme, url.host, url.port) != (self._endpoint.scheme, self._endpoint.host, self._endpoint.port):
            raise ContractDrift("address: another host")
        if url.userinfo:
            raise ContractDrift("address: with a password")
        return url

    def _check(self, response: httpx.Response, accepts: frozenset[int]) -> None:
        """Raise what a response other than an answer means."""
        status = response.status_code
        if self._inspect is not None:
            self._inspect(response)
        if response.is_success or status in accepts:
            return
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise RateLimited("the quota is used up", retry_after=retry_after(response.headers, self._clock))
        if status == httpx.codes.UNAUTHORIZED:
            raise _Unrecognised("HTTP 401")
        if status == httpx.codes.FORBIDDEN:
            raise Denied("HTTP 403")
        if status in _PASSING or status >= 500:
            raise Transient(f"HTTP {status}", retry_after=retry_after(response.headers, self._clock))
        raise ContractDrift(f"HTTP {status}")

    def _content(self, response: httpx.Response) -> bytes:
        """Return the answer's body: not more than any answer has, nor dripping in for longer than one may take."""
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise ContractDrift("Content-Encoding")  # never asked for; a few bytes could unfold into gigabytes
        began = self._elapsed()
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > self._settings.max_answer_bytes:
                raise ContractDrift("body: longer than any answer")
            if self._elapsed() - began > self._settings.whole_timeout:
                raise Unreachable("no whole answer in time")
        return bytes(content)


class _Unrecognised(Denied):
    """The system does not know who we are: perhaps only a token has ended."""


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return the seconds to wait that a response names, as a number or as a date; None: it names none.

    A date is counted from the system's own `Date`, where it says one: its clock may go otherwise than ours.

    Source: RFC 9110, section 10.2.3.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_RETRY_AFTER)
    until, now = _date(said), _date(headers.get("Date", ""))
    if until is None:
        return None
    return min(max(0.0, (until - (now or clock())).total_seconds()), LONGEST_RETRY_AFTER)


def _date(said: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _context(settings: HttpSettings) -> ssl.SSLContext | bool:
    if settings.ca_file is None and settings.certificate_file is None:
        if httpx.URL(settings.endpoint).scheme == "http":
            # In clear, on this machine itself: to read all authorities would take longer than to ask. None is trusted.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return True
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.certificate_file is not None:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    return context
