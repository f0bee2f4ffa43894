"""What is installed is pinned, hashed, named without an address, and free to be used."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)
BINDING = re.compile(r"(?<![L])\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def canonical(name: str) -> str:
    """Return a package name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Return the packages that the project asks for, with every extra."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return {canonical(re.split(r"[\s\[<>=!~;]", one, maxsplit=1)[0]) for one in asked}


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*(--index-url|--extra-index-url|--find-links|-e|-f)\b", LOCK, re.MULTILINE)


def test_every_package_is_pinned_with_its_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert [
        block.split("\n", 1)[0] for block in blocks if not PINNED.match(block) or "--hash=sha256:" not in block
    ] == []


def test_everything_the_project_asks_for_is_in_the_lock() -> None:
    assert declared() - {canonical(name) for name, _ in PINNED.findall(LOCK)} == set()


@pytest.mark.parametrize("name", sorted(declared()))
def test_no_package_binds_the_project_to_its_licence(name: str) -> None:
    told = distribution(name).metadata
    said = [*(told.get_all("License-Expression") or []), *(told.get_all("License") or [])]
    said += [line for line in told.get_all("Classifier") or [] if line.startswith("License")]
    assert [line for line in said if BINDING.search(line.strip().splitlines()[0])] == []
