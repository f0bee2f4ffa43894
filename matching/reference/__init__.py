"""Code lists and name frequencies, shipped as CSV files that each name their source in the first line."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of the code list `name`, by column; lines that start with '#' are left out.

    Args: name: the file's name without its ending, e.g. 'surnames'.
    """
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))
