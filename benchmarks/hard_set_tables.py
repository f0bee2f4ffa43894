"""The tables of one block of an invented population: the people, the records about some of them, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hard_set_habits import ABSENT_SHARE, CHILDHOOD_DAYS, ON, Strength, Truths, Whole, rates
from hard_set_misspelling import slip
from hard_set_names import KINH
from hard_set_people import Adults, Block, Children, World, block_of
from hard_set_records import Sheet, records_of

COLUMNS = (
    *("record_id", "personal_number", "full_name", "sex", "birth_date", "commune_code", "commune_scheme", "ethnicity"),
    *("mother_name", "mother_number", "mother_birth_year", "father_name", "father_number", "father_birth_year"),
)
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])
_FIRST_DAY = int(np.datetime64(ON, "D").astype(np.int64)) - CHILDHOOD_DAYS - 2


@dataclass(frozen=True, slots=True)
class Piece:
    """One block's share of the files."""

    population: pa.Table
    people: pa.Table
    records: pa.Table
    truth: pa.Table


def _text(values: Whole, digits: int, known: Truths | None = None) -> pa.Array:
    """Return whole numbers as text of so many digits, null where not known."""
    padded = pc.utf8_slice_codeunits(pa.array(values + 10**digits).cast(pa.string()), 1)
    return padded if known is None else pc.if_else(pa.array(known), padded, pa.scalar(None, pa.string()))


def _days(days: Whole) -> pa.Array:
    calendar = np.datetime_as_string(np.arange(_FIRST_DAY, _FIRST_DAY + CHILDHOOD_DAYS + 6).astype("datetime64[D]"))
    return pa.array(calendar.astype(object)).take(pa.array(days - _FIRST_DAY))


class Writer:
    """Turns blocks into tables."""

    def __init__(self, world: World, *, children: int, records: int, strength: Strength) -> None:
        self.world = world
        self.children = children
        self.records = records
        self._rates = rates(strength)

    def _share(self, total: int, index: int) -> int:
        blocks = self.world.blocks
        return total * (index + 1) // blocks - total * index // blocks

    def piece(self, index: int) -> Piece:
        """Return the tables of one block."""
        world = self.world
        rng = np.random.default_rng([world.seed, 6, index])
        wanted, written = self._share(self.children, index), self._share(self.records, index)
        missing = round(written * ABSENT_SHARE)
        block = block_of(world, index, wanted + missing)
        absent = _absent(rng, block.children, missing)
        present = np.setdiff1d(np.arange(wanted + missing), absent)
        order = rng.permutation(present)
        first = self.children * index // world.blocks
        right = np.full(wanted + missing, -1, dtype=np.int64)
        right[order] = first + np.arange(wanted)
        chosen = rng.permutation(np.concatenate([absent, rng.choice(present, written - missing, replace=False)]))
        sheet = records_of(world, index, block, chosen=chosen, rates=self._rates)
        return Piece(
            population=self._population(rng, block, order, first),
            people=_people(index, block.children, order, first),
            records=_records(sheet),
            truth=_truth(index, block.children, sheet, right),
        )

    def _population(self, rng: np.random.Generator, block: Block, order: Whole, first: int) -> pa.Table:
        children, places, habits = block.children, self.world.places, self.world.habits
        home = pa.array(children.home[order])
        capitals = rng.random(len(order)) < habits.capitals
        columns: dict[str, pa.Array] = {
            "record_id": pc.binary_join_element_wise("P", _text(first + np.arange(len(order)), 9), ""),
            "personal_number": _text(children.number[order], 12),
            "full_name": self._name(children, order, capitals),
            "sex": (pa.array(children.sex[order] + 1)).cast(pa.string()),
            "birth_date": _days(children.day[order]),
            "commune_code": pa.array(places.new_code).take(home),
            "commune_scheme": pa.array(["2025"]).take(pa.array(np.zeros(len(order), dtype=np.int64))),
            "ethnicity": _text(children.group[order], 2),
        }
        for parent, adults, place, share in (
            ("mother", block.mothers, children.mother[order], habits.mother_number),
            ("father", block.fathers, children.father[order], habits.father_number),
        ):
            columns |= self._parent(rng, adults, place, share=share, name=parent, capitals=capitals)
        return pa.Table.from_pydict({name: columns[name] for name in COLUMNS}, schema=SCHEMA)

    def _name(self, children: Children, order: Whole, capitals: Truths) -> pa.Array:
        written = self.world.names.join(children.called.of(order))
        return pc.if_else(pa.array(capitals), pc.utf8_upper(written), written)

    def _parent(
        self, rng: np.random.Generator, adults: Adults, place: Whole, *, share: float, name: str, capitals: Truths
    ) -> dict[str, pa.Array]:
        """Return the three columns of one parent; what is not known of a parent is not known at any child."""
        habits = self.world.habits
        numbered = rng.random(len(adults.year)) < share
        dated = rng.random(len(adults.year)) < habits.parent_year
        written = self.world.names.join(adults.called.of(place))
        slipped = (rng.random(len(place)) < habits.population_slip) & (place >= 0)
        chance = Random(int(rng.integers(2**62)))
        wrong = [slip(chance, each) for each in written.filter(pa.array(slipped)).to_pylist()]
        written = pc.replace_with_mask(written, pa.array(slipped), pa.array(wrong, pa.string()))
        known = place >= 0
        return {
            f"{name}_name": pc.if_else(pa.array(capitals), pc.utf8_upper(written), written),
            f"{name}_number": _text(adults.number[place], 12, known & numbered[place]),
            f"{name}_birth_year": _text(adults.year[place], 4, known & dated[place]),
        }


