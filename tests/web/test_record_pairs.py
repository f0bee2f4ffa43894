"""Duplicate records: two side by side, one of three answers with a sentence; a record taken out of its child again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from registry.protect.keys.keyring import Keyring
from tests.database import DatabaseServer
from tests.web import invented
from tests.web.browsing import Person, person
from tests.web.conftest import BEGINNING
from tests.web.nickname import nickname_pair
from tests.web.test_child import found
from tests.web.world import World, running_world

PAIR = re.compile(r"/record-pairs/[0-9a-f-]{36}/[0-9a-f-]{36}")
UNDO = re.compile(r"/record-joins/[0-9a-f-]{36}/undo")


@pytest.fixture(scope="module")
def own_world(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A registry for the tests that join and take apart."""
    name = database_server.clone(template)
    with running_world(database_server.url(name), keyring, BEGINNING, tmp_path_factory.mktemp("pairs")) as running:
        yield running
    database_server.drop(name)


def address_of(world: World) -> str:
    """Return the address of the pair that only a person can tell to be one child."""
    one, other = nickname_pair(world)
    return f"/record-pairs/{one}/{other}"


def joined(someone: Person) -> str:
    """Return the address of a pair that is one child."""
    someone.get("/record-joins")
    match = PAIR.search(someone.page)
    assert match is not None
    return match.group(0)


@pytest.mark.parametrize(
    ("language", "told"), [("vi", "Hai hồ sơ này có phải của một trẻ em không?"), ("en", "Are these two records one")]
)
def test_a_pair_of_records_stands_side_by_side_with_reasons_in_words(world: World, language: str, told: str) -> None:
    someone = person(world, "reviewer", language=language)
    assert someone.get("/record-pairs").status_code == 200
    assert told in someone.page
    someone.get(address_of(world))
    assert someone.page.count(invented.NICKNAME) >= 2
    assert someone.page.count('role="rowheader"') >= 4


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "Cùng cha."}, "Choose one of the three"),
        ({"says": "same", "reason": " "}, "one sentence is needed"),
        ({"says": "same", "reason": "x" * 501}, "too long"),
    ],
)
def test_an_answer_without_choice_or_sentence_is_asked_for_again(
    world: World, fields: dict[str, str], told: str
) -> None:
    someone = person(world, "reviewer", language="en")
    address = address_of(world)
    assert someone.post(address, **fields).status_code == 422
    assert told in someone.page


def test_not_sure_leaves_the_pair_waiting(world: World) -> None:
    someone = person(world, "reviewer", language="en")
    address = address_of(world)
    someone.follow(someone.post(address, says="unsure", reason="Cần hỏi xã."))
    assert "Saved: not sure." in someone.page
    assert address_of(world) == address


def test_joined_records_are_listed_and_their_pair_offers_to_undo(world: World) -> None:
    someone = person(world, "reviewer", language="en")
    assert someone.get(joined(someone)).status_code == 200
    assert "The two are one child today." in someone.page
    assert len(set(UNDO.findall(someone.page))) == 2
    (address, *_) = UNDO.findall(someone.page)
    assert someone.get(address).status_code == 200
    assert someone.post(address, reason="").status_code == 422
    assert someone.post(address, reason="x" * 501).status_code == 422


def test_the_page_of_a_child_shows_what_was_joined_and_why(world: World) -> None:
    someone = person(world, "worker", language="en")
    _, child_id = found(someone, invented.ABSENT)
    someone.follow(someone.post(f"/children/{child_id}/reason", purpose="case_work"))
    assert "What 2 sources know" in someone.page
    assert "Why these records are one child" in someone.page
    assert "joined by the system on" in someone.page
    assert "tell a reviewer" in someone.page


def test_a_record_is_taken_out_and_never_joined_again(own_world: World) -> None:
    someone = person(own_world, "reviewer", language="en")
    someone.get(joined(someone))
    (address, *_) = UNDO.findall(someone.page)
    assert someone.post(address, reason="Hai chị em họ.").status_code == 200
    assert "The record is taken out" in someone.page
    assert someone.post(address, reason="Hai chị em họ.").status_code == 404
    someone.get("/record-joins")
    assert "No records of your area were joined yet." in someone.page


def test_same_makes_one_child_and_offers_the_next_pair(own_world: World) -> None:
    someone = person(own_world, "reviewer", language="en")
    address = address_of(own_world)
    someone.follow(someone.post(address, says="same", reason="Cùng cha, cùng ngày sinh."))
    assert "Saved: one child." in someone.page or "That was the last one" in someone.page
    assert someone.post(address, says="different", reason="Nhầm.").status_code == 409


@pytest.mark.parametrize("login", ["worker", "province", "statistician", "auditor"])
def test_who_reviews_nothing_sees_no_pair_of_records(world: World, login: str) -> None:
    address = address_of(world)
    someone = person(world, login)
    for path in ("/record-pairs", "/record-joins", address, f"/record-joins/{address.split('/')[2]}/undo"):
        assert someone.get(path).status_code == 403
    assert someone.post(address, says="same", reason="Cùng mẹ.").status_code == 403
