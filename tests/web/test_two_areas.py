"""A child of the next commune: found with less, opened by others, and how a page says so; and a seal by its pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from registry.model.access import Area, Role
from registry.protect.keys.keyring import Keyring
from tests.api.calling import Program, problem
from tests.database import DatabaseServer
from tests.web import invented
from tests.web.browsing import person
from tests.web.world import PASSWORD, World, running_world

NEXT_DOOR = "01840"  # a commune of the same province
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
REASON = "Cháu phải được giấu."


@pytest.fixture(scope="module")
def own_world(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A registry of its own with a worker next door, and another officer of the province."""
    name = database_server.clone(template)
    with running_world(database_server.url(name), keyring, NOW, tmp_path_factory.mktemp("areas")) as world:
        areas = {
            "next.door": (Role.COMMUNE_WORKER, Area(communes=frozenset({NEXT_DOOR}))),
            "far.province": (Role.PROVINCE_WORKER, Area(provinces=frozenset({invented.FAR_PROVINCE}))),
            "second.officer": (Role.PROVINCE_WORKER, Area(provinces=frozenset({invented.PROVINCE}))),
        }
        for login, (role, area) in areas.items():
            world.choose_password(login, world.add_account(login, role, area), PASSWORD)
        yield world
    database_server.drop(name)


def girl(world: World) -> UUID:
    """Return the child that the worker knows."""
    return UUID(Program(world, "worker").search(invented.CHILD_NUMBER).json()["found"][0]["child_id"])


def test_the_neighbour_finds_her_and_is_told_who_opens_her(own_world: World) -> None:
    neighbour = person(own_world, "next.door", language="en")
    neighbour.get("/find")
    page = neighbour.follow(neighbour.post("/searches", text="Nguyen Thi Hoa", born="2014")).text
    assert invented.CHILD in page
    assert "opened by" in page
    assert "mother" not in page.partition("Search again")[0].casefold()
    child_id = girl(own_world)
    asked = neighbour.get(f"/children/{child_id}/reason")
    assert invented.CHILD not in asked.text
    answer = neighbour.follow(neighbour.post(f"/children/{child_id}/reason", purpose="case_work"))
    assert answer.status_code == 403
    assert "This record is opened by others" in answer.text
    assert f"/en/children/{child_id}/emergency" in answer.text
    assert invented.CHILD not in answer.text


@pytest.mark.parametrize(("login", "born"), [("next.door", "2014"), ("far.province", "03/05/2014")])
def test_the_interface_says_that_others_open_her(own_world: World, login: str, born: str) -> None:
    program = Program(own_world, login)
    (found,) = program.search(invented.CHILD, born=born).json()["found"]
    assert (found["name"], found["may_open"], found["mother_given_name"]) == (invented.CHILD, False, None)
    answer = program.open(found["child_id"])
    assert problem(answer)["key"] == "OutsideOpeningArea"
    assert answer.status_code == 403
    assert invented.CHILD not in answer.text


def test_a_child_is_sealed_and_unsealed_by_the_pages(own_world: World) -> None:
    child_id, officer = girl(own_world), person(own_world, "second.officer", language="en")
    assert "Accounts that may know of her" in officer.get(f"/children/{child_id}/seal").text
    for fields, said in (
        ({"keepers": "second.officer", "reason": ""}, "Write one sentence."),
        ({"keepers": "worker", "reason": REASON}, "one of them must be a province worker"),
        ({"keepers": "nobody.here", "reason": REASON}, "each must be the login of an officer"),
        ({"keepers": "x" * 800, "reason": REASON}, "This is too long."),
    ):
        refused = officer.post(f"/children/{child_id}/seal", **fields)
        assert refused.status_code == 422
        assert said in officer.page
    done = officer.post(f"/children/{child_id}/seal", keepers="second.officer, worker", reason=REASON)
    assert (done.status_code, "The record is sealed" in done.text) == (200, True)
    assert Program(own_world, "province").open(child_id).status_code == 404
    for login in ("worker", "second.officer"):
        child = Program(own_world, login).open(child_id)
        assert child.json()["sealed"] is True
    assert "These officers know of the child: second.officer, worker" in officer.get(f"/children/{child_id}/seal").text
    lifted = officer.post(f"/children/{child_id}/seal/lift", reason="Cháu đã an toàn.")
    assert "The seal is lifted" in lifted.text
    assert Program(own_world, "province").open(child_id).json()["sealed"] is False
    assert officer.post(f"/children/{child_id}/seal/lift", reason="Lần nữa.").status_code == 409


def test_a_seal_by_the_interface_says_which_rule_is_broken(own_world: World) -> None:
    child_id, program = girl(own_world), Program(own_world, "province").client
    for body, rule in (
        ({"keepers": [], "reason": REASON}, "too_short"),
        ({"keepers": ["province"], "reason": ""}, "string_too_short"),
        ({"keepers": ["province"], "reason": REASON, "also": 1}, "extra_forbidden"),
    ):
        answer = program.post(f"/v1/children/{child_id}/seal", json=body)
        assert (answer.status_code, problem(answer)["errors"][0]["rule"]) == (422, rule)
    answer = program.post(f"/v1/children/{child_id}/seal", json={"keepers": ["auditor"], "reason": REASON})
    assert (answer.status_code, problem(answer)["field"]) == (422, "keepers")
    assert Program(own_world, "worker").client.get(f"/v1/children/{child_id}/seal").status_code == 403
