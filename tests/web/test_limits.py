"""At the limit of children in an hour: a plain page and a problem document, and when it goes on."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from registry.actions.oversight.limits import LIMITS
from registry.actions.oversight.log import log
from registry.model.access import Area, Purpose, Role
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event
from tests.api.calling import Program, problem
from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import PASSWORD, World

AREA = Area(communes=frozenset({invented.HERE}))


def busy(world: World, login: str) -> None:
    """Add an account that has opened as many children as it may."""
    world.choose_password(login, world.add_account(login, Role.COMMUNE_WORKER, AREA), PASSWORD)
    access = world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        row = transaction.connection.exec_driver_sql("select staff_id from staff where login = %s", (login,)).one()
    staff_id: UUID = row[0]
    access = replace(world.access(Role.COMMUNE_WORKER, Purpose.CASE_WORK, area=AREA), staff_id=staff_id, login=login)
    with world.services.store.begin(access) as transaction:
        for _ in range(LIMITS[Role.COMMUNE_WORKER].most_in_hour):
            log(transaction, world.services.vault, Event(action=Action.OPEN, children=[uuid4()]))


def child_found_by(someone: Person) -> str:
    """Return the address of the child that a search finds first."""
    someone.follow(someone.post("/searches", text=invented.CHILD_NUMBER))
    start = someone.page.index("/children/")
    return someone.page[start : start + len("/children/") + 36]


def test_a_page_says_that_it_was_too_much_and_when_it_goes_on(world: World) -> None:
    busy(world, "busy.page")
    someone = person(world, "busy.page", language="en")
    place = child_found_by(someone)
    answer = someone.follow(someone.post(f"{place}/reason", purpose="case_work"))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 3601
    assert "too much in a short time" in someone.page
    assert invented.CHILD not in someone.page
    auditor = person(world, "auditor", language="en")
    auditor.get("/log")
    assert "An account was stopped: it had opened too many children" in auditor.page
    assert "busy.page" in auditor.page


def test_a_program_is_told_the_same(world: World) -> None:
    busy(world, "busy.program")
    program = Program(world, "busy.program")
    child_id = program.search(invented.CHILD_NUMBER).json()["found"][0]["child_id"]
    answer = program.open(child_id)
    assert answer.status_code == 429
    document = problem(answer)
    assert document["key"] == "LimitReached"
    assert 1 <= int(answer.headers["retry-after"]) <= 3601
    assert invented.CHILD not in answer.text


def test_a_child_who_is_not_there_is_not_there_at_the_limit_too(world: World) -> None:
    busy(world, "busy.guess")
    assert Program(world, "busy.guess").open(uuid4()).status_code == 404
