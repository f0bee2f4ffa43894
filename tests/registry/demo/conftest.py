"""One invented province for all tests that only read it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from registry.demo.invention import Invented, invent

ON = date(2026, 10, 31)


@dataclass(frozen=True)
class Province:
    """A folder of files and what was said about them."""

    directory: Path
    invented: Invented

    def rows(self, file: str) -> list[dict[str, str]]:
        """Return the rows of a comma-separated file in UTF-8."""
        text = (self.directory / file).read_text(encoding="utf-8-sig")
        return list(csv.DictReader(text.splitlines()))

    def lines(self, file: str) -> list[bytes]:
        """Return the lines of a file as they are."""
        return (self.directory / file).read_bytes().splitlines()


@pytest.fixture(scope="package")
def province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """The province of the demo, with its truth."""
    directory = tmp_path_factory.mktemp("province")
    return Province(directory, invent(directory, seed=1, children=1500, on=ON, truth=True))
