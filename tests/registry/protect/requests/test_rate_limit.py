"""How often the doors may be knocked at: by session and address, more narrowly for searches and sign-ins."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.requests.rate_limit import Buckets, Rate, RateGuard, Rates, problem

FEW = Rate(burst=3, per_minute=60)
MANY = Rate(burst=1000, per_minute=60_000)


class Timer:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def test_a_burst_goes_through_and_then_one_a_second() -> None:
    timer = Timer()
    buckets = Buckets(FEW, timer=timer)
    assert [buckets.take(b"a") for _ in range(4)] == [0, 0, 0, pytest.approx(1)]
    timer.now += 1
    assert buckets.take(b"a") == 0
    assert buckets.take(b"a") > 0
    assert buckets.take(b"b") == 0, "another's bucket is full"


def test_a_refused_request_costs_nothing() -> None:
    timer = Timer()
    buckets = Buckets(FEW, timer=timer)
    for _ in range(50):
        buckets.take(b"a")
    timer.now += 1
    assert buckets.take(b"a") == 0


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=2), st.floats(-5, 5)), max_size=80))
def test_no_more_goes_through_than_the_rate_and_the_burst_allow(knocks: list[tuple[bytes, float]]) -> None:
    timer = Timer()
    buckets = Buckets(FEW, timer=timer)
    passed: dict[bytes, int] = {}
    forward = 0.0
    for key, by in knocks:
        timer.now += by
        forward += max(by, 0)
        wait = buckets.take(key)
        assert 0 <= wait <= 60
        passed[key] = passed.get(key, 0) + (wait == 0)
    assert all(number <= FEW.burst + forward + 1 for number in passed.values())


def test_a_clock_that_goes_back_locks_nobody_out_for_long() -> None:
    timer = Timer()
    buckets = Buckets(FEW, timer=timer)
    for _ in range(3):
        buckets.take(b"a")
    timer.now -= 500
    assert buckets.take(b"a") <= 1


def test_the_buckets_are_bounded() -> None:
    buckets = Buckets(FEW, timer=Timer(), most=10)
    for number in range(1000):
        buckets.take(str(number).encode())
    assert len(buckets) == 10


class Door:
    """A guarded application that answers 204, and whoever knocks at it."""

    def __init__(self, **rates: Rate) -> None:
        allowed = {"session": MANY, "address": MANY, "search": MANY, "sign_in": MANY} | rates
        self.timer = Timer()
        self._guard = RateGuard(
            _answer, rates=Rates(**allowed), refusal=lambda status, _: problem(status), timer=self.timer
        )

    def knock(
        self, path: str = "/vi/find", *, method: str = "GET", client: str | None = "192.0.2.1", **headers: str
    ) -> int:
        """Return the status of an answer."""
        status: int = self.answer(path, method=method, client=client, **headers)[0]["status"]
        return status

    def answer(self, path: str, *, method: str = "GET", client: str | None = "192.0.2.1", **headers: str) -> list[Any]:
        """Return the messages of an answer."""
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "path": path,
            "method": method,
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": (client, 5000) if client else None,
        }
        sent: list[Any] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        asyncio.run(self._guard(scope, receive, send))
        return sent


async def _answer(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_refusal_says_when_to_come_again_and_nothing_else() -> None:
    door = Door(address=FEW)
    assert [door.knock() for _ in range(4)] == [204, 204, 204, 429]
    start, body = door.answer("/vi/find")
    headers = dict(start["headers"])
    assert headers[b"retry-after"] == b"1"
    assert headers[b"cache-control"] == b"no-store"
    assert b"LimitReached" in body["body"]
    door.timer.now += 1
    assert door.knock() == 204


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip", "client_ip"])
def test_a_header_does_not_give_another_address(header: str) -> None:
    door = Door(address=FEW)
    statuses = [door.knock(**{header: f"198.51.100.{number}"}) for number in range(5)]
    assert statuses == [204, 204, 204, 429, 429]


def test_another_session_does_not_give_another_address() -> None:
    door = Door(address=FEW)
    assert [door.knock(authorization=f"Bearer {number}") for number in range(4)][-1] == 429


def test_a_session_is_limited_from_wherever_it_knocks() -> None:
    door = Door(session=FEW)
    cookies = "theme=dark; __Host-session=abc"
    assert [door.knock(client=f"192.0.2.{number}", cookie=cookies) for number in range(4)][-1] == 429
    assert door.knock(cookie="__Host-session=other") == 204
    assert door.knock(cookie="theme=dark") == 204


def test_the_addresses_of_one_network_of_the_sixth_version_are_one() -> None:
    door = Door(address=FEW)
    assert [door.knock(client=f"2001:db8:1:2::{number}") for number in range(4)][-1] == 429
    assert door.knock(client="2001:db8:1:3::1") == 204
    assert door.knock(client="::not-an-address") == 204


def test_whoever_has_no_address_is_limited_all_the_same() -> None:
    door = Door(address=FEW)
    assert [door.knock(client=None) for _ in range(4)][-1] == 429


@pytest.mark.parametrize("path", ["/v1/searches", "/vi/searches", "/en/searches"])
def test_searches_have_a_rate_of_their_own(path: str) -> None:
    door = Door(search=FEW)
    assert [door.knock(path, method="POST", authorization="Bearer a") for _ in range(4)][-1] == 429
    assert door.knock(path, method="POST", authorization="Bearer b") == 204
    assert door.knock("/vi/find", authorization="Bearer a") == 204


@pytest.mark.parametrize("path", ["/v1/session", "/v1/oauth/token", "/vi/sign-in", "/en/sign-in/code", "/vi/password"])
def test_sign_ins_are_limited_by_address(path: str) -> None:
    door = Door(sign_in=FEW)
    assert [door.knock(path, method="POST", authorization=f"Bearer {number}") for number in range(4)][-1] == 429
    assert door.knock(path, method="POST", client="192.0.2.9") == 204


def test_style_sheets_and_metrics_are_not_counted() -> None:
    door = Door(address=FEW)
    assert {door.knock("/static/registry.css") for _ in range(9)} == {204}
    assert {door.knock("/metrics") for _ in range(9)} == {204}


def test_what_is_no_request_goes_through() -> None:
    guard = RateGuard(_answer, rates=Rates(), refusal=lambda status, _: problem(status))
    sent: list[Any] = []

    async def run() -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def receive() -> MutableMapping[str, Any]:
            return {}

        await guard({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert sent
