"""A wheel installed elsewhere holds all that the program needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("registry", "connectors", "matching", "migrations")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the project stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, folder / "source" / package, ignore=NOT_SHIPPED)
    for name in BESIDE:
        shutil.copy(PROJECT / name, folder / "source" / name)
    build = ["wheel", str(folder / "source"), "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir"]
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *build, str(folder)], check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of another environment with the wheel in it, which borrows the third-party packages."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    # The borrowed folder's own .pth files are not read, so the project itself is not borrowed with it.
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = ["--quiet", "--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True)
    return folder / "bin"


def shipped() -> set[str]:
    """Return every file of the packages as the wheel should name it."""
    paths = (path for package in PACKAGES for path in (PROJECT / package).rglob("*"))
    return {
        path.relative_to(PROJECT).as_posix() for path in paths if path.is_file() and "__pycache__" not in path.parts
    }


def run(program: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the other environment away from the project."""
    return subprocess.run(
        [str(program), *words],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "CHILD_REGISTRY_DATA": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_holds_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        assert shipped() - set(content.namelist()) == set()


def test_it_holds_nothing_but_the_packages_and_its_own_record(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        tops = {name.split("/", 1)[0] for name in content.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_its_command_runs_away_from_the_project(elsewhere: Path, tmp_path: Path) -> None:
    told = run(elsewhere / "child-registry", "--help", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    where = run(elsewhere / "python", "-c", "import registry; print(registry.__file__)", folder=tmp_path).stdout
    assert Path(where.strip()).is_relative_to(elsewhere.parent)


def test_it_migrates_an_embedded_database_of_its_own(elsewhere: Path, tmp_path: Path) -> None:
    told = run(elsewhere / "child-registry", "migrate", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "data" / "pg18" / "PG_VERSION").exists()
