"""The examples of the page on exchange are run as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.api.machines import Machine
from tests.web.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def token(world: World) -> str:
    """A token of a program of the education system."""
    return Machine(world).token()


@pytest.mark.parametrize("example", EXAMPLES, ids=[one.split("/v1/")[1][:24] for one in EXAMPLES])
def test_an_example_works_as_it_stands(world: World, token: str, example: str) -> None:
    known = {"PATH": os.environ["PATH"], "REGISTRY": world.address, "TOKEN": token}
    done = subprocess.run(["bash", "-euc", example], env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 6


def test_the_page_names_the_outcomes_and_limits_that_hold(world: World) -> None:
    description = world.browser().get("/v1/openapi.json").json()
    counts = description["components"]["schemas"]["Counts"]["properties"]
    assert set(counts) == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
