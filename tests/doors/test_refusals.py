"""Whoever is turned away stands in the log, by page and by program, whatever was sent."""

from __future__ import annotations

import pytest

from registry.model.access import Purpose, Role
from registry.protect.log.access_log import Leaf, Outcome, read_leaf
from registry.store import access_log
from tests.api.calling import Program, problem
from tests.web.browsing import person
from tests.web.world import World


def newest(world: World) -> Leaf:
    """Return the newest leaf of the log."""
    with world.services.store.begin(world.access(Role.AUDITOR, Purpose.ADMINISTRATION)) as transaction:
        (leaf,) = access_log.newest(transaction, limit=1)
    return read_leaf(leaf.content)


@pytest.mark.parametrize(("path", "action"), [("/log", "log"), ("/reviews", "review")])
def test_whoever_is_turned_away_stands_in_the_log(world: World, path: str, action: str) -> None:
    answer = person(world, "worker").get(path)
    leaf = newest(world)
    assert answer.status_code == 403
    assert (leaf.action, leaf.outcome, leaf.role) == (action, Outcome.REFUSED, Role.COMMUNE_WORKER)
    assert leaf.staff_id is not None


def test_a_program_that_is_turned_away_stands_in_the_log(world: World) -> None:
    answer = Program(world, "statistician").search("Ai Đó")
    assert problem(answer)["status"] == 403
    leaf = newest(world)
    assert (leaf.action, leaf.outcome, leaf.role) == ("find", Outcome.REFUSED, Role.STATISTICIAN)


def test_a_role_is_turned_away_before_its_form_is_read(world: World) -> None:
    program = Program(world, "statistician")
    assert program.client.post("/v1/searches", json={"nothing": "known"}).status_code == 403
    assert Program(world, "worker").client.post("/v1/searches", json={"nothing": "known"}).status_code == 422
