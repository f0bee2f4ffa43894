"""A small workspace of plain words, so that engines can be tested without any model of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from matching.engines.report import Seconds
from matching.levels import Level
from matching.schema import FieldSchema, Schema
from matching.vocabulary import text_hash
from matching.weights import Model, Stage
from matching.workspace import FieldEvidence, Keys, Places, Side, Weighed

_LEVELS = (Level("same", "known", "The same"), Level("different", "known", "Another"))
SCHEMA = Schema(
    id_column="record_id",
    columns=("record_id", "name", "town"),
    required=("record_id", "name"),
    fields=(FieldSchema("name", _LEVELS), FieldSchema("town", _LEVELS)),
)
STAGES = (
    Stage(name="strong", kinds=("name",), cap=3, unresolved_only=False),
    Stage(name="weak", kinds=("town",), cap=3, unresolved_only=True),
)
NEVER_LINKED = "held"  # the town in which nobody is linked without a person
_WEIGHTS = {0: 0.0, 1: 6.0, 2: -3.0}


def word_model(*, one_record_per_child: bool = False, stages: tuple[Stage, ...] = STAGES) -> Model:
    """Return a model of names and towns."""
    model = Model.load("child_vn")
    return replace(model, schema=SCHEMA, stages=stages, one_record_per_child=one_record_per_child, duplicates=0.5)


@dataclass(frozen=True)
class Row:
    """One row, as it is written."""

    name: str | None
    town: str | None


class WordWorkspace:
    """Names and towns, compared as they are; what is counted is how many pairs were weighed."""

    def __init__(self, model: Model | None = None) -> None:
        self.model = model or word_model()
        self.rows: dict[Side, list[Row]] = {side: [] for side in Side}
        self.asked: list[tuple[int, int]] = []
        self.finished = 0

    def add(self, side: Side, table: pa.Table) -> range:
        begin = len(self.rows[side])
        names, towns = (table[column].to_pylist() for column in ("name", "town"))
        self.rows[side] += [Row(name, town) for name, town in zip(names, towns, strict=True)]
        return range(begin, len(self.rows[side]))

    def finish(self) -> None:
        self.finished += 1

    def adopt(self, model: Model) -> None:
        self.model = model

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        found = [
            (place, text_hash(f"{kind}|{value}"))
            for place in rows
            for kind in kinds
            if (value := getattr(self.rows[side][place], kind)) is not None
        ]
        return Keys(
            np.array([place for place, _ in found], dtype=np.int32),
            np.array([key for _, key in found], dtype=np.uint64),
        )

    def weigh(self, starts: npt.NDArray[np.int64], record: Places, person: Places) -> Weighed:
        pairs = [(self.rows[Side.LEFT][a], self.rows[Side.RIGHT][b]) for a, b in zip(record, person, strict=True)]
        assert starts[0] == 0
        assert starts[-1] == len(record) == len(person)
        self.asked += list(zip(record.tolist(), person.tolist(), strict=True))
        levels = np.array([[_level(a.name, b.name), _level(a.town, b.town)] for a, b in pairs], dtype=np.int8)
        odds = np.array([_WEIGHTS[int(a)] + _WEIGHTS[int(b)] for a, b in levels.reshape(-1, 2)])
        held = np.array([NEVER_LINKED in (a.town, b.town) for a, b in pairs], dtype=np.bool_)
        return Weighed(levels.reshape(-1, 2), odds - 1.0, held)

    @property
    def relation_rates(self) -> tuple[float, ...]:
        return ()

    def relatives(self, person: Places, levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        assert len(person) == len(levels)
        return np.zeros((len(person), 0))

    def evidence(self, record: int, person: int) -> tuple[FieldEvidence, ...]:
        levels = (_level(self.rows[Side.LEFT][record].name, self.rows[Side.RIGHT][person].name),)
        return tuple(
            FieldEvidence(field="name", level=_LEVELS[level - 1].name, reason="", bits=_WEIGHTS[level])
            for level in levels
        )


def _level(one: str | None, other: str | None) -> int:
    if one is None or other is None:
        return 0
    return 1 if one == other else 2


def still() -> Seconds:
    """Return a stopwatch of a clock that stands still."""
    return Seconds(lambda: 0.0)


def write(path: Path, *lines: str) -> Path:
    """Write a file of lines."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as they are written."""
    options = arrow_csv.ConvertOptions(strings_can_be_null=False)
    table = arrow_csv.read_csv(path, convert_options=options)
    rows: list[dict[str, str]] = table.cast(pa.schema([(name, pa.string()) for name in table.column_names])).to_pylist()
    return rows
