"""Finding a child: with a slip of the keys, in one's own area, and without a name in any address."""

from __future__ import annotations

from urllib.parse import unquote
from uuid import uuid4

import pytest

from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import World


def search(someone: Person, **fields: str) -> str:
    """Search and return the page of results."""
    someone.get("/find")
    someone.follow(someone.post("/searches", **fields))
    return someone.page


@pytest.mark.parametrize(("language", "reason"), [("vi", "khác một chữ cái"), ("en", "one letter differs")])
def test_a_misspelt_child_is_found_with_the_reason_in_words(world: World, language: str, reason: str) -> None:
    page = search(person(world, "worker", language=language), text=invented.MISSPELT)
    assert invented.CHILD in page
    assert reason in page
    assert "… Mai" in page
    assert invented.CHILD_NUMBER not in page
    assert "Lê Thị Mai" not in page


@pytest.mark.parametrize("text", [invented.CHILD_NUMBER, invented.CHILD_KEY, "nguyen thi hoa", "NGUYỄN THỊ HÒA"])
def test_a_child_is_found_by_number_by_key_and_without_marks(world: World, text: str) -> None:
    assert invented.CHILD in search(person(world, "worker"), text=text)


def test_no_personal_value_stands_in_an_address(world: World) -> None:
    someone = person(world, "worker")
    someone.get("/find")
    answer = someone.post("/searches", text=invented.CHILD, mother="Lê Thị Mai", born="03/05/2014")
    location = unquote(answer.headers["location"])
    assert location.startswith("/vi/searches/")
    assert not any(secret in location for secret in invented.SECRETS)
    someone.follow(answer)
    links = [part.split('"')[0] for part in someone.page.split('href="')[1:]]
    assert not any(secret in unquote(link) for link in links for secret in invented.SECRETS)


def test_a_child_outside_the_area_is_not_found(world: World) -> None:
    assert "Không tìm thấy ai" in search(person(world, "worker"), text=invented.FAR_CHILD)
    assert invented.FAR_CHILD in search(person(world, "neighbour"), text=invented.FAR_CHILD)


def test_a_province_worker_is_asked_for_a_detail(world: World) -> None:
    someone = person(world, "province", language="en")
    someone.get("/find")
    answer = someone.follow(someone.post("/searches", text=invented.MISSPELT))
    assert answer.status_code == 422
    assert "a name alone is too wide" in someone.page
    assert invented.CHILD in search(someone, text=invented.MISSPELT, born="2014")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": ""}, "Write a name"),
        ({"text": "x" * 201}, "too long"),
        ({"text": "Trần", "mother": "x" * 201}, "too long"),
    ],
)
def test_a_form_that_lacks_something_is_shown_again_with_what_was_written(
    world: World, fields: dict[str, str], told: str
) -> None:
    someone = person(world, "worker", language="en")
    someone.get("/find")
    answer = someone.post("/searches", **fields)
    assert answer.status_code == 422
    assert told in someone.page
    assert 'role="alert"' in someone.page
    assert "<title>Error:" in someone.page


@pytest.mark.parametrize(
    ("fields", "told"), [({"born": "31/02/2014"}, "not a date"), ({"commune": "nowhere"}, "no commune")]
)
def test_a_detail_that_cannot_be_understood_is_told(world: World, fields: dict[str, str], told: str) -> None:
    someone = person(world, "worker", language="en")
    someone.get("/find")
    answer = someone.follow(someone.post("/searches", text="Trần", **fields))
    assert answer.status_code == 422
    assert told in someone.page


def test_a_search_belongs_to_whoever_made_it(world: World) -> None:
    someone, other = person(world, "worker"), person(world, "neighbour")
    someone.get("/find")
    location = someone.post("/searches", text=invented.CHILD).headers["location"]
    assert other.get(location).status_code == 404
    assert someone.get(location).status_code == 200
    assert someone.get(f"/searches/{uuid4()}").status_code == 404
    assert someone.get("/searches/not-an-id").status_code == 404


@pytest.mark.parametrize("login", ["reviewer", "statistician", "auditor", "custodian"])
def test_who_does_not_look_for_children_finds_none(world: World, login: str) -> None:
    someone = person(world, login)
    assert someone.get("/find").status_code == 403
    assert someone.post("/searches", text=invented.CHILD).status_code == 403


def test_markup_in_a_search_is_text(world: World) -> None:
    someone = person(world, "worker")
    someone.get("/find")
    someone.browser.headers["accept"] = "text/html"
    answer = someone.browser.get(someone.post("/searches", text="<b>Trần</b>").headers["location"])
    assert "<b>Trần" not in answer.text
    assert "&lt;b&gt;Trần" in answer.text
