"""The stewards' page: what it shows of the sources, and what its buttons ask for."""

from __future__ import annotations

import re

import pytest

from connectors.contract import CursorKind, Deletes
from registry.actions.sources import decide
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.settings import Settings
from registry.store import listings, source_streams
from tests.registry.sources.invented import (
    NAME,
    PUPILS,
    Invented,
    later,
    pupil,
    read,
)
from tests.web.browsing import Person, person
from tests.web.world import World

WHOLE = later(PUPILS, cursor=CursorKind.NONE, deletes=Deletes.NONE)


@pytest.fixture
def installed(world: World) -> Installation:
    """The world's installation, as its worker sees it."""
    services = world.services
    return Installation(
        settings=Settings(), store=services.store, vault=services.vault, clock=world.clock, url="", server=None
    )


@pytest.fixture
def steward(world: World) -> Person:
    """A data steward in her browser."""
    return person(world, "steward", language="en")


def test_a_steward_sees_lag_refusals_drift_and_failures_and_no_child(installed: Installation, steward: Person) -> None:
    read(installed, Invented([pupil("s1", lop="6A"), pupil("s2", name="?", row=7)]))
    answer = steward.get("/sources")
    assert answer.status_code == 200
    for told in ("invented", "roster", "name_missing", "lop", "not known", "In quarantine", "hours ago"):
        assert told in steward.page, told
    assert re.search(r"<td>7</td>", steward.page)
    assert "Hoà" not in steward.page
    vietnamese = steward.get("/vi/sources")
    assert "Nguồn dữ liệu" in vietnamese.text


def test_a_steward_agrees_to_withdraw_what_a_listing_lacks(installed: Installation, steward: Person) -> None:
    read(installed, Invented([pupil(f"w{n}") for n in range(10)], stream=later(WHOLE, name="listed")))
    read(installed, Invented([pupil(f"w{n}") for n in range(5)], stream=later(WHOLE, name="listed")))
    steward.get("/sources")
    assert "5 of 10 records are missing" in steward.page
    assert "That is more than allowed" in steward.page
    (path,) = set(re.findall(r"/source-proposals/[0-9a-f-]{36}", steward.page))
    assert steward.post(path, says="perhaps").status_code == 422
    steward.get("/sources")
    steward.follow(steward.post(path, says="approve", reason="Trường đã đóng cửa."))
    assert "Somebody has agreed" in steward.page
    assert steward.post(path, says="refuse").status_code == 409
    with installed.store.begin(installed.engine(Purpose.INGEST), system="education") as transaction:
        (proposal,) = [one for one in listings.undone(transaction) if one.stream == "listed"]
        assert proposal.decided_by is not None
        assert decide.carry_out(transaction, installed.vault, proposal.proposal_id) == 5
        assert decide.carry_out(transaction, installed.vault, proposal.proposal_id) == 0


def test_a_steward_pauses_a_source_and_asks_for_it(installed: Installation, steward: Person) -> None:
    read(installed, Invented([pupil("p1")]))
    steward.get("/sources")
    steward.follow(steward.post(f"/sources/{NAME}/pause", because="asked", reason="Cơ quan đề nghị."))
    assert "its own office asks for it" in steward.page
    assert steward.post(f"/sources/{NAME}/pause", because="asked").status_code == 409
    assert steward.post(f"/sources/{NAME}/pause", because="no word").status_code == 422
    steward.get("/sources")
    steward.follow(steward.post(f"/sources/{NAME}/resume"))
    for what in ("now", "full", "retry"):
        steward.get("/sources")
        steward.follow(steward.post(f"/sources/{NAME}/reading", what=what))
    assert steward.post(f"/sources/{NAME}/reading", what="everything").status_code == 422
    with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
        asked = source_streams.take_asked(transaction, ["now", "full", "retry"])
    assert asked == [(NAME, "full"), (NAME, "now"), (NAME, "retry")]


@pytest.mark.parametrize("login", ["worker", "reviewer", "auditor", "administrator"])
def test_nobody_else_sees_the_page(world: World, login: str) -> None:
    someone = person(world, login, language="en")
    assert someone.get("/sources").status_code == 403
    assert someone.post(f"/sources/{NAME}/pause", because="asked").status_code == 403
