"""Requests seen from outside: the template of a route, never the address; an answer even where every guard failed."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from registry.protect.requests.request_watch import (
    UNMATCHED,
    Answered,
    RequestWatch,
    method_of,
    request_id,
    route_of,
)

Message = MutableMapping[str, Any]


@dataclass
class Route:
    """A route as a framework leaves it in the scope."""

    path: str


def asked(watch: RequestWatch, **scope: object) -> list[Message]:
    """Send a request through a watch and return what was answered."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(watch({"type": "http", "method": "GET", "path": "/x", **scope}, receive, send))
    return sent


async def fails(_scope: Message, _receive: object, _send: object) -> None:
    """Fail before an answer."""
    raise ValueError("Lò Thị Bí Mật")


async def fails_late(_scope: Message, _receive: object, send: Any) -> None:
    """Fail within an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("Lò Thị Bí Mật")


def test_an_error_outside_every_guard_is_an_answer_without_its_text() -> None:
    seen: list[Answered] = []
    start, body = asked(RequestWatch(fails, answered=seen.append, timer=iter([1.0, 3.0]).__next__))
    assert start["status"] == 500
    assert body["body"] == b'{"type":"about:blank","title":"Internal Server Error","status":500}'
    assert seen == [Answered(route=UNMATCHED, method="GET", status=500, seconds=2.0)]


def test_an_error_within_an_answer_adds_nothing_to_it() -> None:
    seen: list[Answered] = []
    assert len(asked(RequestWatch(fails_late, answered=seen.append))) == 1
    assert [one.status for one in seen] == [200]


def test_what_is_no_request_passes_unseen() -> None:
    seen: list[Answered] = []

    async def lifespan(scope: Message, _receive: object, send: Any) -> None:
        await send({"type": scope["type"]})

    assert asked(RequestWatch(lifespan, answered=seen.append), type="lifespan") == [{"type": "lifespan"}]
    assert seen == []


@pytest.mark.parametrize(
    ("scope", "route"),
    [
        ({"path": "/vi/Lò", "root_path": ""}, UNMATCHED),
        (
            {"path": "/v1/children/7", "root_path": "/v1", "route": Route("/children/{child_id}")},
            "/v1/children/{child_id}",
        ),
        ({"path": "/static/Lò.css", "root_path": "/static"}, "/static"),
        ({"path": "/Lò/x", "root_path": "/Lò"}, UNMATCHED),
    ],
)
def test_an_address_is_told_as_the_template_of_its_route(scope: dict[str, Any], route: str) -> None:
    assert route_of(scope) == route


def test_a_method_that_somebody_made_up_is_told_as_another() -> None:
    assert method_of({"method": "LÒ"}) == "OTHER"
    assert method_of({"method": "POST"}) == "POST"


def test_a_request_has_one_id() -> None:
    scope: dict[str, Any] = {}
    assert isinstance(request_id(scope), UUID)
    assert request_id(scope) == request_id(scope)
