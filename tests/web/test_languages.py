"""Both languages: every screen speaks one, the switch keeps the page, and each role sees its own menu."""

from __future__ import annotations

import re

import pytest

from tests.web.browsing import Person, person
from tests.web.world import World

SCREENS = {
    "worker": ("/", "/find", "/problems", "/tables", "/tables/children-by-province-age-sex"),
    "reviewer": ("/", "/findings", "/tables", "/record-joins"),
    "steward": ("/", "/sources", "/population"),
    "statistician": ("/", "/tables", "/tables/children-by-province-age-sex"),
    "auditor": ("/", "/log"),
    "custodian": ("/",),
}
MENUS = {
    "worker": {"/", "/find", "/tables", "/emergencies", "/exports", "/problems", "/requests"},
    "province": {"/", "/find", "/tables", "/emergencies", "/exports", "/export-approvals", "/problems", "/requests"},
    "reviewer": {"/", "/reviews", "/record-pairs", "/findings", "/tables"},
    "statistician": {"/", "/tables"},
    "auditor": {"/", "/tables", "/log", "/looks", "/legal-bases", "/processing", "/export-approvals"},
    "custodian": {"/"},
}


@pytest.mark.parametrize(("login", "path"), [(login, path) for login, paths in SCREENS.items() for path in paths])
def test_a_screen_speaks_one_language_and_switches_to_itself(world: World, login: str, path: str) -> None:
    someone = person(world, login)
    for language, other, switch in (("vi", "en", "English"), ("en", "vi", "Tiếng Việt")):
        assert someone.get(f"/{language}{path}").status_code == 200
        assert f'<html lang="{language}">' in someone.page
        assert f'<a href="/{other}{path}" lang="{other}" hreflang="{other}">{switch}</a>' in someone.page
        assert someone.page.count("<h1") == 1


def test_the_first_page_is_in_the_language_of_the_installation(world: World) -> None:
    assert world.browser().get("/").headers["location"] == "/vi/"


def test_the_switch_keeps_what_was_chosen_on_the_page(world: World) -> None:
    someone = Person(world)
    someone.browser.get("/vi/sign-in")
    answer = someone.browser.get("/vi/sign-in?next=/vi/find")
    assert 'href="/en/sign-in?next=/vi/find"' in answer.text


@pytest.mark.parametrize(("login", "paths"), MENUS.items())
def test_each_role_sees_its_own_menu(world: World, login: str, paths: set[str]) -> None:
    someone = person(world, login, language="en")
    someone.get("/")
    navigation = someone.page.split("<nav")[1].split("</nav>")[0] if "<nav" in someone.page else 'href="/en/"'
    assert {link.removeprefix("/en") for link in re.findall(r'href="([^"]*)"', navigation)} == paths


@pytest.mark.parametrize(("language", "title"), [("vi", "Không tìm thấy trang"), ("en", "Page not found")])
def test_a_missing_page_says_no_more_than_that(world: World, language: str, title: str) -> None:
    for path in ("/nothing", "/children/1", "/searches/1"):
        someone = person(world, "worker", language=language)
        assert someone.get(path).status_code == 404
        assert title in someone.page


def test_outside_the_two_languages_there_is_nothing(world: World) -> None:
    assert world.browser().get("/fr/").status_code == 404
    assert world.browser().get("/v1").status_code in {307, 404}


def test_the_demo_says_that_it_is_one(world: World) -> None:
    assert "hư cấu" in world.browser().get("/vi/sign-in").text
