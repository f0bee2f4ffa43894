"""A program that calls the interface with its own session."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from tests.web.world import PASSWORD, World


class Program:
    """A program that is signed in."""

    def __init__(self, world: World, login: str) -> None:
        self.client = world.browser()
        answer = self.client.post("/v1/session", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.client.headers["authorization"] = f"Bearer {answer.json()['token']}"

    def search(self, text: str, **more: str) -> httpx.Response:
        """Search for a child."""
        return self.client.post("/v1/searches", json={"text": text, "purpose": "case_work", **more})

    def open(self, child_id: object, purpose: str = "case_work", reason: str | None = None) -> httpx.Response:
        """Open a child."""
        headers = {"purpose": purpose} | ({} if reason is None else {"reason": quote(reason)})
        return self.client.get(f"/v1/children/{child_id}", headers=headers)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document of an answer."""
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    return document
