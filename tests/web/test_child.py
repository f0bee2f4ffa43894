"""Opening a child: a reason first, then what each source knows, never outside the area."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from registry.model.access import Purpose, Role
from registry.protect.log.access_log import Leaf, read_leaf
from registry.store import access_log
from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import World

OPEN = re.compile(r'href="(/(?:vi|en)/children/([0-9a-f-]{36})[^"]*)"')


def found(someone: Person, text: str = invented.CHILD) -> tuple[str, UUID]:
    """Search, and return the address and the id of the first child found."""
    someone.get("/find")
    someone.follow(someone.post("/searches", text=text))
    match = OPEN.search(someone.page)
    assert match is not None
    return match.group(1), UUID(match.group(2))


def leaves(world: World, action: str) -> list[Leaf]:
    """Return the leaves of an action, newest first."""
    access = world.access(Role.AUDITOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        read = [read_leaf(leaf.content) for leaf in access_log.newest(transaction, limit=1000)]
    return [leaf for leaf in read if leaf.action == action]


@pytest.mark.parametrize(("language", "told"), [("vi", "Giáo dục"), ("en", "Education")])
def test_a_child_opens_after_a_reason_with_what_each_source_knows(world: World, language: str, told: str) -> None:
    world.clock.forward(timedelta(hours=13))
    someone = person(world, "worker", language=language)
    address, child_id = found(someone)
    someone.get(address)
    assert 'name="purpose"' in someone.page
    assert invented.CHILD not in someone.page
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="case_work"))
    assert invented.CHILD in someone.page
    assert told in someone.page
    assert "019***001" in someone.page
    assert invented.CHILD_NUMBER not in someone.page
    assert "Bùi Văn Tín" not in someone.page


def test_the_reason_is_asked_once_a_day(world: World) -> None:
    world.clock.forward(timedelta(hours=13))
    someone = person(world, "worker")
    address, child_id = found(someone)
    someone.get(address)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="referral"))
    someone.get(address)
    assert invented.CHILD in someone.page
    world.clock.forward(timedelta(hours=13))
    someone.sign_in("worker")
    someone.get(address)
    assert 'name="purpose"' in someone.page


def test_each_look_is_one_leaf_with_the_reason_sealed(world: World) -> None:
    someone = person(world, "worker")
    _, child_id = found(someone)
    before = len(leaves(world, "open"))
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="other", reason="Bà ngoại hỏi thăm."))
    after = leaves(world, "open")
    assert len(after) == before + 1
    assert after[0].purpose == "other"
    assert after[0].sealed_reason is not None
    assert "Bà ngoại" not in after[0].content().decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose why"),
        ({"purpose": "curiosity"}, "Choose why"),
        ({"purpose": "other"}, "Write one sentence"),
        ({"purpose": "review"}, "Choose why"),
        ({"purpose": "other", "reason": "x" * 501}, "too long"),
    ],
)
def test_a_missing_reason_is_asked_for_again(world: World, fields: dict[str, str], told: str) -> None:
    someone = person(world, "worker", language="en")
    _, child_id = found(someone)
    answer = someone.post(f"/children/{child_id}/reason", **fields)
    assert answer.status_code == 422
    assert told in someone.page


def test_another_reason_is_asked_for_each_look(world: World) -> None:
    world.clock.forward(timedelta(hours=13))
    someone = person(world, "worker")
    address, child_id = found(someone)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="other", reason="Xem lại địa chỉ."))
    assert invented.CHILD in someone.page
    someone.get(address)
    assert 'name="purpose"' in someone.page


def test_a_reason_given_for_one_child_opens_no_other(world: World) -> None:
    someone = person(world, "worker")
    _, child_id = found(someone)
    location = someone.post(f"/children/{child_id}/reason", purpose="case_work").headers["location"]
    _, other_id = found(someone, "Le Minh Anh")
    assert someone.get(location.replace(str(child_id), str(other_id))).status_code == 404


def test_a_child_outside_the_area_is_as_missing_as_none(world: World) -> None:
    _, far_id = found(person(world, "neighbour"), invented.FAR_CHILD)
    someone = person(world, "worker")
    pages = []
    for child_id in (far_id, uuid4()):
        answer = someone.follow(someone.post(f"/children/{child_id}/reason", purpose="emergency"))
        assert answer.status_code == 404
        assert invented.FAR_CHILD not in someone.page
        pages.append(re.sub(r"[0-9a-f-]{36}", "", someone.page))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("login", ["reviewer", "statistician", "auditor", "custodian"])
def test_a_role_that_opens_no_child_is_refused(world: World, login: str) -> None:
    _, child_id = found(person(world, "worker"))
    someone = person(world, login)
    assert someone.get(f"/children/{child_id}").status_code == 403
    assert someone.get(f"/children/{child_id}/reason").status_code == 403


def test_a_duplicate_check_shows_who_and_nothing_more(world: World) -> None:
    world.clock.forward(timedelta(hours=13))
    someone = person(world, "worker")
    _, child_id = found(someone)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="duplicate_check"))
    assert invented.CHILD in someone.page
    assert "Trường Tiểu học" not in someone.page
    assert "Thôn 5" not in someone.page
    assert "tinh thần ổn định" not in someone.page


def test_where_sources_disagree_the_page_says_so(world: World) -> None:
    someone = person(world, "worker", language="en")
    _, child_id = found(someone)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="case_work"))
    assert "The sources differ on: date of birth" in someone.page
    assert "How the system sees it" in someone.page
