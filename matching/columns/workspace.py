"""Two sides of any table in memory: read, encoded, blocked, compared and weighed as one model file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.bad_file import BadFile
from matching.columns.declared import Column, Declared
from matching.columns.keys import column_keys
from matching.columns.rules import Comparison, Levels
from matching.columns.values import Codes, ColumnValues
from matching.columns.weighing import ColumnFrequencies, Weighing
from matching.levels import RELATIVES
from matching.weights import Model, ModelFault, Reals
from matching.workspace import FieldEvidence, Keys, Places, Side, Weighed

PAIRS_AT_ONCE: Final = 250_000  # bounds the memory of the arrays of one step
_SHOWN: Final = 5  # rows that are named of those that cannot be read


@dataclass(frozen=True, slots=True)
class UnreadValues:
    """How often a column could not be read, and where first; such a value counts as not known and is not kept."""

    column: str
    rule: str  # how the column is read
    count: int
    first_rows: tuple[int, ...]  # counted from 1 behind the header

    @property
    def sentence(self) -> str:
        """What to tell whoever gave the file."""
        rows = ", ".join(map(str, self.first_rows)) + (", …" if self.count > len(self.first_rows) else "")
        return f"column {self.column}: not read in {self.count} rows, because it is no {self.rule} (rows {rows})"


@dataclass(slots=True)
class _Rows:
    """The codes of one side, by column."""

    count: int = 0
    batches: dict[str, list[Codes]] = field(default_factory=dict)

    def codes(self, column: str) -> Codes:
        """Return the codes of a column so far."""
        batches = self.batches[column]
        if len(batches) > 1:
            self.batches[column] = batches = [np.concatenate(batches)]
        return batches[0]


class ColumnWorkspace:
    """The workspace of models that declare their columns.

    Memory: 4 bytes a row and column; a distinct value its text, some 60 bytes, and 8 for each thing that is asked of
    it; 250,000 pairs at once, whose distinct values are texts for as long as they are compared.
    """

    def __init__(self, model: Model, *, frequencies: ColumnFrequencies | None = None) -> None:
        """Make an empty workspace.

        Args: `frequencies`: of the whole population; counted on the right side if None.

        Raises: ModelFault: the model is not one that declares columns.
        """
        if model.declared is None:
            msg = f"[model]: {model.name} reads {model.reads}, not columns that it declares"
            raise ModelFault(msg)
        self.model = model
        self._declared: Declared = model.declared
        self._values = {column.name: ColumnValues(column, self._declared.empty) for column in self._declared.columns}
        self._comparisons = [Comparison(each, self._values) for each in self._declared.fields]
        self._sides = {side: _Rows(batches={name: [_no_codes()] for name in self._values}) for side in Side}
        self._frequencies = frequencies
        self._weighing: Weighing | None = None
        self._unread: dict[tuple[Side, str], UnreadValues] = {}

    @property
    def unread(self) -> Mapping[Side, tuple[UnreadValues, ...]]:
        """What could not be read, by side."""
        return {side: tuple(each for (at, _), each in self._unread.items() if at is side) for side in Side}

    @property
    def frequencies(self) -> ColumnFrequencies:
        """How common values are in the population; they are counted when first asked for."""
        if self._frequencies is None:
            rows = self._sides[Side.RIGHT]
            codes = {name: rows.codes(name) for name in self._values}
            self._frequencies = ColumnFrequencies.counting(rows.count, codes, self._values)
        return self._frequencies

    def add(self, side: Side, table: pa.Table) -> range:
        """Encode more rows of a side and return their places.

        Raises: BadFile: the table has none of the headers of a column that the model needs.
        """
        rows = self._sides[side]
        places = range(rows.count, rows.count + len(table))
        for column in self._declared.columns:
            codes = _no_codes(len(table))
            for header in _headers(column, table):
                encoded = self._values[column.name].encode(table.column(header))
                codes = np.where(codes >= 0, codes, encoded.codes)
                self._note(side, column, encoded.unread + places.start + 1)
            rows.batches[column.name].append(codes)
        rows.count = places.stop
        return places

    def _note(self, side: Side, column: Column, rows: npt.NDArray[np.intp]) -> None:
        if len(rows):
            before = self._unread.get((side, column.name), UnreadValues(column.name, column.reading, 0, ()))
            first = (*before.first_rows, *rows[:_SHOWN].tolist())[:_SHOWN]
            after = UnreadValues(column.name, column.reading, before.count + len(rows), first)
            self._unread[side, column.name] = after

    def finish(self) -> None:
        """Count how common every value is in the population."""
        self.adopt(self.model)

    def adopt(self, model: Model) -> None:
        """Weigh by another model of the same schema from now on."""
        self.model = model
        self._weighing = Weighing(model, self._declared, self.frequencies)

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        """Return the block keys of some rows; see `Workspace.keys`."""
        codes = {name: self._sides[side].codes(name)[rows.start : rows.stop] for name in self._values}
        wanted = {kind: self._declared.kinds[kind] for kind in kinds}
        return column_keys(wanted, self._values, codes, rows.start)

    @property
    def relation_rates(self) -> tuple[float, ...]:
        """None: how often the classes of such a model turn up beside an absent person is not estimated."""
        return ()

    def relatives(self, person: Places, levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """Return no relations at all; see `relation_rates`."""
        return np.zeros((min(len(person), len(levels)), 0))

    def weigh(self, starts: npt.NDArray[np.int64], record: Places, person: Places) -> Weighed:
        """Compare and weigh pairs; a pair's weight does not depend on the other candidates of its record."""
        pairs = int(starts[-1])
        levels = np.zeros((pairs, len(self._comparisons)), dtype=np.int8)
        log_odds, held = np.zeros(pairs), np.zeros(pairs, dtype=np.bool_)
        for begin, end in _steps(pairs):
            step = slice(begin, end)
            levels[step], u = self._compare(record[step], person[step])
            log_odds[step] = self._ready().log_odds(levels[step], u)
            held[step] = self._ready().held(levels[step])
        return Weighed(levels, log_odds, held)

    def _compare(self, record: Places, person: Places) -> tuple[Levels, Reals]:
        left = {name: self._sides[Side.LEFT].codes(name)[record] for name in self._values}
        right = {name: self._sides[Side.RIGHT].codes(name)[person] for name in self._values}
        levels = np.stack([each.levels(left, right) for each in self._comparisons], axis=1)
        return levels, self._ready().random_u(levels, right, self._values)

    def read(self, side: Side) -> pa.Table:
        """Return a side as it is compared: a column of texts for each that the model declares."""
        rows = self._sides[side]
        columns = {}
        for name, values in self._values.items():
            codes = rows.codes(name)
            columns[name] = values.texts().take(pa.array(codes, mask=codes < 0))
        return pa.table(columns)

    def evidence(self, record: int, person: int) -> tuple[FieldEvidence, ...]:
        """Return what each field says of one pair, and what people who are alike would have said."""
        levels, u = self._compare(np.array([record], dtype=np.int32), np.array([person], dtype=np.int32))
        bits, alike = self._ready().bits(levels, u)
        lines = []
        for place, schema in enumerate(self.model.schema.fields):
            code = int(levels[0, place])
            if code:
                level = schema.level(code)
                found = FieldEvidence(
                    field=schema.name, level=level.name, reason=level.reason, bits=float(bits[0, place])
                )
                lines.append(found)
        if self._declared.look_alikes:
            reason = "What agrees would agree with others who are alike as well"
            lines.append(FieldEvidence(field="family", level=RELATIVES.name, reason=reason, bits=float(alike[0])))
        return tuple(lines)

    def _ready(self) -> Weighing:
        if self._weighing is None:
            self._weighing = Weighing(self.model, self._declared, self.frequencies)
        return self._weighing


def _no_codes(rows: int = 0) -> Codes:
    return np.full(rows, -1, dtype=np.int32)


def _headers(column: Column, table: pa.Table) -> list[str]:
    found = [header for header in column.headers if header in table.column_names]
    if not found and not column.optional:
        msg = f"column {column.headers[0]} is missing"
        raise BadFile(msg)
    return found


def _steps(pairs: int) -> Iterator[tuple[int, int]]:
    yield from pairwise([*range(0, pairs, PAIRS_AT_ONCE), pairs])
