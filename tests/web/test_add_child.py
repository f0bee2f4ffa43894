"""Adding a child and writing a case on the pages: carried over, kept once, refused by field, silent about others."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from tests.api.calling import Program
from tests.web import invented
from tests.web.browsing import person
from tests.web.next_door import hire, the_child
from tests.web.world import World

TOKEN = re.compile(r'name="token" value="([0-9a-f-]{36})"')
FORM = {"sex": "female", "commune": invented.HERE, "birth_date": "05/06/2015", "mother": "Sầm Thị Yến"}
CASE = {
    "groups": "9",
    "channel": "police",
    "notes": "Cháu có vết bầm ở tay.",
    "reporter_name": "Đàm Văn Báo",
    "suspect_relation": "cha dượng",
}


def token_of(page: str) -> str:
    """Return the token of the form on a page."""
    found = TOKEN.search(page)
    assert found is not None
    return found.group(1)


def test_a_search_that_finds_nobody_leads_to_the_form_filled_in(world: World) -> None:
    someone = person(world, "worker")
    someone.get("/find")
    someone.follow(someone.post("/searches", text="Triệu Thị Khuyên", born="2015", mother="Sầm Thị Yến"))
    link = re.search(r'href="/vi(/children/new\?search=[0-9a-f-]{36})"', someone.page)
    assert link is not None
    someone.get(link.group(1))
    for value in ("Triệu Thị Khuyên", "2015", "Sầm Thị Yến"):
        assert f'value="{value}"' in someone.page
    assert "Triệu" not in link.group(1)


def test_a_number_that_was_searched_for_stands_in_its_field(world: World) -> None:
    someone = person(world, "worker")
    answer = someone.post("/searches", text="019 315 000 123")
    search = answer.headers["location"].rsplit("/", 1)[1]
    someone.get(f"/children/new?search={search}")
    assert 'name="number" type="text" value="019 315 000 123"' in someone.page
    assert 'name="name" type="text" value=""' in someone.page


def test_the_record_opens_without_another_question(world: World) -> None:
    someone = person(world, "worker")
    someone.get("/children/new")
    token = token_of(someone.page)
    answer = someone.post("/children", token=token, name="Triệu Thị Khuyên", **FORM)
    someone.follow(answer)
    assert "Triệu Thị Khuyên" in someone.page
    assert "Xã, ghi tay" in someone.page
    again = someone.post("/children", token=token, name="Triệu Thị Khuyên", **FORM)
    assert again.headers["location"] == answer.headers["location"], "a double click"


def test_a_child_whom_the_registry_knows_is_added_all_the_same(world: World) -> None:
    someone = person(world, "worker")
    for number in (invented.CHILD_NUMBER, "019315000456"):
        someone.get("/children/new")
        answer = someone.post("/children", token=token_of(someone.page), name="Lộc Thị Bưởi", number=number, **FORM)
        assert answer.status_code == 303
        assert answer.text == ""


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"name": ""}, "name", "Hãy ghi họ tên"),
        ({"name": "=1+1"}, "name", "công thức"),
        ({"sex": ""}, "sex", "Hãy chọn gái"),
        ({"commune": invented.ELSEWHERE}, "commune", "thuộc địa bàn"),
        ({"birth_date": "31/02/2015"}, "birth_date", "Lịch không có ngày này"),
        ({"estimated_age": "mười"}, "estimated_age", "tuổi tròn"),
        ({"birth_date": "", "estimated_age": "19"}, "estimated_age", "từ 0 đến 18"),
        ({"number": "123"}, "number", "mười hai chữ số"),
        ({"mother": "99999999"}, "mother", "chữ số"),
    ],
)
def test_a_field_that_breaks_a_rule_is_pointed_at_and_the_rest_stays(
    world: World, fields: dict[str, str], field: str, told: str
) -> None:
    someone = person(world, "worker")
    someone.get("/children/new")
    token = token_of(someone.page)
    sent = {"name": "Triệu Văn Khôi", **FORM, "address": "Thôn Bản Ven", **fields}
    assert someone.post("/children", token=token, **sent).status_code == 422
    assert f'href="#{field}"' in someone.page
    assert told in someone.page
    assert "Thôn Bản Ven" in someone.page
    assert token_of(someone.page) == token


def test_a_form_without_its_tokens_is_refused(world: World) -> None:
    someone = person(world, "worker")
    assert someone.post("/children", name="Triệu Văn Khôi", **FORM).status_code == 403
    assert someone.post("/children", token="x", name="Triệu Văn Khôi", **FORM).status_code == 403
    forged = someone.post("/children", csrf="x", token=str(uuid4()), name="Triệu Văn Khôi", **FORM)
    assert forged.status_code == 403


def test_a_case_stands_on_the_childs_page(world: World) -> None:
    someone = person(world, "worker")
    named = {"name": "Vi Thị Mận", "sex": "female", "commune": invented.HERE, "token": str(uuid4())}
    child = Program(world, "worker").client.post("/v1/children", json=named).json()["child_id"]
    someone.get(f"/children/{child}/cases/new")
    assert "Vi Thị Mận" not in someone.page
    token = token_of(someone.get(f"/children/{child}/cases/new").text)
    answer = someone.post(f"/children/{child}/cases", token=token, **CASE)
    someone.follow(answer)
    assert "Cháu có vết bầm ở tay." in someone.page
    assert "Xã, ghi tay" in someone.page
    assert someone.post(f"/children/{child}/cases", token=token, **CASE).status_code == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"groups": "15"}, "groups"),
        ({"groups": "nine"}, "groups"),
        ({"channel": "rumour"}, "channel"),
        ({"harm_level": "x"}, "harm_level"),
        ({"settings": "moon"}, "settings"),
        ({"notes": "x" * 4001}, "notes"),
        ({"reporter_name": "=1+1"}, "reporter_name"),
        ({"suspect_name": "@x"}, "suspect_name"),
    ],
)
def test_a_case_that_breaks_a_rule_is_refused_by_field(world: World, fields: dict[str, str], field: str) -> None:
    someone = person(world, "worker")
    child = the_child(world)
    someone.get(f"/children/{child}/cases/new")
    answer = someone.post(f"/children/{child}/cases", token=token_of(someone.page), **{**CASE, **fields})
    assert answer.status_code == 422
    assert f'href="#{field}"' in someone.page


def test_a_case_of_a_child_elsewhere_is_refused_as_if_there_were_none(world: World) -> None:
    someone = person(world, hire(world, "ghi.mot"))
    far = the_child(world, invented.FAR_KEY)
    answers = [someone.post(f"/children/{child}/cases", token=str(uuid4()), **CASE) for child in (far, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    near = someone.post(f"/children/{the_child(world)}/cases", token=str(uuid4()), **CASE)
    assert near.status_code == 403


def test_other_roles_have_no_such_pages(world: World) -> None:
    for login in ("province", "reviewer", "auditor"):
        someone = person(world, login)
        assert someone.get("/children/new").status_code == 403
        assert someone.get(f"/children/{the_child(world)}/cases/new").status_code == 403