def _absent(rng: np.random.Generator, children: Children, count: int) -> Whole:
    """Choose the children who are not in the population: one of a pair of twins more often."""
    second = np.concatenate([[False], children.twins[1:] == children.twins[:-1]]) & (children.twins >= 0)
    keys = rng.exponential(size=len(children)) / np.where(second, 1.5, 1.0)
    return np.sort(np.argpartition(keys, count)[:count])


def _household(index: int, children: Children, rows: Whole) -> pa.Array:
    return pa.array([f"H{index}-{each}" for each in children.household[rows]])


def _people(index: int, children: Children, order: Whole, first: int) -> pa.Table:
    twins = [f"T{index}-{each}" if each >= 0 else "" for each in children.twins[order]]
    return pa.table(
        {
            "right_id": pc.binary_join_element_wise("P", _text(first + np.arange(len(order)), 9), ""),
            "household": _household(index, children, order),
            "twin_group": pa.array(twins),
        }
    )


def _records(sheet: Sheet) -> pa.Table:
    columns = {name: pa.array([each or None for each in sheet.columns[name]], pa.string()) for name in COLUMNS[1:]}
    empty = pa.nulls(len(sheet), pa.string())
    return pa.Table.from_pydict({"record_id": empty, **columns}, schema=SCHEMA)


def _truth(index: int, children: Children, sheet: Sheet, right: Whole) -> pa.Table:
    child = sheet.child
    size = np.bincount(children.household)[children.household[child]]
    groups = {
        "minority": children.group[child] != KINH,
        "no_number": sheet.columns["personal_number"] == "",
        "no_parents": (sheet.columns["mother_name"] == "") & (sheet.columns["father_name"] == ""),
        "newborn": np.array(["newborn" in damage for damage in sheet.damage]),
        "moved": np.array(["moved" in damage for damage in sheet.damage]),
        "twin": children.twins[child] >= 0,
        "has_sibling": size > 1,
    }
    named = [[name for name, held in groups.items() if held[row]] for row in range(len(child))]
    found = right[child]
    return pa.table(
        {
            "left_id": pa.nulls(len(child), pa.string()),
            "right_id": pa.array([f"P{each:09d}" if each >= 0 else "" for each in found]),
            "person_uid": pa.array([f"C{index}-{each}" for each in child]),
            "household": _household(index, children, child),
            "damage": pa.array([";".join(damage) for damage in sheet.damage]),
            "group": pa.array([";".join(names) for names in named]),
        }
    )
