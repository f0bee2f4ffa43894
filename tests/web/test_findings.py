"""Findings and the state of links on the pages: what waits, what is decided, and how it stands with the child."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import CitizenSnapshot, Outcome
from registry.jobs.opening import Installation
from registry.settings import Settings
from tests.people import citizen
from tests.registry.actions.installed import query
from tests.registry.actions.population.scripted import Scripted, drained
from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import World

OTHER_NAME = "Nguyễn Thị Hoài"
SAID: CitizenSnapshot = replace(citizen(), personal_number=invented.CHILD_NUMBER, full_name=OTHER_NAME)


@pytest.fixture
def found(world: World, tmp_path: Path) -> tuple[str, Installation]:
    """A finding about the girl: the address of its page."""
    services = world.services
    installed = Installation(
        settings=Settings(data=tmp_path),
        store=services.store,
        vault=services.vault,
        clock=services.clock,
        url=world.url,
        server=None,
    )
    query(
        installed, "update link_state set due_at = %s, priority = 1 where due_at is not null returning 1", world.clock()
    )
    query(installed, "delete from proposed_correction returning 1")
    query(installed, "delete from finding returning 1")
    service = Scripted(
        clock=world.clock,
        said={invented.CHILD_NUMBER: Outcome.MISMATCH},
        citizens={invented.CHILD_NUMBER: SAID},
    )
    drained(installed, service)
    statement = "select child_id, finding_id from finding where kind = 'name' and state = 'open' order by child_id"
    row = query(installed, statement)[0]  # each of her records has a link of its own
    return f"/findings/{row['child_id']}/{row['finding_id']}", installed


def reviewer(world: World) -> Person:
    """Return a reviewer."""
    return person(world, "reviewer", language="en")


def test_a_reviewer_sees_what_waits_and_decides_it(world: World, found: tuple[str, Installation]) -> None:
    place, installed = found
    someone = reviewer(world)
    someone.get("/findings")
    assert place in someone.page
    someone.get(place)
    assert OTHER_NAME in someone.page
    someone.follow(someone.post(place, says="accept", reason="Theo giấy khai sinh."))
    assert place not in someone.page
    assert query(installed, "select field from proposed_correction where withdrawn_at is null") == [{"field": "name"}]
    someone.get(place)
    someone.follow(someone.post(f"{place}/undo", reason="Nhầm."))
    assert query(installed, "select field from proposed_correction where withdrawn_at is null") == []


def test_a_form_that_breaks_a_rule_is_shown_again(world: World, found: tuple[str, Installation]) -> None:
    place, _ = found
    someone = reviewer(world)
    someone.get(place)
    for fields, field in (({"says": "", "reason": "x"}, "says"), ({"says": "accept", "reason": ""}, "reason")):
        answer = someone.post(place, **fields)
        assert answer.status_code == 422
        assert f'href="#{field}"' in someone.page


def test_the_childs_page_tells_the_state_of_the_link_and_what_is_proposed(
    world: World, found: tuple[str, Installation]
) -> None:
    place, _ = found
    someone = reviewer(world)
    someone.get(place)
    someone.post(place, says="accept", reason="Theo giấy khai sinh.")
    worker = person(world, "worker", language="en")
    child = place.split("/")[2]
    worker.get(f"/children/{child}/reason")
    worker.follow(worker.post(f"/children/{child}/reason", purpose="case_work"))
    assert "State of the link" in worker.page
    assert "Corrections proposed to the sources" in worker.page


def test_a_steward_sees_what_waits_and_nobody_else(world: World, found: tuple[str, Installation]) -> None:
    steward = person(world, "steward", language="en")
    assert steward.get("/population").status_code == 200
    assert "No population database is connected" in steward.page
    assert OTHER_NAME not in steward.page
    assert person(world, "worker").get("/population").status_code == 403
    assert person(world, "worker").get("/findings").status_code == 403
    assert found
