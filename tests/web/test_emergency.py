"""Emergencies on the pages: the form, the red banner, the end, and the supervisor's verdict."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.next_door import hire, the_child
from tests.web.world import World

WHY = "Trẻ kêu cứu, xã bên không nghe máy."
VERDICT = re.compile(r'action="/vi(/emergencies/[0-9a-f-]{36})"')


def broken(world: World, login: str) -> Person:
    """Return somebody next door who has broken the glass for the child a moment ago."""
    someone = person(world, hire(world, login))
    child = the_child(world)
    someone.get(f"/children/{child}/emergency")
    someone.follow(someone.post(f"/children/{child}/emergency", reason=WHY))
    return someone


def test_the_record_opens_with_a_banner_that_says_until_when(world: World) -> None:
    someone = broken(world, "khan.mot")
    assert invented.CHILD in someone.page
    assert 'class="glass" role="alert"' in someone.page
    until = world.clock() + timedelta(minutes=30, hours=7)  # in Viet Nam
    assert f"{until:%H:%M}" in someone.page
    assert "Bùi Văn Tín" not in someone.page
    assert "cases/new" not in someone.page


def test_after_half_an_hour_it_is_closed(world: World) -> None:
    someone = broken(world, "khan.hai")
    for _ in range(3):  # a session ends after a quarter of an hour without a look
        world.clock.forward(timedelta(minutes=9, seconds=59))
        assert invented.CHILD in someone.get(f"/children/{the_child(world)}").text
    world.clock.forward(timedelta(seconds=3))
    assert someone.get(f"/children/{the_child(world)}").status_code == 403
    assert invented.CHILD not in someone.page


def test_it_can_be_ended_at_once(world: World) -> None:
    someone = broken(world, "khan.ba")
    assert someone.post("/emergencies/end").status_code == 303
    assert someone.get(f"/children/{the_child(world)}").status_code == 403


def test_the_supervisor_reads_it_and_judges_it(world: World) -> None:
    broken(world, "khan.bon")
    head = person(world, "province")
    assert "đang đợi anh/chị kết luận" in head.get("/").text
    head.get("/emergencies")
    assert WHY in head.page
    assert "khan.bon" in head.page
    path = VERDICT.findall(head.page)[-1]
    assert head.post(path, verdict="", note="Đúng").status_code == 422
    assert head.post(path, verdict="justified", note=" ").status_code == 422
    head.follow(head.post(path, verdict="not_justified", note="Chưa gọi hết các số"))
    assert "Chưa gọi hết các số" in head.page
    assert path not in VERDICT.findall(head.page)
    assert head.post(path, verdict="justified", note="Lại").status_code == 409


def test_another_supervisors_emergency_is_not_there(world: World) -> None:
    head = person(world, "province")
    assert head.post(f"/emergencies/{uuid4()}", verdict="justified", note="Đúng").status_code == 404
    worker = person(world, "worker")
    assert WHY not in worker.get("/emergencies").text


def test_the_form_says_nothing_of_the_child(world: World) -> None:
    someone = person(world, hire(world, "khan.nam"))
    shown = [someone.get(f"/emergencies/new?child={child}").text for child in (the_child(world), uuid4())]
    ids = re.compile(r"[0-9a-f-]{36}")
    assert ids.sub("", shown[0]) == ids.sub("", shown[1])


def test_missing_and_far_children_are_answered_alike(world: World) -> None:
    someone = person(world, hire(world, "khan.sau"))
    far = the_child(world, invented.FAR_KEY)
    answers = [someone.post(f"/children/{child}/emergency", reason=WHY) for child in (far, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    ids = re.compile(r"[0-9a-f-]{36}")
    assert ids.sub("", answers[0].text) == ids.sub("", answers[1].text)


@pytest.mark.parametrize(
    ("login", "supervised", "fields", "told"),
    [
        ("khan.bay", True, {"reason": "  "}, "Hãy viết một câu"),
        ("khan.tam", True, {"reason": "x" * 501}, "quá dài"),
        ("khan.chin", False, {"reason": WHY}, "chưa có người giám sát"),
    ],
)
def test_what_is_missing_is_said(world: World, login: str, supervised: bool, fields: dict[str, str], told: str) -> None:
    someone = person(world, hire(world, login, supervised=supervised))
    answer = someone.post(f"/children/{the_child(world)}/emergency", **fields)
    assert answer.status_code == 422
    assert told in someone.page
    assert "x" * 501 not in someone.page


def test_the_own_child_needs_no_emergency(world: World) -> None:
    someone = person(world, hire(world, "khan.muoi"))
    other = person(world, "province")
    answer = other.post(f"/children/{the_child(world)}/emergency", reason=WHY)
    assert answer.status_code == 422, "the province worker has no supervisor either"
    assert someone.get("/emergencies").status_code == 200


def test_a_stale_sign_in_is_proved_again_first(world: World) -> None:
    someone = person(world, hire(world, "khan.muoimot"))
    world.clock.forward(timedelta(minutes=6))
    answer = someone.browser.get(f"/vi/children/{the_child(world)}/emergency")
    assert answer.status_code == 303
    assert "/vi/prove" in answer.headers["location"]


def test_other_roles_have_no_such_page(world: World) -> None:
    for login in ("reviewer", "auditor", "statistician"):
        someone = person(world, login)
        assert someone.get(f"/children/{the_child(world)}/emergency").status_code == 403
        assert someone.get("/emergencies").status_code == 403
