"""The pages that tell who looked at a child: for her family, and for the auditor."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.test_child import found
from tests.web.world import World


def opened(world: World) -> tuple[Person, str]:
    """Open the child as a worker; return who did, and her id."""
    world.clock.forward(timedelta(hours=13))
    someone = person(world, "worker", language="en")
    address, child_id = found(someone)
    someone.get(address)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="case_work"))
    return someone, str(child_id)


def test_a_worker_prints_for_the_family_who_looked(world: World) -> None:
    someone, child_id = opened(world)
    assert f"/children/{child_id}/looks" in someone.page
    assert someone.get(f"/children/{child_id}/looks").status_code == 200
    assert "Who looked at the child" in someone.page
    assert "Child opened" in someone.page or "UBND xã Thử" in someone.page
    assert not any(secret in someone.page for secret in invented.SECRETS)
    assert len(re.findall(r"<h1", someone.page)) == 1


def test_the_auditor_asks_with_a_sentence_and_sees_accounts(world: World) -> None:
    _, child_id = opened(world)
    auditor = person(world, "auditor", language="en")
    auditor.get(f"/children/{child_id}/looks")
    assert "Who looked at whom" in auditor.page
    answer = auditor.post("/looks", child=child_id, reason="A complaint of the family.")
    assert answer.status_code == 200
    assert "<td>worker</td>" in auditor.page
    assert "What accounts looked at within 30 days" in auditor.page
    assert not any(secret in auditor.page for secret in invented.SECRETS)


def test_what_is_missing_or_wrong_is_said_at_the_field(world: World) -> None:
    auditor = person(world, "auditor", language="en")
    auditor.get("/looks")
    auditor.post("/looks", child="<no id>", reason="")
    assert "Write the id of a child" in auditor.page
    assert "Write one sentence of at most 500 characters." in auditor.page
    assert "no id" not in auditor.page


def test_nobody_else_asks(world: World) -> None:
    for login in ("reviewer", "statistician", "custodian"):
        someone = person(world, login)
        assert someone.get("/looks").status_code == 403
        assert someone.get("/children/5b0d8f4e-0000-4000-8000-000000000001/looks").status_code == 403
    assert person(world, "worker").get("/looks").status_code == 403
