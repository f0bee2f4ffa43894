"""The nation that the vault is measured on: invented children over all provinces, as a sector system delivers them.

Names, families, twins and places are those of the hard set (`hard_set_people.py`), with all 3,321 communes. One commune
is filled to exactly `CROWD` children: what is wanting moves in from the rest of its province.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hard_set_habits import Strength, of_seed
from hard_set_names import NameBook
from hard_set_people import World
from hard_set_places import places_of
from hard_set_tables import Writer

from connectors.records import ChildFacts, PersonFacts, SourceRecord

BLOCKS: Final = 8
CROWD: Final = 7_500  # children of the one large commune
CROWDED: Final = "26743"  # its code; of Ho Chi Minh City
CROWDED_PROVINCE: Final = "79"
SYSTEMS: Final = (("education", "pupils"), ("health", "immunisations"))  # one a loading process
_ALL_COMMUNES: Final = 25_000_000  # children for which the generator takes every commune there is
_SEXES: Final = {"1": "Nam", "2": "Nữ"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A child of the nation; a plain row for queries and for the peer in clear text."""

    key: str
    name: str = field(repr=False)
    born: str = field(repr=False)  # ISO
    number: str | None = field(repr=False)
    mother: str | None = field(repr=False)
    commune: str
    province: str


class Nation:
    """Makes the blocks of one nation; a block is the same whoever makes it."""

    def __init__(self, seed: int, children: int) -> None:
        habits = of_seed(seed)
        names = NameBook(seed, habits)
        self._places = places_of(seed, _ALL_COMMUNES)
        world = World(seed, BLOCKS, habits, self._places, names)
        self._writer = Writer(world, children=children, records=BLOCKS * 10, strength=Strength.USUAL)
        self._province = dict(zip(self._places.new_code, self._places.province, strict=True))
        self._neighbours = sorted(
            code for code, province in self._province.items() if province == CROWDED_PROVINCE and code != CROWDED
        )
        self._crowd = min(CROWD, children // 20)

    def rows(self, block: int) -> Iterator[dict[str, Any]]:
        """Yield the children of a block, as the population table writes them, with their home's province."""
        rows = self._writer.piece(block).population.to_pylist()
        quota = self._crowd * (block + 1) // BLOCKS - self._crowd * block // BLOCKS
        self._fill(rows, quota)
        for row in rows:
            yield {**row, "province": self._province[row["commune_code"]]}

    def _fill(self, rows: list[dict[str, Any]], quota: int) -> None:
        """Let exactly `quota` children of the block live in the crowded commune."""
        natives = [row for row in rows if row["commune_code"] == CROWDED]
        for place, row in enumerate(natives[quota:]):
            row["commune_code"] = self._neighbours[place % len(self._neighbours)]
        wanting = quota - min(len(natives), quota)
        for row in rows:
            if wanting and row["commune_code"] != CROWDED and self._province[row["commune_code"]] == CROWDED_PROVINCE:
                row["commune_code"] = CROWDED
                wanting -= 1
        if wanting:
            raise ValueError("the province has too few children to fill its commune")


def person(row: dict[str, Any]) -> Person:
    """Return what queries are made of."""
    return Person(
        key=row["record_id"],
        name=row["full_name"],
        born=row["birth_date"],
        number=row["personal_number"],
        mother=row["mother_name"],
        commune=row["commune_code"],
        province=row["province"],
    )


def record(row: dict[str, Any], place: int, *, system: str, stream: str) -> SourceRecord:
    """Return a child as a sector system delivers it: every sealed group holds something."""
    grade = 2026 - int(row["birth_date"][:4]) - 5
    services = {"school": f"{int(row['commune_code']):05d}01", "class": f"{max(grade, 1)}A", "year": "2026-2027"}
    address = f"Số {place % 190 + 1}, tổ {place % 17 + 1}, mã {row['commune_code']}"
    facts = ChildFacts(
        name=row["full_name"],
        sex=_SEXES[row["sex"]],
        birth_date=row["birth_date"],
        personal_number=row["personal_number"],
        ethnicity=row["ethnicity"],
        commune_code=row["commune_code"],
        commune_scheme=row["commune_scheme"],
        address=address,
        mother=_parent(row, "mother"),
        father=_parent(row, "father"),
    )
    written = {name: value for name, value in row.items() if value is not None}
    return SourceRecord(
        system=system,
        stream=stream,
        key=row["record_id"],
        row=place + 1,
        facts=facts,
        services=services,
        written={**written, **services, "address": address},
        raw=row["record_id"].encode(),
    )


def _parent(row: dict[str, Any], role: str) -> PersonFacts | None:
    if not row[f"{role}_name"]:
        return None
    return PersonFacts(
        name=row[f"{role}_name"], number=row[f"{role}_number"], birth_year=row[f"{role}_birth_year"], relation=role
    )
