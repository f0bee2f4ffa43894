"""Invented frames: no child here was ever born."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import blake2b
from itertools import count as numbers

from registry.exports.published import PublishedTable
from registry.model.frame import BaseCell, Fact
from registry.statistics import catalogue
from registry.statistics.publish import publish

SECRET = bytes(range(32))
DAY = date(2026, 11, 1)
TABLE = "children-by-province-age-sex"
NUMBERS = numbers()


def drawn(*seed: object) -> int:
    """Return a signed 64-bit number that looks random and is the same in every run."""
    return int.from_bytes(blake2b(repr(seed).encode(), digest_size=8).digest(), "big", signed=True)


def a_fact(
    number: int, *, province: str | None = "01", age: int = 7, sex: str | None = "female", record_key: int | None = None
) -> Fact:
    """Return one invented child's fact."""
    key = drawn("fact", number) if record_key is None else record_key
    return Fact(pseudonym=number.to_bytes(16, "big"), record_key=key, province=province, age=age, sex=sex)


def a_cell(
    count: int,
    *,
    province: str | None = "01",
    age: int = 7,
    sex: str | None = "female",
    key: int | None = None,
) -> BaseCell:
    """Return one base cell; its key is drawn where none is given."""
    own = drawn("cell", next(NUMBERS)) if key is None else key
    return BaseCell(province=province, age=age, sex=sex, count=count, key=own)


def a_frame(
    *, provinces: Iterable[str | None] = ("01", "04"), a_year: Mapping[str | None, int], seed: int = 0
) -> Iterator[BaseCell]:
    """Yield a base cell for each province, year of age and sex; `a_year` tells how many children of each sex."""
    for province in provinces:
        for age in range(16):
            for sex, count in a_year.items():
                if count:
                    key = drawn(seed, province, age, sex)
                    yield BaseCell(province=province, age=age, sex=sex, count=count, key=key)


def published(cells: Iterable[BaseCell], *, secret: bytes = SECRET) -> PublishedTable:
    """Return the shipped table over these base cells."""
    return publish(catalogue.load(TABLE), cells, secret=secret, frame_date=DAY)


def places() -> dict[str, str]:
    """Return an invented name for each province of the list."""
    return {entry.code: f"Tỉnh {entry.code}" for entry in catalogue.load(TABLE).variables[0].codes}
