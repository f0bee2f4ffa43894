"""What a stolen search table tells stays below its bounds, and would not without the protections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.slow.commands import benchmark

pytestmark = pytest.mark.slow


def figures_of(*options: object) -> tuple[int, list[dict[str, Any]]]:
    done = benchmark("leakage", "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def above(figures: list[dict[str, Any]]) -> dict[str, float]:
    return {
        each["name"]: each["value"] for each in figures if each["bound"] is not None and each["value"] > each["bound"]
    }


def test_a_stolen_table_of_three_hundred_thousand_children_tells_no_more_than_its_bounds() -> None:
    code, figures = figures_of("--children", 300_000)
    assert not above(figures)
    assert code == 0
    told = {each["name"]: each["value"] for each in figures}
    assert told["search: rank"] > 0  # the attack is at work: the commonest pairs are named
    assert told["both: 1 % known, sibling: mother"] > 0.9  # as the decision page says: siblings are visible


def test_the_same_attack_succeeds_when_a_protection_is_taken_away() -> None:
    code, figures = figures_of("--children", 60_000, "--dense", "--weakened")
    assert code == 1
    told = above(figures)
    assert {"syllables: rank", "national pairs: rank", "given names: rank, pooled list"} <= set(told)
    assert told["no noise: length of a name told by its tokens"] > 0.1
