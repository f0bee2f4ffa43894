"""The access log as the auditor sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.model.access import Purpose, Role
from tests.registry.actions.installed import unguarded
from tests.web import invented
from tests.web.browsing import person
from tests.web.world import World


@pytest.mark.parametrize(("language", "told"), [("vi", "Tìm kiếm"), ("en", "Search")])
def test_the_auditor_sees_who_did_what_when_and_no_names(world: World, language: str, told: str) -> None:
    worker = person(world, "worker")
    worker.get("/find")
    worker.follow(worker.post("/searches", text=invented.CHILD))
    auditor = person(world, "auditor", language=language)
    assert auditor.get("/log").status_code == 200
    assert told in auditor.page
    assert "hits" in auditor.page
    assert not any(secret in auditor.page for secret in invented.SECRETS)
    assert ">worker<" not in auditor.page


def test_looking_at_the_log_is_an_event_itself(world: World) -> None:
    auditor = person(world, "auditor", language="en")
    auditor.get("/log")
    auditor.get("/log")
    assert "Log read" in auditor.page


@pytest.mark.parametrize("login", ["worker", "reviewer", "statistician", "custodian"])
def test_nobody_else_reads_the_log(world: World, login: str) -> None:
    assert person(world, login).get("/log").status_code == 403


def test_the_auditor_sees_alarms_and_acknowledges_them(world: World) -> None:
    access = world.access(Role.COMMUNE_WORKER, Purpose.CASE_WORK)
    with world.services.store.begin(access) as transaction:
        raise_alarm(transaction, world.services.vault, AlarmKind.DAMAGED_VALUE, place="identity.contact")
    auditor = person(world, "auditor", language="en")
    auditor.get("/log")
    assert "A sealed value was changed" in auditor.page
    assert "identity.contact" in auditor.page
    after = auditor.page.partition("A sealed value was changed")[2]  # others may wait, of other tests
    alarm_id = re.findall(r"/log/alarms/([0-9a-f-]{36})", after)[0]
    auditor.follow(auditor.post(f"/log/alarms/{alarm_id}"))
    assert "A sealed value was changed" not in auditor.page
    assert "Alarm acknowledged" in auditor.page
    assert auditor.post(f"/log/alarms/{alarm_id}").status_code == 409
    assert person(world, "worker").post(f"/log/alarms/{alarm_id}").status_code == 403


def test_a_child_shown_in_part_says_so_and_one_that_cannot_be_read_is_refused_in_words(world: World) -> None:
    worker = person(world, "worker", language="en")
    found = worker.follow(worker.post("/searches", text=invented.CHILD))
    assert found.status_code == 200
    child_id = re.findall(r"/children/([0-9a-f-]{36})", worker.page)[0]
    worker.follow(worker.post(f"/children/{child_id}/reason", purpose="case_work"))
    assert "cannot be read" not in worker.page
    with flipped(world, "protection"):
        assert worker.get(f"/children/{child_id}").status_code == 200
        assert "A record of this child cannot be read" in worker.page
        with flipped(world, "education"):
            assert worker.get(f"/children/{child_id}").status_code == 409
            assert "This record cannot be read" in worker.page


@contextmanager
def flipped(world: World, system: str) -> Iterator[None]:
    """Flip a bit of the sealed values of a system's records as long as the block runs."""
    flip = (
        "update identity set sealed_identity = set_byte(sealed_identity, 20, get_byte(sealed_identity, 20) # 1)"
        " where child_id in (select child_id from child where system = %s)"
    )
    with unguarded(world.url) as connection:
        connection.execute(flip, [system])
    try:
        yield
    finally:
        with unguarded(world.url) as connection:
            connection.execute(flip, [system])
