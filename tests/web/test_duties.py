"""The pages of the duties of the law, as families' officers and the data protection officer use them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from registry.model.access import NATION, Role
from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.world import PASSWORD, World

REQUEST = {
    "kind": "access",
    "asker": "Bế Thị Mẫu",
    "relation": "mother",
    "proof": "giấy khai sinh",
    "words": "Xin cho xem hồ sơ của cháu.",
}
BREACH = {
    "what": "Một máy tính xách tay bị mất.",
    "kinds": "tên; địa chỉ",
    "children": "12",
    "consequences": "Có thể bị lộ địa chỉ.",
    "measures": "Đã khoá tài khoản.",
    "contact": "UBND xã Thử",
}


def child_of(someone: Person) -> str:
    """Find the invented child and return her id."""
    someone.get("/find")
    assert someone.follow(someone.post("/searches", text=invented.CHILD)).status_code == 200
    found: str = re.findall(r"/children/([0-9a-f-]{36})", someone.page)[0]
    return found


def test_a_request_is_taken_down_answered_and_closed(world: World) -> None:
    worker = person(world, "worker", language="en")
    child = child_of(worker)
    worker.get(f"/children/{child}/requests")
    worker.follow(worker.post(f"/children/{child}/requests", **REQUEST))
    assert "Xin cho xem hồ sơ của cháu." in worker.page
    (request_id,) = set(re.findall(rf"/children/{child}/requests/([0-9a-f-]{{36}})/", worker.page))
    path = f"/children/{child}/requests/{request_id}"
    assert worker.get(f"{path}/held").status_code == 200
    assert invented.CHILD in worker.page
    assert "What is held about the child" in worker.page
    assert "Who looked at the child" in worker.page
    assert "Bùi Văn Tín" not in worker.page
    worker.get(f"/children/{child}/requests")
    worker.follow(worker.post(f"{path}/answer"))
    assert "answered, being done" in worker.page
    assert worker.post(f"{path}/answer").status_code == 409
    worker.get(f"/children/{child}/requests")
    assert worker.post(f"{path}/close", outcome="granted", told="").status_code == 422
    assert worker.post(f"{path}/fly").status_code == 422
    worker.follow(worker.post(f"{path}/close", outcome="granted", told="Đã trao bản in."))
    assert "Đã trao bản in." in worker.page
    assert worker.get(f"{path}/held").status_code == 409


def test_the_queue_names_no_child(world: World) -> None:
    worker = person(world, "worker", language="en")
    child = child_of(worker)
    worker.get(f"/children/{child}/requests")
    worker.follow(worker.post(f"/children/{child}/requests", **{**REQUEST, "kind": "deletion"}))
    worker.get("/requests")
    assert "To delete" in worker.page
    assert invented.CHILD not in worker.page
    assert "To delete" not in (person(world, "neighbour", language="en").get("/requests").text)


@pytest.mark.parametrize("field", ["kind", "asker", "relation", "proof", "words"])
def test_a_form_without_a_field_comes_back_with_the_mistake(world: World, field: str) -> None:
    worker = person(world, "worker", language="en")
    child = child_of(worker)
    worker.get(f"/children/{child}/requests")
    answer = worker.post(f"/children/{child}/requests", **{**REQUEST, field: ""})
    assert answer.status_code == 422
    assert "There is a problem" in worker.page
    assert f'href="#{field}"' in worker.page


def test_a_consent_is_signed_by_two_and_withdrawn(world: World) -> None:
    worker = person(world, "worker", language="en")
    child = child_of(worker)
    today = f"{world.clock():%d/%m/%Y}"
    worker.get(f"/children/{child}/consents")
    form = {"use": "media", "representative_name": "Bế Thị Mẫu", "relation": "mother", "method": "paper"}
    assert worker.post(f"/children/{child}/consents", **form, signed_at="32/13/2026").status_code == 422
    assert worker.post(f"/children/{child}/consents", **{**form, "method": "oral"}, signed_at=today).status_code == 422
    worker.follow(worker.post(f"/children/{child}/consents", **form, signed_at=today))
    assert "does not stand: the child is old enough to be asked" in worker.page
    (consent_id,) = set(re.findall(rf"/children/{child}/consents/([0-9a-f-]{{36}})/", worker.page))
    path = f"/children/{child}/consents/{consent_id}"
    worker.follow(worker.post(f"{path}/sign", child_name=invented.CHILD, signed_at=today, method="paper"))
    assert ": stands" in worker.page
    worker.follow(worker.post(f"{path}/withdraw", by="child", name=invented.CHILD, method="oral"))
    assert ": withdrawn" in worker.page


def test_a_purpose_whose_law_has_ended_is_refused_until_another_is_entered(world: World) -> None:
    auditor, worker = person(world, "auditor", language="en"), person(world, "worker", language="en")
    auditor.get("/legal-bases")
    row = re.search(r"Check for a duplicate</th>.*?/legal-bases/([0-9a-f-]{36})/end", auditor.page, re.DOTALL)
    assert row is not None
    child = child_of(worker)
    yesterday = f"{world.clock() - timedelta(days=1):%d/%m/%Y}"
    assert auditor.post(f"/legal-bases/{row[1]}/end", last_day="nie").status_code == 422
    auditor.follow(auditor.post(f"/legal-bases/{row[1]}/end", last_day=yesterday))
    assert "No law is entered for these purposes" in auditor.page
    worker.get(f"/children/{child}/reason")
    assert worker.post(f"/children/{child}/reason", purpose="duplicate_check").status_code == 403
    assert worker.post("/searches", text=invented.CHILD).status_code == 303
    entered = {"purpose": "duplicate_check", "law": "Luật 91", "article": "3", "wording": "Một hồ sơ cho một trẻ."}
    assert auditor.post("/legal-bases", **entered, valid_from="").status_code == 422
    auditor.follow(auditor.post("/legal-bases", **entered, valid_from="01/01/2026"))
    assert "No law is entered" not in auditor.page
    worker.get(f"/children/{child}/reason")
    assert worker.post(f"/children/{child}/reason", purpose="duplicate_check").status_code == 303


def test_a_breach_is_written_down_and_its_late_notice_says_why(world: World) -> None:
    auditor = person(world, "auditor", language="en")
    auditor.get("/breaches")
    assert auditor.post("/breaches", discovered_at="never", **BREACH).status_code == 422
    found = world.clock() - timedelta(days=5)
    auditor.follow(auditor.post("/breaches", discovered_at=f"{found:%d/%m/%Y %H:%M}", **BREACH))
    assert "Một máy tính xách tay bị mất." in auditor.page
    (breach_id,) = set(re.findall(r"/breaches/([0-9a-f-]{36})", auditor.page))
    told = {**BREACH, "children": "15", "notified_at": f"{world.clock() - timedelta(days=1):%d/%m/%Y %H:%M}"}
    assert auditor.post(f"/breaches/{breach_id}", **told).status_code == 422
    assert auditor.post(f"/breaches/{breach_id}", **{**told, "children": "many"}).status_code == 422
    auditor.follow(auditor.post(f"/breaches/{breach_id}", **told, late_because="Chờ điều tra."))
    assert "Chờ điều tra." in auditor.page
    assert "Earlier versions" in auditor.page
    auditor.get("/breaches")
    assert "late" in auditor.page


def test_a_hold_is_placed_and_lifted(world: World) -> None:
    auditor = person(world, "auditor", language="en")
    auditor.get("/holds")
    assert auditor.post("/holds", held="no id", sentence="Toà án.").status_code == 422
    held = "5b0d8f4e-0000-4000-8000-00000000000a"
    assert auditor.post("/holds", held=held, sentence="").status_code == 422
    auditor.follow(auditor.post("/holds", held=held, sentence="Toà án yêu cầu giữ."))
    assert "Toà án yêu cầu giữ." in auditor.page
    (hold_id,) = re.findall(r"/holds/([0-9a-f-]{36})/lift", auditor.page)
    auditor.follow(auditor.post(f"/holds/{hold_id}/lift", sentence="Vụ án đã xong."))
    assert "Vụ án đã xong." in auditor.page


@pytest.mark.parametrize(("language", "told"), [("vi", "Căn cứ pháp lý"), ("en", "Purposes and legal bases")])
def test_the_record_of_processing_is_a_page(world: World, language: str, told: str) -> None:
    auditor = person(world, "auditor", language=language)
    assert auditor.get("/processing").status_code == 200
    assert told.casefold() in auditor.page.casefold()
    assert auditor.page.count("<h1") == 1


@pytest.mark.parametrize("path", ["/legal-bases", "/breaches", "/holds", "/processing"])
def test_these_pages_are_the_auditors(world: World, path: str) -> None:
    for login in ("worker", "reviewer", "custodian"):
        assert person(world, login).get(path).status_code == 403


def test_families_are_not_the_auditors(world: World) -> None:
    assert person(world, "auditor").get("/requests").status_code == 403


def test_an_administrator_reads_the_record_of_processing(world: World) -> None:
    world.choose_password("boss", world.add_account("boss", Role.ADMINISTRATOR, NATION), PASSWORD)
    assert person(world, "boss").get("/processing").status_code == 200
