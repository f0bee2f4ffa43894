"""No door without a row: what the applications answer, the table of doors, and the page made from the policy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from registry.api.app import PREFIX, api
from registry.model.access import Role
from registry.protect.doors import DOORS, PAGES, Door, Who
from registry.protect.policy import Action
from registry.protect.policy_page import policy_page
from registry.web.app import pages
from registry.web.translation import LANGUAGES
from tests.web.world import World

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
FIRST = f"/{LANGUAGES[0]}"


def opened(app: FastAPI) -> set[tuple[str, str]]:
    """Return the method and path of every door of an application."""
    paths = get_openapi(title="", version="1", routes=app.routes)["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_every_door_has_a_row_and_every_row_a_door(world: World) -> None:
    systems = {(method, PREFIX + path) for method, path in opened(api(world.services))}
    found = opened(pages(world.services))
    people = {(method, PAGES + path.removeprefix(FIRST)) for method, path in found if path.startswith(FIRST + "/")}
    strangers = {(method, path) for method, path in found if path.split("/")[1] not in LANGUAGES}
    assert {(door.method, door.path) for door in DOORS} == systems | people | strangers


def test_no_door_is_written_twice() -> None:
    assert len({(door.method, door.path) for door in DOORS}) == len(DOORS)


def test_the_languages_have_the_same_doors(world: World) -> None:
    found = opened(pages(world.services))
    by_language = [
        {(method, path.removeprefix(f"/{one}")) for method, path in found if path.startswith(f"/{one}/")}
        for one in LANGUAGES
    ]
    assert by_language[0]
    assert all(doors == by_language[0] for doors in by_language)


def test_a_door_is_open_to_those_whom_the_policy_lets_in() -> None:
    door = Door(method="GET", path="/find", needs=Action.FIND)
    assert [role for role in ("commune_worker", "auditor") if door.lets_in(Role(role))] == ["commune_worker"]
    assert Door(method="GET", path="/", needs=Who.SIGNED_IN).lets_in(Role("auditor"))


def test_the_page_of_permissions_is_the_one_made_from_the_policy() -> None:
    assert PAGE.read_text(encoding="utf-8") == policy_page(), "run `child-registry permissions > docs/permissions.md`"


def test_the_command_prints_the_page() -> None:
    told = subprocess.run([sys.executable, "-m", "registry", "permissions"], capture_output=True, text=True, check=True)
    assert told.stdout == policy_page()
