"""The access log as the auditor sees it."""

from __future__ import annotations

import pytest

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
