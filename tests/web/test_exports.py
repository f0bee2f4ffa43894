"""Lists of children on the pages: asked for, agreed to by another, fetched."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import World

WANTED = {"first_year": "2005", "last_year": "2026", "purpose": "case_work", "reason": "danh sách cho ngày tiêm chủng"}


def ask(someone: Person, **changes: str) -> str:
    """Ask for a list and return the address of its page, without the language."""
    someone.get("/exports")
    answer = someone.post("/exports", **{**WANTED, **changes})
    assert answer.status_code == 303, someone.page
    place = answer.headers["location"]
    someone.get(place)
    return str(place).removeprefix(f"/{someone.language}")


def test_a_worker_asks_for_a_list_and_fetches_it(world: World) -> None:
    worker = person(world, "worker", language="en")
    place = ask(worker, commune=invented.HERE)
    assert "can be fetched" in worker.page
    assert WANTED["reason"] in worker.page
    answer = worker.post(f"{place}/file", form="xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{place.rsplit("/", 1)[1]}.xlsx"'
    assert answer.headers["cache-control"] == "no-store"
    rows = [[str(cell.value) for cell in row] for row in load_workbook(BytesIO(answer.content)).worksheets[0]]
    assert invented.CHILD in {row[0] for row in rows}
    assert invented.FAR_CHILD not in str(rows)
    csv = worker.post(f"{place}/file", form="csv").content.decode("utf-8-sig")
    assert csv.startswith("# List of children")
    worker.get("/exports")
    assert place in worker.page


def test_the_list_in_vietnamese(world: World) -> None:
    worker = person(world, "worker")
    place = ask(worker)
    assert "lấy được" in worker.page
    assert "Họ và tên" in worker.post(f"{place}/file", form="csv").content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_year": "hai nghìn"}, "first_year"),
        ({"first_year": "²⁰¹⁰"}, "first_year"),
        ({"last_year": "19999"}, "last_year"),
        ({"first_year": "2020", "last_year": "2010"}, "last_year"),
        ({"first_year": "1900"}, "first_year"),
        ({"commune": invented.ELSEWHERE}, "commune"),
        ({"commune": "<script>"}, "commune"),
        ({"sex": "other"}, "sex"),
        ({"purpose": "review"}, "purpose"),
        ({"purpose": ""}, "purpose"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
    ],
)
def test_a_form_that_breaks_a_rule_is_shown_again(world: World, changes: dict[str, str], field: str) -> None:
    worker = person(world, "worker", language="en")
    worker.get("/exports")
    answer = worker.post("/exports", **{**WANTED, **changes})
    assert answer.status_code == 422
    assert f'href="#{field}"' in worker.page
    assert "<script>" not in answer.text


def test_a_list_of_somebody_else_is_not_there(world: World) -> None:
    place = ask(person(world, "worker"))
    neighbour = person(world, "neighbour")
    assert neighbour.get(place).status_code == 404
    assert neighbour.post(f"{place}/file", form="csv").status_code == 404
    assert neighbour.get(f"/exports/{uuid4()}").status_code == 404


@pytest.mark.parametrize("login", ["reviewer", "statistician", "auditor", "custodian"])
def test_other_roles_have_no_lists(world: World, login: str) -> None:
    someone = person(world, login)
    assert someone.get("/exports").status_code == 403
    assert someone.post("/exports", **WANTED).status_code == 403


def test_nobody_decides_who_may_not(world: World) -> None:
    worker = person(world, "worker")
    assert worker.get("/export-approvals").status_code == 403
    assert worker.get(f"/export-approvals/{uuid4()}").status_code == 403
    auditor = person(world, "auditor", language="en")
    assert auditor.get("/export-approvals").status_code == 200
    assert auditor.get(f"/export-approvals/{uuid4()}").status_code == 404
    answer = auditor.post(f"/export-approvals/{uuid4()}", says="approve", digest="00", reason="x")
    assert answer.status_code == 404


def test_a_form_without_its_token_asks_for_nothing(world: World) -> None:
    worker = person(world, "worker")
    answer = worker.browser.post("/vi/exports", data=WANTED)
    assert answer.status_code == 403


def test_too_many_lists_in_a_day_wait_for_a_second_person(world: World) -> None:
    worker = person(world, "worker", language="en")
    place = ask(worker)
    for _ in range(200):
        if "waits for a second person" in worker.page:
            break
        place = ask(worker)
    assert worker.post(f"{place}/file", form="csv").status_code == 409
    auditor = person(world, "auditor", language="en")
    number = place.rsplit("/", 1)[1]
    auditor.get("/export-approvals")
    assert number in auditor.page
    auditor.get(f"/export-approvals/{number}")
    assert WANTED["reason"] in auditor.page
    assert invented.CHILD not in auditor.page
    found = re.search(r'name="digest" value="([0-9a-f]+)"', auditor.page)
    assert found is not None
    decision = f"/export-approvals/{number}"
    assert auditor.post(decision, digest=found[1], reason="đã xem").status_code == 422
    assert auditor.post(decision, digest=found[1], says="approve").status_code == 422
    assert auditor.post(decision, digest=found[1], says="approve", reason="x" * 501).status_code == 422
    assert auditor.post(decision, digest="0" * 64, says="approve", reason="đã xem").status_code == 409
    assert auditor.post(decision, digest=found[1], says="approve", reason="đã xem").status_code == 303
    assert auditor.post(decision, digest=found[1], says="refuse", reason="đã xem").status_code == 409
    assert worker.post(f"{place}/file", form="csv").status_code == 200


def test_who_signed_in_long_ago_proves_it_again_before_deciding(world: World) -> None:
    auditor = person(world, "auditor", language="en")
    world.clock.forward(timedelta(minutes=6))
    answer = auditor.browser.get(f"/en/export-approvals/{uuid4()}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/en/prove?next=")
