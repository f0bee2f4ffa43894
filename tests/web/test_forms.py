"""No form is taken that another site sent, or that lacks the session's token."""

from __future__ import annotations

from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from registry.web import child, find, review, sign_in
from tests.web.browsing import person
from tests.web.world import PASSWORD, World

WITHOUT_SESSION = {"/sign-in"}
POSTED = sorted(
    route.path
    for part in (child, find, review, sign_in)
    for route in part.router.routes
    if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and route.path not in WITHOUT_SESSION
)


def address(path: str) -> str:
    """Return an address of a route."""
    return "/vi" + path.replace("{child_id}", str(uuid4()))


def test_there_are_forms_to_test() -> None:
    assert "/searches" in POSTED
    assert len(POSTED) >= 6


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_the_token_is_refused(world: World, path: str, token: str) -> None:
    someone = person(world, "worker")
    fields = {"csrf": token, "text": "x", "candidate": str(uuid4())}
    assert someone.browser.post(address(path), data=fields).status_code == 403


@pytest.mark.parametrize("path", POSTED)
def test_a_form_of_another_session_is_refused(world: World, path: str) -> None:
    someone, other = person(world, "worker"), person(world, "neighbour")
    other.get("/")
    token = other.page.split('name="csrf" value="')[1].split('"')[0]
    fields = {"csrf": token, "text": "x", "candidate": str(uuid4())}
    assert someone.browser.post(address(path), data=fields).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://example.org"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_token(world: World, headers: dict[str, str]) -> None:
    someone = person(world, "worker")
    someone.get("/")
    token = someone.page.split('name="csrf" value="')[1].split('"')[0]
    fields = {"csrf": token, "text": "Trần"}
    assert someone.browser.post("/vi/searches", data=fields, headers=headers).status_code == 403
    assert someone.browser.post("/vi/searches", data=fields, headers={"Origin": world.address}).status_code == 303
    entering = {"login": "worker", "password": PASSWORD}
    assert world.browser().post("/vi/sign-in", data=entering, headers=headers).status_code == 403


def test_a_browser_that_hides_the_origin_is_served(world: World) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    answer = world.browser().post("/vi/sign-in", data={"login": "worker", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303


def test_a_large_form_is_refused_before_it_is_read(world: World) -> None:
    answer = world.browser().post("/vi/sign-in", data={"login": "x" * 70_000})
    assert answer.status_code == 413
    streamed = world.browser().post("/vi/sign-in", content=iter([b"x" * 40_000, b"x" * 40_000]))
    assert streamed.status_code == 413
