"""Every answer carries its headers, and no page needs what they forbid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import registry.web
from registry.web.rendering import stylesheet_address
from tests.web.browsing import person
from tests.web.world import World

TEMPLATES = sorted((Path(registry.web.__file__).parent / "templates").glob("*.html"))


@pytest.mark.parametrize(
    "path", ["/", "/vi/sign-in", "/vi/find", "/vi/nothing", "/nothing", "/v1/health", "/v1/nothing"]
)
def test_the_headers_are_there(world: World, path: str) -> None:
    headers = world.browser().get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_style_sheet_may_be_kept_because_its_address_changes_with_it(world: World) -> None:
    answer = world.browser().get(stylesheet_address())
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert len(answer.text.splitlines()) <= 400


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_script_or_style_or_an_address_elsewhere(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", text)
    assert "| safe" not in text
    assert "|safe" not in text


def test_a_page_of_a_person_is_never_kept(world: World) -> None:
    assert person(world, "worker").get("/find").headers["cache-control"] == "no-store"
