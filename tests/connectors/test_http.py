"""The one way to ask over HTTP: what may be repeated is, what may not is sent once, and a failure has a kind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.contract import (
    BadClaim,
    ConnectorError,
    ContractDrift,
    Denied,
    RateLimited,
    Transient,
    Unreachable,
)
from connectors.http import Answer, Call, HttpClient, HttpSettings, retry_after

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
HERE = "http://127.0.0.1:9/service"
READING = Call(method="POST", content=b"?", repeatable=True)

Responder = Callable[[httpx.Request], httpx.Response]


@dataclass
class Network:
    """Answers in turn, and remembers what was asked and how long the asker waited."""

    answers: Iterator[httpx.Response | Exception]
    asked: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def asking(*answers: httpx.Response | Exception, **settings: object) -> tuple[HttpClient, Network]:
    """Return a client whose network answers in turn."""
    network = Network(iter(answers))
    client = HttpClient(
        HttpSettings.model_validate({"endpoint": HERE, **settings}),
        clock=lambda: NOW,
        sleep=network.pauses.append,
        transport=httpx.MockTransport(network.answer),
        chance=lambda: 1.0,
    )
    return client, network


def content(answer: Answer) -> bytes:
    """Return what an answer holds."""
    return answer.content


def test_an_answer_is_read_once_it_is_there() -> None:
    client, network = asking(httpx.Response(200, content=b"yes", headers={"Content-Type": "Text/XML; charset=utf-8"}))
    with client:
        answer = client.ask(Call(target="/people?page=2"), read=lambda answer: answer)
    assert (answer.status, answer.content, answer.media_type) == (200, b"yes", "text/xml")
    assert str(network.asked[0].url) == f"{HERE}/people?page=2"
    assert network.asked[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(302, headers={"Location": "https://elsewhere.invalid"}), ContractDrift),
        (httpx.Response(400), ContractDrift),
        (httpx.Response(404), ContractDrift),
        (httpx.Response(401), Denied),
        (httpx.Response(403), Denied),
        (httpx.Response(408), Transient),
        (httpx.Response(425), Transient),
        (httpx.Response(429), RateLimited),
        (httpx.Response(500), Transient),
        (httpx.Response(503), Transient),
        (httpx.Response(511), Transient),
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ConnectTimeout("x"), Unreachable),
        (httpx.ReadTimeout("x"), Unreachable),
        (httpx.RemoteProtocolError("x"), Unreachable),
        (httpx.Response(200, content=b"x" * 101), ContractDrift),
        (
            httpx.Response(200, stream=httpx.ByteStream(b"packed"), headers={"Content-Encoding": "gzip"}),
            ContractDrift,
        ),
    ],
)
def test_whatever_is_no_answer_is_a_failure_of_its_kind(
    answer: httpx.Response | Exception, failure: type[ConnectorError]
) -> None:
    client, network = asking(answer, attempts=1, max_answer_bytes=100)
    with pytest.raises(failure) as raised:
        client.ask(Call(), read=content)
    assert type(raised.value) is failure
    assert len(network.asked) == 1
    assert "127.0.0.1" not in str(raised.value)


def test_a_status_that_the_question_accepts_is_an_answer() -> None:
    client, _ = asking(httpx.Response(404, content=b"nobody"))
    assert client.ask(Call(accepts=frozenset({404})), read=content) == b"nobody"


def test_a_passing_failure_is_waited_out_longer_each_time() -> None:
    client, network = asking(
        httpx.Response(503), httpx.ReadTimeout("x"), httpx.Response(200, content=b"yes"), first_wait=1.0
    )
    assert client.ask(READING, read=content) == b"yes"
    assert network.pauses == [1.0, 2.0]
    assert {request.content for request in network.asked} == {b"?"}


def test_an_error_told_within_an_answer_is_waited_out_too() -> None:
    def read(answer: Answer) -> bytes:
        if answer.content == b"busy":
            raise Transient("the service is busy")
        return answer.content

    client, network = asking(httpx.Response(200, content=b"busy"), httpx.Response(200, content=b"yes"))
    assert client.ask(Call(), read=read) == b"yes"
    assert len(network.asked) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_may_not_be_repeated_is_sent_once(method: str) -> None:
    client, network = asking(httpx.Response(503), httpx.Response(200))
    with pytest.raises(Transient):
        client.ask(Call(method=method), read=content)
    assert (len(network.asked), network.pauses) == (1, [])


@pytest.mark.parametrize("failure", [httpx.Response(403), httpx.Response(404)])
def test_a_refusal_is_not_asked_again(failure: httpx.Response) -> None:
    client, network = asking(failure, httpx.Response(200))
    with pytest.raises((Denied, ContractDrift)):
        client.ask(Call(), read=content)
    assert len(network.asked) == 1


FAILING = st.sampled_from([httpx.Response(503), httpx.Response(429), httpx.ConnectError("x"), httpx.Response(403)])


@given(st.lists(FAILING, max_size=6), st.integers(1, 5), st.booleans())
def test_nothing_is_sent_more_often_than_allowed_or_after_a_refusal(
    failing: list[httpx.Response | Exception], attempts: int, repeatable: bool
) -> None:
    client, network = asking(*failing, httpx.Response(200), attempts=attempts)
    call = Call(method="POST", repeatable=repeatable)
    with suppress(ConnectorError):
        client.ask(call, read=content)
    allowed = attempts if repeatable else 1
    assert len(network.asked) <= allowed
    assert len(network.pauses) == len(network.asked) - 1
    for answer in failing[: len(network.asked) - 1]:
        assert not (isinstance(answer, httpx.Response) and answer.status_code == 403)


def test_the_pause_that_a_system_asks_for_is_kept_or_left_to_the_caller() -> None:
    limited = httpx.Response(429, headers={"Retry-After": "7"})
    client, network = asking(limited, httpx.Response(200))
    client.ask(Call(), read=content)
    assert network.pauses == [7.0]
    client, network = asking(limited, longest_wait=5.0)
    with pytest.raises(RateLimited) as raised:
        client.ask(Call(), read=content)
    assert (raised.value.retry_after, network.pauses) == (7.0, [])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "9" * 30}, 86_400.0),
        ({"Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT"}, 30.0),
        ({"Retry-After": "Sat, 21 Nov 2026 07:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_a_pause_is_named_in_seconds_or_by_a_date_of_their_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, lambda: NOW) == seconds


@given(st.text(max_size=60))
def test_no_pause_that_is_named_breaks_the_asker(said: str) -> None:
    wait = retry_after({"Retry-After": said, "Date": said}, lambda: NOW)
    assert wait is None or 0 <= wait <= 86_400


def test_no_try_begins_after_the_deadline() -> None:
    client, network = asking(httpx.Response(503), httpx.Response(200), first_wait=2.0)
    with pytest.raises(Transient):
        client.ask(Call(), read=content, deadline=NOW + timedelta(seconds=1))
    assert len(network.asked) == 1
    with pytest.raises(Transient):
        client.ask(Call(), read=content, deadline=NOW - timedelta(seconds=1))
    assert len(network.asked) == 1


def test_calls_are_spread_over_the_seconds_and_too_many_are_refused() -> None:
    client, network = asking(*[httpx.Response(200)] * 3, calls_per_second=1 / 4, longest_wait=5.0)
    client.ask(Call(), read=content)
    client.ask(Call(), read=content)
    assert network.pauses[0] == pytest.approx(4.0, abs=1.0)
    with pytest.raises(RateLimited):
        client.ask(Call(), read=content)
    assert len(network.asked) == 2


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:10/next",
        "https://127.0.0.1:9/next",
        "http://10.0.0.1:9/",
        "http://us:hush@127.0.0.1:9/",
        "http://[broken",
        "@10.0.0.1/",
        ".elsewhere.invalid/",
        "next",
        "/" + "x" * 70_000,
        "ftp://127.0.0.1:9/",
    ],
)
@pytest.mark.parametrize("endpoint", [HERE, "http://127.0.0.1:9"])
def test_a_link_to_another_host_is_not_followed(target: str, endpoint: str) -> None:
    client, network = asking(httpx.Response(200), endpoint=endpoint)
    with pytest.raises(ContractDrift) as drift:
        client.ask(Call(target=target), read=content)
    assert "hush" not in str(drift.value)
    assert network.asked == []


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/next?x=1", "/next", "?page=2", "//10.0.0.1/"])
def test_a_link_of_the_same_host_is_followed(target: str) -> None:
    client, network = asking(httpx.Response(200))
    client.ask(Call(target=target), read=content)
    assert (network.asked[0].url.host, network.asked[0].url.port) == ("127.0.0.1", 9)


def test_a_cookie_is_not_carried_to_the_next_call() -> None:
    client, network = asking(httpx.Response(200, headers={"Set-Cookie": "seen=1"}), httpx.Response(200))
    client.ask(Call(), read=content)
    client.ask(Call(), read=content)
    assert "cookie" not in network.asked[1].headers


@pytest.mark.parametrize("value", ["two\r\nlines", "chữ"])
def test_a_header_that_could_become_two_is_not_sent(value: str) -> None:
    client, network = asking(httpx.Response(200))
    with pytest.raises(BadClaim) as refused:
        client.ask(Call(headers={"X-Officer": value}), read=content)
    assert refused.value.field == "header X-Officer"
    assert network.asked == []


def test_an_answer_that_drips_in_for_ever_is_given_up() -> None:
    def dripping() -> Iterator[bytes]:
        while True:
            yield b"<"

    client, _ = asking(httpx.Response(200, content=dripping()), attempts=1, whole_timeout=0.05, max_answer_bytes=10**9)
    with pytest.raises(Unreachable):
        client.ask(Call(), read=content)


def test_addresses_are_not_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client, _ = asking(httpx.Response(200))
    client.ask(Call(target="/people?name=Mai"), read=content)
    assert "Mai" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (httpx.Response(405), True),
        (httpx.Response(401), True),
        (httpx.Response(503), False),
        (httpx.ConnectError("x"), False),
    ],
)
def test_it_says_whether_a_system_is_there(answer: httpx.Response | Exception, *, ok: bool) -> None:
    client, network = asking(answer)
    assert client.answers(Call())[0] is ok
    assert len(network.asked) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://10.0.0.1/service",
        "http://example.invalid/",
        "ftp://127.0.0.1/",
        "https://",
        "https://user:hush@example.invalid/",
        "https://example.invalid/#part",
        "http://[broken",
        "https://example.invalid:port/",
        "example.invalid",
    ],
)
def test_nothing_is_sent_in_clear_over_a_network(endpoint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        HttpSettings(endpoint=endpoint)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("endpoint", ["http://localhost:8/", "http://[::1]/x", "https://example.invalid/x"])
def test_this_machine_and_secured_addresses_are_taken(endpoint: str) -> None:
    assert HttpSettings(endpoint=endpoint).endpoint == endpoint


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        HttpSettings.model_validate({"endpoint": HERE, "certificate_file": "us.pem"})
