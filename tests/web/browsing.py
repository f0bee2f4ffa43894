"""What a person does in a browser: sign in, fill a form, follow to the next page."""

from __future__ import annotations

import re
from html import unescape

import httpx

from tests.web.world import PASSWORD, World

HIDDEN = re.compile(r'name="csrf" value="([^"]*)"')


class Person:
    """Somebody with a browser."""

    def __init__(self, world: World, *, language: str = "vi") -> None:
        self.world = world
        self.language = language
        self.browser = world.browser()
        self.page = ""

    def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in and return the answer, not followed."""
        return self.browser.post(f"/{self.language}/sign-in", data={"login": login, "password": password})

    def get(self, path: str) -> httpx.Response:
        """Open a page of the own language, following redirects."""
        answer = self.browser.get(
            path if path.startswith(("/vi", "/en")) else f"/{self.language}{path}", follow_redirects=True
        )
        self.page = unescape(answer.text)
        return answer

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the page that is open, not followed."""
        found = HIDDEN.search(self.page) or HIDDEN.search(self.get("/").text)
        token = found.group(1) if found else ""
        answer = self.browser.post(f"/{self.language}{path}", data={"csrf": token, **fields})
        self.page = unescape(answer.text) if answer.text else self.page
        return answer

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Follow a redirect."""
        assert answer.status_code == 303, answer.status_code
        return self.get(answer.headers["location"])


def person(world: World, login: str, *, language: str = "vi") -> Person:
    """Return somebody who is signed in."""
    someone = Person(world, language=language)
    answer = someone.sign_in(login)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/{language}/"
    return someone
