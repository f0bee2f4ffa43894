"""The description is whole, and what it says is what happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.calling import Program
from tests.api.machines import Machine
from tests.web.world import ACCOUNTS, World

ROLES = tuple(login for login in ACCOUNTS if login != "neighbour")
EXAMPLES = "15"


def description(world: World) -> dict[str, Any]:
    """Return the OpenAPI document."""
    document: dict[str, Any] = world.browser().get("/v1/openapi.json").json()
    return document


def test_every_route_has_a_summary_its_answers_and_its_refusals(world: World) -> None:
    document = description(world)
    assert document["servers"] == [{"url": "/v1"}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert {"500", "503"} <= set(operation["responses"]), where
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    by_oauth = path == "/oauth/token" and status in {"400", "401"}  # as RFC 6749 has it
                    form = "application/json" if by_oauth else "application/problem+json"
                    own = {"application/fhir+json"} if path.startswith("/fhir/") else set()  # an operation outcome
                    assert set(answer["content"]) - own == {form}, where
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def fuzz(world: World, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Call the interface with everything that its description allows and forbids."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{world.address}/v1/openapi.json"),
            # Some rules are beyond a schema, such as "a name has letters".
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", EXAMPLES, "--seed", "7", "--phases", "examples,coverage,fuzzing"),
            *("--generation-database", "none", "--suppress-health-check", "all", "--no-color", *options),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("login", ROLES)
def test_what_is_described_is_what_happens(world: World, tmp_path: Path, login: str) -> None:
    token = Program(world, login).client.headers["authorization"]
    done = fuzz(world, tmp_path, "--header", f"Authorization:{token}", "--exclude-path", "/session")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_described_is_what_happens_to_a_sectors_system(world: World, tmp_path: Path) -> None:
    header = f"Authorization:Bearer {Machine(world).token()}"
    done = fuzz(world, tmp_path, "--header", header, "--exclude-path", "/session")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_signing_in_is_as_described(world: World, tmp_path: Path) -> None:
    done = fuzz(world, tmp_path, "--include-path", "/session", "--include-path", "/health")
    assert done.returncode == 0, done.stdout + done.stderr
