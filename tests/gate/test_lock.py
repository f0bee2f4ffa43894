"""What is installed is pinned, hashed, named without an address, and free to be used."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SPARK = "spark"  # an extra of its own lock: it is large, and installed only where it is used
LOCKS = {
    name: (PROJECT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-spark.lock")
}
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)
BINDING = re.compile(r"(?<![L])\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def canonical(name: str) -> str:
    """Return a package name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*, spark: bool) -> set[str]:
    """Return the packages that the project asks for: those of the Spark engine, or all others with every extra."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    others = [one for name, extra in extras.items() if name != SPARK for one in extra]
    asked = extras[SPARK] if spark else [*project["dependencies"], *others]
    return {canonical(re.split(r"[\s\[<>=!~;]", one, maxsplit=1)[0]) for one in asked}


def binding(name: str) -> list[str]:
    """Return what an installed package says of its licence that would bind the project to it."""
    told = distribution(name).metadata
    said = [*(told.get_all("License-Expression") or []), *(told.get_all("License") or [])]
    said += [line for line in told.get_all("Classifier") or [] if line.startswith("License")]
    return [line for line in said if BINDING.search(line.strip().splitlines()[0])]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(lock: str) -> None:
    assert "://" not in LOCKS[lock]
    assert not re.search(r"^\s*(--index-url|--extra-index-url|--find-links|-e|-f)\b", LOCKS[lock], re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_its_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", LOCKS[lock], flags=re.MULTILINE).strip())
    assert [
        block.split("\n", 1)[0] for block in blocks if not PINNED.match(block) or "--hash=sha256:" not in block
    ] == []


@pytest.mark.parametrize(("lock", "spark"), list(zip(LOCKS, (False, True), strict=True)))
def test_everything_the_project_asks_for_is_in_the_lock(lock: str, *, spark: bool) -> None:
    assert declared(spark=spark) - {canonical(name) for name, _ in PINNED.findall(LOCKS[lock])} == set()


@pytest.mark.parametrize("name", sorted(declared(spark=False)))
def test_no_package_binds_the_project_to_its_licence(name: str) -> None:
    assert binding(name) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(declared(spark=True)))
def test_no_package_of_the_spark_engine_binds_the_project_to_its_licence(name: str) -> None:
    assert binding(name) == []
