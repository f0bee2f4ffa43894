"""Every test by which the table of ASVS items is shown exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "asvs.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+\.py)(?:::(test_\w+))?`", PAGE)))
CLAIMED = (
    *("1.2.10", "2.3.5", "2.4.1", "5.2.3", "6.3.3", "7.3.1", "7.3.2", "7.4.5", "7.5.3", "8.4.1", "8.4.2", "9.2.2"),
    *("10.3.3", "10.3.5", "10.5.1", "11.1.1", "11.3.3", "11.3.4", "11.7.1", "13.2.2", "13.3.1", "13.3.2", "13.3.3"),
    *("14.1.1", "14.1.2", "14.2.2", "14.2.3", "14.2.4", "14.2.5", "14.2.6", "14.2.7", "14.3.2", "14.3.3"),
    *("16.2.5", "16.3.2", "16.4.1", "16.4.2", "16.4.3"),
)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_what_is_named_exists(file: str, name: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE)


def test_every_item_is_claimed_or_said_not_to_be_met() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    told = {item for row in rows for item in re.findall(r"\d+\.\d+\.\d+", row)}
    assert told == set(CLAIMED)
