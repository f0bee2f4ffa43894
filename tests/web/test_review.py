"""Reviewing pairs: side by side, one of three answers with a sentence, then the next; a link can be undone."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from registry.actions.looking.views import CandidateView, EvidenceRow, SideView
from registry.model.access import Access, Purpose
from registry.store import claims
from registry.web.review import compare_rows, likeness_of
from tests.web.browsing import Person, person
from tests.web.world import World

PAIR = re.compile(r"/reviews/([0-9a-f-]{36})")
CANDIDATE = re.compile(r'name="candidate" value="([0-9a-f-]{36})"')
NOTHING = SideView(
    name=None,
    sex=None,
    birth=None,
    number=None,
    commune=None,
    province=None,
    ethnicity=None,
    mother=None,
    father=None,
    flags=(),
)


def first_pair(someone: Person) -> tuple[UUID, str]:
    """Open the first pair; return the id of the record and of the citizen shown."""
    answer = someone.get("/reviews")
    pair, candidate = PAIR.search(str(answer.url)), CANDIDATE.search(someone.page)
    assert pair is not None
    assert candidate is not None
    return UUID(pair.group(1)), candidate.group(1)


@pytest.mark.parametrize(
    ("language", "told"),
    [("vi", "Tên giống nhau khi bỏ dấu"), ("en", "The given name is the same, compared without marks")],
)
def test_a_pair_stands_side_by_side_with_reasons_in_words(world: World, language: str, told: str) -> None:
    someone = person(world, "reviewer", language=language)
    first_pair(someone)
    assert told in someone.page
    assert "<mark>" in someone.page
    assert re.search(r"019\*\*\*\d{3}", someone.page)
    assert not re.search(r"\b\d{12}\b", someone.page)
    assert someone.page.count('role="rowheader"') >= 6


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "Cùng mẹ."}, "Choose one of the three"),
        ({"says": "perhaps", "reason": "Cùng mẹ."}, "Choose one of the three"),
        ({"says": "same", "reason": " "}, "one sentence is needed"),
        ({"says": "same", "reason": "x" * 501}, "too long"),
    ],
)
def test_an_answer_without_choice_or_sentence_is_asked_for_again(
    world: World, fields: dict[str, str], told: str
) -> None:
    someone = person(world, "reviewer", language="en")
    child_id, candidate = first_pair(someone)
    answer = someone.post(f"/reviews/{child_id}", candidate=candidate, **fields)
    assert answer.status_code == 422
    assert told in someone.page


def test_same_links_the_record_offers_the_next_pair_and_can_be_undone(world: World) -> None:
    someone = person(world, "reviewer", language="en")
    child_id, candidate = first_pair(someone)
    decided = someone.post(f"/reviews/{child_id}", candidate=candidate, says="same", reason="Cùng mẹ, cùng ngày.")
    assert decided.headers["location"] == f"/en/reviews?decided=same&linked={child_id}"
    someone.follow(decided)
    assert "Saved: linked." in someone.page
    again = someone.post(f"/reviews/{child_id}", candidate=candidate, says="same", reason="Lần nữa.")
    assert again.status_code == 409
    someone.get(f"/links/{child_id}/undo")
    assert someone.post(f"/links/{child_id}/undo", reason="").status_code == 422
    assert someone.post(f"/links/{child_id}/undo", reason="Nhầm.").status_code == 200
    assert "The link is undone" in someone.page
    assert someone.post(f"/links/{child_id}/undo", reason="Nhầm.").status_code == 404


def test_two_children_bars_one_citizen_and_leaves_the_other(world: World) -> None:
    someone = person(world, "reviewer", language="en")
    child_id, candidate = first_pair(someone)
    someone.follow(someone.post(f"/reviews/{child_id}", candidate=candidate, says="different", reason="Anh em."))
    assert "Saved: two children." in someone.page


def test_not_sure_leaves_the_pair_waiting(world: World) -> None:
    someone = person(world, "reviewer", language="en")
    child_id, candidate = first_pair(someone)
    answer = someone.post(f"/reviews/{child_id}", candidate=candidate, says="unsure", reason="Cần hỏi xã.")
    assert answer.status_code == 303
    assert someone.get(f"/reviews/{child_id}").status_code == 200


def test_another_citizen_of_the_pair_can_be_chosen_and_no_other(world: World) -> None:
    someone = person(world, "reviewer")
    child_id, _ = first_pair(someone)
    offered = set(re.findall(r"\?candidate=([0-9a-f-]{36})", someone.page))
    assert {someone.get(f"/reviews/{child_id}?candidate={one}").status_code for one in offered} <= {200}
    assert someone.get(f"/reviews/{child_id}?candidate={uuid4()}").status_code == 404


@pytest.mark.parametrize("login", ["worker", "province", "statistician", "auditor"])
def test_who_reviews_nothing_sees_no_pair(world: World, login: str) -> None:
    child_id, candidate = first_pair(person(world, "reviewer"))
    someone = person(world, login)
    assert someone.get("/reviews").status_code == 403
    assert someone.get(f"/reviews/{child_id}").status_code == 403
    assert someone.get(f"/links/{child_id}/undo").status_code == 403
    assert someone.post(f"/reviews/{child_id}", candidate=candidate, says="same", reason="Cùng mẹ.").status_code == 403


def evidence(level: str) -> EvidenceRow:
    """Return the evidence of one field."""
    return EvidenceRow(field="given", level=level, reason="", bits=0.0)


@pytest.mark.parametrize(
    ("levels", "likeness"),
    [
        (["same", "as_written"], "same"),
        (["plain_same", "exact"], "same"),
        (["same", "typo"], "near"),
        (["other_marks"], "near"),
        (["same", "plain_different"], "different"),
        (["same_province"], "different"),
    ],
)
def test_the_least_like_part_decides_the_word(levels: list[str], likeness: str) -> None:
    assert likeness_of([evidence(level) for level in levels], "Trần", "Trần") == likeness


def test_what_one_side_lacks_is_not_known() -> None:
    assert likeness_of([evidence("same")], None, "Trần") == "missing"
    candidate = CandidateView(person_id=uuid4(), theirs=NOTHING, probability=0.5, bits=0.0, evidence=())
    assert {row.likeness for row in compare_rows(NOTHING, candidate)} == {"missing"}


@pytest.mark.parametrize(
    ("language", "told"),
    [("vi", "Nguồn này chỉ giữ một hồ sơ cho mỗi trẻ"), ("en", "This source holds one record per child")],
)
def test_a_pair_that_is_held_back_says_why(world: World, language: str, told: str) -> None:
    someone = person(world, "reviewer", language=language)
    child_id, candidate = first_pair(someone)
    assert told not in someone.page
    engine = Access.of_engine(Purpose.LINKAGE, at=world.clock(), request_id=uuid4())
    with world.services.store.begin(engine) as transaction:
        claims.hold(transaction, {child_id: UUID(candidate)}, information=1.0)
    someone.get(f"/reviews/{child_id}")
    assert told in someone.page
    with world.services.store.begin(engine) as transaction:
        claims.let_go(transaction, [child_id])
