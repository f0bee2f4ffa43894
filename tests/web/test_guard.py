"""The guard around both applications: an unforeseen error leaves with its kind alone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import MutableMapping
from typing import Any

import pytest

from registry.protect.log_lines import LineFormatter
from registry.protect.requests.request_guard import Message, Receive, RequestGuard, Send
from tests.web.world import World

SECRET = "Nguyễn Thị Bí Mật"


def answer_of(guard: RequestGuard, **scope: Any) -> list[Message]:
    """Return what a guarded application sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard({"type": "http", "headers": [], "scheme": "http", "path": "/", **scope}, receive, send))
    return sent


async def failing(_scope: MutableMapping[str, Any], _receive: Receive, _send: Send) -> None:
    """Fail with a value in the error."""
    raise ValueError(SECRET)


async def failing_late(_scope: MutableMapping[str, Any], _receive: Receive, send: Send) -> None:
    """Fail after the answer began."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"public")]})
    raise ValueError(SECRET)


def test_an_unforeseen_error_shows_and_logs_no_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        start, body = answer_of(RequestGuard(failing, content_security_policy="default-src 'none'"))
    assert start["status"] == 500
    assert SECRET not in body["body"].decode()
    assert SECRET not in caplog.text
    (line,) = [json.loads(LineFormatter().format(record)) for record in caplog.records]
    assert (line["event"], line["error"]["kind"]) == ("request_failed", "builtins.ValueError")
    assert line["error"]["frames"][-1].startswith("registry/protect/requests/request_guard.py:")


def test_an_answer_that_began_is_not_begun_again_and_keeps_its_own_headers() -> None:
    sent = answer_of(RequestGuard(failing_late, content_security_policy="default-src 'none'"))
    assert len(sent) == 1
    names = [name.lower() for name, _ in sent[0]["headers"]]
    assert names.count(b"cache-control") == 1


@pytest.mark.parametrize("length", [b"65537", b"-1", b"many"])
def test_a_length_that_is_too_large_or_none_is_refused(length: bytes) -> None:
    guard = RequestGuard(failing, content_security_policy="default-src 'none'")
    start, _ = answer_of(guard, headers=[(b"content-length", length)])
    assert start["status"] == 413


def test_the_pages_refuse_with_a_page_and_the_interface_with_a_problem(world: World) -> None:
    page = world.browser().post("/vi/sign-in", data={"login": "x" * 70_000})
    assert page.headers["content-type"].startswith("text/html")
    assert "Nội dung gửi quá lớn" in page.text
    document = world.browser().post("/v1/session", json={"login": "x" * 70_000})
    assert document.headers["content-type"] == "application/problem+json"
