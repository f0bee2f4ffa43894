"""Supervisors at the command line: named with an account or afterwards, and shown in the list."""

from __future__ import annotations

import pytest

from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import Demo

US = ("--as", "administrator")


def supervisors(home: Home) -> dict[str, str]:
    """Return who judges whose emergencies, by login."""
    return {one["login"]: one["supervisor"] for one in home.answer("staff", "list", *US)["accounts"]}


def test_the_demos_worker_has_a_supervisor(demo: Demo) -> None:
    assert supervisors(demo.home)["worker"] == "province"


def test_a_supervisor_is_named_with_the_account_or_afterwards(home: Home) -> None:
    options = ("--role", "commune_worker", "--office", "Xã A", "--commune", "24133")
    home.answer("staff", "add", "hoa", *options, "--supervisor", "province", *US)
    assert supervisors(home)["hoa"] == "province"
    assert "is the supervisor of hoa" in home.run("staff", "supervisor", "hoa", "worker", *US).out
    assert supervisors(home)["hoa"] == "worker"


@pytest.mark.parametrize(
    "arguments",
    [
        ("worker", "worker"),
        ("worker", "nobody"),
        ("nobody", "province"),
        ("worker", "auditor"),
        ("auditor", "province"),
        ("province", "worker"),
    ],
)
def test_who_cannot_be_a_supervisor_is_refused(demo: Demo, arguments: tuple[str, str]) -> None:
    before = supervisors(demo.home)
    demo.home.run("staff", "supervisor", *arguments, *US).refusal()
    assert supervisors(demo.home) == before
