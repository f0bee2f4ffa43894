"""The list for the police on the pages: asked for, fetched, filled in, taken in."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook

from registry.exports.problem_sheet import COLUMNS
from tests.web import invented
from tests.web.browsing import HIDDEN, Person, person
from tests.web.world import World

PLACE = {name: column for column, (name, _, _) in enumerate(COLUMNS, start=1)}
SIGNED = {"signed_by": "Trung tá Bế Văn Chín", "signed_on": "30/10/2026", "why": "Kết quả quý IV."}


@pytest.fixture(autouse=True)
def another_day(world: World) -> None:
    """Let a day pass: beyond some children a day, a list waits for a second person."""
    world.clock.forward(timedelta(days=1))


def fetched(someone: Person) -> bytes:
    """Ask for the list of the commune and fetch it."""
    someone.get("/problems")
    asked = someone.post("/problems", commune=invented.HERE, reason="Đối chiếu quý IV.")
    assert asked.status_code == 303, someone.page
    place = str(asked.headers["location"])
    someone.get(place)
    answer = someone.post(f"{place.removeprefix(f'/{someone.language}')}/file")
    assert answer.status_code == 200
    return answer.content


def sent_back(someone: Person, content: bytes, **changes: str) -> httpx.Response:
    """Send a workbook."""
    someone.get("/problems")
    token = HIDDEN.search(someone.page)
    assert token is not None
    fields = {"csrf": token.group(1), **SIGNED, **changes}
    answer = someone.browser.post(
        f"/{someone.language}/problems/answers", data=fields, files={"file": ("list.xlsx", content)}
    )
    someone.page = answer.text
    return answer


def filled(content: bytes, **answers: str) -> bytes:
    """Return the workbook with answers about its first child."""
    book = load_workbook(BytesIO(content))
    for column, text in {"officer": "Lò Thị Mười", **answers}.items():
        book.worksheets[0].cell(3, PLACE[column]).value = text
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def test_a_list_goes_out_and_its_answers_come_in_once(world: World) -> None:
    worker = person(world, "worker", language="en")
    content = filled(fetched(worker), says="none")
    assert sent_back(worker, content).status_code == 200
    assert "Taken in: 1 answers, 0 of them were there before" in worker.page
    assert sent_back(worker, content).status_code == 200
    assert "1 of them were there before" in worker.page


def test_every_fault_is_named_and_nothing_taken_in(world: World) -> None:
    worker = person(world, "worker", language="en")
    assert sent_back(worker, filled(fetched(worker), says="perhaps")).status_code == 422
    assert "Write yes, other or none." in worker.page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"signed_by": " "}, "signed_by"),
        ({"signed_on": "mai"}, "signed_on"),
        ({"signed_on": "01/01/2099"}, "signed_on"),
        ({"why": ""}, "why"),
    ],
)
def test_who_signed_when_and_why_must_be_said(world: World, changes: dict[str, str], field: str) -> None:
    worker = person(world, "worker", language="en")
    content = filled(fetched(worker), says="none", signed_on="29/10/2026")
    assert sent_back(worker, content, **changes).status_code == 422
    assert f'href="#{field}"' in worker.page


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_refused(world: World, content: bytes) -> None:
    worker = person(world, "worker", language="en")
    assert sent_back(worker, content).status_code == 422
    assert 'href="#file"' in worker.page


def test_too_large_a_file_is_refused_before_it_is_read(world: World) -> None:
    worker = person(world, "worker", language="en")
    assert sent_back(worker, b"0" * 6_000_000).status_code == 413


def test_a_list_of_another_kind_has_no_workbook_for_the_police(world: World) -> None:
    worker = person(world, "worker", language="en")
    worker.get("/exports")
    answer = worker.post(
        "/exports", first_year="2005", last_year="2026", purpose="case_work", reason="Danh sách thường."
    )
    export = str(answer.headers["location"]).rsplit("/", 1)[1]
    assert worker.get(f"/problems/{export}").status_code == 404


@pytest.mark.parametrize(
    "fields", [{"commune": invented.ELSEWHERE, "reason": "x"}, {"commune": invented.HERE, "reason": ""}]
)
def test_a_form_that_breaks_a_rule_is_shown_again(world: World, fields: dict[str, str]) -> None:
    worker = person(world, "worker", language="en")
    worker.get("/problems")
    assert worker.post("/problems", **fields).status_code == 422
    assert "There is a problem" in worker.page
